"""Market URLs, against the feed's recorded rows and whatever else a reference may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.cloudbet.line import NotUnderstoodError, market_url

SNAPSHOT = "data/oddspapi/v5shape_odds_id1000232463448499.json"


@pytest.mark.parametrize(
    ("market_ref", "outcome_ref", "url"),
    [
        ("soccer.match_odds", "draw", "soccer.match_odds/draw"),
        ("soccer.total_goals/total=3", "over", "soccer.total_goals/over?total=3"),
        ("basketball.handicap/handicap=-3", "home", "basketball.handicap/home?handicap=-3"),
        (
            "table_tennis.game_total_points.v2/game=1&total=18.5",
            "over",
            "table_tennis.game_total_points.v2/over?game=1&total=18.5",
        ),
        ("soccer.correct_score", "0:0", "soccer.correct_score/0:0"),
    ],
)
def test_a_market_url_has_the_documented_form(market_ref: str, outcome_ref: str, url: str) -> None:
    assert market_url(market_ref, outcome_ref) == url


def test_every_recorded_row_is_understood(shared: Callable[[str], Path]) -> None:
    rows = json.loads(shared(SNAPSHOT).read_text())["odds"]["cloudbet"].values()
    urls = {market_url(row["bookmakerMarketId"], row["bookmakerOutcomeId"]) for row in rows}
    assert len(urls) == len(rows) > 60


@pytest.mark.parametrize(
    ("market_ref", "outcome_ref"),
    [
        ("", "home"),
        ("soccer", "home"),
        ("soccer.match_odds/", "home"),
        ("soccer.match_odds?total=3", "home"),
        ("soccer.total_goals/total=3&", "over"),
        ("soccer.total_goals/total", "over"),
        ("soccer.total_goals/total=3/x=1", "over"),
        ("soccer.match_odds", ""),
        ("soccer.match_odds", "home/"),
        ("soccer.match_odds", "home?total=3"),
        ("soccer.match_odds\n", "home"),
    ],
)
def test_another_form_is_not_understood(market_ref: str, outcome_ref: str) -> None:
    with pytest.raises(NotUnderstoodError):
        market_url(market_ref, outcome_ref)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_smuggles_a_second_outcome_or_question_in(market_ref: str, outcome_ref: str) -> None:
    try:
        url = market_url(market_ref, outcome_ref)
    except NotUnderstoodError:
        return
    assert (url.count("/"), url.count("?") <= 1) == (1, True)
