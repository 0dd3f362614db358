"""What this process knows of the orders that it sent: whose reference an order id is, when it left, how it ended.

Venues whose orders are named by a computed hash carry no reference of ours, so this memory is what gives events their
reference, and a lost answer its certainty. It is bounded; after a restart it is empty.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell
from hedgerow.core.states import ORDER_MOVES
from hedgerow.venues.base import NewQuote, OrderState


@dataclass(slots=True)
class SentOrder:
    """One order of ours. state: the last that the venue told; None while it told nothing."""

    order_id: str
    quote: NewQuote
    sent_ms: int
    state: OrderState | None = None


class SentOrders:
    """The latest orders by id, and the latest id of a reference."""

    def __init__(self, limit: int = 20_000) -> None:
        """limit: orders kept. The eldest is forgotten first, one that still rests after those that do not."""
        self._limit = limit
        self._orders: OrderedDict[str, SentOrder] = OrderedDict()
        self._ids: dict[str, str] = {}

    def add(self, order_id: str, quote: NewQuote, now_ms: int) -> None:
        """Before the order leaves."""
        self._orders[order_id] = SentOrder(order_id, quote, now_ms)
        self._ids[quote.client_ref] = order_id
        if len(self._orders) > self._limit:
            self._forget_eldest()

    def get(self, order_id: str | None) -> SentOrder | None:
        return self._orders.get(order_id) if order_id is not None else None

    def id_of(self, client_ref: str | None) -> str | None:
        """The id of the order that was last sent with a reference."""
        return self._ids.get(client_ref) if client_ref is not None else None

    def ref_of(self, order_id: str) -> str | None:
        order = self._orders.get(order_id)
        return order.quote.client_ref if order is not None else None

    def told(self, state: OrderState) -> OrderState:
        """The venue told the state of an order. What is known of it now: the same, or what the stream had told
        before and an answer that was longer on its way cannot take back."""
        order = self._orders.get(state.venue_ref)
        if order is None:
            return state
        if order.state is None or _follows(state, order.state):
            order.state = state
        return order.state

    def _forget_eldest(self) -> None:
        # Quotes are short-lived: among the eldest few one has nearly always ended.
        eldest = list(zip(self._orders.values(), range(_LOOKED_AT), strict=False))
        over = (order for order, _ in eldest if order.state is not None and not order.state.status.is_open)
        order = next(over, eldest[0][0])
        del self._orders[order.order_id]
        if self._ids.get(order.quote.client_ref) == order.order_id:
            del self._ids[order.quote.client_ref]


TRADES_LAG_S = 5
"""How long the absence of trades of an order that rested, and rests no more, proves nothing: the lists of orders and of
trades are two answers."""

_LOOKED_AT = 64
_MOST_ASKED = 10_000


def _follows(state: OrderState, before: OrderState) -> bool:
    moved = state.status is before.status or state.status in ORDER_MOVES[before.status]
    return moved and state.filled >= before.filled


class Absence:
    """Since when an order that the venue does not show may have been on its way."""

    def __init__(self, venue: str, clock: Clock, sent: SentOrders, grace_s: int) -> None:
        """grace_s: how long after an order left, or was first asked for, its absence proves nothing."""
        self._venue, self._clock, self._sent, self._grace_s = venue, clock, sent, grace_s
        self._first_asked_ms: OrderedDict[str, int] = OrderedDict()

    def bear(self, order_id: str, *, has_arrived: bool = False) -> None:
        """Raises CannotTell while the order may still arrive: what is neither resting nor traded either never arrived
        or has ended with nothing, and both mean the same only once it can no longer arrive. One that had arrived has
        ended; only the list of trades may be late."""
        now_ms = self._clock.now_ms()
        known = self._sent.get(order_id)
        since_ms = known.sent_ms if known is not None else self._first_asked_ms.setdefault(order_id, now_ms)
        if has_arrived and now_ms - since_ms < TRADES_LAG_S * 1000:
            raise CannotTell(self._venue, "find", f"{order_id} has ended, and its trades may not be listed yet")
        if not has_arrived and now_ms - since_ms < self._grace_s * 1000:
            why = f"{order_id} is not there, and may still arrive for {self._grace_s} s"
            raise CannotTell(self._venue, "find", why)
        while len(self._first_asked_ms) > _MOST_ASKED:
            self._first_asked_ms.popitem(last=False)
