"""Kalshi: orders, fills, balance, books and both streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, Fill, Instrument, NewQuote, OrderState, PublicBook, PublicTrade
from hedgerow.venues.kalshi import parse, wire
from hedgerow.venues.kalshi.books import BookSession
from hedgerow.venues.kalshi.parse import MalformedError
from hedgerow.venues.reading import UnreadableError

NOW_MS = 1_790_000_000_000
TICKER = "KXATPMATCH-26NOV21ALCSIN-ALC"
REFUSES = (MalformedError, UnreadableError)


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", state.venue_ref, told["order_id"]
    yield "ticker", state.instrument_ref, told["ticker"]
    yield "price", state.price, exact(told["yes_price_dollars"])
    yield "filled", state.filled, exact(told["fill_count_fp"])
    if state.status.is_open:
        yield "size", state.size, exact(told["fill_count_fp"]) + exact(told["remaining_count_fp"])
    yield from _side(state.side.value, told)


def _side(side: str, told: Any) -> Iterator[Claim]:
    if told.get("book_side"):
        yield "side", side, {"bid": "buy", "ask": "sell"}[told["book_side"]]
    if told.get("outcome_side"):
        yield "side", side, {"yes": "buy", "no": "sell"}[told["outcome_side"]]


def _fill(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "trade", (fill.trade_ref, fill.venue_ref), (told["trade_id"], told["order_id"])
    yield "price", fill.price, exact(told["yes_price_dollars"])
    yield "size", fill.size, exact(told["count_fp"])
    yield "fee", fill.fee, exact(told["fee_cost"])
    yield "maker", fill.is_maker, not told["is_taker"]
    yield from _side(fill.side.value, told)


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    yield "free", balance.free * 10**6, exact(told["balance_dollars"])


def _taken(taken: Any, told: Any) -> Iterator[Claim]:
    yield "size", taken.size, exact(told["fill_count_fp"])
    if taken.size:
        yield "cost", taken.cost, exact(told["taker_fill_cost_dollars"])
        yield "fee", taken.fee, exact(told["taker_fees_dollars"])


def _books(payload: bytes) -> list[PublicBook | PublicTrade]:
    """What a stream tells of the frame, after a snapshot."""
    found: list[PublicBook | PublicTrade] = []
    session = BookSession(found.append, lambda: None)
    session.watch([TICKER])
    session.opened(lambda _: None)
    session.received(memoryview(SNAPSHOT), True)
    found.clear()
    session.received(memoryview(payload), True)
    return found


SNAPSHOT = (
    b'{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"' + TICKER.encode() + b'",'
    b'"yes_dollars_fp":[["0.5000","10.00"]],"no_dollars_fp":[["0.4000","7.00"]]}}'
)
DELTA = seed(
    {
        "type": "orderbook_delta",
        "sid": 1,
        "seq": 2,
        "msg": {"market_ticker": TICKER, "price_dollars": "0.5000", "delta_fp": "2.50", "side": "yes"},
    }
)
TRADE = seed(
    {
        "type": "trade",
        "sid": 2,
        "seq": 1,
        "msg": {"market_ticker": TICKER, "yes_price_dollars": "0.5100", "count_fp": "3.00", "taker_side": "no"},
    }
)
"""A change of the book, and a trade."""


def _public(events: list[PublicBook | PublicTrade], told: Any) -> Iterator[Claim]:
    for event in events:
        if isinstance(event, PublicTrade):
            yield "price", event.price, exact(told["msg"]["yes_price_dollars"])
            yield "size", event.size, exact(told["msg"]["count_fp"])
            yield "taker", event.taker.value, {"yes": "buy", "no": "sell"}[told["msg"]["taker_side"]]
        elif event.bids is not None and told["type"] == "orderbook_delta":
            message = told["msg"]
            price, change = exact(message["price_dollars"]), exact(message["delta_fp"])
            levels, own, before = {
                "yes": (event.bids, price, 10_000_000 if price == 500_000 else 0),
                "no": (event.asks or {}, 10**6 - price, 7_000_000 if price == 400_000 else 0),
            }[message["side"]]
            yield "level", levels.get(int(own), 0), max(before + change, 0)


ORDERS = [
    fixture("kalshi", "orders_page", "orders", 0),
    fixture("kalshi", "orders_page", "orders", 1),
    fixture("kalshi", "user_order", "msg"),
]

INSTRUMENT = Instrument(VenueSlug("kalshi"), TICKER, "event", PriceGrid.probability(Micros(10_000)))
QUOTE = NewQuote("8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1", INSTRUMENT, Side.BUY, Micros(560_000), Micros(10_000_000))
AMENDED = {"order_id": "3b23c1c7", "ts_ms": NOW_MS, "remaining_count": "7.50", "fill_count": "1.00"}


def _placed(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", state.venue_ref, told["order_id"]
    yield "filled", state.filled, exact(told["fill_count"])
    if state.status.is_open:
        yield "left", state.size - state.filled, exact(told["remaining_count"])


def _amended(filled: int, told: Any) -> Iterator[Claim]:
    left = told.get("remaining_count")
    yield "filled", filled, 2_500_000 if left is None else 10_000_000 - exact(left)


PARSERS = [
    Parser(
        "kalshi placed",
        [fixture("kalshi", "place_answer")],
        by(wire.Placed, lambda placed: parse.placed_state(QUOTE, placed)),
        _placed,
        REFUSES,
    ),
    Parser(
        "kalshi amended",
        [seed(AMENDED)],
        by(wire.Amended, lambda amended: parse.amended_fill(amended, 10_000_000, 2_500_000)),
        _amended,
        REFUSES,
    ),
    Parser(
        "kalshi order that took", ORDERS, by(wire.Order, lambda order: str(parse.only_took(order))), refuses=REFUSES
    ),
    Parser("kalshi order", ORDERS, by(wire.Order, lambda order: parse.order_state(order, NOW_MS)), _order, REFUSES),
    Parser("kalshi taken", ORDERS, by(wire.Order, parse.taken), _taken, REFUSES),
    Parser(
        "kalshi fill",
        [fixture("kalshi", "fills_page", "fills", 0), fixture("kalshi", "user_fill", "msg")],
        by(wire.Fill, parse.fill),
        _fill,
        REFUSES,
    ),
    Parser(
        "kalshi balance",
        [seed({"balance": 10_000, "balance_dollars": "100.005000"})],
        by(wire.BalanceAnswer, lambda answer: parse.balance(answer, ())),
        _balance,
        REFUSES,
    ),
    Parser("kalshi public books", [DELTA, TRADE], _books, _public),
]
