"""The bodies of orders, from our quotes and bets, and what this process remembers of orders that it sent.

The venue tells an order that was filled in part and cancelled as one of the filled size: what it was placed for is
remembered here, as is what of an order the socket has told.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import ExchangeEvent, NewQuote, OrderState, StreamGap
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.errors import VENUE
from hedgerow.venues.prophetx.odds import GRID
from hedgerow.venues.prophetx.parse import (
    OPPOSITE,
    Sides,
    fill_of,
    filled_stake,
    order_state,
    own_price,
    part_of,
)
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import TakeOrder, keep

_KILL, _ADD_ONLY = "fillOrKill", "ALO"
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_STRIKE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_REMEMBERED = 20_000


def is_strike(text: str) -> bool:
    return _STRIKE.fullmatch(text) is not None


def quote_body(quote: NewQuote) -> wire.NewOrder:
    """An order that rests: a sale buys the other strike at the other side of the price. Raises Refused for what the
    venue would refuse."""
    instrument, side = quote.instrument, quote.side
    if quote.price not in instrument.grid:
        raise _refused(f"price {quote.price} is not of the ladder", Reason.PRICE)
    if quote.size % instrument.lot_at(quote.price) or quote.size < instrument.least_at(quote.price):
        raise _refused(f"{quote.size} micros of contracts are too few, or no whole cents at these odds", Reason.LIMIT)
    strike = instrument.ref if side is Side.BUY else instrument.meta.get(OPPOSITE, "")
    stake = GRID.at_risk(quote.price, quote.size, buys=side is Side.BUY)
    strategy = _ADD_ONLY if quote.post_only else None
    try:
        return _body(quote.client_ref, strike, own_price(side, quote.price), stake, strategy)
    except UnreadableError as error:
        raise _refused(str(error), Reason.PRICE) from error


def take_body(order: TakeOrder) -> wire.NewOrder:
    """An order that takes what stands there; the venue kills what of it does not match within seconds."""
    stake = GRID.at_risk(order.cost, order.size, buys=True)
    return _body(order.reference, order.leg.instrument.ref, order.cost, stake, _KILL)


def _body(reference: str, strike: str, price: int, stake: int, strategy: str | None) -> wire.NewOrder:
    if not _REFERENCE.fullmatch(reference):
        raise _refused("the reference is none that the venue takes", Reason.INVALID)
    if not is_strike(strike):
        raise _refused(f"{strike[:40]!r} is no strike", Reason.INVALID)
    return wire.NewOrder(reference, strike, GRID.american_of(price), decimal_of(stake), strategy)


def _refused(why: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", why, reason=reason)


class Memory:
    """Orders of this process, by our reference and by the venue's id; bounded, the eldest are forgotten."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._quotes: OrderedDict[str, tuple[NewQuote, int]] = OrderedDict()
        self._filled: OrderedDict[str, int] = OrderedDict()
        self._sequences: OrderedDict[str, int] = OrderedDict()

    def expect(self, quote: NewQuote, now_ms: int) -> None:
        """Before the order leaves."""
        self._sides.learn([quote.instrument])
        keep(self._quotes, quote.client_ref, (quote, now_ms), _REMEMBERED)

    def sent_ms(self, reference: str) -> int | None:
        known = self._quotes.get(reference)
        return None if known is None else known[1]

    def quote(self, row: wire.Order) -> NewQuote | None:
        known = self._quotes.get(row.external_id or "")
        return None if known is None else known[0]

    def state(self, row: wire.Order, at_ms: int) -> OrderState:
        """Raises UnreadableError."""
        return order_state(row, self._sides, self.quote(row), at_ms)

    def told(self, row: wire.Order, at_ms: int) -> list[ExchangeEvent]:
        """What a message of the socket says: a fill, then the order. A fill is named by what is filled with it, so that
        one told twice is one. An older message than the last is dropped. Raises UnreadableError."""
        sequence = row.sequence_number or 0
        if sequence < self._sequences.get(row.order_id, 0):
            return []
        told: list[ExchangeEvent] = []
        part = part_of(row, at_ms)
        if part is not None:
            sent_ms = self.sent_ms(row.external_id or "")
            told.append(fill_of(part, row, self._sides, self.quote(row), at_ms if sent_ms is None else sent_ms))
        told.append(self.state(row, at_ms))
        before, filled = self._filled.get(row.order_id), filled_stake(row)
        if before is not None and filled > before + (part.stake if part is not None else 0):
            told.append(StreamGap("a fill of an order was not told", is_down=False))
        keep(self._sequences, row.order_id, sequence, _REMEMBERED)
        keep(self._filled, row.order_id, max(filled, before or 0), _REMEMBERED)
        return told
