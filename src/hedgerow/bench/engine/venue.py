"""The simulated exchange as an `Exchange`, without sockets: what stands between them in a deployment is not measured.

Every answer is there when it is asked for; fills are told when they happen, as by a stream.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from decimal import Decimal
from typing import Any

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.sim import orders as sim
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import Event, OrderEvent
from hedgerow.venues.base import (
    Balance,
    EventSink,
    Fill,
    Idempotency,
    Instrument,
    Listing,
    Manifest,
    NewQuote,
    OrderRef,
    OrderState,
    Resolution,
)

SLUG = VenueSlug("bench")
ACCOUNT = "bench"

MANIFEST = Manifest(
    slug=SLUG,
    name="Bench",
    urls={},
    credentials=(),
    currency="USD",
    rates={},
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="the simulated exchange",
    is_exchange=True,
    sells_without_holding=True,
)

_STATUS = {
    sim.State.OPEN: OrderStatus.PLACED,
    sim.State.PENDING: OrderStatus.PENDING_PLACEMENT,
    sim.State.ACCEPTED: OrderStatus.FILLED,
    sim.State.CANCELLED: OrderStatus.CANCELLED,
}


class DirectExchange:
    """One account at a simulated exchange. Implements venues.base.Exchange."""

    manifest = MANIFEST

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        exchange.on_event(self._heard)

    async def open(self, sink: EventSink) -> None:
        self._sink = sink

    async def close(self) -> None:
        """Nothing was opened."""

    async def listings(self, sport: str) -> list[Listing]:
        return []

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        """Everything is told anyway."""

    async def balance(self) -> Balance:
        free = self._exchange.free_cash(ACCOUNT)
        return Balance(Decimal(free), Decimal(self._exchange.held_cash(ACCOUNT)), "USD")

    async def working(self) -> list[OrderState]:
        return [self._state(order) for order in self._exchange.open_orders(ACCOUNT)]

    async def fills(self, since_ms: int) -> list[Fill]:
        orders = [order for order in self._exchange.orders.values() if order.account == ACCOUNT]
        return [_fill(order, match) for order in orders for match in order.fills if match.at_ms >= since_ms]

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        contract = self._exchange.contracts[quote.instrument.ref]
        try:
            order = self._exchange.place(
                ACCOUNT,
                contract,
                sim.Leg.YES,
                quote.side,
                quote.price,
                quote.size,
                reference=quote.client_ref,
                post_only=quote.post_only,
            )
        except sim.Rejection as rejection:
            return _refused("place", rejection.why)
        return _answer(self._state(order))

    def amend(
        self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros
    ) -> Coroutine[Any, Any, OrderState]:
        return _refused("amend", "orders are cancelled and placed anew, as in the baseline")

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        order = self._find(ref)
        if order is None or not self._exchange.cancel(order):
            return _refused("cancel", "the order does not rest", Reason.UNKNOWN_ORDER)
        return _answer(self._state(order))

    async def cancel_all(self) -> None:
        for order in self._exchange.open_orders(ACCOUNT):
            self._exchange.cancel(order)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        order = self._find(ref)
        return self._state(order) if order is not None else None

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        return []

    def _find(self, ref: OrderRef) -> sim.Order | None:
        return self._exchange.find(ACCOUNT, ref.client_ref) if ref.client_ref is not None else None

    def _state(self, order: sim.Order) -> OrderState:
        return OrderState(
            order.id,
            order.reference,
            order.contract.ref,
            order.side,
            Micros(order.price),
            Micros(order.size),
            Micros(order.filled),
            _STATUS[order.state],
            self._clock.now_ms(),
            order.reason,
        )

    def _heard(self, event: Event) -> None:
        if type(event) is OrderEvent and event.match is not None and event.order.account == ACCOUNT:
            self._sink(_fill(event.order, event.match))


def _fill(order: sim.Order, match: sim.Match) -> Fill:
    return Fill(
        match.id,
        order.id,
        order.reference,
        order.contract.ref,
        order.side,
        Micros(match.price),
        Micros(match.size),
        Micros(match.fee),
        FillState.FINAL,
        match.is_maker,
        match.at_ms,
    )


async def _answer(state: OrderState) -> OrderState:
    return state


async def _refused(operation: str, why: str, reason: Reason = Reason.INVALID) -> OrderState:
    raise Refused(SLUG, operation, why, reason=reason)
