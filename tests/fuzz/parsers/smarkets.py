"""Smarkets: orders, placements, the ledger, quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact, number

from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.smarkets import parse, wire
from hedgerow.venues.smarkets.ledger import by_order, story_of

PER_POINT, PER_QUANTITY = 100, 100


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield (
        "order",
        (state.venue_ref, state.instrument_ref, state.side.value),
        (told["id"], told["contract_id"], told["side"]),
    )
    yield "price", state.price, exact(told["price"], PER_POINT)
    yield "size", state.size, exact(told["quantity_user_currency"], PER_QUANTITY)
    confirmed, pending = told["quantity_filled_user_currency"], told["quantity_filled_pending_user_currency"]
    yield "filled", state.filled, exact(confirmed, PER_QUANTITY) + exact(pending, PER_QUANTITY)


def _placed(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", (state.venue_ref, state.side.value), (told["order_id"], told["side"])
    yield "price", state.price, exact(told["price"], PER_POINT)
    yield "size", state.size, exact(told["quantity"], PER_QUANTITY)
    yield "filled", state.filled, exact(told["total_executed_quantity"], PER_QUANTITY)


def _told(page: wire.ActivityPage) -> list[OrderState | Fill]:
    """What the ledger says of every order."""
    stories = [story for rows in by_order(page.account_activity).values() if (story := story_of(rows)) is not None]
    return [one for story in stories for one in (story.state, *story.fills())]


def _ledger(found: list[OrderState | Fill], told: Any) -> Iterator[Claim]:
    rows = {(str(row.get("seq")), str(row.get("subseq"))): row for row in told["account_activity"]}
    for one in found:
        if isinstance(one, Fill):
            row = rows[tuple(one.trade_ref.split("."))]  # type: ignore[index]
            yield "price", one.price, exact(row["price"], PER_POINT)
            yield "size", one.size, abs(exact(row["quantity_user_currency_change"], PER_QUANTITY))
        else:
            created = [
                row
                for row in told["account_activity"]
                if row["source"] == "order.create" and row.get("order_id") == one.venue_ref
            ]
            sizes = [
                (exact(row["price"], PER_POINT), exact(row["quantity_user_currency"], PER_QUANTITY)) for row in created
            ]
            yield "created", (one.price, one.size) in sizes, True


def _row(seq: int, **changes: Any) -> Any:
    return fixture("smarkets", "row", seq=seq, **changes)


EXECUTED = {"source": "order.execute", "quantity_user_currency_change": -40_000, "price": 4950}
LEDGER = {
    "account_activity": [
        _row(1),
        _row(2, **EXECUTED),
        _row(3, **{**EXECUTED, "source": "order.execute.confirm"}),
        _row(4, **{**EXECUTED, "quantity_user_currency_change": -60_000}),
    ]
}
"""An order that was filled by two trades, one of them confirmed."""

PARSERS = [
    Parser("smarkets order", [fixture("smarkets", "order")], by(wire.Order, parse.order_state), _order),
    Parser(
        "smarkets placed",
        [fixture("smarkets", "placed")],
        by(wire.Placed, lambda told: parse.placed_state(told, "", 0)),
        _placed,
    ),
    Parser("smarkets ledger", [LEDGER], by(wire.ActivityPage, _told), _ledger),
    Parser(
        "smarkets balance",
        [seed({"account": {"currency": "GBP", "available_balance": "99.50"}})],
        by(wire.AccountAnswer, lambda told: parse.amount(told.account.available_balance, "available_balance")),
        lambda value, told: [("free", value, number(told["account"]["available_balance"]))],
    ),
]
