"""betfairlightweight bets at the simulated Betfair and reads its stream, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.sim.dialects.betfair_ex import BetfairExchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

TENNIS = FixtureId("id1200231461061419")
START_S = 1_795_280_400
RECORDINGS = {"1.197931750": "gz", "1.132153978": "gz", "1.223716976": "bz2"}


@pytest.fixture
def betfair() -> BetfairExchange:
    world = World(Catalogue())
    made = BetfairExchange(world)
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", START_S, "ATP Finals", "ATP"))
    return made


@pytest.fixture
async def sites(betfair: BetfairExchange) -> AsyncIterator[dict[str, str]]:
    """Their addresses."""
    listening: dict[str, Listening] = {}
    for name, site in betfair.sites().items():
        listening[name] = await listen(site, "127.0.0.1", 0)
    yield {name: one.url for name, one in listening.items()}
    for one in listening.values():
        await one.runner.cleanup()


async def test_betfairlightweight_bets_and_reads_recorded_markets_as_it_reads_their_files(
    witness: Witness, betfair: BetfairExchange, sites: dict[str, str], shared: Callable[[str], Path]
) -> None:
    files = {market: shared(f"data/betfair/recordings/{market}.{kind}") for market, kind in RECORDINGS.items()}
    for path in files.values():
        betfair.patch({"recording": str(path)})
    (market,) = betfair.listings.markets.values()
    found = await witness(
        "betfair_lightweight",
        sites=sites,
        credentials=betfair.demo_credentials("demo_betfair-ex"),
        market=market.id,
        selection=market.selections[0].id,
        recordings={market: str(path) for market, path in files.items()},
    )
    assert (found["login"], found["alive"]) == ("SUCCESS", "SUCCESS")
    bets = found["bets"]
    assert bets["types"][0]["eventType"] == {"id": "2", "name": "Tennis"}
    assert [runner["runnerName"] for runner in bets["catalogue"][0]["runners"]] == ["Jannik Sinner", "Carlos Alcaraz"]
    assert bets["statuses"] == ["SUCCESS", "FAILURE", "FAILURE", "FAILURE", "SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"]
    assert bets["codes"] == ["DUPLICATE_TRANSACTION", "BET_ACTION_ERROR", "BET_ACTION_ERROR"]
    assert (bets["is_new"], bets["current"]) == (True, {"true": ["EXECUTABLE", 3], "false": ["EXECUTION_COMPLETE", 0]})
    assert (bets["funds"], bets["details"]) == (10_000, "USD")
    for told, right, same in found["recordings"].values():
        assert told == right == same > 20
