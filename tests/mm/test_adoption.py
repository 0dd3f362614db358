"""What others left at an account is taken over once, under the number that its reference tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import spawn
from hedgerow.mm.access import FIRST_LOOK_S
from hedgerow.mm.adoption import Orphan
from hedgerow.mm.numbers import reference_of
from hedgerow.mm.orders import Pending

from .lanekit import INSTRUMENT, NOW_MS, PRICE, SIZE, TAG, Parts, fill_of, order_of, slot_on, state_of

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
OURS = state_of("v-1", reference_of(TAG, 55))


# --- orders that rest ----------------------------------------------------------------------------------------------


def test_order_where_we_quote_is_taken_over_under_its_number() -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    parts.adoption.adopt(OURS)
    order = parts.index.by_number[55]
    assert slot.order is order
    assert (order.is_adopted, order.status, order.pending) == (True, OrderStatus.PLACED, Pending.NOTHING)
    assert (parts.told.linked, parts.told.orders, parts.told.freed) == ([55], [55], [slot])


@pytest.mark.parametrize("reference", [None, "by hand", reference_of(TAG + 1, 55)])
def test_order_with_a_foreign_reference_gets_a_number_of_its_own(reference: str | None) -> None:
    parts = Parts()
    parts.index.add_slot(slot_on())
    parts.adoption.adopt(replace(OURS, client_ref=reference))
    (order,) = parts.index.live()
    assert (order.order_id, order.client_ref) == (1_000, reference or reference_of(TAG, 1_000))


def test_order_where_nobody_quotes_is_a_stray_until_somebody_does() -> None:
    parts = Parts()
    parts.adoption.adopt(OURS)
    assert parts.adoption.strays == {"v-1": OURS}
    parts.adoption.adopt_strays(parts.index.add_slot(slot_on(Side.SELL)))
    assert parts.adoption.strays == {"v-1": OURS}  # the other side
    parts.adoption.adopt_strays(parts.index.add_slot(slot_on()))
    assert (parts.adoption.strays, list(parts.index.by_number)) == ({}, [55])


def test_order_on_another_shards_instrument_is_left_alone() -> None:
    parts = Parts()
    parts.adoption.adopt(OURS)
    parts.adoption.leave_stray("v-1")
    assert parts.adoption.elsewhere == {INSTRUMENT.ref}
    parts.adoption.adopt(OURS)
    assert (parts.adoption.strays, parts.index.by_number) == ({}, {})


def test_instrument_that_is_quoted_here_now_is_no_other_shards() -> None:
    parts = Parts()
    parts.adoption.elsewhere.add(INSTRUMENT.ref)
    parts.adoption.adopt_strays(parts.index.add_slot(slot_on()))
    assert parts.adoption.elsewhere == set()


@pytest.mark.parametrize(
    ("answer", "stays"),
    [
        (None, False),
        (Refused("kalshi", "cancel", "gone", reason=Reason.UNKNOWN_ORDER), False),
        (Unavailable("kalshi", "cancel", "not reached"), True),
        (InDoubt("kalshi", "cancel", "no answer"), True),
    ],
)
async def test_stray_stays_where_its_cancel_is_not_answered(
    answer: Refused | Unavailable | InDoubt | None, stays: bool
) -> None:
    parts = Parts()
    parts.adoption.adopt(OURS)
    parts.exchange.refuses_cancels = answer
    await parts.adoption.cancel_strays()
    assert bool(parts.adoption.strays) is stays


# --- orders known by their fills -----------------------------------------------------------------------------------


async def test_order_of_a_fill_is_asked_for_until_the_exchange_answers(eventually: Eventually) -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    parts.exchange.known["v-1"] = OURS
    parts.exchange.fails = [Unavailable("kalshi", "find", "not reached")]
    asking = spawn(parts.adoption.adopt_filled(slot, fill_of("v-1")), "adopt")
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    assert parts.index.by_number == {}
    parts.clock.advance(FIRST_LOOK_S)
    await asking
    assert slot.order is parts.index.by_number[55]


async def test_order_of_a_fill_that_rests_no_more_has_ended() -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    parts.exchange.known["v-1"] = replace(OURS, status=OrderStatus.CANCELLED)
    await parts.adoption.adopt_filled(slot, fill_of("v-1"))
    assert (parts.index.by_number[55].status, slot.order) == (OrderStatus.CANCELLED, None)
    assert (parts.told.linked, parts.told.orders) == ([55], [55])


@pytest.mark.parametrize(
    "answer", [CannotTell("kalshi", "find", "unsure"), Refused("kalshi", "find", "no", reason=Reason.OTHER)]
)
async def test_order_that_the_exchange_cannot_tell_of_is_made_of_the_fill_and_has_ended(
    answer: CannotTell | Refused,
) -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    parts.exchange.fails = [answer]
    await parts.adoption.adopt_filled(slot, fill_of("v-1"))
    (order,) = parts.index.by_number.values()
    assert (order.price, order.size, order.status, order.order_id) == (PRICE, SIZE, OrderStatus.CANCELLED, 1_000)


@pytest.mark.parametrize("reference", [None, reference_of(TAG, 55)])
async def test_order_of_a_fill_that_has_a_row_is_restored(reference: str | None) -> None:
    """By the exchange's name, whether or not that tells our reference, or by the number in this."""
    parts = Parts()
    slot, order = parts.index.add_slot(slot_on()), order_of(55, None, OrderStatus.CANCELLED)
    order.fill(PRICE, 1, 0, NOW_MS)
    parts.stored["v-0" if reference else "v-1"] = order
    parts.exchange.known["v-1"] = replace(OURS, client_ref=reference, status=OrderStatus.CANCELLED)
    await parts.adoption.adopt_filled(slot, fill_of("v-1"))
    assert parts.index.by_number == {55: order}
    assert (parts.index.find("v-1", None), order.filled, order.status) == (order, 1, OrderStatus.CANCELLED)


async def test_order_of_a_fill_that_is_known_by_now_is_not_asked_for() -> None:
    parts = Parts()
    parts.index.add(order_of(1, "v-1"))
    parts.exchange.fails = [Unavailable("kalshi", "find", "not asked")]
    await parts.adoption.adopt_filled(slot_on(), fill_of("v-1"))
    assert (list(parts.index.by_number), len(parts.exchange.fails)) == ([1], 1)


async def test_orphans_fills_are_counted_under_the_number_that_they_have() -> None:
    parts = Parts()
    slot = parts.index.add_slot(slot_on())
    half = SIZE // 2
    parts.adoption.orphans.append(Orphan(slot, "v-1", 55, [(PRICE, half, 10), (PRICE, half, 20)]))
    await parts.adoption.take_in_orphans()
    order = parts.index.by_number[55]
    assert (order.filled, order.fees, order.status) == (SIZE, 30, OrderStatus.FILLED)
    assert parts.adoption.orphans == []


async def test_orphan_stays_where_the_exchange_does_not_answer() -> None:
    parts = Parts()
    orphan = Orphan(slot_on(), "v-1", 55, [(PRICE, SIZE, 0)])
    parts.adoption.orphans.append(orphan)
    parts.exchange.fails = [Unavailable("kalshi", "find", "not reached")]
    with pytest.raises(Unavailable):
        await parts.adoption.take_in_orphans()
    assert (parts.adoption.orphans, parts.index.by_number) == ([orphan], {})


def test_time_of_adoption_is_the_exchanges() -> None:
    parts = Parts()
    parts.index.add_slot(slot_on())
    parts.clock.advance(10)
    parts.adoption.adopt(OURS)
    assert parts.index.by_number[55].placed_ms == NOW_MS
