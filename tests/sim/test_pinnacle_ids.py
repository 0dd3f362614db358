"""Ids that the simulated feed and the simulated Pinnacle share."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.markets import Catalogue, Market

NBA_GAME = "id1100013270505136"
SNAPSHOT = "data/oddspapi/v5shape_odds_id1000232463448499.json"
CATALOGUE = Catalogue()


def soccer_market(kind: str, line: str, *names: str, period: str = "fulltime") -> Market:
    outcomes = tuple(OutcomeId(9000 + k) for k in range(len(names)))
    return Market(MarketId(9000), 10, kind, period, Decimal(line), "", names, outcomes)


def test_reference_has_the_real_form_and_numbers() -> None:
    winner = CATALOGUE.winner(11)
    assert winner is not None
    ref = pinnacle_ids.market_ref(NBA_GAME, 11, 132, winner, 2)
    assert ref is not None
    assert ref.startswith(f"line/4/487/{pinnacle_ids.event_id(NBA_GAME)}/")
    assert ref.endswith("/0/moneyline")


@given(fixture=st.from_regex(r"id1[0-9]{17}", fullmatch=True), versions=st.integers(1, 10**6))
def test_reference_is_parsed_back_to_its_parts(fixture: str, versions: int) -> None:
    market = CATALOGUE.markets[MarketId(1010)]
    ref = pinnacle_ids.parse(pinnacle_ids.market_ref(fixture, 10, 17, market, versions) or "")
    assert ref == pinnacle_ids.LineRef(
        29, 1980, pinnacle_ids.event_id(fixture), pinnacle_ids.line_id(fixture, market, versions), 0, "totals"
    )


@given(versions=st.integers(1, 10**6))
def test_line_id_changes_with_every_change_of_a_price(versions: int) -> None:
    market = CATALOGUE.markets[MarketId(111)]
    now, then = (pinnacle_ids.line_id(NBA_GAME, market, versions + k) for k in (0, 1))
    assert now != then


def test_distinct_tournaments_have_distinct_leagues() -> None:
    leagues = {pinnacle_ids.league_id(tournament) for tournament in range(1, 5000)}
    assert len(leagues) == 4999


def test_every_sport_has_a_name_at_pinnacle() -> None:
    for sport in range(10, 82):
        assert pinnacle_ids.sport_id(sport) in pinnacle_ids.SPORT_NAMES


def test_hockey_regulation_is_not_the_match_with_overtime() -> None:
    winner, regulation = CATALOGUE.markets[MarketId(151)], CATALOGUE.markets[MarketId(153)]
    assert (pinnacle_ids.period_number(winner), pinnacle_ids.period_number(regulation)) == (0, 6)


@pytest.mark.parametrize("market_id", [104, 113])
def test_market_without_a_line_has_no_reference(market_id: int) -> None:
    market = CATALOGUE.markets[MarketId(market_id)]
    assert pinnacle_ids.market_ref(NBA_GAME, market.sport_id, 132, market, 3) is None
    assert pinnacle_ids.outcome_ref(market, market.outcomes[0]) is None


@pytest.mark.parametrize("text", ["", "line/4/487", "line/4/487/1/2/0/moneyline/9", "special/4/487/1/2/0/moneyline"])
def test_another_form_is_not_parsed(text: str) -> None:
    assert pinnacle_ids.parse(text) is None


def test_sides_are_written_as_on_recorded_rows(shared: Callable[[str], Path]) -> None:
    rows = json.loads(shared(SNAPSHOT).read_text())["odds"]["pinnacle"].values()
    recorded = {row["outcomeId"]: row for row in rows}
    three = soccer_market("1x2", "0", "1", "X", "2")
    over = soccer_market("totals", "2.5", "Over", "Under")
    spread = soccer_market("spreads", "-3", "1", "2")
    ours = [pinnacle_ids.outcome_ref(market, o) for market in (three, over, spread) for o in market.outcomes]
    assert ours == [recorded[o]["bookmakerOutcomeId"] for o in (101, 102, 103, 1010, 1011, 1048, 1049)]
    assert {pinnacle_ids.side_of(str(ref)) for ref in ours} == {"home", "draw", "away", "over", "under"}


def test_recorded_references_are_understood(shared: Callable[[str], Path]) -> None:
    rows = json.loads(shared(SNAPSHOT).read_text())["odds"]["pinnacle"].values()
    for row in rows:
        ref = pinnacle_ids.parse(row["bookmakerMarketId"])
        assert ref is not None
        assert str(ref) == row["bookmakerMarketId"]
        assert (ref.sport_id, ref.league_id) == (pinnacle_ids.sport_id(10), pinnacle_ids.league_id(2324))
