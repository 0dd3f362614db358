"""How long new orders are kept back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hedgerow.mm.hold import Hold

from .lanekit import NOW_MS, Parts

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


async def test_hold_ends_in_a_look_at_the_account(eventually: Eventually) -> None:
    parts = Parts()
    hold = Hold(parts.access)
    hold.keep(1.0)
    assert hold.until_ms == NOW_MS + 1_000
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    parts.clock.advance(1.0)
    await eventually(lambda: parts.told.freed == [None])
    assert hold.until_ms == 0


async def test_longer_hold_stands_beside_a_shorter_one(eventually: Eventually) -> None:
    parts = Parts()
    hold = Hold(parts.access)
    for seconds in (2.0, 1.0):
        hold.keep(seconds)
    assert hold.until_ms == NOW_MS + 2_000
    await eventually(lambda: parts.clock.next_wake_ns() is not None)
    parts.clock.advance(2.0)
    await eventually(lambda: bool(parts.told.freed))
    assert parts.told.freed == [None]


async def test_first_of_two_holds_does_not_end_the_second(eventually: Eventually) -> None:
    parts = Parts()
    hold = Hold(parts.access)
    for seconds in (1.0, 2.0):
        hold.keep(seconds)
    await eventually(lambda: parts.clock.next_wake_ns() == (NOW_MS + 1_000) * 10**6)
    parts.clock.advance(1.0)
    await eventually(lambda: parts.told.freed == [None])
    assert hold.until_ms == NOW_MS + 2_000
    await eventually(lambda: parts.clock.next_wake_ns() == (NOW_MS + 2_000) * 10**6)
    parts.clock.advance(1.0)
    await eventually(lambda: hold.until_ms == 0)


async def test_budget_that_is_free_in_a_moment_is_not_asked_over_and_over(eventually: Eventually) -> None:
    parts = Parts()
    Hold(parts.access).keep(0.000_1)
    await eventually(lambda: parts.clock.next_wake_ns() == NOW_MS * 10**6 + 20_000_000)
    parts.clock.advance(1.0)
    await eventually(lambda: parts.told.freed == [None])
