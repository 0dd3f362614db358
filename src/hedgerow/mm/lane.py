"""One account at one exchange: sends commands, and is the one door to what becomes of them.

The lane is the only owner of its orders. It tells the engine of every change (`on_order`) and every fill (`on_fill`),
and asks for a fresh look at a slot (`on_free`) when something that was under way has ended. After a break of the
stream, and at the start, `resync` asks the exchange what rests and what was filled; until then nothing new is placed.

Its parts: `order_index` knows the orders, `order_answers` what answers make of them, `hold` keeps new ones back after a
refusal, `intake` takes in what the exchange says, `adoption` what others left, `comparison` settles doubts, `leaving`
takes everything away at the end. They share an `access` and do not know the lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, cast

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.money import Micros
from hedgerow.core.observe import QUOTE_ACTIONS, STREAM_UP
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.access import Access, look_pauses
from hedgerow.mm.adoption import Adoption, Orphan
from hedgerow.mm.comparison import Comparison
from hedgerow.mm.hold import Hold
from hedgerow.mm.intake import Intake
from hedgerow.mm.leaving import leave
from hedgerow.mm.numbers import OrderNumbers, reference_of
from hedgerow.mm.order_answers import OrderAnswers
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Act, Command, Order, Pending, Slot, Stakes
from hedgerow.mm.stops import Answers
from hedgerow.net.http import leaving_by
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import (
    CancelsMany,
    Exchange,
    ExchangeEvent,
    ExpectsOrders,
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderState,
    RehearsesOrders,
    StreamGap,
)

_log = structlog.get_logger(__name__)

LeaveBy = Callable[[], float | None]


def never() -> None:
    """No time after which nothing is sent."""


class LaneOwner(Protocol):
    """What the engine gives to its lanes."""

    def on_order(self, lane: Lane, order: Order) -> None: ...

    def on_fill(self, lane: Lane, fill: Fill) -> None: ...

    def on_free(self, lane: Lane, slot: Slot | None) -> None: ...

    def on_market(self, lane: Lane, change: MarketChange) -> None: ...

    def on_link(self, lane: Lane, order: Order) -> None: ...

    def provisional_since_ms(self, lane: Lane) -> int | None: ...

    async def stored_order(
        self, lane: Lane, instrument: Instrument, venue_ref: str, order_id: int | None
    ) -> Order | None: ...


class Lane:
    """The orders of one account."""

    def __init__(
        self,
        account_id: int,
        exchange: Exchange,
        owner: LaneOwner,
        clock: Clock,
        numbers: OrderNumbers,
        tag: int,
        leave_by: LeaveBy = never,
        *,
        shares_account: bool = False,
    ) -> None:
        """leave_by: the loop's time after which nothing new is sent; None: no such time. shares_account: other
        processes may have orders there."""
        self.account_id, self.exchange = account_id, exchange
        self.slug = exchange.manifest.slug
        self.cash = 0  # free and held money, micros of USD, as last read, minus what was spent since
        self.is_synced = False
        self.answers = Answers()
        self.is_refused = False  # so often lately that nothing is quoted
        self._owner, self._clock, self._numbers, self._tag = owner, clock, numbers, tag
        self._leave_by, self._shares_account = leave_by, shares_account
        self._stakes = Stakes()
        self._sent = {act: QUOTE_ACTIONS.labels(self.slug, act.value) for act in Act}
        self._stream_is_up = False
        self._breaks = 0  # of the stream, so far
        self._access = Access(
            account_id,
            self.slug,
            clock,
            exchange=lambda: self.exchange,
            on_order=lambda order: owner.on_order(self, order),
            on_fill=lambda fill: owner.on_fill(self, fill),
            on_free=lambda slot: owner.on_free(self, slot),
            on_link=lambda order: owner.on_link(self, order),
            provisional_since_ms=lambda: owner.provisional_since_ms(self),
            stored_order=lambda *named: owner.stored_order(self, *named),
        )
        self._index = OrderIndex(self._stakes)
        self._hold = Hold(self._access)
        self._intake = Intake(self._access, self._index)
        self._adoption = Adoption(self._access, self._index, self._intake, numbers, tag)
        self._comparison = Comparison(self._access, self._index, self._intake, self._adoption)
        self._answered = OrderAnswers(
            self._access, self._index, self._intake, self._comparison, self._hold, self.answers, self._send_cancels
        )

    # --- life --------------------------------------------------------------------------------------------------

    async def open(self, fills_known_until_ms: int | None) -> None:
        """Connects. fills_known_until_ms: later fills are asked for; None: the account never had an order of ours."""
        self._intake.begin(fills_known_until_ms)
        await self.exchange.open(self._event)
        self._stream_up()

    async def replace(self, exchange: Exchange) -> None:
        """Reaches the exchange by another connector of the same account. Nothing is placed until it is opened and
        compared; requests under way are answered on the old one."""
        self._stream_is_up = self.is_synced = False
        self._breaks += 1
        old, self.exchange = self.exchange, exchange
        await old.close()

    async def close(self, *, cancels: bool) -> None:
        """Leaves the exchange. cancels: nothing of ours stays there. Nothing is placed any more: the engine would
        quote anew what is being cancelled."""
        self.is_synced = False
        if cancels and (self.live_orders() or self.strays):
            await leave(self._access, self._index, shares_account=self._shares_account)
        self._intake.close()
        await self.exchange.close()
        STREAM_UP.leave(self)

    @property
    def is_ready(self) -> bool:
        """Whether new orders may be placed."""
        return self.is_synced and self._stream_is_up and self._clock.now_ms() >= self._hold.until_ms

    # --- orders and slots --------------------------------------------------------------------------------------

    @property
    def open_stake(self) -> int:
        return self._stakes.open

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What is quoted, by the exchange's reference."""
        return self._index.instruments

    @property
    def slots(self) -> dict[tuple[str, str], Slot]:
        """By the instrument's reference and the side."""
        return self._index.slots

    def live_orders(self) -> list[Order]:
        """Orders that rest, or may rest."""
        return self._index.live()

    def order(self, order_id: int) -> Order:
        """Our order by its number. Raises KeyError where it is not known (any more)."""
        return self._index.by_number[order_id]

    def find(self, venue_ref: str | None, client_ref: str | None) -> Order | None:
        """Our order by either of its names."""
        return self._index.find(venue_ref, client_ref)

    def slot_of(self, order: Order) -> Slot | None:
        return self._index.slot_of(order)

    def add_slot(self, slot: Slot) -> Slot:
        """The slot for one side of an instrument; the one that is there already stays. Orders that were found
        resting before anybody knew the instrument are taken over."""
        slot = self._index.add_slot(slot)
        self._adoption.adopt_strays(slot)
        return slot

    def restore(self, order: Order) -> None:
        """An order of an earlier run, as the database knows it; the first comparison with the exchange decides."""
        self._index.restore(order)

    def relist(self, instrument: Instrument, *, is_open: bool) -> list[Slot]:
        """Takes over how the exchange lists a contract that is quoted; answers its slots."""
        return self._index.relist(instrument, is_open=is_open)

    # --- what others left --------------------------------------------------------------------------------------

    @property
    def strays(self) -> dict[str, OrderState]:
        """Orders where nobody quotes, by the exchange's name."""
        return self._adoption.strays

    @property
    def elsewhere(self) -> set[str]:
        """Instruments whose fixtures another shard works on."""
        return self._adoption.elsewhere

    def expect_orphan(self, orphan: Orphan) -> None:
        """Fills of an earlier run whose order is made again by the next comparison."""
        self._adoption.orphans.append(orphan)

    async def adopt_filled(self, slot: Slot, fill: Fill) -> None:
        """Takes over the order of a fill that this process did not send; asks until the exchange answers."""
        await self._adoption.adopt_filled(slot, fill)

    def leave_stray(self, venue_ref: str) -> None:
        """An order that was found is another shard's, as all on its instrument."""
        self._adoption.leave_stray(venue_ref)

    async def cancel_strays(self) -> None:
        """Takes away what rests on instruments that nobody quotes. What cannot be cancelled now stays a stray."""
        await self._adoption.cancel_strays()

    # --- sending -----------------------------------------------------------------------------------------------

    def send(self, slot: Slot, command: Command) -> Order:
        """Sends a command now; its answer comes later. The order it is about is answered."""
        act, order = command.act, command.order
        if act is Act.PLACE:
            with leaving_by(self._leave_by()):
                order = self._send_new(slot, command)
        elif order is None:
            raise ValueError(f"{act} needs an order")
        elif act is Act.AMEND:
            with leaving_by(self._leave_by()):
                self._send_amend(slot, order, command)
        else:
            self.cancel([(slot, order)])
            return order
        self._sent[act].inc()
        return order

    def cancel(self, leaving: Sequence[tuple[Slot, Order]]) -> None:
        """Cancels orders now, in as few requests as the exchange takes; the answers come later, one for each."""
        limit = self.exchange.manifest.cancel_limit
        for start in range(0, len(leaving), limit):
            self._send_cancels(leaving[start : start + limit])
        self._sent[Act.CANCEL].inc(len(leaving))

    def _send_new(self, slot: Slot, command: Command) -> Order:
        """Makes an order and places it. What is kept of it comes after the sending, in the same turn."""
        order_id = self._numbers.take()
        reference, instrument, side = reference_of(self._tag, order_id), slot.instrument, slot.side
        price, size = Micros(command.price), Micros(command.size)
        quote = NewQuote(reference, instrument, side, price, size)
        answer = self.exchange.place(quote)
        order = Order(order_id, reference, instrument, side, price, size, self._clock.now_ms())
        self._index.add(order)
        slot.begin(command, order)
        spawn(self._answered.placed(slot, order, quote, answer), "place")
        self._expect(order_id + 1)
        return order

    def _expect(self, order_id: int) -> None:
        """What follows from an order's number alone is worked out ahead, for the one that is probably the next."""
        reference = reference_of(self._tag, order_id)
        if isinstance(self.exchange, ExpectsOrders):
            self.exchange.expect(reference)

    def rehearse(self, slot: Slot, price: Micros, size: Micros) -> None:
        """Makes a quote that is not sent, as far as the exchange knows how. Its reference is no order's."""
        if self.is_ready and isinstance(self.exchange, RehearsesOrders):
            self.exchange.rehearse(NewQuote(reference_of(self._tag, 0), slot.instrument, slot.side, price, size))

    def _send_amend(self, slot: Slot, order: Order, command: Command) -> None:
        price, size = Micros(command.price), Micros(command.size)
        answer = self.exchange.amend(order.ref, order.side, price, size, Micros(order.filled))
        slot.begin(command, order)
        spawn(self._answered.amended(slot, order, answer), "amend")

    def _send_cancels(self, leaving: Sequence[tuple[Slot, Order]]) -> None:
        if len(leaving) > 1:  # its manifest says that it can
            answers = cast(CancelsMany, self.exchange).cancel_many([order.ref for _, order in leaving])
        else:
            answers = [self.exchange.cancel(order.ref) for _, order in leaving]
        for (slot, order), answer in zip(leaving, answers, strict=True):
            slot.begin(Command(Act.CANCEL, order), order)
            spawn(self._answered.cancelled(slot, order, answer), "cancel")

    # --- what the exchange says --------------------------------------------------------------------------------

    def _event(self, event: ExchangeEvent) -> None:
        match event:
            case Fill():
                self._owner.on_fill(self, event)
            case OrderState():
                self._state(event)
            case StreamGap():
                self._gap(event)
            case MarketChange():
                known = self.instruments.get(event.instrument_ref)
                if event.grid is not None and known is not None:
                    self.relist(replace(known, grid=event.grid), is_open=event.is_open)
                self._owner.on_market(self, event)

    def _state(self, state: OrderState) -> None:
        order = self.find(state.venue_ref, state.client_ref)
        if order is None:
            if state.status is OrderStatus.PLACED and self.is_synced:
                self._adoption.adopt(state)
            return
        self._intake.learn(order, state)
        self._owner.on_order(self, order)
        if not order.is_live or order.pending is Pending.NOTHING:
            self._owner.on_free(self, self.slot_of(order))

    async def ask_fills(self) -> None:
        """Reads the fills since the last one known, or the oldest that may still be taken back, with an overlap. Raises
        the venue errors."""
        await self._intake.ask_fills()

    def saw_fill(self, at_ms: int) -> None:
        """A fill of that time is known."""
        self._intake.saw_fill(at_ms)

    # --- breaks and starts -------------------------------------------------------------------------------------

    def _gap(self, gap: StreamGap) -> None:
        if gap.is_down:
            self._stream_is_up = self.is_synced = False
            self._breaks += 1
            STREAM_UP.set(self, 0, self.slug, str(self.account_id))
        else:
            self._stream_up()
            spawn(self.resync(), f"resync {self.slug}")

    def _stream_up(self) -> None:
        self._stream_is_up = True
        STREAM_UP.set(self, 1, self.slug, str(self.account_id))

    async def resync(self) -> None:
        """Asks what was filled and what rests, and brings the orders to it. Repeats until the exchange answers."""
        pauses, breaks = look_pauses(), self._breaks
        while self._stream_is_up and not self.is_synced:
            with work.unit():
                try:
                    await self._comparison.compare()
                except (VenueError, StorageError) as error:
                    _log.warning("exchange not in step", exchange=self.slug, error=str(error))
                else:
                    if breaks != self._breaks:
                        return  # what was lost since is not in it: whoever is back compares anew
                    self.is_synced = True
                    self._owner.on_free(self, None)
                    return
            await self._clock.sleep(next(pauses))
