"""What the exchange says of an account's orders, taken in: their state, their names, and fills that no stream brought.

Fills are counted from fills alone. Where a state has more filled than they come to, they are asked for.
"""

from __future__ import annotations

import asyncio

import structlog

from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.access import Access, look_pauses
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, apply_state
from hedgerow.venues.base import OrderState

FILL_OVERLAP_MS = 60_000
"""How far back fills are asked for again after a break: venues' lists may lag their streams."""
MISSING_FILLS_AFTER_S = 1.0
"""How long fills that a state tells of may take to come by themselves."""
MOST_LOOKS = 20
"""How often they are asked for, three minutes in all: the exchange may be out of reach, or its list lag."""

_log = structlog.get_logger(__name__)


class Intake:
    """Brings one account's orders to what its exchange says."""

    def __init__(self, access: Access, index: OrderIndex) -> None:
        self._access, self._index = access, index
        self._last_fill_ms = 0
        self._told: dict[int, tuple[Order, int]] = {}  # by number, what a state had filled, while fills are missing
        self._asking: asyncio.Task[None] | None = None  # for all of those

    def learn(self, order: Order, state: OrderState) -> None:
        """Takes in the exchange's view; where it has more filled than we have fills, they are asked for."""
        if order.venue_ref is None:
            self.name(order, state.venue_ref)
        apply_state(order, state, self._access.clock.now_ms())
        self.expect_fills(order, state.filled)

    def name(self, order: Order, venue_ref: str) -> None:
        """The exchange's name of an order is known now; fills that came under it belong to the order."""
        self._index.name(order, venue_ref)
        self._access.on_link(order)

    def expect_fills(self, order: Order, filled: int) -> None:
        """The exchange has so much of the order filled, in micros: what its fills lack of that is asked for."""
        if filled <= order.filled:
            return
        known = self._told.get(order.order_id)
        self._told[order.order_id] = order, filled if known is None else max(filled, known[1])
        if known is None:
            spawn(self._missing_fills(order), "missing fills")

    async def _missing_fills(self, order: Order) -> None:
        try:
            await self._access.clock.sleep(MISSING_FILLS_AFTER_S)
            for _, pause_s in zip(range(MOST_LOOKS), look_pauses(), strict=False):
                if not self._missing(order):
                    break
                with work.unit():
                    await self._ask_for_missing()
                if self._missing(order):
                    await self._access.clock.sleep(pause_s)
            if missing := self._missing(order):
                _log.error("fills are missing", exchange=self._access.slug, order_id=order.order_id, micros=missing)
        finally:
            del self._told[order.order_id]

    def _missing(self, order: Order) -> int:
        """Micros of it that fills have not told yet."""
        return max(0, self._told[order.order_id][1] - order.filled)

    async def _ask_for_missing(self) -> None:
        """One question for all orders: after a break they are many, and each answer tells the fills of all."""
        if self._asking is None or self._asking.done():
            since_ms = min(order.created_ms for order, _ in self._told.values())
            self._asking = spawn(self._ask_since(since_ms), "fills that are missing")
        await asyncio.shield(self._asking)

    async def _ask_since(self, since_ms: int) -> None:
        try:
            await self.ask_fills(since_ms=since_ms)
        except VenueError as error:
            _log.warning("fills are not told", exchange=self._access.slug, error=str(error))

    def begin(self, fills_known_until_ms: int | None) -> None:
        """fills_known_until_ms: later fills are asked for; None: the account never had an order of ours."""
        self._last_fill_ms = fills_known_until_ms or self._access.clock.now_ms()

    def saw_fill(self, at_ms: int) -> None:
        """A fill of that time is known."""
        self._last_fill_ms = max(self._last_fill_ms, at_ms)

    async def ask_fills(self, *, since_ms: int | None = None) -> None:
        """Reads the fills since the last one known, or since a time before it, with an overlap; repeats are sorted out
        by the ledger.

        Raises the venue errors.
        """
        known_until_ms = min(self._last_fill_ms, self._access.clock.now_ms())  # the clock may have been put back
        from_ms = known_until_ms if since_ms is None else min(since_ms, known_until_ms)
        for fill in await self._access.exchange().fills(max(0, from_ms - FILL_OVERLAP_MS)):
            self._access.on_fill(fill)
