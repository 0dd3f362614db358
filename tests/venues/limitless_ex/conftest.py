"""Our connector at the simulated Limitless, whose side of the wire was written apart from it, from the documents."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.venues.recording import Sent, recorder

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.exam.bench import FIRST, FIXTURE, NOW_S, PARTICIPANTS, SECOND, STARTS_S, settled, simulated_urls
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.limitless_ex import LimitlessEx, Settings, build
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Order
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, BetIntent, BetRef, BetReport, VenueContext
from hedgerow.venues.limitless_ex import MANIFEST
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.taking import TakingBookmaker

ACCOUNT = "demo_limitless-ex"
KEYS = {"api_token": "token-0", "api_secret": "ERERERERERERERERERERERERERERERERERERERERERE=", "private_key": "11" * 32}
"""Throw-away credentials of the published vectors."""
HEADERS = ("lmts-api-key", "lmts-timestamp", "lmts-signature")


@dataclass
class Scene:
    """A world with one tennis match whose first participant is offered at 1.75 and the second at 2.2, its Limitless,
    our opened connector, and every request that came."""

    world: World
    venue: LimitlessEx
    context: VenueContext
    seen: list[Sent]
    bookmaker: TakingBookmaker = field(init=False)

    def behave(self, **switches: Any) -> None:
        self.venue.exchange.faults.set(Behaviour(**switches))

    def offer(self, outcome: OutcomeKey, odds: str, most: int = 500) -> None:
        quote = Quote(outcome, "limitless-ex", Decimal(odds), Decimal(most), Decimal(5), "USD", True, 0)
        self.world.put_odds([quote])

    def bet(self, reference: str = "bet-1", outcome: OutcomeKey = FIRST, **changes: Any) -> BetIntent:
        """A bet of 40 on the first participant at 1.75, or what is said otherwise."""
        market = self.venue.listings.of_fixture(FIXTURE)
        assert market is not None
        token = market.tokens[outcome is SECOND]
        given = {"odds": OddsMicros(1_750_000), "stake": Decimal(40), "currency": "USD", "is_live": False}
        return BetIntent(
            reference,
            outcome.fixture_id,
            outcome.outcome_id,
            outcome.player_id,
            market.slug,
            token,
            **{**given, **changes},
        )

    def ref(self, bet: BetIntent, report: BetReport | None = None) -> BetRef:
        """How the bet is asked for, sent at this moment."""
        bet_ref = report.bet_ref if report is not None else None
        return BetRef(bet.reference, bet_ref, self.world.clock.now_ms(), bet.is_back, bet.stake)

    @property
    def orders(self) -> list[Order]:
        """The account's, as the venue has them."""
        return [order for order in self.venue.exchange.orders.values() if order.account == ACCOUNT]

    async def step(self, seconds: float) -> None:
        """The world's time goes on; what was under way has ended before and after."""
        await settled()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await settled()


Opens = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def opens() -> AsyncIterator[Opens]:
    """Opens a scene whose venue has settings of one's own."""
    async with AsyncExitStack() as stack:

        async def opened(**changes: Any) -> Scene:
            world = World(Catalogue())
            world.clock.run_stepped(NOW_S * NS_PER_S)
            venue = build(world, Settings(**changes))
            seen: list[Sent] = []
            urls = {}
            for name, app in venue.sites().items():
                app.middlewares.insert(0, recorder(seen, HEADERS))
                site = await listen(app, "127.0.0.1", 0)
                stack.push_async_callback(site.runner.cleanup)
                urls[name] = site.url
            world.put_fixture(Fixture(FIXTURE, 12, 2314, *PARTICIPANTS, STARTS_S, "ATP Finals", "ATP"))
            keys = {name: Secret(text) for name, text in venue.demo_credentials(ACCOUNT).items()}
            context = VenueContext(Account(1, "demo", "USD", keys), world.clock, simulated_urls(MANIFEST, urls))
            scene = Scene(world, venue, context, seen)
            scene.offer(FIRST, "1.75")
            scene.offer(SECOND, "2.2")
            made = build_bookmaker("limitless-ex", context)
            assert isinstance(made, TakingBookmaker)
            scene.bookmaker = made
            stack.push_async_callback(made.close)
            await made.open()
            return scene

        yield opened


@pytest.fixture
async def scene(opens: Opens) -> Scene:
    return await opens()


@pytest.fixture
def load() -> Callable[[str], dict[str, Any]]:
    """A fixture's content."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name: json.loads((folder / f"{name}.json").read_text())
