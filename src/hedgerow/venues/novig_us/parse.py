"""From the venue's messages to ours. Pure: nothing here knows a socket, a clock or an account's keys.

The venue's orders always buy an outcome. Ours are on one instrument for each market, the home outcome: buying the away
outcome at P is selling the home one at 1 - P. What cannot be read raises UnreadableError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from hedgerow.core.money import MICRO, InexactAmountError, Micros, micros
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import Fill, OrderState, Resolution
from hedgerow.venues.novig_us import wire
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.taking import Level

UNIT = MICRO // 100
"""The venue's unit, a cent: of payout when it counts contracts, of money else."""

_LARGEST = 10**12
"""Above it a number is neither a quantity nor money."""

_STATUS: Mapping[str, OrderStatus] = {
    "PENDING": OrderStatus.PENDING_PLACEMENT,
    "RESTING": OrderStatus.PLACED,
    "OPEN": OrderStatus.PLACED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What buying an outcome is to us: a side of its market's instrument."""

    instrument_ref: str
    side: Side

    def price(self, price: Micros) -> Micros:
        """The instrument's, from the outcome's; and back."""
        return price if self.side is Side.BUY else Micros(MICRO - price)


# --- numbers -------------------------------------------------------------------------------------------------------


def epoch_ms(text: str) -> int:
    """A time in ISO 8601 in milliseconds since 1970. Raises UnreadableError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableError(f"{text[:40]!r} is no time") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def price_of(price: Decimal) -> Micros:
    """Of an outcome, in (0, 1). Raises UnreadableError."""
    try:
        exact = micros(price)
    except (InexactAmountError, ValueError):
        raise UnreadableError(f"{str(price)[:40]} is no price") from None
    if not 0 < exact < MICRO:
        raise UnreadableError(f"{price} is no price")
    return exact


def size_of(qty: Decimal) -> Micros:
    """Micros of contracts of a quantity, a whole number. Raises UnreadableError."""
    if not qty.is_finite() or not 0 <= qty <= _LARGEST or qty % 1:
        raise UnreadableError(f"{qty} is no quantity")
    return Micros(int(qty) * UNIT)


def money_of(amount: Decimal, *, up: bool = False) -> Micros:
    """Micros of money of an amount in cents, rounded down, or `up`. Raises UnreadableError."""
    if not amount.is_finite() or abs(amount) > _LARGEST:
        raise UnreadableError(f"{amount} is no amount")
    return Micros(int((amount * UNIT).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)))


# --- orders and fills ----------------------------------------------------------------------------------------------


def order_state(row: wire.Order, terms: Terms, client_ref: str | None, now_ms: int) -> OrderState:
    """An order as it is told now. A status that is not known counts as resting."""
    size, left = size_of(row.original_qty), size_of(row.qty)
    if not size or left > size:
        raise UnreadableError(f"{row.qty} of {row.original_qty} is left of the order")
    status = _STATUS.get(row.status, OrderStatus.PLACED)
    filled = size if status is OrderStatus.FILLED else Micros(size - left)
    return OrderState(
        venue_ref=row.id,
        client_ref=client_ref,
        instrument_ref=terms.instrument_ref,
        side=terms.side,
        price=terms.price(price_of(row.price)),
        size=size,
        filled=filled,
        status=OrderStatus.FILLED if filled == size else status,
        at_ms=now_ms,
    )


def fill_of(row: wire.Fill, terms: Terms, client_ref: str | None) -> Fill:
    """A fill with the fee that it tells."""
    size = size_of(row.qty)
    if not size:
        raise UnreadableError("the fill has no size")
    return Fill(
        trade_ref=row.id,
        venue_ref=row.order_id,
        client_ref=client_ref,
        instrument_ref=terms.instrument_ref,
        side=terms.side,
        price=terms.price(price_of(row.price)),
        size=size,
        fee=Micros(0) if row.fee is None else money_of(row.fee, up=True),
        state=FillState.FINAL,
        is_maker=not row.is_taker,
        at_ms=epoch_ms(row.created_at),
    )


def held_by(orders: Iterable[OrderState]) -> int:
    """The money that what rests may still cost, in micros."""
    return sum(_cost(order) * (order.size - order.filled) // MICRO for order in orders)


def _cost(order: OrderState) -> int:
    return order.price if order.side is Side.BUY else MICRO - order.price


# --- books and results ---------------------------------------------------------------------------------------------


def levels_of(book: wire.Book, opposite: str) -> list[Level]:
    """What can be bought of an outcome, the cheapest first. opposite: the other outcome, whose bids are its offers."""
    by_cost: dict[int, int] = {}
    for ladder in book.outcome_ladders:
        if ladder.outcome_id == opposite:
            for bid in ladder.bids:
                cost = MICRO - price_of(bid.price)
                by_cost[cost] = by_cost.get(cost, 0) + size_of(bid.qty)
    return [Level(cost, by_cost[cost]) for cost in sorted(by_cost) if by_cost[cost]]


_RESULTS = {
    "WIN": (SettlementStatus.WON, Decimal(1)),
    "LOSS": (SettlementStatus.LOST, Decimal(0)),
    "PUSH": (SettlementStatus.VOID, None),
}


def resolution_of(market: wire.Market, outcome_id: str) -> Resolution | None:
    """How the market's contract on an outcome was resolved; None before the venue says it. A void is told by the fair
    value that it pays; a push that tells none gives the stake back."""
    if market.settled_at is None:
        return None
    told = next((outcome.status for outcome in market.outcomes if outcome.id == outcome_id), None)
    if told is None:
        raise UnreadableError(f"market {market.id[:40]} has no such outcome")
    word = bytes(told).decode("utf-8", "replace").strip('"')
    if word in ("TBD", "null"):
        return None
    status, paid = _RESULTS.get(word) or _of_fair_value(told)
    return Resolution(outcome_id, status, paid, epoch_ms(market.settled_at))


def _of_fair_value(told: msgspec.Raw) -> tuple[SettlementStatus, Decimal]:
    value = read(Decimal, told)
    if not value.is_finite() or not 0 <= value <= 1:
        raise UnreadableError(f"{value} is no fair value")
    if value in (0, 1):
        return (SettlementStatus.WON if value else SettlementStatus.LOST), value
    return SettlementStatus.VOID, value
