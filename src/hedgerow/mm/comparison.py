"""Our orders against the exchange's own list: all of them after a break or a start, one when it is in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import structlog

from hedgerow.core.errors import VenueError
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.access import Access, look_pauses
from hedgerow.mm.adoption import Adoption
from hedgerow.mm.intake import Intake
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Pending, Slot
from hedgerow.venues.base import OrderState

_log = structlog.get_logger(__name__)


class Comparison:
    """Asks the exchange what became of an account's orders."""

    def __init__(self, access: Access, index: OrderIndex, intake: Intake, adoption: Adoption) -> None:
        self._access, self._index, self._intake, self._adoption = access, index, intake, adoption

    # --- one order in doubt ------------------------------------------------------------------------------------

    def look_up(self, slot: Slot, order: Order, why: str) -> None:
        """The order is in doubt from now on; the exchange is asked until it answers."""
        order.pending = Pending.LOOKUP
        order.reason = why
        _log.info("order looked up", exchange=self._access.slug, order_id=order.order_id, why=why)
        spawn(self._ask_for(slot, order), "order lookup")

    async def _ask_for(self, slot: Slot, order: Order) -> None:
        pauses = look_pauses()
        while order.is_live and order.pending is Pending.LOOKUP:
            with work.unit(), suppress(VenueError):
                await self._found(order, await self._access.exchange().find_order(order.ref))
                break
            await self._access.clock.sleep(next(pauses))
        self._access.on_order(order)
        self._access.on_free(slot)

    async def _found(self, order: Order, state: OrderState | None) -> None:
        """Raises the venue errors; where the exchange does not know the order it is in doubt until its fills are known
        too."""
        if state is not None:
            order.pending = Pending.NOTHING
            self._intake.learn(order, state)
            if not state.status.is_open and state.filled > order.filled:
                await self._intake.ask_fills()
            return
        await self._intake.ask_fills()
        order.pending = Pending.NOTHING
        if order.is_live:
            never_placed = order.status is OrderStatus.PENDING_PLACEMENT
            end = OrderStatus.FAILED if never_placed else OrderStatus.CANCELLED
            order.move_to(end, self._access.clock.now_ms(), "not known to the exchange")

    # --- all orders --------------------------------------------------------------------------------------------

    async def compare(self) -> None:
        """Asks what was filled and what rests, and brings the orders to it. Raises the venue errors."""
        asked_ms = self._access.clock.now_ms()
        await self._adoption.take_in_orphans()
        for order in self._index.by_number.values():
            if order.status is OrderStatus.FILLED:
                self._intake.expect_fills(order, order.size)
        await self._intake.ask_fills()
        self._take_list(await self._access.exchange().working(), asked_ms)

    def _take_list(self, resting: Iterable[OrderState], asked_ms: int) -> None:
        """Orders that are not in the list, and were not sent while it was asked for, are in doubt."""
        rests = set()
        self._adoption.strays.clear()
        for state in resting:
            rests.add(state.venue_ref)
            order = self._index.find(state.venue_ref, state.client_ref)
            if order is None:
                self._adoption.adopt(state)
            else:
                self._intake.learn(order, state)
                if order.pending is Pending.LOOKUP:
                    order.pending = Pending.NOTHING
                self._access.on_order(order)
        for order in self._index.live():
            is_new = order.created_ms >= asked_ms or order.pending in (Pending.PLACE, Pending.LOOKUP)
            if order.venue_ref not in rests and not is_new:
                slot = self._index.slot_of(order)
                if slot is not None:
                    self.look_up(slot, order, "not in the exchange's list")
