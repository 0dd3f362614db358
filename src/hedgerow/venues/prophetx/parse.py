"""From ProphetX's orders and fills to ours: pure functions, exact numbers.

An order is a purchase of one strike. We name a market by its first side's strike, so that a purchase of the other is a
sale (`Sides`). What cannot be read without guessing raises UnreadableError.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from hedgerow.core.money import InexactAmountError, Micros, is_amount, micros, micros_floor
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import Fill, Instrument, NewQuote, OrderState
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.odds import GRID
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import keep

OPPOSITE = "opposite"
"""The member of an instrument's meta that names the strike of the other side."""

INVALID, INACTIVE, VOID = "invalid", "inactive", "void"
_STATUSES = {
    INACTIVE: OrderStatus.PENDING_PLACEMENT,
    "open": OrderStatus.PLACED,
    "canceled": OrderStatus.CANCELLED,
    "cancelled": OrderStatus.CANCELLED,
    VOID: OrderStatus.CANCELLED,
    "wiped": OrderStatus.EXPIRED,
    "closed": OrderStatus.EXPIRED,
    "settled": OrderStatus.EXPIRED,
    "manually_settled": OrderStatus.EXPIRED,
    INVALID: OrderStatus.FAILED,
}
"""Of the part that was not filled; what was filled wholly is FILLED."""

_RESULTS = {
    "tbd": SettlementStatus.UNDECIDED,
    "won": SettlementStatus.WON,
    "profit": SettlementStatus.WON,
    "manually_won": SettlementStatus.WON,
    "lost": SettlementStatus.LOST,
    "loss": SettlementStatus.LOST,
    "manually_lost": SettlementStatus.LOST,
    "push": SettlementStatus.VOID,
    "draw": SettlementStatus.VOID,
    "no_result": SettlementStatus.VOID,
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_MOST_AMOUNT = Decimal(10) ** 12
_MOST_STRIKES = 50_000
_TAKES_WITHIN_MS = 1_000
"""What is filled so soon after its order took what stood there: a fill does not say who was first."""


# --- numbers and times ---------------------------------------------------------------------------------------------


def identity(told: wire.Id, member: str) -> str:
    """A number as text, whichever way it was told."""
    text = str(told)
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise UnreadableError(f"{member} is no number: {text[:40]!r}")
    return text


def amount(told: Decimal | None, member: str) -> Micros:
    """A non-negative amount of money."""
    if told is None or not is_amount(told) or told < 0:
        raise UnreadableError(f"{member} is missing or out of range")
    try:
        return micros(told)
    except InexactAmountError as error:
        raise UnreadableError(f"{member}: {error}") from None


def price_of(american: Decimal | None) -> Micros:
    """The price of odds on the ladder."""
    if american is None or not american.is_finite() or american != american.to_integral_value():
        raise UnreadableError("a price is missing, or no American odds")
    price = GRID.at(int(american)) if abs(american) < _MOST_AMOUNT else None
    if price is None:
        raise UnreadableError(f"{american} is no price of the ladder")
    return price


def time_ms(told: msgspec.Raw, member: str) -> int:
    """Milliseconds since 1970 of a UTC text, or of a number of seconds, milli-, micro- or nanoseconds, which its size
    tells: the venue's documents have all of them."""
    text = bytes(told).decode("utf-8", "replace").strip('"')
    if text.isascii() and text.isdigit() and 10 <= len(text) <= 19:
        return int(text[:13].ljust(13, "0")) if len(text) in (10, 13, 16, 19) else _strange(member, text)
    match = _TIME.fullmatch(text)
    if match is None:
        return _strange(member, text)
    try:
        moment = datetime.fromisoformat(f"{match[1]}+00:00")
    except ValueError:
        return _strange(member, text)
    return int(moment.timestamp()) * 1000 + int((match[2] or "0").ljust(3, "0")[:3])


def _strange(member: str, text: str) -> int:
    raise UnreadableError(f"{member} is no time: {text[:40]!r}")


def result_of(order: wire.Order) -> SettlementStatus:
    """How the order's own side ended."""
    told = order.winning_status or "tbd"
    result = _RESULTS.get(told)
    if result is None:
        raise UnreadableError(f"unknown winning_status {told[:20]!r}")
    return result


# --- sides ---------------------------------------------------------------------------------------------------------


class Sides:
    """Which instrument a strike belongs to, and whether buying it is a purchase of that or a sale."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, Side]] = OrderedDict()

    def learn(self, instruments: Iterable[Instrument]) -> None:
        for instrument in instruments:
            keep(self._known, instrument.ref, (instrument.ref, Side.BUY), _MOST_STRIKES)
            if OPPOSITE in instrument.meta:
                keep(self._known, instrument.meta[OPPOSITE], (instrument.ref, Side.SELL), _MOST_STRIKES)

    def __contains__(self, strike_id: str) -> bool:
        return strike_id in self._known

    def of(self, strike_id: str) -> tuple[str, Side]:
        """A strike that is not known is taken as what it is: an instrument that is bought."""
        return self._known.get(strike_id, (strike_id, Side.BUY))


def own_price(side: Side, price: int) -> int:
    """A price of the instrument as the price of the strike that an order of the side buys, and back."""
    own = price if side is Side.BUY else GRID.opposite(price)
    if own is None:
        raise UnreadableError(f"the ladder has no other side of {price}")
    return own


# --- orders --------------------------------------------------------------------------------------------------------


def filled_stake(order: wire.Order) -> Micros:
    """What was filled of the stake in all."""
    told = order.total_filled_quantity if order.total_filled_quantity is not None else order.filled_quantity
    return amount(told or Decimal(0), "filled quantity")


def order_state(order: wire.Order, sides: Sides, quote: NewQuote | None, at_ms: int) -> OrderState:
    """An order as it was told. quote: what it was placed for, where that is known: of an order that was filled in part
    and cancelled the venue keeps the filled part, as if it had been for that alone."""
    status = _STATUSES.get(order.status)
    if status is None:
        raise UnreadableError(f"unknown status {order.status[:20]!r}")
    own = price_of(order.price)
    filled_of_stake, stake = filled_stake(order), amount(order.quantity, "quantity")
    if order.status == VOID:
        filled_of_stake = Micros(0)
    filled = GRID.contracts(own, filled_of_stake)
    size = max(GRID.contracts(own, stake) if quote is None else quote.size, filled)
    is_whole = filled_of_stake >= stake or order.matching_status == "fully_matched"
    if filled and is_whole and order.status != VOID:
        status = OrderStatus.FILLED if filled >= size else OrderStatus.CANCELLED
    instrument_ref, side = sides.of(order.strike_id)
    return OrderState(
        venue_ref=order.order_id,
        client_ref=order.external_id or None,
        instrument_ref=instrument_ref,
        side=side,
        price=Micros(own_price(side, own)),
        size=Micros(size),
        filled=Micros(filled),
        status=status,
        at_ms=at_ms,
    )


def row_time_ms(order: wire.Order) -> int:
    """When a row was changed last."""
    return time_ms(order.updated_at, "updated_at")


# --- fills ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A fill in the terms of the order's own side. until: what was filled of the stake with it; micros."""

    order_id: str
    price: Micros
    stake: Micros
    until: int
    at_ms: int

    @property
    def size(self) -> int:
        return GRID.contracts(self.price, self.stake)


def parts_of(details: Iterable[wire.MatchingDetail]) -> dict[str, list[Part]]:
    """The fills of orders, each order's from its first: what was filled with each is its name, for the socket tells
    that too, and no id."""
    rows = [(time_ms(row.matched_at, "matched_at"), identity(row.id, "id"), row) for row in details]
    found: dict[str, list[Part]] = {}
    for at_ms, _, row in sorted(rows, key=lambda one: (one[0], len(one[1]), one[1])):
        parts = found.setdefault(row.order_id, [])
        stake = amount(row.quantity, "quantity")
        until = stake + (parts[-1].until if parts else 0)
        parts.append(Part(row.order_id, price_of(row.price), stake, until, at_ms))
    return found


def part_of(order: wire.Order, at_ms: int) -> Part | None:
    """The fill that a message of the socket tells; None where it tells none."""
    stake = amount(order.filled_quantity or Decimal(0), "filled_quantity")
    if not stake or order.update_type == "status":
        return None
    if order.total_filled_quantity is None:
        raise UnreadableError("total_filled_quantity is missing")
    return Part(order.order_id, price_of(order.fill_price), stake, filled_stake(order), at_ms)


def fill_of(part: Part, order: wire.Order, sides: Sides, quote: NewQuote | None, placed_ms: int) -> Fill:
    """placed_ms: when its order was placed."""
    instrument_ref, side = sides.of(order.strike_id)
    never_takes = quote is not None and quote.post_only
    return Fill(
        trade_ref=f"{part.order_id}:{part.until}",
        venue_ref=part.order_id,
        client_ref=order.external_id or None,
        instrument_ref=instrument_ref,
        side=side,
        price=Micros(own_price(side, part.price)),
        size=Micros(part.size),
        fee=Micros(0),
        state=_fill_state(order),
        is_maker=never_takes or part.at_ms > placed_ms + _TAKES_WITHIN_MS,
        at_ms=part.at_ms,
    )


def _fill_state(order: wire.Order) -> FillState:
    """Until the result an order can be voided."""
    if order.status == VOID:
        return FillState.REVERSED
    return FillState.PROVISIONAL if result_of(order) is SettlementStatus.UNDECIDED else FillState.FINAL


# --- books ---------------------------------------------------------------------------------------------------------


def offers_of(rows: Sequence[wire.Selection]) -> list[tuple[Micros, int]]:
    """(price, contracts) of what can be bought of a side. That a row's quantity is the taker's stake is a guess."""
    found = []
    for row in rows:
        if row.price is not None:
            price = price_of(row.price)
            stake = row.quantity
            if stake is None or not is_amount(stake) or stake < 0:
                raise UnreadableError("quantity is missing or out of range")
            found.append((price, GRID.contracts(price, micros_floor(stake))))
    return found
