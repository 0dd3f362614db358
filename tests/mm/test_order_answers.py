"""What an order is after each answer that an exchange can give, and how long new ones are kept back then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hedgerow.bus.world_clock import FollowedClock, Pace
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import at_once
from hedgerow.mm.hold import Hold
from hedgerow.mm.lane import Lane
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.order_answers import HOLD_AFTER, RETRY_S, OrderAnswers
from hedgerow.mm.orders import Act, Command, Order, Pending, Slot
from hedgerow.mm.quoting import Wanted
from hedgerow.mm.stops import LEAST_ANSWERS, Answers
from hedgerow.venues.base import NewQuote, OrderRef, OrderState

from .lanekit import INSTRUMENT, NOW_MS, PRICE, SIZE, Parts, order_of, slot_on, state_of

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
HOUR_NS, SECOND_NS, TURNS = 3600 * 10**9, 10**9, 50
WANTED = Wanted(PRICE, SIZE, SIZE)


def refused(reason: Reason) -> Refused:
    return Refused("kalshi", "order", "no", reason=reason)


UNAVAILABLE = Unavailable("kalshi", "order", "budget", retry_after_s=2.0)
IN_DOUBT = InDoubt("kalshi", "order", "no answer")


class Asked(Parts):
    """One order of which a request is under way."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.hold, self.counted = Hold(self.access), Answers()
        self.cancelled: list[Order] = []
        self.answers = OrderAnswers(
            self.access, self.index, self.intake, self.comparison, self.hold, self.counted, self._cancel
        )
        self.slot = self.index.add_slot(slot_on())
        self.slot.wanted = WANTED
        is_new = act is Act.PLACE
        self.order = order_of(
            1, None if is_new else "v-1", OrderStatus.PENDING_PLACEMENT if is_new else OrderStatus.PLACED
        )
        self.index.add(self.order)
        self.slot.begin(Command(act, self.order, PRICE, SIZE), self.order)

    def _cancel(self, leaving: Sequence[tuple[Slot, Order]]) -> None:
        self.cancelled += [order for _, order in leaving]

    @property
    def held_s(self) -> float:
        return max(0, self.hold.until_ms - NOW_MS) / 1_000

    @property
    def refusals_exceed_half(self) -> bool:
        return self.counted.exceed(Decimal("0.5"), NOW_MS)

    async def placed(self, answer: OrderState | VenueError) -> None:
        quote = NewQuote(self.order.client_ref, INSTRUMENT, self.order.side, PRICE, SIZE)
        await self.answers.placed(self.slot, self.order, quote, given(answer))
        self._expect_told()

    async def amended(self, answer: OrderState | VenueError) -> None:
        await self.answers.amended(self.slot, self.order, given(answer))
        self._expect_told()

    async def cancel_answered(self, answer: OrderState | VenueError | None) -> None:
        await self.answers.cancelled(self.slot, self.order, given(answer))
        self._expect_told()

    def _expect_told(self) -> None:
        assert self.told.orders[-1:] == [1]
        assert self.told.freed[-1:] == [self.slot]


async def given(answer: Any) -> Any:
    if isinstance(answer, VenueError):
        raise answer
    return answer


# --- placements ----------------------------------------------------------------------------------------------------


async def test_placed_order_rests_under_its_name() -> None:
    asked = Asked(Act.PLACE)
    await asked.placed(state_of("v-1", "ref-1"))
    assert (asked.order.status, asked.order.pending, asked.held_s) == (OrderStatus.PLACED, Pending.NOTHING, 0)
    assert asked.index.find("v-1", None) is asked.order


async def test_order_is_found_by_a_name_that_is_computed_before_its_answer() -> None:
    asked = Asked(Act.PLACE)
    asked.exchange.computed_ref = "v-1"
    await asked.placed(IN_DOUBT)
    assert asked.index.find("v-1", None) is asked.order


@pytest.mark.parametrize("reason", [*HOLD_AFTER, Reason.OTHER])
async def test_refused_order_has_failed_and_holds_new_ones_back_by_its_reason(reason: Reason) -> None:
    asked = Asked(Act.PLACE)
    await asked.placed(refused(reason))
    assert (asked.order.status, asked.order.reason) == (OrderStatus.FAILED, "no")
    assert asked.held_s == HOLD_AFTER.get(reason, RETRY_S)


@pytest.mark.parametrize(
    ("answer", "too_many"), [(refused(Reason.OTHER), True), (state_of("v-1", "ref-1"), False), (UNAVAILABLE, False)]
)
async def test_share_of_refused_placements_is_counted(answer: OrderState | VenueError, too_many: bool) -> None:
    asked = Asked(Act.PLACE)
    for number in range(LEAST_ANSWERS - 1):
        asked.counted.add(NOW_MS, refused=number % 2 == 0)
    await asked.placed(answer)
    assert asked.refusals_exceed_half is too_many


async def test_order_that_was_not_sent_has_failed_and_new_ones_wait_as_long_as_told() -> None:
    asked = Asked(Act.PLACE)
    await asked.placed(UNAVAILABLE)
    assert (asked.order.status, asked.held_s) == (OrderStatus.FAILED, 2.0)


@pytest.mark.parametrize("answer", [IN_DOUBT, refused(Reason.DUPLICATE)])
async def test_order_of_which_only_the_exchange_knows_is_in_doubt(answer: VenueError) -> None:
    asked = Asked(Act.PLACE)
    await asked.placed(answer)
    assert (asked.order.status, asked.order.pending) == (OrderStatus.PENDING_PLACEMENT, Pending.LOOKUP)
    assert asked.held_s == 0


@pytest.mark.parametrize("answer", [refused(Reason.OTHER), UNAVAILABLE])
async def test_order_that_was_seen_and_is_refused_then_is_in_doubt(answer: VenueError) -> None:
    asked = Asked(Act.PLACE)
    asked.order.move_to(OrderStatus.PLACED, NOW_MS)
    await asked.placed(answer)
    assert (asked.order.status, asked.order.pending) == (OrderStatus.PLACED, Pending.LOOKUP)


# --- amendments ----------------------------------------------------------------------------------------------------


async def test_moved_order_rests_at_its_new_price() -> None:
    asked = Asked(Act.AMEND)
    asked.order.price = Micros(400_000)
    await asked.amended(state_of("v-1", "ref-1"))
    assert (asked.order.price, asked.order.pending, asked.cancelled) == (PRICE, Pending.NOTHING, [])


async def test_order_that_may_not_be_moved_is_taken_away() -> None:
    asked = Asked(Act.AMEND)
    await asked.amended(refused(Reason.OTHER))
    assert asked.cancelled == [asked.order]


@pytest.mark.parametrize(("wanted", "goes"), [(WANTED, False), (None, True)])
async def test_order_that_cannot_be_moved_now_is_taken_away_only_where_it_is_too_generous(
    wanted: Wanted | None, goes: bool
) -> None:
    asked = Asked(Act.AMEND)
    asked.slot.wanted = wanted
    await asked.amended(UNAVAILABLE)
    assert (bool(asked.cancelled), asked.held_s) == (goes, 2.0)


@pytest.mark.parametrize("answer", [IN_DOUBT, refused(Reason.UNKNOWN_ORDER)])
async def test_order_that_may_have_been_moved_is_in_doubt(answer: VenueError) -> None:
    asked = Asked(Act.AMEND)
    await asked.amended(answer)
    assert (asked.order.pending, asked.cancelled) == (Pending.LOOKUP, [])


# --- cancels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, state_of("v-1", "ref-1", OrderStatus.CANCELLED)])
async def test_confirmed_cancel_ends_the_order(answer: OrderState | None) -> None:
    asked = Asked(Act.CANCEL)
    await asked.cancel_answered(answer)
    assert (asked.order.status, asked.order.pending) == (OrderStatus.CANCELLED, Pending.NOTHING)


@pytest.mark.parametrize("answer", [IN_DOUBT, refused(Reason.UNKNOWN_ORDER)])
async def test_order_whose_cancel_is_not_confirmed_is_in_doubt(answer: VenueError) -> None:
    asked = Asked(Act.CANCEL)
    await asked.cancel_answered(answer)
    assert (asked.order.status, asked.order.pending) == (OrderStatus.PLACED, Pending.LOOKUP)


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable("kalshi", "cancel", "rate limit", retry_after_s=1.0),
        Refused("kalshi", "cancel", "not now", reason=Reason.OTHER),
    ],
)
async def test_cancel_that_is_not_taken_is_not_repeated_within_the_same_moment(
    eventually: Eventually, answer: VenueError
) -> None:
    sent: list[OrderRef] = []

    def cancel(ref: OrderRef) -> Any:
        sent.append(ref)
        raise answer

    exchange = SimpleNamespace(
        manifest=SimpleNamespace(slug="kalshi", cancel_limit=1), cancel=lambda ref: at_once(cancel, ref)
    )
    owner = SimpleNamespace(on_order=lambda *_: None)
    clock = FollowedClock()
    clock.run(Pace.STEPPED, HOUR_NS)
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), clock, OrderNumbers(), 0)
    slot = lane.add_slot(slot_on())
    order = order_of(7)
    freed: list[int] = []

    def wanted_gone(*_: Any) -> None:
        freed.append(clock.now_ns())
        if len(freed) < 3:
            lane.send(slot, Command(Act.CANCEL, order))

    owner.on_free = lambda lane, slot: wanted_gone() if slot is not None else None
    lane.send(slot, Command(Act.CANCEL, order))
    await eventually(lambda: clock.next_wake_ns() is not None)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert len(sent) == 1
    assert order.pending is Pending.CANCEL
    clock.step_to(HOUR_NS + SECOND_NS)
    await eventually(lambda: len(sent) == 2)
    assert freed == [HOUR_NS + SECOND_NS]
