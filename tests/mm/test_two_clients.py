"""Two clients of one deployment at one exchange."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.cli.simulated import RIVAL, demo_accounts
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.crossing import MEETS_OWN
from hedgerow.mm.policy import Policies
from hedgerow.mm.pricing import Mode, Pricing
from hedgerow.sim.orders import State
from hedgerow.venues.base import Listing
from hedgerow.venues.kalshi.connector import KalshiExchange

from .worldkit import BOOKMAKER, TOURNAMENT, Scene

TOO_KEEN = TournamentSettings(TOURNAMENT, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=-10)
"""At fair value ten ticks too near: bids above what the other client asks."""


async def add_rival(scene: Scene) -> None:
    """Hedges at the same bookmaker, by the same account, and quotes on Kalshi by its own."""
    rival = ClientName(RIVAL)
    await scene.accounts.add_client(rival, "Rival")
    await scene.switches.add_client(rival, VenueSlug(BOOKMAKER))
    found = {account.venue: account for account in demo_accounts() if account.venue == BOOKMAKER}
    found |= {account.venue: account for account in demo_accounts() if account.client == RIVAL}
    for venue in (BOOKMAKER, "kalshi"):
        account = found[VenueSlug(venue)]
        await scene.accounts.add_account(
            account.venue,
            f"rival {venue}",
            rival,
            vault=scene.vault,
            credentials=account.credentials,
            max_outcome_stake=Decimal(1000),
        )
    await Policies(scene.database, scene.world.clock).set_pricing(rival, (None, None), Pricing(Mode.FAIR_VALUE))
    await scene.switches.save_tournament(rival, TOO_KEEN)


def quotes(scene: Scene, client: str) -> dict[tuple[int, Side], int]:
    """What rests at Kalshi, by outcome and side: prices in cents."""
    return {
        (order.outcome.outcome_id, order.side): order.price * 100 // MICRO
        for order in scene.world.exchanges["kalshi"].orders.values()
        if order.account == f"{client}_kalshi" and order.state is State.OPEN and order.outcome is not None
    }


def unquoted(scene: Scene) -> set[str | None]:
    rival = scene.process.maker.engine.traders.get(RIVAL)
    markets = rival.markets.values() if rival is not None else ()
    return {place.unquoted for market in markets for place in market.places}


async def test_quote_that_would_meet_another_clients_waits_until_that_is_gone(quoting: Scene) -> None:
    before = quotes(quoting, "demo")
    await add_rival(quoting)
    quoting.process.maker.upkeep.settings_changed()
    await quoting.connected(lambda: MEETS_OWN in unquoted(quoting))
    await quoting.run(3)
    assert quotes(quoting, "demo") == before
    assert quotes(quoting, RIVAL) == {}
    assert not any(order.filled for order in quoting.world.exchanges["kalshi"].orders.values())
    await quoting.activate(is_active=False)
    await quoting.process.maker.commands.refresh()
    await quoting.run(1)
    assert quotes(quoting, "demo") == {}
    assert quotes(quoting, RIVAL)


async def test_client_is_quoted_though_the_credentials_of_another_at_the_venue_are_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_rival(scene)
    listings = KalshiExchange.listings

    async def refusing(self: KalshiExchange, sport: str) -> list[Listing]:
        if self in [lane.exchange for lane in scene.process.maker.engine.traders[RIVAL].lanes]:
            raise Refused(VenueSlug("kalshi"), "listings", "the key is not accepted", reason=Reason.AUTH)
        return await listings(self, sport)

    monkeypatch.setattr(KalshiExchange, "listings", refusing)
    await scene.start()
    await scene.run_until(lambda: bool(quotes(scene, "demo")))
