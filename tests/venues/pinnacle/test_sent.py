"""What is remembered of bets that were sent, and which rows can be one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.core.odds import OddsMicros
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.line import selection_of
from hedgerow.venues.pinnacle.sent import SentBet, SentBets

LEFT_MS = 1_795_262_400_000
SPREAD = "line/29/1980/1616406742/3279471555/0/spreads"


def sent_bet(**changes: Any) -> SentBet:
    given = {
        "selection": selection_of(SPREAD, "-1.75/home"),
        "team": "TEAM1",
        "odds": OddsMicros(1_578_000),
        "stake": Decimal("12.50"),
        "takes_part": False,
        "left_ms": LEFT_MS,
    }
    return SentBet(**{**given, **changes})


@pytest.fixture
def row(payload: Callable[[str], str]) -> Callable[..., wire.StraightBet]:
    def make(**changes: Any) -> wire.StraightBet:
        message = json.loads(payload("bet_accepted.json"))["straightBets"][0] | changes
        return msgspec.json.decode(json.dumps(message).encode(), type=wire.StraightBet)

    return make


def test_the_bet_itself_is_recognised(row: Callable[..., wire.StraightBet]) -> None:
    assert sent_bet().could_be(row())


@pytest.mark.parametrize(
    "changes",
    [
        {"eventId": 1},
        {"periodNumber": 1},
        {"betType": "MONEYLINE"},
        {"risk": 12.49},
        {"risk": None},
        {"price": 1.577},
        {"price": None},
        {"handicap": -1.5},
        {"handicap": None},
        {"teamName": "Crystal Palace"},
        {"teamName": None},
        {"placedAt": "2026-11-21T11:58:59Z"},
        {"placedAt": "2026-11-21T12:10:01Z"},
        {"placedAt": None},
    ],
)
def test_another_bet_is_not_taken_for_it(row: Callable[..., wire.StraightBet], changes: dict[str, Any]) -> None:
    assert not sent_bet().could_be(row(**changes))


def test_a_bet_that_may_be_cut_is_recognised_by_less(row: Callable[..., wire.StraightBet]) -> None:
    assert sent_bet(takes_part=True).could_be(row(risk=3))
    assert not sent_bet(takes_part=True).could_be(row(risk=12.51))


def test_better_odds_are_no_other_bet(row: Callable[..., wire.StraightBet]) -> None:
    assert sent_bet().could_be(row(price=1.6))


def test_the_away_team_is_the_other_name(row: Callable[..., wire.StraightBet]) -> None:
    away = sent_bet(selection=selection_of(SPREAD, "-1.75/away"), team="TEAM2")
    assert away.could_be(row(teamName="Crystal Palace", handicap=1.75))
    assert not away.could_be(row())


def test_a_total_is_recognised_by_its_side(row: Callable[..., wire.StraightBet]) -> None:
    total = sent_bet(selection=selection_of(SPREAD.replace("spreads", "totals"), "2.5/over"), team=None)
    told = {"betType": "TOTAL_POINTS", "handicap": 2.5, "teamName": None}
    assert total.could_be(row(**told, side="OVER"))
    assert not total.could_be(row(**told, side="UNDER"))
    assert not total.could_be(row(**told))


def test_a_draw_is_neither_team(row: Callable[..., wire.StraightBet]) -> None:
    draw = sent_bet(selection=selection_of(SPREAD.replace("spreads", "moneyline"), "draw"), team="DRAW")
    assert draw.could_be(row(betType="MONEYLINE", handicap=None, teamName="Draw"))
    assert not draw.could_be(row(betType="MONEYLINE", handicap=None))


def test_without_its_points_a_spread_is_not_recognised(row: Callable[..., wire.StraightBet]) -> None:
    assert not sent_bet(selection=selection_of(SPREAD, "home")).could_be(row())


def test_an_answer_ends_the_doubt_and_names_the_bet() -> None:
    bets = SentBets()
    bets.leaves("a", sent_bet())
    bets.answered("a", "77")
    assert bets.unanswered("a") is None
    assert bets.reference_of("77") == "a"


def test_only_the_latest_bets_are_remembered() -> None:
    bets, bet = SentBets(), sent_bet()
    for number in range(10_001):
        bets.leaves(str(number), bet)
        bets.answered(f"x{number}", str(number))
    assert bets.unanswered("0") is None
    assert bets.unanswered("10000") is bet
    assert bets.reference_of("0") is None
    assert bets.reference_of("10000") == "x10000"
