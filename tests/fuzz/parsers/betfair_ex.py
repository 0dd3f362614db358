"""Betfair: orders of lists, of the stream and of the past, matches, funds, books."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import number, ratio

from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, Fill
from hedgerow.venues.betfair_ex import markets, parse, wire
from hedgerow.venues.betfair_ex.parse import Bet, MalformedError
from hedgerow.venues.reading import UnreadableError

REFUSES = (MalformedError, UnreadableError)
SIDES = {"B": Side.BUY, "BACK": Side.BUY, "L": Side.SELL, "LAY": Side.SELL}


def _cents(told: Any) -> int:
    """Micros of an amount whose cents are meant."""
    return round(ratio(told) * 100) * 10_000


def _contracts(stake: int, odds: Any) -> int:
    return round(stake * ratio(odds) / 100) * 100 if stake else 0


def _bet(bet: Bet, bet_id: Any, side: str, odds: Any, matched: Any, mean: Any) -> Iterator[Claim]:
    state = bet.state
    yield "bet", state.venue_ref, bet_id
    yield "side", state.side, SIDES[side]
    yield "price", state.price, Fraction(10**6) / ratio(odds) // 1
    yield "matched", bet.matched, _cents(matched)
    yield "filled", state.filled, _contracts(_cents(matched), mean)


def _streamed(bet: Bet, told: Any) -> Iterator[Claim]:
    yield from _bet(bet, told["id"], told["side"], told["p"], told.get("sm", "0"), told.get("avp", "0"))
    if bet.state.status.is_open:
        left = _cents(told.get("sr", "0")) * ratio(told["p"]) // 1
        yield "left", bet.state.size - bet.state.filled, left


def _current(bet: Bet, told: Any) -> Iterator[Claim]:
    yield from _bet(
        bet,
        told["betId"],
        told["side"],
        told["priceSize"]["price"],
        told.get("sizeMatched", "0"),
        told.get("averagePriceMatched", "0"),
    )


def _cleared(bet: Bet, told: Any) -> Iterator[Claim]:
    yield from _bet(
        bet,
        told["betId"],
        told["side"],
        told["priceRequested"],
        told.get("sizeSettled", "0"),
        told.get("priceMatched", "0"),
    )


def _fills(fills: list[Fill], told: Any) -> Iterator[Claim]:
    rows: dict[Any, list[Any]] = {}
    for row in told["matches"]:
        rows.setdefault(row["matchId"], []).append(row)
    for fill in fills:
        yield "match", any(_is_match(fill, row) for row in rows[fill.trade_ref]), True


def _is_match(fill: Fill, row: Any) -> bool:
    stake = _cents(row["size"])
    return (fill.venue_ref, fill.side, fill.price, fill.size) == (
        row["betId"],
        SIDES[row["side"]],
        Fraction(10**6) / ratio(row["price"]) // 1,
        stake * ratio(row["price"]) // 1,
    )


def _funds(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "free", balance.free, number(told["availableToBetBalance"])


STREAMED = seed(
    {
        "id": "1",
        "p": 2.5,
        "s": 10,
        "side": "B",
        "status": "E",
        "pd": 1_795_190_000_000,
        "sm": 4,
        "avp": 2.5,
        "sr": 6,
        "sl": 0,
        "sc": 0,
        "sv": 0,
        "rfo": "ff295344135054beb196754b4f2a1274",
    }
)
CURRENT = seed(
    {
        "betId": "31242604945",
        "marketId": "1.109850906",
        "selectionId": 237486,
        "priceSize": {"price": 2.5, "size": 10},
        "side": "LAY",
        "status": "EXECUTABLE",
        "placedDate": "2026-11-21T12:00:00.000Z",
        "averagePriceMatched": 2.5,
        "sizeMatched": 4.0,
        "sizeRemaining": 6.0,
        "sizeLapsed": 0.0,
        "sizeCancelled": 0.0,
        "sizeVoided": 0.0,
    }
)
CLEARED = seed(
    {
        "marketId": "1.109850906",
        "profit": 6,
        "betId": "31242604945",
        "selectionId": 237486,
        "side": "BACK",
        "placedDate": "2026-11-21T12:00:00.000Z",
        "settledDate": "2026-11-21T14:00:00.000Z",
        "priceRequested": 2.5,
        "priceMatched": 2.56,
        "sizeSettled": 4,
        "sizeCancelled": 6,
    }
)
RUNNER = seed(
    {
        "selectionId": 237486,
        "status": "ACTIVE",
        "ex": {"availableToBack": [{"price": 2.48, "size": 30.5}], "availableToLay": [{"price": 2.52, "size": 11}]},
        "orders": [{"betId": "31242604945", "placedDate": "2026-11-21T12:00:00.000Z"}],
        "matches": [
            {
                "betId": "31242604945",
                "matchId": "7",
                "side": "BACK",
                "price": 2.5,
                "size": 2.11,
                "matchDate": "2026-11-21T12:00:00.000Z",
            },
            {
                "betId": "31242604945",
                "matchId": "8",
                "side": "BACK",
                "price": 2.52,
                "size": 1.89,
                "matchDate": "2026-11-21T12:00:07.000Z",
            },
        ],
    }
)
CATALOGUE = seed(
    {
        "marketId": "1.109850906",
        "marketName": "Match Odds",
        "marketStartTime": "2026-11-21T17:00:00.000Z",
        "description": {"bettingType": "ODDS", "marketType": "MATCH_ODDS", "marketBaseRate": 5.0, "rules": ""},
        "event": {"id": "1", "name": "Jannik Sinner v Carlos Alcaraz"},
        "runners": [
            {"selectionId": 237486, "runnerName": "Jannik Sinner", "sortPriority": 1},
            {"selectionId": 237487, "runnerName": "Carlos Alcaraz", "sortPriority": 2},
        ],
    }
)


def _listings(found: Any, told: Any) -> Iterator[Claim]:
    for one in found:
        yield "commission", one.instrument.taker_fee.rate * 100, number(told["description"]["marketBaseRate"])


PARSERS = [
    Parser(
        "betfair streamed order",
        [STREAMED],
        by(wire.StreamOrder, lambda row: parse.streamed("1.2", 3, row)),
        _streamed,
        REFUSES,
    ),
    Parser("betfair current order", [CURRENT], by(wire.CurrentOrder, parse.current), _current, REFUSES),
    Parser("betfair cleared order", [CLEARED], by(wire.ClearedOrder, parse.cleared), _cleared, REFUSES),
    Parser("betfair matches", [RUNNER], by(wire.BookRunner, lambda row: parse.fills("1.2", row, {})), _fills, REFUSES),
    Parser(
        "betfair funds",
        [seed({"availableToBetBalance": 99.37})],
        by(wire.Funds, lambda funds: parse.balance(funds, (), "GBP")),
        _funds,
        REFUSES,
    ),
    Parser(
        "betfair catalogue",
        [CATALOGUE],
        by(wire.Catalogue, lambda row: list(markets.listings_of("tennis", [row]))),
        _listings,
        REFUSES,
    ),
]
