"""Polymarket: orders, trades, placements, balance, books and both channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import floored, number

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, Fee, Fill, Instrument, Listing, NewQuote, OrderState, PublicBook, PublicTrade
from hedgerow.venues.polymarket import listing, parse, wire
from hedgerow.venues.polymarket.books import PublicBooks
from hedgerow.venues.polymarket.parse import Owner
from hedgerow.venues.polymarket.stream import messages
from hedgerow.venues.reading import read

NOW_MS = 1_789_999_999_000
OWNER = Owner("11111111-1111-1111-1111-111111111111", "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a")
TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
GRID = PriceGrid.probability(Micros(10_000))
INSTRUMENT = Instrument(VenueSlug("polymarket"), TOKEN, "0xcd", GRID)
QUOTE = NewQuote("ours", INSTRUMENT, Side.BUY, Micros(520_000), Micros(10_000_000))


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", (state.venue_ref, state.instrument_ref), (told["id"], told["asset_id"])
    yield "side", state.side.value, told["side"].lower()
    yield "price", state.price, floored(told["price"])
    yield "size", state.size, floored(told["original_size"])
    yield "filled", state.filled, floored(told["size_matched"])


def _fills(fills: list[Fill], told: Any) -> Iterator[Claim]:
    legs = {leg["order_id"]: leg for leg in told.get("maker_orders") or ()}
    for fill in fills:
        yield "trade", fill.trade_ref, told["id"]
        row = legs[fill.venue_ref] if fill.is_maker else told
        yield "price", fill.price, floored(row["price"])
        yield "size", fill.size, floored(row["matched_amount"] if fill.is_maker else row["size"])
        if not fill.is_maker:
            yield "side", fill.side.value, told["side"].lower()


def _placed(state: OrderState, told: Any) -> Iterator[Claim]:
    if state.filled and state.filled != QUOTE.size:
        amount = told["takingAmount"]
        yield "filled", state.filled, floored(amount) if number(amount) <= 10 else floored(amount, 1)


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    text = told["balance"]
    yield "money", balance.free * 10**6, max(floored(text) if "." in text else floored(text, 1), 0)


def _public(payload: bytes) -> list[PublicBook | PublicTrade]:
    """What the books tell of a frame, after a snapshot."""
    found: list[PublicBook | PublicTrade] = []
    books = PublicBooks(found.append)
    books.message("book", msgspec.Raw(SNAPSHOT))
    found.clear()
    for kind, raw in messages(memoryview(payload)):
        books.message(kind, raw)
    return found


def _level(events: list[PublicBook | PublicTrade], told: Any) -> Iterator[Claim]:
    if not isinstance(told, dict):
        return
    for event in events:
        if isinstance(event, PublicTrade):
            own = event.instrument_ref == told["asset_id"]
            yield "price", event.price, floored(told["price"]) if own else 10**6 - floored(told["price"])
            yield "size", event.size, floored(told["size"])
            yield "taker", event.taker.value, told["side"].lower() if own else event.taker.value
        elif "price_changes" in told and len(told["price_changes"]) == 1:
            (change,) = told["price_changes"]
            levels = {"buy": event.bids, "sell": event.asks}[change["side"].lower()]
            yield "level", (levels or {}).get(floored(change["price"]), 0), floored(change["size"])
        elif "bids" in told and "asks" in told:
            yield "bids", event.bids, {floored(row["price"]): floored(row["size"]) for row in told["bids"]}
            yield "asks", event.asks, {floored(row["price"]): floored(row["size"]) for row in told["asks"]}


SNAPSHOT = msgspec.json.encode(
    {
        "event_type": "book",
        "asset_id": TOKEN,
        "market": "0xcd",
        "bids": [{"price": "0.48", "size": "30"}],
        "asks": [{"price": ".52", "size": "25"}],
    }
)
CHANGE = {"asset_id": TOKEN, "price": "0.5", "size": "200", "side": "BUY"}
FRAMES = [
    seed(SNAPSHOT),
    seed({"event_type": "price_change", "market": "0xcd", "price_changes": [CHANGE]}),
    seed(
        {
            "event_type": "last_trade_price",
            "market": "0xcd",
            "asset_id": TOKEN,
            "price": "0.456",
            "size": "219.217767",
            "side": "BUY",
        }
    ),
]


def _listings(found: list[Listing], told: Any) -> Iterator[Claim]:
    for one in found:
        row = next(row for row in told["markets"] if row.get("conditionId") == one.instrument.market_ref)
        yield (
            "smallest order",
            one.instrument.min_size,
            floored(row["orderMinSize"]) if row.get("orderMinSize") else one.instrument.min_size,
        )


def _listed(page: wire.MarketsPage) -> list[Listing]:
    return listing.listings_of([read(wire.GammaMarket, raw) for raw in page.markets], "tennis")


PARSERS = [
    Parser(
        "polymarket order",
        [fixture("polymarket", "open_order")],
        by(wire.OpenOrder, lambda order: parse.order_state(order, None, NOW_MS)),
        _order,
    ),
    Parser(
        "polymarket streamed order",
        [fixture("polymarket", "user_order")],
        by(wire.UserOrder, lambda order: parse.order_state(order, None, NOW_MS)),
        _order,
    ),
    Parser(
        "polymarket trade",
        [fixture("polymarket", "trade_maker"), fixture("polymarket", "user_trade_taker")],
        by(wire.Trade, lambda trade: parse.fills_of(trade, OWNER, lambda _: Fee(), lambda _: None)),
        _fills,
    ),
    Parser(
        "polymarket placed",
        [seed({"success": True, "orderID": "0xaa", "status": "matched", "makingAmount": "1.3", "takingAmount": "2.5"})],
        by(wire.PlaceReply, lambda reply: parse.placed_state(reply, QUOTE, "0xaa", NOW_MS)),
        _placed,
    ),
    Parser(
        "polymarket balance",
        [seed({"balance": "100000000"}), seed({"balance": "100.25"})],
        by(wire.BalanceAllowance, lambda answer: parse.balance_of(answer, [])),
        _balance,
    ),
    Parser("polymarket public books", FRAMES, _public, _level),
    Parser("polymarket listing", [fixture("polymarket", "gamma_tennis")], by(wire.MarketsPage, _listed), _listings),
]
