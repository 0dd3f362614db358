"""ProphetX: orders, fills, what can be bought, funds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact, floored, number

from hedgerow.core.states import Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.prophetx import parse, wire

NOW_MS = 1_795_262_400_000


def _share(american: Any) -> Fraction:
    """What is staked of what is paid."""
    odds = int(number(american))
    return Fraction(100, 100 + odds) if odds > 0 else Fraction(-odds, 100 - odds)


def _price(american: Any) -> int:
    return _share(american) * 10**6 // 1


def _size(stake: Any, american: Any) -> int:
    return Fraction(int(exact(stake))) / _share(american) // 1


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", (state.venue_ref, state.instrument_ref, state.side), (told["order_id"], told["strike_id"], Side.BUY)
    yield "price", state.price, _price(told["price"])
    total = told.get("total_filled_quantity")
    filled = total if total is not None else told.get("filled_quantity")
    filled = "0" if filled is None or told["status"] == "void" else filled
    yield "filled", state.filled, _size(filled, told["price"])
    yield "size", state.size, max(_size(told["quantity"], told["price"]), _size(filled, told["price"]))


def _fills(payload: bytes) -> Fill | None:
    def told(order: wire.Order) -> Fill | None:
        part = parse.part_of(order, NOW_MS)
        return None if part is None else parse.fill_of(part, order, parse.Sides(), None, 0)

    return by(wire.Order, told)(payload)


def _fill(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "price", fill.price, _price(told["fill_price"])
    yield "size", fill.size, _size(told["filled_quantity"], told["fill_price"])
    yield "until", fill.trade_ref, f"{told['order_id']}:{exact(told['total_filled_quantity']):.0f}"


def _parts(found: dict[str, list[parse.Part]], told: Any) -> Iterator[Claim]:
    rows = told["data"]["matching_details"]
    right = sorted((row["order_id"], _price(row["price"]), exact(row["quantity"])) for row in rows)
    yield (
        "parts",
        sorted((part.order_id, int(part.price), part.stake) for parts in found.values() for part in parts),
        right,
    )


def _offers(found: list[tuple[int, int]], told: Any) -> Iterator[Claim]:
    rows = [row for row in told if row.get("price") is not None]
    yield (
        "offers",
        found,
        [(_price(row["price"]), Fraction(floored(row["quantity"])) / _share(row["price"]) // 1) for row in rows],
    )


FILLED = {
    "filled_quantity": 4,
    "total_filled_quantity": 6,
    "fill_price": -120,
    "update_type": "fill",
    "status": "open",
    "open_quantity": 4,
}
DETAILS = [
    {"id": 7, "order_id": "a", "price": 110, "quantity": 4, "matched_at": "2026-11-21T12:00:00Z"},
    {"id": "8", "order_id": "a", "price": -105, "quantity": 2.5, "matched_at": 1_795_262_400_000_000_000},
]

PARSERS = [
    Parser("prophetx time of a row", [fixture("prophetx", "order")], by(wire.Order, parse.row_time_ms)),
    Parser(
        "prophetx order",
        [fixture("prophetx", "order"), fixture("prophetx", "order", **FILLED)],
        by(wire.Order, lambda order: parse.order_state(order, parse.Sides(), None, NOW_MS)),
        _order,
    ),
    Parser("prophetx fill", [fixture("prophetx", "order", **FILLED)], _fills, _fill),
    Parser(
        "prophetx matching details",
        [seed({"data": {"matching_details": DETAILS}})],
        by(wire.MatchingDetailsAnswer, lambda told: parse.parts_of(told.data.matching_details or ())),
        _parts,
    ),
    Parser(
        "prophetx selections",
        [seed([{"strike_id": "a", "price": 110, "quantity": 40}, {"strike_id": "a", "price": -105, "quantity": 3.5}])],
        by(list[wire.Selection], parse.offers_of),
        _offers,
    ),
    Parser(
        "prophetx funds",
        [seed({"data": {"balance": 99.5, "unmatched_order_balance": 4}})],
        by(wire.FundsAnswer, lambda told: parse.amount(told.data.balance, "balance")),
        lambda value, told: [("free", value, exact(told["data"]["balance"]))],
    ),
]
