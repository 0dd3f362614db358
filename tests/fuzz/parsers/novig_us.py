"""Novig: orders, fills, books, markets, balance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact, floored

from hedgerow.core.states import Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.novig_us import listing, parse, wire
from hedgerow.venues.novig_us.parse import Terms
from hedgerow.venues.taking import Level

NOW_MS = 1_795_190_000_000
TERMS = Terms("instrument", Side.SELL)
OPPOSITE = "6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a02"


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", state.venue_ref, told["id"]
    yield "price", state.price, 10**6 - exact(told["price"])
    yield "size", state.size, exact(told["originalQty"], 10_000)
    left = exact(told["qty"], 10_000)
    yield "filled", state.filled, state.size if told["status"] == "FILLED" else state.size - left


def _fill(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "fill", (fill.trade_ref, fill.venue_ref, fill.is_maker), (told["id"], told["orderId"], not told["isTaker"])
    yield "price", fill.price, 10**6 - exact(told["price"])
    yield "size", fill.size, exact(told["qty"], 10_000)
    yield (
        "fee",
        fill.fee,
        -floored(f"-{told['fee']}", 10_000) if told.get("fee") and not told["fee"].startswith("-") else fill.fee,
    )


def _book(levels: list[Level], told: Any) -> Iterator[Claim]:
    by_cost: dict[Any, Any] = {}
    for ladder in told["outcomeLadders"]:
        for bid in ladder["bids"] if ladder["outcomeId"] == OPPOSITE else ():
            cost = 10**6 - exact(bid["price"])
            by_cost[cost] = by_cost.get(cost, 0) + exact(bid["qty"], 10_000)
    yield (
        "levels",
        [(level.cost, level.size) for level in levels],
        sorted((cost, size) for cost, size in by_cost.items() if size),
    )


def _listed(payload: bytes) -> Any:
    return listing.listings_of([msgspec.Raw(payload)], wire.Locks(), "tennis", NOW_MS)


PARSERS = [
    Parser(
        "novig order",
        [fixture("novig_us", "order")],
        by(wire.Order, lambda row: parse.order_state(row, TERMS, None, NOW_MS)),
        _order,
    ),
    Parser(
        "novig fill", [fixture("novig_us", "fill")], by(wire.Fill, lambda row: parse.fill_of(row, TERMS, None)), _fill
    ),
    Parser(
        "novig book", [fixture("novig_us", "book")], by(wire.Book, lambda book: parse.levels_of(book, OPPOSITE)), _book
    ),
    Parser("novig listing", [fixture("novig_us", "market")], _listed),
    Parser(
        "novig result",
        [
            fixture(
                "novig_us",
                "market",
                settledAt="2026-11-21T18:00:00Z",
                outcomes=[{"id": OPPOSITE, "index": 0, "status": status}],
            )
            for status in ("WIN", 0.5)
        ],
        by(wire.Market, lambda market: parse.resolution_of(market, OPPOSITE)),
    ),
    Parser(
        "novig balance",
        [seed({"balance": "12345.5"})],
        by(wire.Balance, lambda told: parse.money_of(told.balance)),
        lambda value, told: [("free", value, floored(told["balance"], 10_000))],
    ),
]
