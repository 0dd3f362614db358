"""Orders that rest, or were filled, and that this process did not send: of an earlier run, of another client by the
same key, of another shard.

What stands where we quote is taken over into its slot. What stands where nobody quotes (yet) is a stray, until
somebody does, or it is cancelled, or another shard proves to have it. A fill brings its order back as the row has it;
fills whose order has no row, orphans, have it made again from what the exchange knows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, Refused, VenueError
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import work
from hedgerow.mm.access import Access, look_pauses
from hedgerow.mm.intake import Intake
from hedgerow.mm.numbers import OrderNumbers, order_id_of, reference_of
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Pending, Slot, apply_state
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import Fill, Instrument, OrderRef, OrderState

_log = structlog.get_logger(__name__)


class Orphan(msgspec.Struct, frozen=True, gc=False):
    """Fills of an earlier run whose order has no row: (price, size, fee) of each, micros. order_id: its number, where
    the fills have it."""

    slot: Slot
    venue_ref: str
    order_id: int | None
    fills: Sequence[tuple[int, int, int]]


class Adoption:
    """What others left at one account.

    strays: by the exchange's name, orders where nobody quotes. orphans: to be taken in at the next comparison.
    elsewhere: instruments whose fixtures another shard works on.
    """

    def __init__(self, access: Access, index: OrderIndex, intake: Intake, numbers: OrderNumbers, tag: int) -> None:
        """tag: of the deployment, in its orders' references."""
        self.strays: dict[str, OrderState] = {}
        self.orphans: list[Orphan] = []
        self.elsewhere: set[str] = set()
        self._access, self._index, self._intake = access, index, intake
        self._numbers, self._tag = numbers, tag

    # --- orders that rest --------------------------------------------------------------------------------------

    def adopt(self, state: OrderState) -> None:
        """Takes over an order that rests on the exchange and that this process did not send. Where nobody quotes that
        side of that instrument (yet) it is a stray until then."""
        if state.instrument_ref in self.elsewhere:
            return
        instrument = self._index.instruments.get(state.instrument_ref)
        if instrument is None or (state.instrument_ref, state.side.value) not in self._index.slots:
            self.strays[state.venue_ref] = state
            return
        order_id = order_id_of(self._tag, state.client_ref)
        if order_id is None:
            order_id = self._numbers.take()
        order = Order(
            order_id,
            state.client_ref or reference_of(self._tag, order_id),
            instrument,
            state.side,
            state.price,
            state.size,
            state.at_ms,
            venue_ref=state.venue_ref,
            status=OrderStatus.PLACED,
            pending=Pending.NOTHING,
            is_adopted=True,
            placed_ms=state.at_ms,
        )
        self._take_over(order)
        self._access.on_link(order)
        self._access.on_order(order)
        self._intake.expect_fills(order, state.filled)

    def _take_over(self, order: Order) -> None:
        """Puts an order of an earlier life into its slot; a second one of the slot is to be cancelled."""
        self._index.restore(order)
        if (slot := self._index.slot_of(order)) is not None:
            self._access.on_free(slot)

    def adopt_strays(self, slot: Slot) -> None:
        """Somebody quotes at the slot now: orders that were found resting there before are taken over."""
        self.elsewhere.discard(slot.instrument.ref)
        key = slot.instrument.ref, slot.side
        for ref, state in list(self.strays.items()):
            if (state.instrument_ref, state.side) == key:
                del self.strays[ref]
                self.adopt(state)

    def leave_stray(self, venue_ref: str) -> None:
        """An order that was found is another shard's, as all on its instrument."""
        if (state := self.strays.pop(venue_ref, None)) is not None:
            self.elsewhere.add(state.instrument_ref)

    async def cancel_strays(self) -> None:
        """Takes away what rests on instruments that nobody quotes. What cannot be cancelled now stays a stray."""
        slug = self._access.slug
        for ref, state in list(self.strays.items()):
            instrument = Instrument(slug, state.instrument_ref, "", PriceGrid.probability(10_000))
            try:
                await self._access.exchange().cancel(OrderRef(instrument, state.client_ref, ref))
            except Refused:
                pass
            except VenueError as error:
                _log.warning("stray order stays", exchange=slug, venue_ref=ref, error=str(error))
                continue
            self.strays.pop(ref, None)

    # --- orders known by their fills ---------------------------------------------------------------------------

    async def adopt_filled(self, slot: Slot, fill: Fill) -> None:
        """Takes over the order of a fill that this process did not send, or has forgotten, and that may rest no more.
        Asks until the exchange, and the database, answer."""
        pauses = look_pauses()
        orphan = Orphan(slot, fill.venue_ref, None, [(fill.price, fill.size, fill.fee)])
        while self._index.find(fill.venue_ref, fill.client_ref) is None:
            with work.unit():
                try:
                    await self._take_in(orphan, fill.client_ref)
                except (VenueError, StorageError) as error:
                    _log.warning("the order of a fill is not found", exchange=self._access.slug, error=str(error))
                else:
                    return
            await self._access.clock.sleep(next(pauses))

    async def take_in_orphans(self) -> None:
        """Makes the orders again that fills of an earlier run belong to.

        Raises Unavailable, InDoubt and StorageError; what is not taken in by then stays.
        """
        while self.orphans:
            orphan = self.orphans[0]
            if self._index.find(orphan.venue_ref, None) is None:
                await self._take_in(orphan)
            self.orphans.pop(0)

    async def _take_in(self, orphan: Orphan, client_ref: str | None = None) -> None:
        """Brings the order back that fills belong to: as its row has it, or made again as the exchange knows it; where
        that cannot tell, as ended.

        Raises Unavailable, InDoubt and StorageError.
        """
        slot, now_ms = orphan.slot, self._access.clock.now_ms()
        try:
            state = await self._access.exchange().find_order(OrderRef(slot.instrument, client_ref, orphan.venue_ref))
        except (CannotTell, Refused):
            state = None
        client_ref = (state.client_ref if state else None) or client_ref
        order_id = orphan.order_id or order_id_of(self._tag, client_ref)
        stored = await self._access.stored_order(slot.instrument, orphan.venue_ref, order_id)
        if self._index.find(orphan.venue_ref, None) is not None:
            return  # another of its fills was quicker
        order = stored or self._made_again(orphan, order_id or self._numbers.take(), client_ref, state, now_ms)
        self._index.add(order)
        self._intake.name(order, orphan.venue_ref)  # which counts the fills that had no order
        if state is not None:
            apply_state(order, state, now_ms)
            self._intake.expect_fills(order, state.filled)
        if order.is_live and (state is None or not state.status.is_open):
            order.move_to(OrderStatus.CANCELLED, now_ms, "found by its fills")
        elif order.is_live:
            self._take_over(order)
        self._access.on_order(order)

    def _made_again(
        self, orphan: Orphan, order_id: int, client_ref: str | None, state: OrderState | None, now_ms: int
    ) -> Order:
        """The order as its fills, and the exchange where it can tell, have it. Fills under its number are counted
        here; the others find it by its name."""
        order = Order(
            order_id,
            client_ref or reference_of(self._tag, order_id),
            orphan.slot.instrument,
            orphan.slot.side,
            state.price if state else Micros(orphan.fills[0][0]),
            state.size if state else Micros(sum(size for _, size, _ in orphan.fills)),
            now_ms,
            status=OrderStatus.PLACED,
            pending=Pending.NOTHING,
            is_adopted=True,
            placed_ms=now_ms,
        )
        if orphan.order_id is not None:
            for price, size, fee in orphan.fills:
                order.fill(price, size, fee, now_ms)
        return order
