"""Whose order is whose: the venue keeps no reference of ours and takes every repeat.

Until its answer names it, an order of ours is known by its market, side, price and size only. What the stream tells of
unknown orders of a market on which an answer is awaited is therefore held back until that answer is there; what has
lost its answer is recognised by what it looks like. Sans I/O; bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from hedgerow.core.clock import Clock
from hedgerow.venues.base import NewQuote
from hedgerow.venues.polymarket_us import parse, wire
from hedgerow.venues.polymarket_us.reads import GRACE_S
from hedgerow.venues.sent import SentOrders

_MOST_HELD = 2_000
_MOST_LOST = 10_000
_SKEW_MS = 35_000
"""How far the venue's times may lie from ours: a signature is taken within thirty seconds."""


class Ownership:
    """What this process sent. An order without a name yet is kept in `sent` under our reference."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sent = SentOrders()
        self._in_flight: dict[str, str] = {}  # market by our reference
        self._lost: OrderedDict[str, None] = OrderedDict()
        self._held: list[wire.Execution] = []

    # --- what becomes of a placement ---------------------------------------------------------------------------

    def asked_for(self, quote: NewQuote) -> None:
        """A quote that may have been sent by an earlier run: what it looks like is remembered."""
        if self.sent.id_of(quote.client_ref) is None:
            self.sent.add(quote.client_ref, quote, self._clock.now_ms())

    def leaves(self, quote: NewQuote) -> None:
        """It has just been written."""
        self.sent.add(quote.client_ref, quote, self._clock.now_ms())
        self._in_flight[quote.client_ref] = quote.instrument.ref

    def named(self, client_ref: str, order_id: str) -> None:
        """Its id is known."""
        known = self.sent.get(client_ref)
        if known is not None:
            self.sent.add(order_id, known.quote, known.sent_ms)
        self.settled(client_ref)

    def lost(self, client_ref: str) -> None:
        """No answer came: it may be there."""
        self.settled(client_ref)
        self._lost[client_ref] = None
        while len(self._lost) > _MOST_LOST:
            self._lost.popitem(last=False)

    def settled(self, client_ref: str) -> None:
        """No answer is awaited any more."""
        self._in_flight.pop(client_ref, None)
        self._lost.pop(client_ref, None)

    def name_of(self, client_ref: str | None) -> str | None:
        """The venue's id of the order that has our reference; None while it has none."""
        order_id = self.sent.id_of(client_ref)
        return order_id if order_id != client_ref else None

    # --- what the stream tells ---------------------------------------------------------------------------------

    def hold(self, execution: wire.Execution) -> bool:
        """Whether what is told of an order has to wait for an answer that may name it."""
        order = execution.order
        if self.sent.get(order.id) is not None or order.market_slug not in self._in_flight.values():
            return False
        if len(self._held) >= _MOST_HELD:
            return False
        self._held.append(execution)
        return True

    def release(self) -> list[wire.Execution]:
        """What need not wait any longer, in the order in which it came."""
        held, self._held = self._held, []
        return [execution for execution in held if not self.hold(execution)]

    def recognise(self, order: wire.Order) -> None:
        """Names the one order that lost its answer and looks like this; nothing where there are none or several."""
        if self.sent.get(order.id) is not None:
            return
        alike = [client_ref for client_ref in self._lost if self.looks_like(order, client_ref)]
        if len(alike) == 1:
            self.named(alike[0], order.id)

    def reference_of(self, order: wire.Order) -> str | None:
        """Our reference of an order of the venue's lists, which can show it before its answer has come: then it is the
        one that looks like it. Raises UnreadableError."""
        self.recognise(order)
        if (known := self.sent.ref_of(order.id)) is not None:
            return known
        alike = [client_ref for client_ref in self._in_flight if self.looks_like(order, client_ref)]
        return alike[0] if len(alike) == 1 else None

    # --- looking for one ---------------------------------------------------------------------------------------

    def looks_like(self, order: wire.Order, client_ref: str) -> bool:
        """Whether an order is the one that was sent with a reference, by all that the venue tells of it. Raises
        UnreadableError."""
        known = self.sent.get(client_ref)
        if known is None or order.price is None:
            return False
        quote = known.quote
        created_ms = parse.time_ms(order.create_time, "createTime") if order.create_time else known.sent_ms
        if created_ms > known.sent_ms + GRACE_S * 1_000:
            return False
        is_of_this_run = client_ref in self._lost or client_ref in self._in_flight
        if is_of_this_run and created_ms < known.sent_ms - _SKEW_MS:
            return False
        told = (order.market_slug, parse.side_of(order), parse.price(order.price, "price"))
        size = parse.size_of(order.quantity, "quantity")
        return (*told, size) == (quote.instrument.ref, quote.side, quote.price, quote.size)

    def unclaimed(self, orders: Sequence[wire.Order], client_ref: str) -> list[wire.Order]:
        """Those of the orders, each once, that no other reference of ours has, and that can be the one that is looked
        for; all of them where nothing but its reference is known."""
        found = {order.id: order for order in orders if self.sent.get(order.id) is None}
        if self.sent.get(client_ref) is None:
            return list(found.values())
        return [order for order in found.values() if self.looks_like(order, client_ref)]
