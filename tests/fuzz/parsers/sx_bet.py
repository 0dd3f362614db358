"""SX Bet: orders, fills, books, balance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import exact

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, Fill, Instrument, NewQuote, OrderState
from hedgerow.venues.sx_bet import parse, wire
from hedgerow.venues.sx_bet.listing import resolution_of

NOW_MS = 1_790_000_000_000
HASH = "0x" + "ab" * 32


def _own(odds: Any) -> int:
    return int(exact(odds, 1)) // 10**14


def _price(side: Side, odds: Any) -> int:
    return _own(odds) if side is Side.BUY else 10**6 - _own(odds)


def _side(told: Any) -> Side:
    return Side.BUY if told["isBettingOutcomeOne"] is True else Side.SELL


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    odds, stake, left = (
        told["percentageOdds"],
        int(exact(told["totalBetSize"], 1)),
        int(exact(told["remainingSize"], 1)),
    )
    yield "order", (state.venue_ref, state.instrument_ref), (told["id"], told["marketHash"])
    yield "side", state.side, _side(told)
    yield "price", state.price, _price(state.side, odds)
    yield "size", state.size, stake * 10**6 // _own(odds)
    yield "filled", state.filled, (stake - left) * 10**6 // _own(odds)


def _fill(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "fill", (fill.trade_ref, fill.venue_ref), (told["id"], told["orderId"])
    yield "side", fill.side, _side(told)
    yield "price", fill.price, _price(fill.side, told["fillOdds"])
    yield "size", fill.size, exact(told["returnAmount"], 1)


def _book(offers: list[tuple[int, int]], told: Any) -> Iterator[Claim]:
    rows = [
        (10**6 - _own(row["percentageOdds"]), int(exact(row["size"], 1)) * 10**6 // _own(row["percentageOdds"]))
        for row in told["outcomeTwo"]
    ]
    yield "offers", offers, sorted(rows)


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "free", balance.free * 10**6, exact(told["availableAmount"], 1)


ORDER = seed(
    {
        "id": "0x112a",
        "marketHash": HASH,
        "isBettingOutcomeOne": True,
        "percentageOdds": "40000000000000000000",
        "totalBetSize": "3000000",
        "remainingSize": "1000000",
        "status": "ACTIVE",
        "inactiveReason": None,
        "clientOrderId": "ours",
        "updatedAt": "2026-07-31T18:45:42.838Z",
    }
)
FILL = seed(
    {
        "id": "0xec8e",
        "orderId": "0x02d2",
        "marketHash": HASH,
        "fillAmount": "333334",
        "fillOdds": "40000000000000000000",
        "returnAmount": "833335",
        "isBettingOutcomeOne": False,
        "isMaker": False,
        "status": "LOCKED",
        "createdAt": "2026-07-31T18:47:09.586Z",
    }
)
LEVELS = [
    {"percentageOdds": "40000000000000000000", "size": "3000000"},
    {"percentageOdds": "39500000000000000000", "size": "7"},
]
BOOK = seed({"marketHash": HASH, "version": "1", "outcomeOne": LEVELS, "outcomeTwo": LEVELS})
MARKET = seed(
    {
        "marketHash": HASH,
        "status": "INACTIVE",
        "outcomeOneName": "A",
        "outcomeTwoName": "B",
        "type": 226,
        "sportId": 8,
        "gameTime": 1_789_086_900,
        "outcome": 1,
        "reportedDate": 1_789_086_999,
    }
)

INSTRUMENT = Instrument(VenueSlug("sx.bet"), HASH, HASH, PriceGrid.probability(Micros(1_250)))
QUOTE = NewQuote("ours", INSTRUMENT, Side.BUY, Micros(400_000), Micros(10_000_000))
PLACED = {"status": "OK", "orderId": "0x1", "outcome": {"state": "PARTIAL_FILL_RESTED", "fillAmount": "1000000"}}


def _told(reply: wire.Placed) -> OrderState:
    assert parse.refusal_in(reply.outcome) is None or reply.outcome is not None
    return parse.placed_state(reply, QUOTE, "0x1", NOW_MS)


def _placed(state: OrderState, told: Any) -> Iterator[Claim]:
    outcome = told.get("outcome") or {"state": "TIMEOUT"}
    if outcome["state"] != "FULLY_FILLED":
        filled = int(exact(outcome.get("fillAmount") or "0", 1)) * 10**6 // 400_000
        yield "filled", state.filled, min(filled, QUOTE.size)


def _best(best: parse.Best, told: Any) -> Iterator[Claim]:
    for side, rows in ((best.one, told["outcomeOne"]), (best.two, told["outcomeTwo"])):
        yield "best", side, max((_own(row["percentageOdds"]) for row in rows), default=0)


PARSERS = [
    Parser("sx bet placed", [seed(PLACED)], by(wire.Placed, _told), _placed),
    Parser("sx bet best", [BOOK], by(wire.Book, parse.best_of), _best),
    Parser("sx bet fill in time", [FILL], by(wire.FillRow, lambda row: str(parse.is_since(row, NOW_MS)))),
    Parser("sx bet order", [ORDER], by(wire.OrderRow, lambda row: parse.order_state(row, None, NOW_MS)), _order),
    Parser("sx bet fill", [FILL], by(wire.FillRow, lambda row: parse.fill_of(row, None)), _fill),
    Parser("sx bet book", [BOOK], by(wire.Book, lambda book: parse.offers(book, Side.BUY)), _book),
    Parser(
        "sx bet balance",
        [seed({"userAddress": "0x1", "tokenAddress": "0x2", "availableAmount": "100000000"})],
        by(wire.BalanceRow, lambda row: parse.balance_of(row, ())),
        _balance,
    ),
    Parser("sx bet result", [MARKET], by(wire.Market, lambda market: resolution_of(market, NOW_MS))),
]
