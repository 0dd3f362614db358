"""From the feed's references to selections, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.pinnacle.line import (
    BetType,
    Line,
    NotUnderstoodError,
    OverUnder,
    Selection,
    Team,
    line_of,
    selection_of,
    team_number,
)

SNAPSHOT = "data/oddspapi/v5shape_odds_id1000232463448499.json"
MAIN_TOTAL = "line/15/889/1630865288/3722781646/0/totals"
ALT_TOTAL = "altLine/15/889/1630865288/3722781646/57132782926/0/totals"
MONEYLINE = "line/4/487/1628488896/3565645414/0/moneyline"

ids = st.integers(0, 10**18 - 1)
lines = st.builds(
    Line, ids, ids, ids, ids, st.none() | ids, st.integers(0, 999), st.sampled_from(list(BetType))
).filter(lambda line: line.alt_line_id is None or line.bet_type is not BetType.MONEYLINE)


def test_a_line_has_its_parts() -> None:
    assert line_of(MONEYLINE) == Line(4, 487, 1628488896, 3565645414, None, 0, BetType.MONEYLINE)


def test_an_alternative_line_has_both_ids() -> None:
    line = line_of(ALT_TOTAL)
    assert (line.line_id, line.alt_line_id, line.may_be_alternative) == (3722781646, 57132782926, False)


def test_only_a_line_with_points_and_one_id_may_be_an_alternative() -> None:
    assert line_of(MAIN_TOTAL).may_be_alternative
    assert not line_of(MONEYLINE).may_be_alternative


@given(line=lines)
def test_a_line_is_read_back_from_its_reference(line: Line) -> None:
    assert line_of(str(line)) == line


@given(text=st.text(max_size=60) | st.from_regex(r"(alt)?[Ll]ine(/[0-9a-z]{0,20}){0,9}"))
def test_another_reference_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        line = line_of(text)
    except NotUnderstoodError:
        return
    assert line_of(str(line)) == line


@pytest.mark.parametrize(
    "market_ref",
    [
        "",
        "line/4/487",
        "special/4/487/1/2/0/moneyline",
        "1631071543/1631372169",
        f"{MONEYLINE}/9",
        "line/4/487/1628488896/3565645414/0/corners",
        "altLine/4/487/1628488896/3565645414/7/0/moneyline",
        "line/4/487/1628488896/-1/0/moneyline",
        "line/4/487/1628488896/3565645414/0/moneyline\n",
        "line/٤/487/1628488896/3565645414/0/moneyline",
    ],
)
def test_what_is_not_understood_is_named(market_ref: str) -> None:
    with pytest.raises(NotUnderstoodError, match="market reference"):
        line_of(market_ref)


@pytest.mark.parametrize(
    ("kind", "outcome_ref", "team", "over_under", "points"),
    [
        ("moneyline", "home", Team.HOME, None, None),
        ("moneyline", "draw", Team.DRAW, None, None),
        ("spreads", "-3.0/home", Team.HOME, None, "-3.0"),
        ("spreads", "-3.0/away", Team.AWAY, None, "-3.0"),
        ("spreads", "0.25/away", Team.AWAY, None, "0.25"),
        ("spreads", "home", Team.HOME, None, None),
        ("totals", "2.5/over", None, OverUnder.OVER, "2.5"),
        ("totals", "under", None, OverUnder.UNDER, None),
        ("teamTotal", "home/1.5/over", Team.HOME, OverUnder.OVER, "1.5"),
    ],
)
def test_an_outcome_has_its_side_and_points(
    kind: str, outcome_ref: str, team: Team | None, over_under: OverUnder | None, points: str | None
) -> None:
    found = selection_of(f"line/29/1980/1/2/0/{kind}", outcome_ref)
    assert (found.team, found.over_under) == (team, over_under)
    assert found.points == (Decimal(points) if points else None)


@pytest.mark.parametrize(
    ("kind", "outcome_ref"),
    [
        ("moneyline", "over"),
        ("moneyline", "-1.5/home"),
        ("spreads", "draw"),
        ("spreads", "-1.5/over"),
        ("totals", "2.5/home"),
        ("totals", "2.5"),
        ("totals", "1e1/over"),
        ("totals", "+2.5/over"),
        ("teamTotal", "1.5/over"),
        ("teamTotal", "draw/1.5/over"),
        ("moneyline", ""),
    ],
)
def test_an_outcome_of_another_type_is_refused(kind: str, outcome_ref: str) -> None:
    with pytest.raises(NotUnderstoodError, match="outcome reference"):
        selection_of(f"line/29/1980/1/2/0/{kind}", outcome_ref)


@pytest.mark.parametrize(
    ("side", "home_is_first", "number"),
    [
        ("home", True, "TEAM1"),
        ("away", True, "TEAM2"),
        ("home", False, "TEAM2"),
        ("away", False, "TEAM1"),
        ("draw", False, "DRAW"),
    ],
)
def test_teams_are_numbered_by_the_league(side: str, *, home_is_first: bool, number: str) -> None:
    assert team_number(selection_of(MONEYLINE, side), home_is_first=home_is_first) == number


def test_a_total_has_no_team() -> None:
    selection = selection_of(MAIN_TOTAL, "44.0/over")
    assert team_number(selection, home_is_first=True) is None
    assert not selection.needs_league


def test_every_recorded_row_of_the_feed_is_understood(shared: Callable[[str], Path]) -> None:
    rows = list(json.loads(shared(SNAPSHOT).read_text())["odds"]["pinnacle"].values())
    found = [selection_of(row["bookmakerMarketId"], row["bookmakerOutcomeId"]) for row in rows]
    assert len(found) == 55
    assert [str(selection.line) for selection in found] == [row["bookmakerMarketId"] for row in rows]
    assert all(selection.points is not None for selection in found if selection.line.bet_type is not BetType.MONEYLINE)


def test_recorded_spreads_name_the_home_line_for_either_team(shared: Callable[[str], Path]) -> None:
    rows = json.loads(shared(SNAPSHOT).read_text())["odds"]["pinnacle"].values()
    by_market: dict[str, list[Selection]] = {}
    for row in rows:
        selection = selection_of(row["bookmakerMarketId"], row["bookmakerOutcomeId"])
        if selection.line.bet_type is BetType.SPREAD:
            by_market.setdefault(row["bookmakerMarketId"], []).append(selection)
    assert by_market
    for pair in by_market.values():
        assert {selection.team for selection in pair} == {Team.HOME, Team.AWAY}
        assert pair[0].points == pair[1].points
