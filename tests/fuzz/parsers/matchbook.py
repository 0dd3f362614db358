"""Matchbook: offers, their bets, the report of settled bets, prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact, floored, ratio

from hedgerow.core.states import Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.matchbook import offers, parse, wire
from hedgerow.venues.matchbook.parse import MalformedError
from hedgerow.venues.matchbook.settled import runner_ends, settled_fills
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import Level

REFUSES = (MalformedError, UnreadableError)
SIDES = {"back": Side.BUY, "lay": Side.SELL}


def _odds(told: Any) -> Any:
    return told["odds"] if told.get("odds-type") in (None, "DECIMAL") else told["decimal-odds"]


def _contracts(stake: Any, odds: Any) -> int:
    return ratio(stake) * ratio(odds) * 10**6 // 1


def _price(odds: Any) -> int:
    return 10**12 // floored(odds)


def _offer(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "offer", (state.venue_ref, state.instrument_ref), (told["id"], told["runner-id"])
    yield "side", state.side, SIDES[told["side"]]
    yield "price", state.price, _price(_odds(told))
    each = {str(bet["id"]): bet for bet in told.get("matched-bets") or ()}  # as it stands last
    bets = [bet for bet in each.values() if bet.get("status") != "cancelled"]
    yield "filled", state.filled, sum(_contracts(bet["stake"], _odds(bet)) for bet in bets)
    if state.status.is_open:
        yield "left", state.size - state.filled, _contracts(told["remaining"], _odds(told))


def _fills(fills: list[Fill], told: Any) -> Iterator[Claim]:
    for fill, bet in zip(fills, told["matched-bets"], strict=True):
        yield "bet", (fill.trade_ref, fill.venue_ref), (bet["id"], told["id"])
        yield "side", fill.side, SIDES[told["side"]]
        yield "price", fill.price, _price(_odds(bet))
        yield "size", fill.size, _contracts(bet["stake"], _odds(bet))
        yield "fee", fill.fee, exact(bet["commission"]) if bet.get("commission") else 0


def _settled(fills: list[Fill], told: Any) -> Iterator[Claim]:
    rows = [(one, bet) for market in told["markets"] for one in market["selections"] for bet in one["bets"]]
    for fill, (selection, bet) in zip(fills, rows, strict=True):
        yield "bet", (fill.trade_ref, fill.instrument_ref), (bet["id"], selection["runner-id"])
        yield "side", fill.side, SIDES[selection["side"]]
        yield "price", fill.price, _price(bet["odds"])
        yield "size", fill.size, _contracts(bet["stake"], bet["odds"])


def _levels(levels: list[Level], told: Any) -> Iterator[Claim]:
    rows = [row for row in told["prices"] if row["side"] == "back"]
    right = sorted((_price(row["odds"]), _contracts(row["available-amount"], row["odds"])) for row in rows)
    yield "levels", sorted((level.cost, level.size) for level in levels), right


BET = {
    "id": 413176315170213,
    "odds": 2.4,
    "odds-type": "DECIMAL",
    "stake": 2,
    "commission": 0.015,
    "created-at": "2026-11-21T12:00:01.5Z",
    "status": "open",
}
OFFERS = [
    fixture("matchbook", "offer"),
    fixture("matchbook", "offer", **{"remaining": 3, "status": "open", "matched-bets": [BET]}),
    fixture("matchbook", "offer", **{"odds-type": "US", "odds": 140, "decimal-odds": 2.4, "matched-bets": [BET, BET]}),
]
SETTLED_BET = {
    "id": 1,
    "offer-id": 2,
    "odds": 2.4,
    "stake": 5,
    "profit-and-loss": 7,
    "matched-time": "2026-11-21T12:00:01.5Z",
    "commission": 0.1,
    "commission-type": "NET_WIN",
    "originator": True,
}
SETTLED = seed(
    {
        "total": 1,
        "markets": [
            {
                "id": 3,
                "settled-time": "2026-11-21T14:00:00Z",
                "selections": [{"runner-id": 4, "side": "back", "bets": [SETTLED_BET]}],
            }
        ],
    }
)
PRICES = seed(
    {
        "prices": [
            {"available-amount": 50.5, "odds": 2.4, "side": "back", "odds-type": "DECIMAL"},
            {"available-amount": 11, "odds": 2.52, "side": "lay", "odds-type": "DECIMAL"},
        ]
    }
)

PARSERS = [
    Parser("matchbook offer", OFFERS, by(wire.Offer, parse.order_state), _offer, REFUSES),
    Parser("matchbook bets", OFFERS[1:], by(wire.Offer, parse.fills), _fills, REFUSES),
    Parser("matchbook resting risk", OFFERS, by(wire.Offer, parse.resting_risk), refuses=REFUSES),
    Parser(
        "matchbook settled bets",
        [SETTLED],
        by(wire.SettledPage, lambda page: settled_fills(page.markets)),
        _settled,
        REFUSES,
    ),
    Parser(
        "matchbook results", [SETTLED], by(wire.SettledPage, lambda page: runner_ends(page.markets)), refuses=REFUSES
    ),
    Parser(
        "matchbook prices",
        [PRICES],
        by(wire.PricesAnswer, lambda told: offers.levels(Side.BUY, told.prices)),
        _levels,
        REFUSES,
    ),
]
