"""One account at one exchange: sends commands, keeps its orders, turns answers and stream events into changes.

The lane is the only owner of its orders. It tells the engine of every change (`on_order`) and every fill (`on_fill`),
and asks for a fresh look at a slot (`on_free`) when something that was under way has ended. After a break of the
stream, and at the start, `resync` asks the exchange what rests and what was filled; until then nothing new is placed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.observe import QUOTE_ACTIONS, STREAM_UP
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.numbers import OrderNumbers, order_id_of, reference_of
from hedgerow.mm.orders import Act, Command, Order, Pending, Slot, Stakes, apply_state
from hedgerow.mm.stops import Answers
from hedgerow.net.http import leaving_by
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    StreamGap,
)

_log = structlog.get_logger(__name__)

FIRST_LOOK_S, LONGEST_LOOK_S = 0.5, 30.0
FILL_OVERLAP_MS = 60_000
"""How far back fills are asked for again after a break: venues' lists may lag their streams."""
MISSING_FILLS_AFTER_S = 1.0
RETRY_S = 0.25
SHORTEST_HOLD_S = 0.02
LEAVE_WITHIN_S = 6.0
"""How long leaving an exchange tries to take each of our orders away."""
HOLD_AFTER = {Reason.RATE: 1.0, Reason.FUNDS: 1.0, Reason.CLOSED: 1.0, Reason.AUTH: 30.0, Reason.ACCOUNT: 30.0}
"""Seconds without new orders after a refusal, by its reason; others RETRY_S."""
LAST_LOOKS, LAST_LOOK_S = 100, 0.05
"""For how long the end waits for answers to orders, in the machine's time."""
ENDED_KEPT = 5_000
"""Ended orders that are kept in memory, because fills may come late; older ones are found in the database."""


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


class Orphan(msgspec.Struct, frozen=True, gc=False):
    """Fills of an earlier run whose order has no row: (price, size, fee) of each, micros. order_id: its number, where
    the fills have it."""

    slot: Slot
    venue_ref: str
    order_id: int | None
    fills: Sequence[tuple[int, int, int]]


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
        self.instruments: dict[str, Instrument] = {}
        self.slots: dict[tuple[str, str], Slot] = {}
        self.orders: dict[int, Order] = {}
        self.strays: dict[str, OrderState] = {}
        self.orphans: list[Orphan] = []
        self.elsewhere: set[str] = set()  # instruments whose fixtures another shard works on
        self.cash = 0  # free and held money, micros of USD, as last read, minus what was spent since
        self.is_synced = False
        self.answers = Answers()
        self.is_refused = False  # so often lately that nothing is quoted
        self._owner, self._clock, self._numbers, self._tag = owner, clock, numbers, tag
        self._leave_by, self._shares_account = leave_by, shares_account
        self._by_client_ref: dict[str, Order] = {}
        self._by_venue_ref: dict[str, Order] = {}
        self._live: dict[int, Order] = {}
        self._stakes = Stakes()
        self._ended: deque[Order] = deque()
        self._sent = {act: QUOTE_ACTIONS.labels(self.slug, act.value) for act in Act}
        self._paused_until_ms = 0
        self._last_fill_ms = 0
        self._stream_is_up = False

    # --- life --------------------------------------------------------------------------------------------------

    async def open(self, fills_known_until_ms: int | None) -> None:
        """Connects. fills_known_until_ms: later fills are asked for; None: the account never had an order of ours."""
        self._last_fill_ms = fills_known_until_ms or self._clock.now_ms()
        await self.exchange.open(self._event)
        self._stream_up()

    async def replace(self, exchange: Exchange) -> None:
        """Reaches the exchange by another connector of the same account. Nothing is placed until it is opened and
        compared; requests under way are answered on the old one."""
        self._stream_is_up = self.is_synced = False
        old, self.exchange = self.exchange, exchange
        await old.close()

    async def close(self, *, cancels: bool) -> None:
        """Leaves the exchange. cancels: nothing of ours stays there. Nothing is placed any more: the engine would
        quote anew what is being cancelled."""
        self.is_synced = False
        if cancels and (self.live_orders() or self.strays):
            try:
                await (self._cancel_own() if self._shares_account else self._take_all_away())
            except VenueError as error:
                _log.error("orders may still rest", exchange=self.slug, account=self.account_id, error=str(error))
        await self.exchange.close()

    async def _take_all_away(self) -> None:
        """Cancels what rests. A placement that is slow can arrive after that, when nobody would be left to cancel it:
        so the answers that are due are awaited, and everything is cancelled again. Raises the venue errors."""
        was_sending = self._is_sending()
        await self.exchange.cancel_all()
        for _ in range(LAST_LOOKS):
            if not self._is_sending():
                break
            await asyncio.sleep(LAST_LOOK_S)
        if was_sending:
            await self.exchange.cancel_all()
        if self._is_sending():
            _log.error("orders may still arrive", exchange=self.slug, account=self.account_id)

    def _is_sending(self) -> bool:
        """Whether an order is on its way to the exchange, as far as we know."""
        return any(order.pending in (Pending.PLACE, Pending.AMEND, Pending.LOOKUP) for order in self.live_orders())

    async def _cancel_own(self) -> None:
        """Others quote by the account too: what is ours is cancelled order by order, what is on its way as well."""
        gone: set[int] = set()
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                while True:
                    left = [o for o in self.live_orders() if o.venue_ref is not None and o.order_id not in gone]
                    if not left and not self._is_sending():
                        return
                    answers = await asyncio.gather(*(self._is_cancelled(order) for order in left))
                    gone |= {order.order_id for order, is_gone in zip(left, answers, strict=True) if is_gone}
                    if not all(answers) or not left:
                        await asyncio.sleep(RETRY_S)
        except TimeoutError:
            _log.error("orders may still rest", exchange=self.slug, account=self.account_id)

    async def _is_cancelled(self, order: Order) -> bool:
        """Cancels an order on leaving, so that its row tells the next process. False: it may still rest."""
        try:
            state = await self.exchange.cancel(order.ref)
        except Refused:
            return True  # it rests no more, and what became of it the next comparison finds
        except VenueError:
            return False
        if state is not None:
            apply_state(order, state, self._clock.now_ms())
        elif order.is_live:
            order.move_to(OrderStatus.CANCELLED, self._clock.now_ms())
        self._owner.on_order(self, order)
        return True

    @property
    def is_ready(self) -> bool:
        """Whether new orders may be placed."""
        return self.is_synced and self._stream_is_up and self._clock.now_ms() >= self._paused_until_ms

    @property
    def open_stake(self) -> int:
        return self._stakes.open

    def live_orders(self) -> list[Order]:
        """Orders that rest, or may rest; those that have ended since are put away."""
        for order in [order for order in self._live.values() if not order.is_live]:
            del self._live[order.order_id]
            self._ended.append(order)
        while len(self._ended) > ENDED_KEPT:
            self._forget(self._ended.popleft())
        return list(self._live.values())

    def _forget(self, order: Order) -> None:
        if order.is_live:
            self._live[order.order_id] = order
            return
        self.orders.pop(order.order_id, None)
        self._by_client_ref.pop(order.client_ref, None)
        if order.venue_ref is not None:
            self._by_venue_ref.pop(order.venue_ref, None)

    # --- slots -------------------------------------------------------------------------------------------------

    def add_slot(self, slot: Slot) -> Slot:
        """The slot for one side of an instrument; the one that is there already stays. Orders that were found
        resting before anybody knew the instrument are taken over."""
        self.instruments[slot.instrument.ref] = slot.instrument
        self.elsewhere.discard(slot.instrument.ref)
        slot = self.slots.setdefault((slot.instrument.ref, slot.side.value), slot)
        key = slot.instrument.ref, slot.side
        for ref, state in list(self.strays.items()):
            if (state.instrument_ref, state.side) == key:
                del self.strays[ref]
                self.adopt(state)
        return slot

    def slot_of(self, order: Order) -> Slot | None:
        return self.slots.get((order.instrument.ref, order.side.value))

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
            self._send_cancel(slot, order)
        self._sent[act].inc()
        return order

    def _send_new(self, slot: Slot, command: Command) -> Order:
        """Makes an order and places it. What is kept of it comes after the sending, in the same turn."""
        order_id = self._numbers.take()
        reference, instrument, side = reference_of(self._tag, order_id), slot.instrument, slot.side
        price, size = Micros(command.price), Micros(command.size)
        quote = NewQuote(reference, instrument, side, price, size)
        answer = self.exchange.place(quote)
        order = Order(order_id, reference, instrument, side, price, size, self._clock.now_ms())
        self._add(order)
        slot.begin(command, order)
        spawn(self._placed(slot, order, quote, answer), "place")
        return order

    def _send_amend(self, slot: Slot, order: Order, command: Command) -> None:
        price, size = Micros(command.price), Micros(command.size)
        answer = self.exchange.amend(order.ref, order.side, price, size, Micros(order.filled))
        slot.begin(command, order)
        spawn(self._amended(slot, order, answer), "amend")

    def _send_cancel(self, slot: Slot, order: Order) -> None:
        answer = self.exchange.cancel(order.ref)
        slot.begin(Command(Act.CANCEL, order), order)
        spawn(self._cancelled(slot, order, answer), "cancel")

    def _add(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self._live[order.order_id] = order
        slot = self.slot_of(order)
        order.count_in((self._stakes, *slot.stakes) if slot is not None else (self._stakes,))
        self._by_client_ref[order.client_ref] = order
        if order.venue_ref is not None:
            self._by_venue_ref[order.venue_ref] = order

    async def _placed(self, slot: Slot, order: Order, quote: NewQuote, answer: Awaitable[OrderState]) -> None:
        with work.unit():
            computed = self.exchange.ref_of(quote).venue_ref
            if computed is not None:
                order.venue_ref = computed
                self._by_venue_ref[computed] = order
            try:
                state = await answer
            except Refused as error:
                if error.reason is Reason.DUPLICATE:
                    self._look_up(slot, order, "duplicate reference")
                else:
                    self.answers.add(self._clock.now_ms(), refused=True)
                    self._fail(slot, order, error.message)
                    self._hold(HOLD_AFTER.get(error.reason, RETRY_S))
            except Unavailable as error:
                self._fail(slot, order, error.message)
                self._hold(error.retry_after_s or RETRY_S)
            except InDoubt as error:
                self._look_up(slot, order, error.message)
            else:
                self.answers.add(self._clock.now_ms(), refused=False)
                order.pending = Pending.NOTHING
                self._learn(order, state)
            self._freed(slot, order)

    async def _amended(self, slot: Slot, order: Order, answer: Awaitable[OrderState]) -> None:
        with work.unit():
            try:
                state = await answer
            except Refused as error:
                order.pending = Pending.NOTHING
                if error.reason is Reason.UNKNOWN_ORDER:
                    self._look_up(slot, order, error.message)
                else:
                    # The old quote still rests, and was to be moved: take it away rather than leave it.
                    self._send_cancel(slot, order)
            except Unavailable as error:
                order.pending = Pending.NOTHING
                self._hold(error.retry_after_s or RETRY_S)
                if slot.is_too_generous(order):
                    self._send_cancel(slot, order)  # a cancel has a budget of its own, and cannot wait
            except InDoubt as error:
                self._look_up(slot, order, error.message)
            else:
                order.pending = Pending.NOTHING
                self._learn(order, state)
            self._freed(slot, order)

    async def _cancelled(self, slot: Slot, order: Order, answer: Awaitable[OrderState | None]) -> None:
        with work.unit():
            try:
                state = await answer
            except Refused as error:
                if error.reason is Reason.UNKNOWN_ORDER:
                    self._look_up(slot, order, error.message)
                else:
                    order.pending = Pending.NOTHING
                    self._hold(RETRY_S)
            except Unavailable as error:
                order.pending = Pending.NOTHING
                self._hold(error.retry_after_s or RETRY_S)
            except InDoubt as error:
                self._look_up(slot, order, error.message)
            else:
                order.pending = Pending.NOTHING
                if state is not None:
                    self._learn(order, state)
                elif order.is_live:
                    order.move_to(OrderStatus.CANCELLED, self._clock.now_ms())
            self._freed(slot, order)

    def _fail(self, slot: Slot, order: Order, reason: str) -> None:
        """The placement was refused. Where the stream has shown the order meanwhile, the exchange contradicts itself
        and is asked."""
        order.pending = Pending.NOTHING
        if order.status is OrderStatus.PENDING_PLACEMENT:
            order.move_to(OrderStatus.FAILED, self._clock.now_ms(), reason)
        elif order.is_live:
            self._look_up(slot, order, f"refused, though it was seen: {reason}")

    def _freed(self, slot: Slot, order: Order) -> None:
        self._owner.on_order(self, order)
        self._owner.on_free(self, slot)

    def _hold(self, seconds: float) -> None:
        """Nothing is placed for so long; then the engine looks again. Not for less than SHORTEST_HOLD_S: a budget that
        has its next token in a moment would otherwise be asked over and over within it."""
        seconds = max(seconds, SHORTEST_HOLD_S)
        until = self._clock.now_ms() + int(seconds * 1000)
        if until > self._paused_until_ms:
            self._paused_until_ms = until
            spawn(self._look_again(until, seconds), "lane retry")

    async def _look_again(self, until_ms: int, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if self._paused_until_ms == until_ms:
            # Not left to the comparison of times: a clock that is put back, for a recording, would hold the lane again.
            self._paused_until_ms = 0
        self._owner.on_free(self, None)

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
                if event.grid is not None and event.instrument_ref in self.instruments:
                    self._regrid(event)
                self._owner.on_market(self, event)

    def _state(self, state: OrderState) -> None:
        order = self.find(state.venue_ref, state.client_ref)
        if order is None:
            if state.status is OrderStatus.PLACED and self.is_synced:
                self.adopt(state)
            return
        self._learn(order, state)
        self._owner.on_order(self, order)
        if not order.is_live or order.pending is Pending.NOTHING:
            self._owner.on_free(self, self.slot_of(order))

    def _learn(self, order: Order, state: OrderState) -> None:
        """Takes in the exchange's view; where it has more filled than we have fills, they are asked for."""
        if order.venue_ref is None:
            self._name(order, state.venue_ref)
        apply_state(order, state, self._clock.now_ms())
        if state.filled > order.filled:
            spawn(self._missing_fills(order, state.filled), "missing fills")

    def _name(self, order: Order, venue_ref: str) -> None:
        """The exchange's name of an order is known now; fills that came under it belong to the order."""
        order.venue_ref = venue_ref
        self._by_venue_ref[venue_ref] = order
        self._owner.on_link(self, order)

    async def _missing_fills(self, order: Order, filled: int) -> None:
        await self._clock.sleep(MISSING_FILLS_AFTER_S)
        if order.filled < filled:
            await self.ask_fills()

    def find(self, venue_ref: str | None, client_ref: str | None) -> Order | None:
        """Our order by either of its names."""
        order = self._by_venue_ref.get(venue_ref) if venue_ref else None
        return order or (self._by_client_ref.get(client_ref) if client_ref else None)

    def adopt(self, state: OrderState) -> Order | None:
        """Takes over an order that rests on the exchange and that this process did not send. None: nobody quotes
        that side of that instrument (yet); the order is a stray until then."""
        if state.instrument_ref in self.elsewhere:
            return None
        instrument = self.instruments.get(state.instrument_ref)
        if instrument is None or (state.instrument_ref, state.side.value) not in self.slots:
            self.strays[state.venue_ref] = state
            return None
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
        self.take_over(order)
        self._owner.on_link(self, order)
        self._owner.on_order(self, order)
        if state.filled > order.filled:
            spawn(self._missing_fills(order, state.filled), "missing fills")
        return order

    async def adopt_filled(self, slot: Slot, fill: Fill) -> None:
        """Takes over the order of a fill that this process did not send and that may rest no more. Asks until the
        exchange answers."""
        pause = FIRST_LOOK_S
        orphan = Orphan(slot, fill.venue_ref, None, [(fill.price, fill.size, fill.fee)])
        while self.find(fill.venue_ref, fill.client_ref) is None:
            with work.unit():
                try:
                    await self._take_in(orphan, fill.client_ref)
                except VenueError as error:
                    _log.warning("the order of a fill is not found", exchange=self.slug, error=str(error))
                else:
                    return
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_LOOK_S)

    async def _take_in(self, orphan: Orphan, client_ref: str | None = None) -> None:
        """Makes the order again that fills belong to, as the exchange knows it; where it cannot tell, as ended.

        Raises Unavailable and InDoubt.
        """
        slot, now_ms = orphan.slot, self._clock.now_ms()
        try:
            state = await self.exchange.find_order(OrderRef(slot.instrument, client_ref, orphan.venue_ref))
        except (CannotTell, Refused):
            state = None
        if self.find(orphan.venue_ref, None) is not None:
            return  # another of its fills was quicker
        client_ref = (state.client_ref if state else None) or client_ref
        order_id = orphan.order_id or order_id_of(self._tag, client_ref) or self._numbers.take()
        order = Order(
            order_id,
            client_ref or reference_of(self._tag, order_id),
            slot.instrument,
            slot.side,
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
        self._add(order)
        self._name(order, orphan.venue_ref)  # which counts the fills that had no order
        if state is not None:
            apply_state(order, state, now_ms)
        if order.is_live and (state is None or not state.status.is_open):
            order.move_to(OrderStatus.CANCELLED, now_ms, "found by its fills")
        elif order.is_live:
            self.take_over(order)
        self._owner.on_order(self, order)

    def restore(self, order: Order) -> None:
        """An order of an earlier run, as the database knows it; the first comparison with the exchange decides."""
        self._add(order)
        slot = self.slot_of(order)
        if slot is not None:
            if slot.order is None:
                slot.order = order
            else:
                slot.leaving.append(order)

    def take_over(self, order: Order) -> None:
        """Puts an order of an earlier life into its slot; a second one of the slot is to be cancelled."""
        self.restore(order)
        if (slot := self.slot_of(order)) is not None:
            self._owner.on_free(self, slot)

    def relist(self, instrument: Instrument, *, is_open: bool) -> list[Slot]:
        """Takes over how the exchange lists a contract that is quoted; answers its slots."""
        if instrument.ref in self.instruments:
            self.instruments[instrument.ref] = instrument
        slots = [slot for (ref, _), slot in self.slots.items() if ref == instrument.ref]
        for slot in slots:
            slot.instrument, slot.is_listed, slot.is_open = instrument, True, is_open
            for order in slot.orders:
                order.instrument = instrument
        return slots

    def _regrid(self, change: MarketChange) -> None:
        known = self.instruments[change.instrument_ref]
        if change.grid is not None:
            self.relist(replace(known, grid=change.grid), is_open=change.is_open)

    def leave_stray(self, venue_ref: str) -> None:
        """An order that was found is another shard's, as all on its instrument."""
        if (state := self.strays.pop(venue_ref, None)) is not None:
            self.elsewhere.add(state.instrument_ref)

    async def cancel_strays(self) -> None:
        """Takes away what rests on instruments that nobody quotes. What cannot be cancelled now stays a stray."""
        for ref, state in list(self.strays.items()):
            instrument = Instrument(self.slug, state.instrument_ref, "", PriceGrid.probability(10_000))
            try:
                await self.exchange.cancel(OrderRef(instrument, state.client_ref, ref))
            except Refused:
                pass
            except VenueError as error:
                _log.warning("stray order stays", exchange=self.slug, venue_ref=ref, error=str(error))
                continue
            self.strays.pop(ref, None)

    # --- doubt -------------------------------------------------------------------------------------------------

    def _look_up(self, slot: Slot, order: Order, why: str) -> None:
        order.pending = Pending.LOOKUP
        order.reason = why
        _log.info("order looked up", exchange=self.slug, order_id=order.order_id, why=why)
        spawn(self._ask_for(slot, order), "order lookup")

    async def _ask_for(self, slot: Slot, order: Order) -> None:
        pause = FIRST_LOOK_S
        while order.is_live and order.pending is Pending.LOOKUP:
            with work.unit():
                try:
                    state = await self.exchange.find_order(order.ref)
                except (CannotTell, Refused):
                    pass
                except VenueError:
                    pass
                else:
                    order.pending = Pending.NOTHING
                    await self._found(order, state)
                    break
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_LOOK_S)
        self._freed(slot, order)

    async def _found(self, order: Order, state: OrderState | None) -> None:
        if state is not None:
            self._learn(order, state)
            if not state.status.is_open and state.filled > order.filled:
                await self.ask_fills()
            return
        await self.ask_fills()
        if order.is_live:
            never_placed = order.status is OrderStatus.PENDING_PLACEMENT
            end = OrderStatus.FAILED if never_placed else OrderStatus.CANCELLED
            order.move_to(end, self._clock.now_ms(), "not known to the exchange")

    # --- breaks and starts -------------------------------------------------------------------------------------

    def _gap(self, gap: StreamGap) -> None:
        if gap.is_down:
            self._stream_is_up = self.is_synced = False
            STREAM_UP.labels(self.slug, str(self.account_id)).set(0)
        else:
            self._stream_up()
            spawn(self.resync(), f"resync {self.slug}")

    def _stream_up(self) -> None:
        self._stream_is_up = True
        STREAM_UP.labels(self.slug, str(self.account_id)).set(1)

    async def resync(self) -> None:
        """Asks what was filled and what rests, and brings the orders to it. Repeats until the exchange answers."""
        pause = FIRST_LOOK_S
        while self._stream_is_up and not self.is_synced:
            with work.unit():
                try:
                    asked_ms = self._clock.now_ms()
                    await self._take_in_orphans()
                    await self.ask_fills()
                    resting = await self.exchange.working()
                    await self._compare(resting, asked_ms)
                except VenueError as error:
                    _log.warning("exchange not in step", exchange=self.slug, error=str(error))
                else:
                    self.is_synced = True
                    self._owner.on_free(self, None)
                    return
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_LOOK_S)

    async def _take_in_orphans(self) -> None:
        """Makes the orders again that fills of an earlier run belong to."""
        while self.orphans:
            orphan = self.orphans[0]
            if self.find(orphan.venue_ref, None) is None:
                await self._take_in(orphan)
            self.orphans.pop(0)

    async def ask_fills(self) -> None:
        """Reads the fills since the last one known, with an overlap; repeats are sorted out by the ledger."""
        known_until_ms = min(self._last_fill_ms, self._clock.now_ms())  # the clock may have been put back
        for fill in await self.exchange.fills(max(0, known_until_ms - FILL_OVERLAP_MS)):
            self._owner.on_fill(self, fill)

    def saw_fill(self, at_ms: int) -> None:
        self._last_fill_ms = max(self._last_fill_ms, at_ms)

    async def _compare(self, resting: Iterable[OrderState], asked_ms: int) -> None:
        rests = set()
        self.strays.clear()
        for state in resting:
            rests.add(state.venue_ref)
            order = self.find(state.venue_ref, state.client_ref)
            if order is None:
                self.adopt(state)
            else:
                self._learn(order, state)
                if order.pending is Pending.LOOKUP:
                    order.pending = Pending.NOTHING
                self._owner.on_order(self, order)
        for order in self.live_orders():
            is_new = order.created_ms >= asked_ms or order.pending in (Pending.PLACE, Pending.LOOKUP)
            if order.venue_ref not in rests and not is_new:
                slot = self.slot_of(order)
                if slot is not None:
                    self._look_up(slot, order, "not in the exchange's list")
