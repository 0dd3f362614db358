"""The bodies of orders, from our quotes and bets, or a refusal before anything is sent; and books as levels."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ladder import (
    MICROS_OF_POINT,
    MICROS_OF_QUANTITY,
    MOST_QUANTITY,
    is_enough,
)
from hedgerow.venues.smarkets.parse import is_id, price, size
from hedgerow.venues.taking import Level, TakeOrder

_QUOTE, _TAKE = "good_til_cancelled", "immediate_or_cancel"
"""A quote goes when the match turns in play and when it is halted: nobody may be there to move it."""


def quote_body(quote: NewQuote) -> wire.NewOrder:
    return _body(quote.instrument, quote.side, quote.price, quote.size, quote.client_ref, _QUOTE)


def take_body(order: TakeOrder) -> wire.NewOrder:
    """An order that matches at once or ends: wholly, or what there is."""
    leg = order.leg
    body = _body(leg.instrument, leg.side, leg.cost_of(order.cost), order.size, order.reference, _TAKE)
    body.minimum_accepted_quantity = body.quantity if order.is_whole else 0
    return body


def _body(instrument: Instrument, side: Side, at: int, contracts: int, label: str, kind: str) -> wire.NewOrder:
    if at not in instrument.grid:
        raise Refused(VENUE, "place", f"price {at} is no tick", reason=Reason.PRICE)
    quantity, rest = divmod(contracts, MICROS_OF_QUANTITY)
    if contracts <= 0 or contracts % instrument.lot or rest or quantity > MOST_QUANTITY or not is_enough(at, contracts):
        why = f"{contracts} micros of contracts are too few, too many, or no whole lots"
        raise Refused(VENUE, "place", why, reason=Reason.LIMIT)
    if not is_id(instrument.ref) or not is_id(instrument.market_ref):
        raise Refused(VENUE, "place", f"{instrument.ref[:40]!r} is no contract", reason=Reason.INVALID)
    return wire.NewOrder(
        instrument.market_ref, instrument.ref, at // MICROS_OF_POINT, quantity, side.value, kind, label
    )


def would_trade(side: Side, at: int, book: wire.Book | None) -> bool:
    """Whether an order meets what stands there now. Raises UnreadableError."""
    if book is None:
        return False
    if side is Side.BUY:
        return any(price(quote.price) <= at for quote in book.offers)
    return any(price(quote.price) >= at for quote in book.bids)


def levels(side: Side, book: wire.Book | None, per_pound: Decimal) -> list[Level]:
    """What can be bought of a contract (or, sold, of its opposite), the cheapest first. per_pound: units of the
    account's currency for a pound. Raises UnreadableError."""
    if book is None:
        return []
    found = []
    for quote in book.offers if side is Side.BUY else book.bids:
        at = price(quote.price)
        there = int((size(quote.quantity, "quantity") * per_pound).to_integral_value(ROUND_DOWN))
        found.append(Level(at if side is Side.BUY else MICRO - at, there))
    return sorted(found, key=lambda level: level.cost)
