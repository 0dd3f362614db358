"""Cloudbet: bets, lines, the odds of a market."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import floored, number

from hedgerow.storage.database import encode_json
from hedgerow.venues.base import BetReport, LiveLine
from hedgerow.venues.cloudbet import parse, wire

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
URL = "soccer.total_goals/over?total=3"


def _bet(report: BetReport, told: Any) -> Iterator[Claim]:
    yield "reference", report.reference, told["referenceId"]
    if report.stake is not None:
        yield "stake", report.stake, number(told["stake"])
        yield "odds", report.odds, floored(told["price"])
    if report.payout is not None:
        yield "payout", report.payout, number(told.get("returnAmount") or "0")


def _line(line: LiveLine, told: Any) -> Iterator[Claim]:
    yield "odds", line.odds, floored(told["price"])
    least = told.get("minStake")
    yield (
        "stakes",
        (line.min_stake, line.max_stake),
        (number(least) if least is not None else 0, number(told["maxStake"])),
    )


def _prices(found: dict[str, Decimal], told: Any) -> Iterator[Claim]:
    rows = [
        row
        for part in told["markets"]["soccer.total_goals"]["submarkets"].values()
        for row in part["selections"]
        if row.get("params", "") == "total=3"
    ]
    right = {
        f"soccer.total_goals/{row.get('outcome', '')}?total=3": number(row["price"])
        for row in rows
        if row.get("side", "BACK") == "BACK"
    }
    yield "odds", found, right


def _selection(outcome: str, price: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "params": "total=3",
        "price": Decimal(price),
        "status": "SELECTION_ENABLED",
        "side": "BACK",
    }


_SELECTIONS = [_selection("over", "1.892"), _selection("under", "1.95")]
OFFER = seed(
    encode_json({"markets": {"soccer.total_goals": {"submarkets": {"period=ft": {"selections": _SELECTIONS}}}}})
)

PARSERS = [
    Parser("cloudbet time of a bet", [fixture("cloudbet", "bet")], by(wire.Bet, parse.created_ms)),
    Parser(
        "cloudbet bet",
        [fixture("cloudbet", "bet"), fixture("cloudbet", "placed")],
        by(wire.Bet, lambda row: parse.bet(row, REFERENCE)),
        _bet,
    ),
    Parser(
        "cloudbet line",
        [fixture("cloudbet", "selection")],
        by(wire.Selection, lambda row: parse.live_line(row, URL, "m", "o")),
        _line,
    ),
    Parser(
        "cloudbet prices of a market",
        [OFFER],
        by(wire.EventOffer, lambda event: parse.prices_of_market(event, URL)),
        _prices,
    ),
    Parser(
        "cloudbet stake that is taken",
        [fixture("cloudbet", "above_max")],
        by(wire.Bet, lambda row: parse.cut_stake(row, Decimal(40), "USD")),
        lambda value, told: [("whole cents", value, number(told["stake"]) // Decimal("0.01") * Decimal("0.01"))],
    ),
]
