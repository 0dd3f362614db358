"""The exchange's own client trades at the simulated Matchbook, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.matchbook import Matchbook, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

NOW_S = 1_795_190_000  # 2026-11-20 15:53 UTC
FIXTURE = FixtureId("id1200231461061419")
SINNER = OutcomeKey(FIXTURE, OutcomeId(121))
TENNIS = 9


@pytest.fixture
def world() -> World:
    made = World(Catalogue())
    made.clock.run_stepped(NOW_S * NS_PER_S)
    return made


@pytest.fixture
def matchbook(world: World) -> Matchbook:
    """Sinner can be backed at 1.93 for 500; a taker's commission is 1.5 %."""
    made = Matchbook(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    world.put_odds([Quote(SINNER, "matchbook", Decimal("1.93"), Decimal(500), None, "USD", True, 0)])
    return made


@pytest.fixture
async def site(matchbook: Matchbook, world: World) -> AsyncIterator[str]:
    listening = await listen(matchbook.sites()["rest"], "127.0.0.1", 0)
    yield listening.url
    world.clock.forget()
    await listening.runner.cleanup()


async def test_the_exchanges_own_client_trades_and_reads(
    witness: Witness, world: World, matchbook: Matchbook, site: str
) -> None:
    given = {"rest": site, "sport": TENNIS, **matchbook.demo_credentials("demo_matchbook")}
    offers = [
        {"side": "back", "odds": 1.93, "stake": 10.0, "temp_id": "taker"},
        {"side": "back", "odds": 2.5, "stake": 4.0, "temp_id": "maker"},
        {"side": "lay", "odds": 1.5, "stake": -2.0},
    ]
    found = await witness("matchbook_sdk", **given, offers=offers)
    assert found["signed_in"] == "demo_matchbook"
    assert found["stranger"][0] == 400
    assert found["events"] == [["Jannik Sinner vs Carlos Alcaraz", "open", "2026-11-20T18:23:20+00:00"]]
    assert found["runners"] == [["Jannik Sinner", "open"], ["Carlos Alcaraz", "open"]]
    assert found["to_back"] == [[1.93, 500]]
    taken, rested, failed = found["placed"]
    assert (taken["status"], taken["remaining"], taken["temp_id"]) == ("matched", 0, "taker")
    assert taken["matched"] == [[1.93, 10, 0.1395, "open"]]
    assert (rested["status"], rested["odds"], rested["remaining"]) == ("open", 2.5, 4)
    assert failed["errors"] == [["stake", "-2.0 is not a valid stake. Stake must be at least USD0.1."]]
    assert (found["ended"], found["again"]) == (["cancelled"], [400, ["Offer is not open."]])
    assert [(offer["temp_id"], offer["status"]) for offer in found["listed"]] == [
        ("maker", "cancelled"),
        ("taker", "matched"),
    ]
    assert found["balance"] == [10_000, 14, 0.1995, 9_985.8005]
    assert found["beat"] == ["HEARTBEAT_ACTIVATED", 20, "HEARTBEAT_TERMINATED"]
    assert found["settled"] == []

    world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    found = await witness("matchbook_sdk", **given, offers=[])
    assert found["settled"] == [["WIN", 10, 9.3, 0.1395, False]]
    assert ([offer["temp_id"] for offer in found["listed"]], found["balance"][3]) == (["maker"], 10_009.1605)
