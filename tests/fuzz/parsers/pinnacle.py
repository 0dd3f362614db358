"""Pinnacle: bets, placements, lines, balance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture
from tests.fuzz.literals import floored, number, ratio

from hedgerow.venues.base import Balance, BetReport, LiveLine
from hedgerow.venues.pinnacle import parse, wire
from hedgerow.venues.pinnacle.line import BetType, Line, Selection, Team

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"


def _bet(report: BetReport, told: Any) -> Iterator[Claim]:
    if report.stake is None:
        return
    yield "bet", report.bet_ref, told["betId"]
    yield "stake", report.stake, number(told["risk"])
    if told.get("oddsFormat") in (None, "DECIMAL"):
        yield "odds", report.odds, floored(told["price"])
    else:
        yield "odds", report.odds, 10**6 + ratio(told["win"]) / ratio(told["risk"]) * 10**6 // 1
    if report.payout is not None and told.get("winLoss") is not None:
        commission = told.get("customerCommission")
        paid = ratio(told["risk"]) + ratio(told["winLoss"]) - (ratio(commission) if commission is not None else 0)
        yield "payout", round(report.payout, 12), round(Decimal(paid.numerator) / paid.denominator, 12)


def _placed(report: BetReport, told: Any) -> Iterator[Claim]:
    if report.stake is not None:
        yield from _bet(report, told["straightBet"] if told.get("straightBet") else told)


def _line(line: LiveLine, told: Any) -> Iterator[Claim]:
    yield "odds", line.odds, floored(told["price"])
    yield "stakes", (line.min_stake, line.max_stake), (number(told["minRiskStake"]), number(told["maxRiskStake"]))
    yield "line", f"/{told['lineId']}/" in line.market_ref, True


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "free", balance.free, number(told["availableBalance"])
    yield "held", balance.held, number(told["outstandingTransactions"])


SELECTION = Selection(Line(29, 1980, 1616406742, 3279471555, None, 0, BetType.MONEYLINE), next(iter(Team)), None, None)
ROWS = [fixture("pinnacle", "settled_page", "straightBets", at) for at in range(8)]

PARSERS = [
    Parser(
        "pinnacle bet",
        [fixture("pinnacle", "bet_accepted", "straightBets", 0), *ROWS],
        by(wire.StraightBet, lambda row: parse.bet(row, REFERENCE)),
        _bet,
    ),
    Parser(
        "pinnacle placed",
        [fixture("pinnacle", "place_accepted"), fixture("pinnacle", "partner_accepted", "bets", 0)],
        by(wire.PlaceAnswer, lambda answer: parse.placed(answer, REFERENCE, {})),
        _placed,
    ),
    Parser(
        "pinnacle line",
        [fixture("pinnacle", "line_main"), fixture("pinnacle", "line_alternative")],
        by(wire.LineAnswer, lambda answer: parse.live_line(answer, SELECTION, "1", "USD")),
        _line,
    ),
    Parser("pinnacle balance", [fixture("pinnacle", "balance")], by(wire.BalanceAnswer, parse.balance), _balance),
    Parser("pinnacle leagues", [fixture("pinnacle", "leagues")], by(wire.LeaguesAnswer, parse.home_is_first)),
]
