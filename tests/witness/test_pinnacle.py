"""Other people's Pinnacle clients bet at the simulated Pinnacle, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.pinnacle import Pinnacle, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

NOW_S = 1_781_000_000  # 2026-06-09
TENNIS, SOCCER = FixtureId("id1200231461061419"), FixtureId("id1000001761061419")
PRICES = {TENNIS: {121: "1.75", 122: "2.2"}, SOCCER: {101: "2.1", 102: "3.4", 103: "3.6"}}
LEAGUE = pinnacle_ids.league_id(17)


@pytest.fixture
def world() -> World:
    """Two matches, one of them in play, with prices; the clock stands."""
    made = World(Catalogue())
    made.clock.run_stepped(NOW_S * NS_PER_S)
    return made


@pytest.fixture
def pinnacle(world: World) -> Pinnacle:
    made = Pinnacle(world, Terms(odds_interval_s=0.0, snapshot_cache_s=0.0))
    starts = NOW_S + 7_200
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", starts, "Wimbledon", "ATP"))
    world.put_fixture(
        Fixture(
            SOCCER,
            10,
            17,
            "Arsenal",
            "Chelsea",
            NOW_S - 1_800,
            "Premier League",
            "England",
            status_id=1,
            live=True,
            true_start_ms=(NOW_S - 1_800) * 1000,
            scores={"result": {"participant1Score": 2, "participant2Score": 1}},
        )
    )
    for fixture_id, prices in PRICES.items():
        put_odds(world, fixture_id, prices)
    return made


def put_odds(world: World, fixture_id: FixtureId, prices: dict[int, str]) -> None:
    world.put_odds(
        Quote(
            OutcomeKey(fixture_id, OutcomeId(outcome)),
            "pinnacle",
            Decimal(price),
            Decimal(1000),
            None,
            "USD",
            True,
            0,
        )
        for outcome, price in prices.items()
    )


@pytest.fixture
async def site(pinnacle: Pinnacle) -> AsyncIterator[str]:
    """Its address."""
    listening = await listen(pinnacle.sites()["rest"], "127.0.0.1", 0)
    yield listening.url
    await listening.runner.cleanup()


def line_id(world: World, fixture_id: FixtureId, outcome_id: int) -> int:
    """As the feed's rows name the line now."""
    market = world.catalogue.market_of(outcome_id)
    assert market is not None
    versions = (world.quotes[OutcomeKey(fixture_id, outcome), "pinnacle"].version for outcome in market.outcomes)
    return pinnacle_ids.line_id(fixture_id, market, sum(versions))


async def test_the_bets_client_places_and_reads_bets(
    witness: Witness, world: World, pinnacle: Pinnacle, site: str
) -> None:
    ids = {name: f"{n:08}-0000-4000-8000-000000000000" for n, name in enumerate(("taken", "stale", "live", "poor"))}
    on_sinner = {
        "odds_format": "DECIMAL",
        "accept_better_line": True,
        "stake": 10.5,
        "win_risk_stake": "RISK",
        "line_id": line_id(world, TENNIS, 121),
        "fill_type": "NORMAL",
        "sport_id": 33,
        "event_id": pinnacle_ids.event_id(TENNIS),
        "period_number": 0,
        "bet_type": "MONEYLINE",
        "team": "TEAM1",
    }
    on_the_draw = on_sinner | {
        "line_id": line_id(world, SOCCER, 102),
        "sport_id": 29,
        "event_id": pinnacle_ids.event_id(SOCCER),
        "team": "DRAW",
    }
    bets = {
        "taken": on_sinner | {"unique_request_id": ids["taken"]},
        "again": on_sinner | {"unique_request_id": ids["taken"]},
        "stale": on_sinner | {"unique_request_id": ids["stale"], "line_id": 1},
        "live": on_the_draw | {"unique_request_id": ids["live"], "stake": 5},
        "poor": on_sinner | {"unique_request_id": ids["poor"], "stake": 1_000_000},
        "malformed": on_sinner | {"unique_request_id": "1"},
    }
    given = {"rest": site, "today": "2026-06-09", "tomorrow": "2026-06-10", "read": [1, 2]}
    found = await witness("pinnacle_bets", **given, **pinnacle.demo_credentials("demo_pinnacle"), bets=bets)
    assert (found["status"], found["stranger"]) == ("ALL_BETTING_ENABLED", [401, "INVALID_CREDENTIALS"])
    taken = {"status": "ACCEPTED", "uniqueRequestId": ids["taken"], "betId": 1, "win": 7.87, "risk": 10.5}
    assert found["placed"]["taken"] == taken | {"price": 1.75, "betterLineWasAccepted": False}
    assert found["placed"]["live"]["betId"] == 2
    assert {name: answer["errorCode"] for name, answer in found["placed"].items() if "errorCode" in answer} == {
        "again": "DUPLICATED_REQUEST",
        "stale": "LINE_CHANGED",
        "poor": "ABOVE_MAX_BET_AMOUNT",
    }
    assert found["placed"]["malformed"] == [400, "INVALID_REQUEST_DATA"]
    assert found["by_id"] == found["running"]
    assert [(row["betId"], row["betStatus"], row["isLive"], row["teamName"]) for row in found["running"]] == [
        (1, "ACCEPTED", False, "Jannik Sinner"),
        (2, "ACCEPTED", True, "Draw"),
    ]
    assert (found["page"], found["settled"]) == ([True, 1, 0, 0], [])

    world.settle(TENNIS, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    world.settle(SOCCER, dict.fromkeys(PRICES[SOCCER], SettlementStatus.VOID))
    found = await witness("pinnacle_bets", **given, **pinnacle.demo_credentials("demo_pinnacle"), bets={})
    assert (found["running"], found["by_id"]) == ([], found["settled"])
    won, void = found["settled"]
    assert (won["betStatus"], won["winLoss"]) == ("WON", 7.87)
    assert (void["betStatus"], void["winLoss"], void["cancellationReason"]["code"]) == ("CANCELLED", 0, "FBS_CW_65")


async def test_the_lines_client_reads_the_whole_offer(
    witness: Witness, world: World, pinnacle: Pinnacle, site: str
) -> None:
    event_id = pinnacle_ids.event_id(SOCCER)
    credentials = "{username}:{password}".format(**pinnacle.demo_credentials("demo_pinnacle"))
    line = {
        "league_id": LEAGUE,
        "handicap": 0.0,
        "odds_format": "Decimal",
        "sport_id": 29,
        "event_id": event_id,
        "period_number": 0,
        "bet_type": "MONEYLINE",
        "team": "Draw",
    }
    address = site.replace("://", f"://{credentials}@")
    found = await witness("pinnacle_lines", rest=address, sport=29, league=LEAGUE, line=line)
    assert [row["name"] for row in found["sports"]["sports"] if row["hasOfferings"]] == ["Soccer", "Tennis"]
    (league,) = found["leagues"]["leagues"]
    assert (league["name"], league["homeTeamType"]) == ("England - Premier League", "Team1")
    assert [row["number"] for row in found["periods"]][:2] == [0, 1]
    assert {"code": "USD", "name": "USD", "rate": 1} in found["currencies"]["currencies"]
    assert found["running"]["sports"][0]["leagues"][0]["events"] == [{"id": event_id, "state": 1, "elapsed": 30}]
    (fixture,) = found["fixtures"]["league"][0]["events"]
    assert (fixture["id"], fixture["home"], fixture["liveStatus"]) == (event_id, "Arsenal", 1)
    assert (found["narrowed"], found["elsewhere"]["league"]) == (found["fixtures"], [])
    (event,) = found["odds"]["leagues"][0]["events"]
    (period,) = event["periods"]
    assert (event["homeScore"], period["moneyline"]) == (2, {"home": 2.1, "draw": 3.4, "away": 3.6})
    assert (period["lineId"], period["maxMoneyline"]) == (line_id(world, SOCCER, 102), 1000)
    assert (found["line"]["lineId"], found["line"]["price"], found["line"]["maxRiskStake"]) == (
        period["lineId"],
        3.4,
        1000,
    )
    assert found["reasons"]["cancellationReasons"][0].keys() == {"code", "description"}
    assert (found["unchanged"], found["settled"]["leagues"]) == ("", [])

    world.settle(SOCCER, {101: SettlementStatus.WON, 102: SettlementStatus.LOST, 103: SettlementStatus.LOST})
    found = await witness("pinnacle_lines", rest=address, sport=29, league=LEAGUE, line=line)
    (event,) = found["settled"]["leagues"][0]["events"]
    assert event["id"] == event_id
    assert [(row["status"], row["team1Score"], row["team2Score"]) for row in event["periods"]] == [(1, 2, 1)]
