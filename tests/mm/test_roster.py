"""Clients whose accounts cannot be used, beside those whose can."""

from __future__ import annotations

import msgspec
import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.states import Side
from hedgerow.mm.roster import Roster
from hedgerow.sim import pinnacle_ids
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.database import StorageError
from hedgerow.storage.terms import Terms

from .worldkit import BOOKMAKER, CLIENT, EXCHANGES, MATCH, Scene, expect_hedged_once


def roster(scene: Scene) -> Roster:
    return scene.process.maker._roster


async def test_a_bookmaker_that_refuses_an_account_stops_no_other_client(quoting: Scene) -> None:
    dialect = quoting.server.venues.dialects["sharpbet"]
    right = dialect.demo_credentials("rival_sharpbet")  # type: ignore[attr-defined]
    await quoting.accounts.add_client("rival", "Rival")
    await quoting.switches.add_client("rival", "sharpbet")
    for name, token in (("wrong", "no-such-token"), ("right", right["password"])):
        await quoting.accounts.add_account(
            "sharpbet", name, "rival", vault=quoting.vault, credentials={**right, "password": token}
        )
        await quoting.process.maker.commands.refresh()
        desks = quoting.process.maker._hedger.desks.by_client
        assert (CLIENT in desks, "rival" in desks) == (True, name == "right")
    assert not quoting.process.maker.engine.traders["rival"].lanes


async def test_a_connector_is_told_what_its_venue_calls_a_fixture(quoting: Scene) -> None:
    (row,) = await quoting.accounts.accounts(client=CLIENT, venue="pinnacle")
    told = roster(quoting)._context(row).fixture_ref
    assert (told(MATCH), told(FixtureId("id12990112000000009"))) == (str(pinnacle_ids.event_id(MATCH)), None)


async def set_credentials(scene: Scene, venue: str, **changes: str) -> None:
    """As an operator does it."""
    (row,) = await scene.accounts.accounts(client=CLIENT, venue=venue)
    held = {name: secret.reveal() for name, secret in open_credentials(row, scene.vault).items()}
    sealed = scene.vault.seal(msgspec.json.encode(held | changes).decode(), row.identity)
    await scene.database.execute("update accounts set sealed = $2 where account_id = $1", row.account_id, sealed)
    await scene.process.maker.commands.refresh()


async def test_account_is_opened_though_the_database_was_away_in_the_middle(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = quoting.server.venues.dialects["novig.us"].demo_credentials("demo_novig.us")  # type: ignore[attr-defined]
    await quoting.accounts.add_client("rival", "Rival")
    await quoting.switches.add_client("rival", "pinnacle")
    await quoting.process.maker.commands.refresh()
    await quoting.accounts.add_account(
        "novig.us", "demo_novig.us", CLIENT, vault=quoting.vault, credentials=credentials
    )
    read = Accounts.accounts

    async def read_or_fail(accounts: Accounts, **which: str | None) -> list[VenueAccount]:
        if which.get("client") == "rival":
            raise StorageError("away")
        return await read(accounts, **which)

    with monkeypatch.context() as away:
        away.setattr(Accounts, "accounts", read_or_fail)
        with pytest.raises(StorageError):
            await quoting.process.maker.commands.refresh()
    await quoting.process.maker.commands.refresh()
    await quoting.connected(lambda: any(lane.slug == "novig.us" and lane.is_synced for lane in quoting.process.lanes))


async def test_changed_credentials_reach_a_lane_which_quotes_on(quoting: Scene) -> None:
    (lane,) = [lane for lane in quoting.process.lanes if lane.slug == "kalshi"]
    old = lane.exchange
    await set_credentials(quoting, "kalshi", note="new")
    assert lane.exchange is not old
    await quoting.connected(lambda: lane.is_synced)
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(1)
    assert len(quoting.resting()) == 6
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.30", 10))
    await quoting.run(1)
    assert [fill["exchange"] for fill in await quoting.fills()] == ["kalshi"]
    assert len(await quoting.bets()) == 1


async def test_changed_password_reaches_the_hedge_desk_unless_it_is_refused(quoting: Scene) -> None:
    (desk,) = quoting.process.maker._hedger.desks.of(CLIENT)
    old = desk.bookmaker
    await set_credentials(quoting, "pinnacle", note="new")
    fresh = desk.bookmaker
    assert fresh is not old
    await set_credentials(quoting, "pinnacle", password="mistyped")
    assert desk.bookmaker is fresh
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    (bet,) = await quoting.bets()
    assert bet["status"] == "CONFIRMED"


async def test_credentials_that_build_no_connector_stop_nothing(quoting: Scene) -> None:
    (lane,) = [lane for lane in quoting.process.lanes if lane.slug == "kalshi"]
    old = lane.exchange
    await set_credentials(quoting, "kalshi", private_key="no key at all")
    assert lane.exchange is old
    assert len(quoting.resting()) == 6


# --- out of use ----------------------------------------------------------------------------------------------------


async def turn_venue(scene: Scene, slug: str, *, on: bool) -> None:
    """As `hedgerow bookmakers` does it."""
    await Terms(scene.database, scene.world.clock).set_bookmaker_active(slug, on)
    scene.process.maker.operator_changed()


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_disabled_exchange_is_quoted_again_only_when_it_is_enabled(quoting: Scene, exchange: str) -> None:
    before = len(quoting.resting(exchange))
    await turn_venue(quoting, exchange, on=False)
    await quoting.connected(lambda: not quoting.resting(exchange))
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(5)
    assert (quoting.resting(exchange), len(quoting.resting())) == ([], 6 - before)
    await turn_venue(quoting, exchange, on=True)
    await quoting.connected(lambda: len(quoting.resting()) == 6)


async def test_fill_at_a_disabled_exchange_that_was_down_is_found_and_hedged(quoting: Scene) -> None:
    quoting.behave("kalshi", down=True)
    await turn_venue(quoting, "kalshi", on=False)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.run(5)
    quoting.behave("kalshi")
    await quoting.connected(lambda: not quoting.resting("kalshi"))
    await quoting.run(5)
    await expect_hedged_once(quoting)


async def test_disabled_bookmaker_gets_no_bet_until_it_is_enabled(quoting: Scene) -> None:
    quoting.behave(BOOKMAKER, rejectRate=1)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await turn_venue(quoting, BOOKMAKER, on=False)
    await quoting.connected(lambda: not quoting.resting())
    quoting.behave(BOOKMAKER)
    await quoting.run(10)
    assert (quoting.sim_bets(), quoting.resting()) == ([], [])
    await turn_venue(quoting, BOOKMAKER, on=True)
    await quoting.connected(lambda: len(quoting.sim_bets()) == 1 and len(quoting.resting()) == 6)
    await expect_hedged_once(quoting)
