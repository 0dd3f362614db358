"""From Smarkets' members to ours: pure functions, exact numbers. What cannot be read without guessing raises
UnreadableError.

The list of orders knows no cancelled ones: of an order that ended with a part unmatched it does not say how, and the
ledger has to (`ledger`).
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import OrderState
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.ladder import HIGHEST_POINTS, price_of, size_of

SIDES = {"buy": Side.BUY, "sell": Side.SELL}

OPEN_STATES = frozenset({"open", "live"})
RESULTS = {
    "winner": SettlementStatus.WON,
    "loser": SettlementStatus.LOST,
    "voided": SettlementStatus.VOID,
}
"""Of a contract. A dead heat or a reduction pays what no status says, and is left to a person."""

_ORDER_STATES = frozenset({"created", "partial", "filled", "settled"})
_ROUNDED = 3
"""Units that quantities can be off by, converted to pounds and back."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?", re.ASCII)
_MOST = 2**53


def is_id(text: str) -> bool:
    """Whether a text is an id of the venue's, and can stand in a path."""
    return text.isascii() and text.isdigit() and len(text) <= 25


def identity(text: str | None, member: str) -> str:
    if text is None or not is_id(text):
        raise UnreadableError(f"{member} is no id: {(text or '')[:40]!r}")
    return text


def amount(text: str, member: str) -> Decimal:
    """A plain decimal number."""
    if _AMOUNT.fullmatch(text) is None:
        raise UnreadableError(f"{member} is no amount: {text[:40]!r}")
    return Decimal(text)


def rate(text: str | None) -> Decimal | None:
    """A share from 0 to 1; None for what is none."""
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < 1 else None


def price(points: int | None) -> Micros:
    if points is None or not 1 <= points <= HIGHEST_POINTS:
        raise UnreadableError(f"{points} is no price")
    return price_of(points)


def size(quantity: int | None, member: str) -> Micros:
    if quantity is None or not 0 <= quantity < _MOST:
        raise UnreadableError(f"{member} is no quantity: {quantity}")
    return size_of(quantity)


def side_of(told: str | None) -> Side:
    side = SIDES.get(told or "")
    if side is None:
        raise UnreadableError(f"unknown side {(told or '')[:20]!r}")
    return side


def time_ms(text: str | None) -> int:
    """Milliseconds since 1970 of a UTC time, with or without its mark; what lies below is dropped."""
    match = _TIME.fullmatch(text or "")
    try:
        moment = datetime.fromisoformat(f"{match[1]}+00:00") if match is not None else None
    except ValueError:
        moment = None
    if match is None or moment is None:
        raise UnreadableError(f"{(text or '')[:40]!r} is no time")
    return int(moment.timestamp()) * 1000 + int((match[2] or "0").ljust(3, "0")[:3])


# --- orders ---------------------------------------------------------------------------------------------------


def order_state(order: wire.Order) -> OrderState | None:
    """An order of the list; None where the list does not say how it ended."""
    if order.state not in _ORDER_STATES:
        raise UnreadableError(f"unknown state {order.state[:20]!r}")
    whole = size(order.quantity_user_currency, "quantity")
    left = size(order.quantity_unfilled_user_currency, "quantity_unfilled")
    filled = filled_of(order)
    if filled > whole + size_of(_ROUNDED):
        raise UnreadableError(f"{filled} micros are filled of an order for {whole}")
    is_over = order.state in ("filled", "settled") or not left
    if is_over and whole - filled > size_of(_ROUNDED):
        return None
    return OrderState(
        venue_ref=identity(order.id, "id"),
        client_ref=order.label or None,
        instrument_ref=identity(order.contract_id, "contract_id"),
        side=side_of(order.side),
        price=price(order.price),
        size=whole,
        filled=filled,
        status=OrderStatus.FILLED if is_over else OrderStatus.PLACED,
        at_ms=time_ms(order.created_datetime),
    )


def filled_of(order: wire.Order) -> Micros:
    """What was matched, whether it is confirmed yet or not."""
    confirmed = size(order.quantity_filled_user_currency, "quantity_filled")
    return Micros(confirmed + size(order.quantity_filled_pending_user_currency, "quantity_filled_pending"))


def placed_state(answer: wire.Placed, label: str, at_ms: int) -> OrderState:
    """The order that an answer to it tells. What was to match at once and is not waiting any more is over."""
    filled, left = size(answer.total_executed_quantity, "executed"), size(answer.available_quantity, "available")
    whole = size(answer.quantity, "quantity")
    if filled > whole + size_of(_ROUNDED):
        raise UnreadableError(f"{filled} micros are filled of an order for {whole}")
    if left:
        status = OrderStatus.PLACED
    else:
        status = OrderStatus.FILLED if whole - filled <= size_of(_ROUNDED) else OrderStatus.CANCELLED
    return OrderState(
        venue_ref=identity(answer.order_id, "order_id"),
        client_ref=label,
        instrument_ref=identity(answer.contract_id, "contract_id"),
        side=side_of(answer.side),
        price=price(answer.price),
        size=whole,
        filled=filled,
        status=status,
        at_ms=at_ms,
    )
