"""The bridge protocol: bets, quotes, balance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import floored, number

from hedgerow.bridging import wire as bridging
from hedgerow.venues.base import Balance, BetReport, LiveLine
from hedgerow.venues.bridge import parse, wire
from hedgerow.venues.bridge.parse import MalformedError
from hedgerow.venues.reading import UnreadableError

REFUSES = (MalformedError, UnreadableError)


def _bet(report: BetReport, told: Any) -> Iterator[Claim]:
    yield "reference", report.reference, told["reference"]
    if report.stake is not None:
        yield "stake", report.stake, number(told["placed"]["stake"])
        yield "odds", report.odds, floored(told["placed"]["price"])
    settlement = told["settlement"]
    if report.payout is not None and settlement.get("returned") is not None:
        yield "payout", report.payout, number(settlement["returned"])
    yield "commission", report.commission, number(settlement.get("commission") or "0")


def _line(line: LiveLine, told: Any) -> Iterator[Claim]:
    yield "odds", line.odds, floored(told["price"])
    yield "stakes", (line.min_stake, line.max_stake), (number(told.get("minStake") or "0"), number(told["maxStake"]))


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "money", (balance.free, balance.held), (number(told["available"]), number(told["open"]))


BET = {
    "reference": "ebb4c11a-714b-4be6-a635-486ec09869a3",
    "state": "ACCEPTED",
    "bookmakerBetIds": ["B-77"],
    "placed": {"stake": "12.50", "price": "1.6"},
    "settlement": {"status": "UNSETTLED"},
    "revision": 4,
    "updatedAt": "2026-11-21T12:00:00.000Z",
}
SETTLED = {**BET, "settlement": {"status": "WON", "returned": "20", "commission": "0.5", "number": 1}}

REQUEST = {
    "selection": {
        "fixtureId": "id1200255561419001",
        "outcomeId": 121,
        "playerId": 0,
        "bookmakerMarketId": "m",
        "bookmakerOutcomeId": "o",
    },
    "side": "back",
    "stake": "12.50",
    "currency": "USD",
    "limitPrice": "1.93",
    "acceptBetter": True,
    "fill": "all_or_nothing",
    "notAfter": "2026-11-21T12:00:00.000Z",
}


def _request(request: bridging.BetRequest, told: Any) -> Iterator[Claim]:
    yield "stake", request.stake, told["stake"]
    yield "price", request.limit_price, told["limitPrice"]
    yield "side", request.side, told["side"]


PARSERS = [
    Parser(
        "bridge bet request",
        [seed(REQUEST)],
        lambda payload: bridging.decode(payload, bridging.BetRequest),
        _request,
        (ValueError,),
    ),
    Parser("bridge bet", [seed(BET)], by(wire.Bet, parse.bet), _bet, REFUSES),
    Parser("bridge settled bet", [seed(SETTLED)], by(wire.Bet, parse.bet), _bet, REFUSES),
    Parser(
        "bridge quote",
        [seed({"status": "open", "price": "1.93", "minStake": "5", "maxStake": "500", "currency": "USD"})],
        by(wire.Quote, lambda quote: parse.live_line(quote, "m", "o", "USD")),
        _line,
        REFUSES,
    ),
    Parser(
        "bridge balance",
        [seed({"available": "99.50", "open": "12.5", "currency": "USD"})],
        by(wire.Balance, parse.balance),
        _balance,
        REFUSES,
    ),
]
