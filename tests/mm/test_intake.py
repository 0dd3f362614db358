"""What an exchange says of an order is taken in; fills that it tells of and that do not come are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs

from hedgerow.core.errors import Unavailable
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import work
from hedgerow.mm.access import FIRST_LOOK_S, LONGEST_LOOK_S
from hedgerow.mm.intake import FILL_OVERLAP_MS, LOOKS_TILL_REPORTED, MISSING_FILLS_AFTER_S

from .lanekit import NOW_MS, PRICE, SIZE, Parts, fill_of, order_of, state_of

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


def test_first_state_gives_an_order_its_name() -> None:
    parts, order = Parts(), order_of(1, status=OrderStatus.PENDING_PLACEMENT)
    parts.index.add(order)
    parts.intake.learn(order, state_of("v-1", "ref-1"))
    assert (order.status, order.venue_ref) == (OrderStatus.PLACED, "v-1")
    assert parts.told.linked == [1]
    assert parts.index.find("v-1", None) is order


def test_name_is_told_once() -> None:
    parts, order = Parts(), order_of(1, "v-1")
    parts.intake.learn(order, state_of("v-1", "ref-1"))
    assert parts.told.linked == []


async def test_fills_that_a_state_tells_of_are_asked_for_when_they_do_not_come(eventually: Eventually) -> None:
    parts, order = Parts(), order_of(1, "v-1")
    parts.exchange.trades = [fill_of("v-1")]
    parts.intake.learn(order, state_of("v-1", "ref-1", filled=SIZE))
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    assert parts.told.fills == []
    parts.clock.advance(MISSING_FILLS_AFTER_S)
    await eventually(lambda: parts.told.fills == parts.exchange.trades)


async def test_fills_are_asked_for_until_they_are_told_and_then_no_more(eventually: Eventually) -> None:
    """The exchange is out of reach first, then its list lags."""
    parts, order = Parts(), order_of(1, "v-1")
    parts.exchange.fails = [Unavailable("kalshi", "fills", "not reached")]
    for filled in (1, SIZE):
        parts.intake.learn(order, state_of("v-1", "ref-1", filled=filled))

    async def wait(seconds: float) -> None:
        await eventually(lambda: parts.clock.next_wake_ns() is not None)
        parts.clock.advance(seconds)

    await wait(MISSING_FILLS_AFTER_S)
    await eventually(lambda: not parts.exchange.fails)
    await wait(FIRST_LOOK_S)
    await eventually(lambda: len(parts.exchange.asked_fills_since) == 1)
    parts.exchange.trades = [fill_of("v-1")]
    await wait(2 * FIRST_LOOK_S)
    await eventually(lambda: parts.told.fills == parts.exchange.trades)
    order.fill(PRICE, SIZE, 0, NOW_MS)
    await wait(4 * FIRST_LOOK_S)
    await work.settled()
    assert (len(parts.exchange.asked_fills_since), parts.clock.next_wake_ns()) == (2, None)


async def look_on(parts: Parts, eventually: Eventually, times: int) -> None:
    """So often everybody who waits to ask again is let."""
    for _ in range(times):
        await eventually(lambda: parts.clock.next_wake_ns() is not None)
        parts.clock.advance(LONGEST_LOOK_S)
        await work.settled()


async def test_fills_that_do_not_come_are_reported_once_and_asked_for_on_and_on(eventually: Eventually) -> None:
    parts, order = Parts(), order_of(1, "v-1")
    parts.intake.learn(order, state_of("v-1", "ref-1", filled=SIZE))
    with capture_logs() as logs:
        await look_on(parts, eventually, 3 * LOOKS_TILL_REPORTED)
    assert [(line["event"], line["micros"]) for line in logs] == [("fills are missing", SIZE)]
    assert len(parts.exchange.asked_fills_since) == 3 * LOOKS_TILL_REPORTED
    order.fill(PRICE, SIZE, 0, NOW_MS)
    await look_on(parts, eventually, 1)
    assert parts.clock.next_wake_ns() is None


async def test_orders_whose_fills_are_long_missing_ask_no_oftener_than_one(eventually: Eventually) -> None:
    parts, orders = Parts(), [order_of(number, f"v-{number}") for number in range(1, 6)]
    for order in orders:
        parts.intake.expect_fills(order, SIZE)
        await eventually(lambda: parts.clock.next_wake_ns() is not None)
        parts.clock.advance(1.5)
    await look_on(parts, eventually, LOOKS_TILL_REPORTED + 2)
    parts.exchange.asked_fills_since.clear()
    for _ in range(60):
        parts.clock.advance(1)
        await work.settled()
    assert len(parts.exchange.asked_fills_since) <= 60 / LONGEST_LOOK_S


async def test_fills_of_an_exchange_that_is_left_are_not_asked_for(eventually: Eventually) -> None:
    parts, order = Parts(), order_of(1, "v-1")
    parts.intake.learn(order, state_of("v-1", "ref-1", filled=SIZE))
    parts.intake.close()
    await look_on(parts, eventually, 1)
    assert (parts.exchange.asked_fills_since, parts.clock.next_wake_ns()) == ([], None)


async def test_fill_that_was_taken_back_is_not_missing() -> None:
    parts, order = Parts(), order_of(1, "v-1")
    order.fill(PRICE, SIZE, 0, NOW_MS)
    order.take_back(PRICE, SIZE, 0)
    parts.intake.expect_fills(order, SIZE)
    await work.settled()
    assert parts.clock.next_wake_ns() is None


async def test_orders_whose_fills_are_missing_share_a_question(eventually: Eventually) -> None:
    parts, earlier, later = Parts(), order_of(1, "v-1"), order_of(2, "v-2")
    parts.intake.begin(None)
    earlier.created_ms, later.created_ms = NOW_MS - 900_000, NOW_MS
    parts.exchange.trades = [fill_of("v-1"), fill_of("v-2")]
    for order in (later, earlier):
        parts.intake.expect_fills(order, SIZE)
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    parts.clock.advance(MISSING_FILLS_AFTER_S)
    await eventually(lambda: bool(parts.told.fills))
    await work.settled()
    assert parts.exchange.asked_fills_since == [NOW_MS - 900_000 - FILL_OVERLAP_MS]


async def test_fills_that_have_come_meanwhile_are_not_asked_for(eventually: Eventually) -> None:
    parts, order, late = Parts(), order_of(1, "v-1"), order_of(2, "v-2")
    parts.intake.learn(order, state_of("v-1", "ref-1", filled=SIZE))
    order.fill(PRICE, SIZE, 0, NOW_MS)
    parts.intake.expect_fills(late, 1)
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    parts.clock.advance(MISSING_FILLS_AFTER_S)
    await eventually(lambda: bool(parts.exchange.asked_fills_since))
    assert len(parts.exchange.asked_fills_since) == 1  # for the second order alone


async def test_fills_are_asked_for_since_the_last_known_one_with_an_overlap() -> None:
    parts = Parts()
    parts.intake.begin(NOW_MS - 5_000)
    for at_ms in (NOW_MS - 1_000, NOW_MS - 3_000):
        parts.intake.saw_fill(at_ms)
    await parts.intake.ask_fills()
    assert parts.exchange.asked_fills_since == [NOW_MS - 1_000 - FILL_OVERLAP_MS]


async def test_missing_fills_are_asked_for_since_their_order_was_made() -> None:
    """The last fill known may be of a later order."""
    parts, order = Parts(), order_of(1, "v-1")
    parts.intake.begin(NOW_MS - 5_000)
    order.created_ms = NOW_MS - 900_000
    parts.intake.expect_fills(order, SIZE)
    await parts.intake.ask_fills()
    assert parts.exchange.asked_fills_since == [NOW_MS - 900_000 - FILL_OVERLAP_MS]


async def test_fills_that_may_be_taken_back_are_asked_for_again() -> None:
    parts = Parts()
    parts.intake.begin(NOW_MS - 5_000)
    for parts.provisional_since_ms in (NOW_MS - 900_000, NOW_MS - 1_000):
        await parts.intake.ask_fills()
    assert parts.exchange.asked_fills_since == [NOW_MS - 900_000 - FILL_OVERLAP_MS, NOW_MS - 5_000 - FILL_OVERLAP_MS]


async def test_account_without_a_past_is_asked_from_its_opening() -> None:
    parts = Parts()
    parts.intake.begin(None)
    parts.clock.advance(600)
    await parts.intake.ask_fills()
    assert parts.exchange.asked_fills_since == [NOW_MS - FILL_OVERLAP_MS]


async def test_clock_that_was_put_back_leaves_no_fill_out() -> None:
    parts = Parts()
    parts.intake.saw_fill(NOW_MS + 10 * FILL_OVERLAP_MS)
    await parts.intake.ask_fills()
    assert parts.exchange.asked_fills_since == [NOW_MS - FILL_OVERLAP_MS]
