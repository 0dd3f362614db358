"""What an order is after the answer to its request: placed, moved, cancelled, refused, or in doubt.

An answer that says no ends what was asked, an answer that nobody got leaves the order in doubt, and either may keep new
orders back for a while.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import work
from hedgerow.core.tracing import span
from hedgerow.mm.access import Access
from hedgerow.mm.comparison import Comparison
from hedgerow.mm.hold import SHORTEST_HOLD_S, Hold
from hedgerow.mm.intake import Intake
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Pending, Slot
from hedgerow.mm.stops import Answers
from hedgerow.venues.base import NewQuote, OrderState

RETRY_S = 0.25
LONGEST_CANCEL_PAUSE_S = 5.0
"""However long an exchange wants to be left alone: a quote that is to go is worth a question."""
HOLD_AFTER = {Reason.RATE: 1.0, Reason.FUNDS: 1.0, Reason.CLOSED: 1.0, Reason.AUTH: 30.0, Reason.ACCOUNT: 30.0}
"""Seconds without new orders after a refusal, by its reason; others RETRY_S."""


class OrderAnswers:
    """Awaits the answers to one account's requests, each within a task of its own."""

    def __init__(
        self,
        access: Access,
        index: OrderIndex,
        intake: Intake,
        comparison: Comparison,
        hold: Hold,
        counted: Answers,
        cancel: Callable[[Sequence[tuple[Slot, Order]]], None],
    ) -> None:
        """counted: takes whether placements are refused; cancel: sends cancels now."""
        self._access, self._index, self._intake, self._comparison = access, index, intake, comparison
        self._hold, self._counted, self._cancel = hold, counted, cancel

    async def placed(self, slot: Slot, order: Order, quote: NewQuote, answer: Awaitable[OrderState]) -> None:
        with work.unit():
            computed = self._access.exchange().ref_of(quote).venue_ref
            if computed is not None:
                self._index.name(order, computed)
            try:
                state = await answer
            except Refused as error:
                if error.reason is Reason.DUPLICATE:
                    self._comparison.look_up(slot, order, "duplicate reference")
                else:
                    self._counted.add(self._access.clock.now_ms(), refused=True)
                    self._fail(slot, order, error.message)
                    self._hold.keep(HOLD_AFTER.get(error.reason, RETRY_S))
            except Unavailable as error:
                self._fail(slot, order, error.message)
                self._hold.keep(error.retry_after_s or RETRY_S)
            except InDoubt as error:
                self._comparison.look_up(slot, order, error.message)
            else:
                self._counted.add(self._access.clock.now_ms(), refused=False)
                order.pending = Pending.NOTHING
                self._intake.learn(order, state)
            self._free(slot, order)

    async def amended(self, slot: Slot, order: Order, answer: Awaitable[OrderState]) -> None:
        with work.unit():
            try:
                state = await answer
            except Refused as error:
                order.pending = Pending.NOTHING
                if error.reason is Reason.UNKNOWN_ORDER:
                    self._comparison.look_up(slot, order, error.message)
                else:
                    # The old quote still rests, and was to be moved: take it away rather than leave it.
                    self._cancel([(slot, order)])
            except Unavailable as error:
                order.pending = Pending.NOTHING
                self._hold.keep(error.retry_after_s or RETRY_S)
                if slot.is_too_generous(order):
                    self._cancel([(slot, order)])  # a cancel has a budget of its own, and cannot wait
            except InDoubt as error:
                self._comparison.look_up(slot, order, error.message)
            else:
                order.pending = Pending.NOTHING
                self._intake.learn(order, state)
            self._free(slot, order)

    async def cancelled(self, slot: Slot, order: Order, answer: Awaitable[OrderState | None]) -> None:
        with work.unit(), span("mm.cancel", parent="") as traced:
            traced.tell("hedgerow.order_id", order.order_id)
            traced.tell("hedgerow.venue", self._access.slug)
            traced.tell("hedgerow.reason", order.reason)
            try:
                state = await answer
            except Refused as error:
                if error.reason is Reason.UNKNOWN_ORDER:
                    self._comparison.look_up(slot, order, error.message)
                else:
                    await self._rests_on(order, RETRY_S)
            except Unavailable as error:
                await self._rests_on(order, error.retry_after_s or RETRY_S)
            except InDoubt as error:
                self._comparison.look_up(slot, order, error.message)
            else:
                order.pending = Pending.NOTHING
                if state is not None:
                    self._intake.learn(order, state)
                elif order.is_live:
                    order.move_to(OrderStatus.CANCELLED, self._access.clock.now_ms())
            self._free(slot, order)

    async def _rests_on(self, order: Order, seconds: float) -> None:
        """The exchange does not cancel the order now. The cancel is not repeated for a moment: whoever wants the order
        gone would else send one after another, as fast as they are refused."""
        self._hold.keep(seconds)
        await self._access.clock.sleep(min(max(seconds, SHORTEST_HOLD_S), LONGEST_CANCEL_PAUSE_S))
        if order.pending is Pending.CANCEL:
            order.pending = Pending.NOTHING

    def _fail(self, slot: Slot, order: Order, reason: str) -> None:
        """The placement was refused. Where the stream has shown the order meanwhile, the exchange contradicts itself
        and is asked."""
        order.pending = Pending.NOTHING
        if order.status is OrderStatus.PENDING_PLACEMENT:
            order.move_to(OrderStatus.FAILED, self._access.clock.now_ms(), reason)
        elif order.is_live:
            self._comparison.look_up(slot, order, f"refused, though it was seen: {reason}")

    def _free(self, slot: Slot, order: Order) -> None:
        self._access.on_order(order)
        self._access.on_free(slot)
