"""Orders that rest nowhere but here, as an exchange would keep them. Who makes it says when they are filled."""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import EventSink, ExchangeEvent, Fill, Manifest, NewQuote, OrderRef, OrderState

FILLS_KEPT = 20_000
"""Older fills are in the database of who asks; an exchange is asked for those of the last minute."""
ENDED_KEPT = 5_000


@dataclass(slots=True, eq=False)
class PaperOrder:
    """Sizes in micros. ahead: contracts that rested at its price before it and were not traded since; crossed: of what
    the opposite side shows at its price or better, so much was taken by it already."""

    quote: NewQuote
    venue_ref: str
    price: int
    size: int
    filled: int = 0
    status: OrderStatus = OrderStatus.PLACED
    ahead: int = 0
    crossed: int = 0

    @property
    def side(self) -> Side:
        return self.quote.side

    @property
    def remaining(self) -> int:
        return self.size - self.filled if self.status.is_open else 0


class PaperExchange:
    """The part of `venues.base.Exchange` that is about our orders."""

    def __init__(self, manifest: Manifest, clock: Clock) -> None:
        self.manifest = replace(manifest, cancel_limit=1)  # nothing leaves that could leave together
        self._clock = clock
        self._sink: EventSink = _nowhere
        self._orders: dict[str, PaperOrder] = {}  # that rest, by reference
        self._ended: deque[PaperOrder] = deque(maxlen=ENDED_KEPT)
        self._fills: deque[Fill] = deque(maxlen=FILLS_KEPT)

    def on_event(self, sink: EventSink) -> None:
        """Who is told of fills."""
        self._sink = sink

    def resting_on(self, instrument_ref: str) -> list[PaperOrder]:
        """Orders on a contract, the oldest first."""
        return [order for order in self._orders.values() if order.quote.instrument.ref == instrument_ref]

    def fill(self, order: PaperOrder, size: int) -> None:
        """So much of an order trades at its own price, as a maker; no more than is left of it."""
        size = min(size, order.remaining)
        if size <= 0:
            return
        order.filled += size
        instrument, price = order.quote.instrument, Micros(order.price)
        fill = Fill(
            f"{order.venue_ref}/{order.filled}",
            order.venue_ref,
            order.quote.client_ref,
            instrument.ref,
            order.side,
            price,
            Micros(size),
            _fee(order, size),
            FillState.FINAL,
            is_maker=True,
            at_ms=self._clock.now_ms(),
        )
        self._fills.append(fill)
        if order.filled >= order.size:
            self._end(order, OrderStatus.FILLED)
        self._sink(fill)

    def admit(self, order: PaperOrder) -> None:
        """The order begins to rest at its price. Raises the venue errors for one that may not."""

    # --- as an exchange ----------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return self._place(quote)

    async def _place(self, quote: NewQuote) -> OrderState:
        order = PaperOrder(quote, f"paper-{quote.client_ref}", quote.price, quote.size)
        self.admit(order)
        self._orders[quote.client_ref] = order
        return self._state(order)

    def amend(
        self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros
    ) -> Coroutine[Any, Any, OrderState]:
        return self._amend(ref, price, size)

    async def _amend(self, ref: OrderRef, price: Micros, size: Micros) -> OrderState:
        """A new price, or a larger size, puts the order behind what rests there."""
        order = self._known("amend", ref)
        moved = PaperOrder(order.quote, order.venue_ref, price, size, order.filled)
        if price != order.price or size > order.size:
            self.admit(moved)
            order.ahead, order.crossed = moved.ahead, 0
        order.price, order.size = price, size
        if order.filled >= order.size:
            self._end(order, OrderStatus.FILLED)
        return self._state(order)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return self._cancel(ref)

    async def _cancel(self, ref: OrderRef) -> OrderState:
        order = self._known("cancel", ref)
        self._end(order, OrderStatus.CANCELLED)
        return self._state(order)

    async def cancel_all(self) -> None:
        for order in list(self._orders.values()):
            self._end(order, OrderStatus.CANCELLED)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """Of an earlier process none is known: its orders are gone with it."""
        kept = [*self._orders.values(), *self._ended]
        found = next((o for o in kept if ref.client_ref == o.quote.client_ref or ref.venue_ref == o.venue_ref), None)
        return None if found is None else self._state(found)

    async def working(self) -> list[OrderState]:
        return [self._state(order) for order in self._orders.values()]

    async def fills(self, since_ms: int) -> list[Fill]:
        return [fill for fill in self._fills if fill.at_ms >= since_ms]

    def _known(self, operation: str, ref: OrderRef) -> PaperOrder:
        order = self._orders.get(ref.client_ref or "")
        if order is None:
            raise Refused(self.manifest.slug, operation, "it does not rest", reason=Reason.UNKNOWN_ORDER)
        return order

    def _end(self, order: PaperOrder, status: OrderStatus) -> None:
        order.status = status
        self._orders.pop(order.quote.client_ref, None)
        self._ended.append(order)

    def _state(self, order: PaperOrder) -> OrderState:
        return OrderState(
            order.venue_ref,
            order.quote.client_ref,
            order.quote.instrument.ref,
            order.side,
            Micros(order.price),
            Micros(order.size),
            Micros(order.filled),
            order.status,
            self._clock.now_ms(),
        )


def _fee(order: PaperOrder, size: int) -> Micros:
    """Of a fill as a maker; a commission on winnings comes with the settlement."""
    fee, cost = order.quote.instrument.maker_fee, order.price if order.side is Side.BUY else MICRO - order.price
    return Micros(0) if fee.on_winnings else fee.of(cost, size)


def _nowhere(event: ExchangeEvent) -> None:
    """Before it is opened there is no one to tell."""
