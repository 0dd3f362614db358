"""What the exchange says of an account's orders, taken in: their state, their names, and fills that no stream brought.

Fills are counted from fills alone. Where a state has more filled than they come to, they are asked for.
"""

from __future__ import annotations

import asyncio

import structlog

from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.access import LONGEST_LOOK_S, Access, look_pauses
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, apply_state
from hedgerow.venues.base import OrderState

FILL_OVERLAP_MS = 60_000
"""How far back fills are asked for again after a break: venues' lists may lag their streams."""
MISSING_FILLS_AFTER_S = 1.0
"""How long fills that a state tells of may take to come by themselves."""
LOOKS_TILL_REPORTED = 20
"""How often they are asked for before that is an error, three minutes in all: the exchange may be out of reach, or its
list lag. They are asked for on and on: what was filled is not hedged before its fill is known."""
MOST_MISSING = 10_000
"""Orders whose fills are waited for. The questions for those tell the fills of later ones too."""

_log = structlog.get_logger(__name__)


class Intake:
    """Brings one account's orders to what its exchange says."""

    def __init__(self, access: Access, index: OrderIndex) -> None:
        self._access, self._index = access, index
        self._last_fill_ms = 0
        self._told: dict[int, tuple[Order, int]] = {}  # by number, what a state had filled, while fills are missing
        self._asking: asyncio.Task[None] | None = None  # for all of those
        self._asked_ms = 0
        self._is_closed = False

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
        if (missing := self._told.get(order.order_id)) is not None:
            self._told[order.order_id] = order, missing[1]  # it may have been forgotten, and be restored by a fill

    def expect_fills(self, order: Order, filled: int) -> None:
        """The exchange has so much of the order filled, in micros: what its fills lack of that is asked for."""
        if filled <= order.told:
            return
        known = self._told.get(order.order_id)
        if known is None and len(self._told) >= MOST_MISSING:
            _log.error("too many fills are missing", exchange=self._access.slug, order_id=order.order_id)
            return
        self._told[order.order_id] = order, filled if known is None else max(filled, known[1])
        if known is None:
            spawn(self._missing_fills(order), "missing fills")

    async def _missing_fills(self, order: Order) -> None:
        """Asks until they are known, or the exchange is left."""
        try:
            await self._access.clock.sleep(MISSING_FILLS_AFTER_S)
            for look, pause_s in enumerate(look_pauses()):
                missing = self._missing(order)
                if not missing or self._is_closed:
                    return
                if look == LOOKS_TILL_REPORTED:
                    _log.error("fills are missing", exchange=self._access.slug, order_id=order.order_id, micros=missing)
                with work.unit():
                    await self._ask_for_missing(is_late=look >= LOOKS_TILL_REPORTED)
                if self._missing(order):
                    await self._access.clock.sleep(pause_s)
        finally:
            del self._told[order.order_id]

    def _missing(self, order: Order) -> int:
        """Micros of it that fills have not told yet."""
        present, filled = self._told[order.order_id]
        return max(0, filled - present.told)

    async def _ask_for_missing(self, *, is_late: bool) -> None:
        """One question for all orders: after a break they are many, and each answer tells the fills of all. is_late: an
        answer of the last seconds will do, whoever asked for it."""
        if is_late and self._access.clock.now_ms() - self._asked_ms < LONGEST_LOOK_S * 1000:
            return
        if self._asking is None or self._asking.done():
            self._asked_ms = self._access.clock.now_ms()
            self._asking = spawn(self._ask_missing(), "fills that are missing")
        await asyncio.shield(self._asking)

    async def _ask_missing(self) -> None:
        try:
            await self.ask_fills()
        except VenueError as error:
            _log.warning("fills are not told", exchange=self._access.slug, error=str(error))

    def begin(self, fills_known_until_ms: int | None) -> None:
        """fills_known_until_ms: later fills are asked for; None: the account never had an order of ours."""
        self._last_fill_ms = fills_known_until_ms or self._access.clock.now_ms()
        self._is_closed = False

    def close(self) -> None:
        """Nothing is asked for any more: the next start does."""
        self._is_closed = True

    def saw_fill(self, at_ms: int) -> None:
        """A fill of that time is known."""
        self._last_fill_ms = max(self._last_fill_ms, at_ms)

    async def ask_fills(self) -> None:
        """Reads the fills since the last one known, since the oldest that may still be taken back, and since the first
        order was made of which fills are missing, with an overlap; repeats are sorted out by the ledger.

        Raises the venue errors.
        """
        known_until_ms = min(self._last_fill_ms, self._access.clock.now_ms())  # the clock may have been put back
        from_ms = min([known_until_ms, *(order.created_ms for order, _ in self._told.values())])
        if (provisional_ms := self._access.provisional_since_ms()) is not None:
            from_ms = min(from_ms, provisional_ms)
        for fill in await self._access.exchange().fills(max(0, from_ms - FILL_OVERLAP_MS)):
            self._access.on_fill(fill)
