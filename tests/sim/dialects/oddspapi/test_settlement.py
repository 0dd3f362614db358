"""The feed's grades."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.oddspapi.memory import Score
from hedgerow.sim.dialects.oddspapi.settlement import grade, grade_of_margin
from hedgerow.sim.markets import Catalogue, Market

CATALOGUE = Catalogue()
SCORES = st.builds(Score, st.integers(0, 9), st.integers(0, 9), st.just(0))
MIRRORED = {"WIN": "LOSE", "LOSE": "WIN", "HALFWIN": "HALFLOSS", "HALFLOSS": "HALFWIN", "PUSH": "PUSH"}
RESULT = {"result": {"participant1Score": 3, "participant2Score": 1}}
FULLTIME = {"fulltime": {"participant1Score": 3, "participant2Score": 1}}


def grades(market: Market, score: Score) -> dict[str, str]:
    graded = {name: grade(market, name, score) for name in market.names}
    return {name: result[0] for name, result in graded.items() if result}


def market(market_id: int) -> Market:
    return CATALOGUE.markets[market_id]  # type: ignore[index]


@pytest.mark.parametrize(
    ("margin", "expected"),
    [("1.5", "WIN"), ("0.5", "WIN"), ("0.25", "HALFWIN"), ("0", "PUSH"), ("-0.25", "HALFLOSS"), ("-0.5", "LOSE")],
)
def test_quarter_lines_split_the_stake(margin: str, expected: str) -> None:
    assert grade_of_margin(Decimal(margin)) == expected


@given(market=st.sampled_from([m for m in CATALOGUE.markets.values() if len(m.outcomes) == 2]), score=SCORES)
def test_sides_of_a_two_way_market_mirror_each_other(market: Market, score: Score) -> None:
    first, second = grades(market, score).values()
    assert second == MIRRORED[first]


@given(
    market=st.sampled_from([m for m in CATALOGUE.markets.values() if m.market_type in ("1x2", "spreads-european")]),
    score=SCORES,
)
def test_three_way_market_has_one_winner(market: Market, score: Score) -> None:
    assert sorted(grades(market, score).values()) == ["LOSE", "LOSE", "WIN"]


@given(score=SCORES)
def test_double_chance_has_two_winners(score: Score) -> None:
    assert sorted(grades(market(101902), score).values()) == ["LOSE", "WIN", "WIN"]


@pytest.mark.parametrize(
    ("market_id", "one", "two", "expected"),
    [
        (101, 1, 1, {"1": "LOSE", "X": "WIN", "2": "LOSE"}),
        (104, 2, 0, {"Yes": "LOSE", "No": "WIN"}),
        (10222, 2, 1, {"Odd": "WIN", "Even": "LOSE"}),
        (10214, 0, 0, {"1": "PUSH", "2": "PUSH"}),
        (1068, 1, 1, {"1": "LOSE", "2": "WIN"}),
        (1070, 0, 0, {"1": "HALFLOSS", "2": "HALFWIN"}),
        (10172, 2, 1, {"Over": "HALFWIN", "Under": "HALFLOSS"}),
        (10174, 2, 1, {"Over": "PUSH", "Under": "PUSH"}),
        (10122, 0, 6, {"1": "LOSE", "X": "WIN", "2": "LOSE"}),
    ],
)
def test_score_decides(market_id: int, one: int, two: int, expected: dict[str, str]) -> None:
    assert grades(market(market_id), Score(one, two, 0)) == expected


async def settled(feed: Any, fixture_id: str, outcome: int) -> Any:
    body = (await feed.get("fixtures/settlement", fixtureId=fixture_id, outcomeId=outcome)).body
    (row,) = body["settlements"]
    return row


async def test_before_the_end_every_outcome_is_undecided(feed: Any) -> None:
    fixture = feed.put_fixture(status_id=1, scores=RESULT)
    rows = (await feed.get("fixtures/settlement", fixtureId=fixture.fixture_id)).body["settlements"]
    assert {(row["status"], row["reason"]) for row in rows} == {("UNDECIDED", "MISSING_PERIODS")}
    assert {111, 112} <= {row["outcomeId"] for row in rows}


async def test_row_has_the_documented_form(feed: Any) -> None:
    fixture = feed.put_fixture("id1000001772221240", status_id=2, scores=FULLTIME)
    assert await settled(feed, fixture.fixture_id, 1010) == {
        "marketId": 1010,
        "marketType": "totals",
        "outcomeId": 1010,
        "playerId": 0,
        "status": "WIN",
        "margin": Decimal("1.5"),
        "team1Score": 3,
        "team2Score": 1,
        "periods": ["fulltime"],
        "reason": None,
    }


async def test_market_is_graded_by_its_own_period_only(feed: Any) -> None:
    fixture = feed.put_fixture("id1500023461061419", status_id=2, scores=RESULT)
    whole, regulation = await settled(feed, fixture.fixture_id, 151), await settled(feed, fixture.fixture_id, 153)
    assert (whole["status"], regulation["status"], regulation["reason"]) == ("WIN", "UNDECIDED", "MISSING_PERIODS")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SettlementStatus.WON, "WIN"),
        (SettlementStatus.LOST, "LOSE"),
        (SettlementStatus.HALF_WON, "HALFWIN"),
        (SettlementStatus.HALF_LOST, "HALFLOSS"),
        (SettlementStatus.VOID, "PUSH"),
    ],
)
async def test_what_the_world_decided_counts(feed: Any, result: SettlementStatus, expected: str) -> None:
    fixture = feed.put_fixture(scores=RESULT)
    feed.world.settle(fixture.fixture_id, {111: result})
    assert (await settled(feed, fixture.fixture_id, 111))["status"] == expected


async def test_cancelled_fixture_cancels_every_outcome(feed: Any) -> None:
    fixture = feed.put_fixture(status_id=3, scores=RESULT)
    row = await settled(feed, fixture.fixture_id, 111)
    assert (row["status"], row["team1Score"]) == ("CANCELLED", None)


async def test_score_corrected_downwards_changes_the_grade(feed: Any) -> None:
    fixture = feed.put_fixture(status_id=2, scores=RESULT)
    before = await settled(feed, fixture.fixture_id, 111)
    feed.put_fixture(scores={"result": {"participant1Score": 0, "participant2Score": 1}})
    after = await settled(feed, fixture.fixture_id, 111)
    assert (before["status"], after["status"]) == ("WIN", "LOSE")


async def test_slow_settlement_appears_after_its_delay(feed: Any) -> None:
    feed.dialect.patch({"settlementDelayS": 60})
    fixture = feed.put_fixture(status_id=2, scores=RESULT)
    feed.step(59.9)
    early = await settled(feed, fixture.fixture_id, 111)
    feed.step(0.2)
    assert [early["status"], (await settled(feed, fixture.fixture_id, 111))["status"]] == ["UNDECIDED", "WIN"]


async def test_outcome_outside_the_catalogue_has_a_row_when_it_is_quoted(feed: Any) -> None:
    fixture = feed.put_fixture()
    feed.put_odds({1199: "2.5"}, player_id=607468)
    row = await settled(feed, fixture.fixture_id, 1199)
    assert (row["playerId"], row["status"], row["marketType"]) == (607468, "UNDECIDED", None)


async def test_score_of_the_match_does_not_grade_a_player(feed: Any) -> None:
    fixture = feed.put_fixture(status_id=2, scores=RESULT)
    feed.put_odds({111: "2.5"}, player_id=607468)
    rows = (await feed.ok("fixtures/settlement", fixtureId=fixture.fixture_id, outcomeId=111))["settlements"]
    assert {row["playerId"]: row["status"] for row in rows} == {0: "WIN", 607468: "UNDECIDED"}
