"""Clients whose accounts cannot be used, beside those whose can."""

from __future__ import annotations

from hedgerow.mm.roster import Roster

from .worldkit import CLIENT, Scene


def roster(scene: Scene) -> Roster:
    return scene.process.maker._roster


async def test_a_bookmaker_that_refuses_an_account_stops_no_other_client(quoting: Scene) -> None:
    dialect = quoting.server.venues.dialects["sharpbet"]
    right = dialect.demo_credentials("rival_sharpbet")  # type: ignore[attr-defined]
    await quoting.accounts.add_client("rival", "Rival")
    await quoting.repository.add_client("rival", "sharpbet")
    for name, token in (("wrong", "no-such-token"), ("right", right["password"])):
        await quoting.accounts.add_account(
            "sharpbet", name, "rival", vault=quoting.vault, credentials={**right, "password": token}
        )
        await roster(quoting).load()
        desks = quoting.process.maker._hedger.desks
        assert (CLIENT in desks, "rival" in desks) == (True, name == "right")
    assert not quoting.process.maker.engine.traders["rival"].lanes
