"""What is in doubt is asked for until the exchange answers; what it does not list any more is in doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hedgerow.core.errors import CannotTell, Unavailable
from hedgerow.core.states import OrderStatus
from hedgerow.mm.access import FIRST_LOOK_S
from hedgerow.mm.orders import Order, Pending, Slot
from hedgerow.venues.base import Fill

from .lanekit import SIZE, Parts, fill_of, order_of, slot_on, state_of

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


def standing(
    parts: Parts, venue_ref: str | None = "v-1", status: OrderStatus = OrderStatus.PLACED
) -> tuple[Slot, Order]:
    """An order in its slot."""
    slot = parts.index.add_slot(slot_on())
    order = order_of(1, venue_ref, status)
    parts.index.restore(order)
    return slot, order


async def looked_up(parts: Parts, slot: Slot, order: Order, eventually: Eventually) -> None:
    parts.comparison.look_up(slot, order, "no answer")
    assert (order.pending, order.reason) == (Pending.LOOKUP, "no answer")
    await eventually(lambda: slot in parts.told.freed)


# --- one order in doubt --------------------------------------------------------------------------------------------


async def test_order_in_doubt_that_rests_is_placed(eventually: Eventually) -> None:
    parts = Parts()
    slot, order = standing(parts, None, OrderStatus.PENDING_PLACEMENT)
    parts.exchange.known["ref-1"] = state_of("v-1", "ref-1")
    await looked_up(parts, slot, order, eventually)
    assert (order.status, order.pending, order.venue_ref) == (OrderStatus.PLACED, Pending.NOTHING, "v-1")
    assert parts.told.orders == [1]


@pytest.mark.parametrize(
    ("before", "after"),
    [(OrderStatus.PENDING_PLACEMENT, OrderStatus.FAILED), (OrderStatus.PLACED, OrderStatus.CANCELLED)],
)
async def test_order_in_doubt_that_the_exchange_does_not_know_has_ended(
    eventually: Eventually, before: OrderStatus, after: OrderStatus
) -> None:
    parts = Parts()
    slot, order = standing(parts, "v-1", before)
    await looked_up(parts, slot, order, eventually)
    assert order.status is after
    assert len(parts.exchange.asked_fills_since) == 1  # it may have been filled before it went


async def test_order_in_doubt_that_was_filled_is_followed_by_its_fills(eventually: Eventually) -> None:
    parts = Parts()
    slot, order = standing(parts)
    parts.exchange.known["v-1"] = state_of("v-1", "ref-1", OrderStatus.FILLED, filled=SIZE)
    parts.exchange.trades = [fill_of("v-1")]
    await looked_up(parts, slot, order, eventually)
    assert parts.told.fills == parts.exchange.trades
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    parts.clock.advance(10)  # lets the question for fills that have not come be put too


@pytest.mark.parametrize("answer", [Unavailable("kalshi", "find", "down"), CannotTell("kalshi", "find", "unsure")])
async def test_order_is_in_doubt_until_the_exchange_can_tell(
    eventually: Eventually, answer: Unavailable | CannotTell
) -> None:
    parts = Parts()
    slot, order = standing(parts)
    parts.exchange.known["v-1"] = state_of("v-1", "ref-1")
    parts.exchange.fails = [answer]
    parts.comparison.look_up(slot, order, "no answer")
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    assert (order.pending, parts.told.freed) == (Pending.LOOKUP, [])
    parts.clock.advance(FIRST_LOOK_S)
    await eventually(lambda: parts.told.freed == [slot])
    assert order.pending is Pending.NOTHING


async def test_order_that_the_exchange_does_not_know_is_in_doubt_until_its_fills_are_known(
    eventually: Eventually,
) -> None:
    parts = Parts()
    slot, order = standing(parts)
    asked_fills = parts.exchange.fills

    async def unreachable_once(_: int) -> list[Fill]:
        parts.exchange.fills = asked_fills  # type: ignore[method-assign]
        raise Unavailable("kalshi", "fills", "not reached")

    parts.exchange.fills = unreachable_once  # type: ignore[method-assign]
    parts.comparison.look_up(slot, order, "no answer")
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    assert (order.pending, parts.told.freed) == (Pending.LOOKUP, [])
    parts.clock.advance(FIRST_LOOK_S)
    await eventually(lambda: parts.told.freed == [slot])
    assert order.status is OrderStatus.CANCELLED


# --- all orders ----------------------------------------------------------------------------------------------------


async def test_listed_order_is_brought_to_what_the_list_says() -> None:
    parts = Parts()
    slot, order = standing(parts, None, OrderStatus.PENDING_PLACEMENT)
    order.pending = Pending.LOOKUP
    parts.exchange.resting = [state_of("v-1", "ref-1")]
    await parts.comparison.compare()
    assert (order.status, order.pending, slot.order) == (OrderStatus.PLACED, Pending.NOTHING, order)
    assert parts.told.orders == [1]


async def test_listed_order_that_nobody_here_sent_is_adopted() -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    parts.exchange.resting = [state_of("v-9", None)]
    await parts.comparison.compare()
    assert slot.order is parts.index.find("v-9", None) is not None


async def test_strays_are_those_of_the_last_list() -> None:
    parts = Parts()
    parts.adoption.adopt(state_of("v-8", None))
    parts.exchange.resting = [state_of("v-9", None)]
    await parts.comparison.compare()
    assert list(parts.adoption.strays) == ["v-9"]


async def test_order_that_is_not_listed_is_in_doubt(eventually: Eventually) -> None:
    parts = Parts()
    slot, order = standing(parts)
    await parts.comparison.compare()
    assert order.pending is Pending.LOOKUP
    await eventually(lambda: parts.told.freed == [slot])
    assert order.status is OrderStatus.CANCELLED


@pytest.mark.parametrize("pending", [Pending.PLACE, Pending.LOOKUP])
async def test_order_that_is_under_way_need_not_be_listed(pending: Pending) -> None:
    parts = Parts()
    _, order = standing(parts)
    order.pending = pending
    await parts.comparison.compare()
    assert (order.pending, order.status, order.reason) == (pending, OrderStatus.PLACED, "")


async def test_order_that_was_sent_while_the_list_was_asked_for_need_not_be_in_it() -> None:
    parts = Parts()
    _, order = standing(parts)
    order.created_ms = parts.clock.now_ms()
    await parts.comparison.compare()
    assert order.pending is Pending.NOTHING


async def test_comparison_that_is_not_answered_says_so_and_changes_nothing() -> None:
    parts = Parts()
    _, order = standing(parts)
    parts.exchange.fails = [Unavailable("kalshi", "fills", "not reached")]
    with pytest.raises(Unavailable):
        await parts.comparison.compare()
    assert order.pending is Pending.NOTHING
