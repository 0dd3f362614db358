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

from .worldkit import CLIENT, MATCH, Scene


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
