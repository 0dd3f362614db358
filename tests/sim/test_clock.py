"""The world's clock: every pace, and what sleeps through a change of it."""

from __future__ import annotations

import asyncio

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.tasks import spawn, stop
from hedgerow.sim.clock import Pace, WorldClock


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _stepped(start_s: int = 100) -> WorldClock:
    clock = WorldClock()
    clock.run_stepped(start_s * NS_PER_S)
    return clock


async def test_a_stepped_clock_stands_until_it_is_stepped() -> None:
    clock = _stepped()
    done: list[int] = []
    clock.later(5, lambda: done.append(clock.now_ms()), "test")
    await _turns()
    assert clock.next_wake_ns() == 105 * NS_PER_S
    clock.step_to(104 * NS_PER_S)
    await _turns()
    assert done == []
    clock.step_to(106 * NS_PER_S)
    await _turns()
    assert done == [106_000]


async def test_a_sleeper_sleeps_what_is_left_after_the_pace_has_changed() -> None:
    clock = _stepped()
    sleeper = spawn(clock.sleep(10), "test")
    await _turns()
    clock.step_to(104 * NS_PER_S)
    await _turns()
    clock.run_stepped(1_000 * NS_PER_S)
    clock.run_stepped(2_000 * NS_PER_S)  # twice before the sleeper has woken
    await _turns()
    assert clock.next_wake_ns() == 2_006 * NS_PER_S
    clock.step_to(2_006 * NS_PER_S)
    await asyncio.wait_for(sleeper, PATIENCE_S)


async def test_a_soft_sleeper_stays_soft_after_a_change() -> None:
    clock = _stepped()
    sleeper = spawn(clock.sleep(10, soft=True), "test")
    await _turns()
    clock.run_stepped(1_000 * NS_PER_S)
    await _turns()
    assert clock.next_wake_ns() is None
    await stop(sleeper)


async def test_what_was_planned_can_be_forgotten() -> None:
    clock = _stepped()
    done: list[str] = []
    clock.later(1, lambda: done.append("late"), "test")
    await _turns()
    clock.forget()
    await _turns()
    clock.step_to(200 * NS_PER_S)
    await _turns()
    assert done == []


def test_nothing_is_waited_for_without_a_delay() -> None:
    clock = _stepped()
    done: list[str] = []
    clock.later(0, lambda: done.append("now"), "test")
    assert done == ["now"]


def test_every_change_is_told() -> None:
    clock = WorldClock()
    told: list[tuple[Pace, float]] = []
    clock.on_change(lambda: told.append((clock.pace, clock.speed)))
    clock.run_scaled(0, 8.0)
    clock.run_stepped(0)
    clock.step_to(1)
    clock.run_real()
    assert told == [(Pace.SCALED, 8.0), (Pace.STEPPED, 0.0), (Pace.STEPPED, 0.0), (Pace.REAL, 1.0)]


def test_only_a_stepped_clock_is_stepped() -> None:
    with pytest.raises(TypeError):
        WorldClock().step_to(1)


async def test_what_is_softly_due_is_done_at_the_next_step_and_asks_for_none() -> None:
    clock = _stepped()
    done: list[int] = []
    clock.later(5, lambda: done.append(clock.now_ms()), "test", soft=True)
    await _turns()
    assert clock.next_wake_ns() is None
    clock.step_to(107 * NS_PER_S)
    await _turns()
    assert done == [107_000]
