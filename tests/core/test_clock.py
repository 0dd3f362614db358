"""Clocks: readings that agree with each other, and sleepers that wake when their time has come."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S, ScaledClock, SteppedClock, SystemClock, datetime_of_ms, iso_of_ms, ms_of_iso
from hedgerow.core.tasks import spawn, stop

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MATCH_NS = 1_600_000_000 * NS_PER_S
moments_ns = st.integers(0, 4_000_000_000 * NS_PER_S)


@given(moments_ns)
def test_readings_of_one_moment_agree(now_ns: int) -> None:
    clock = SteppedClock(now_ns)
    assert clock.now_ms() == now_ns // 1_000_000
    assert clock.now() == EPOCH + timedelta(microseconds=now_ns // 1000)


@given(st.integers(-(10**12), 4 * 10**12))
def test_datetime_of_milliseconds_is_exact(ms: int) -> None:
    assert datetime_of_ms(ms) == EPOCH + timedelta(milliseconds=ms)


def test_system_clock_is_the_machines() -> None:
    clock = SystemClock()
    before = datetime.now(UTC)  # noqa: TID251 - what it is compared with
    assert before - timedelta(seconds=1) <= clock.now() <= before + timedelta(seconds=10)


async def test_system_clock_sleeps() -> None:
    clock = SystemClock()
    before = clock.now_ns()
    await clock.sleep(0.001)
    assert clock.now_ns() >= before + 1_000_000


async def test_scaled_clock_runs_and_sleeps_at_its_speed() -> None:
    clock = ScaledClock(MATCH_NS, 10_000.0)
    async with asyncio.timeout(PATIENCE_S):
        await clock.sleep(600)
    assert clock.now_ns() >= MATCH_NS + 600 * NS_PER_S


def test_scaled_clock_never_goes_back() -> None:
    clock = ScaledClock(MATCH_NS, 1000.0)
    readings = [clock.now_ns() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_speed_that_is_not_positive_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(0, speed)


async def test_stepped_clock_stands_still() -> None:
    clock = SteppedClock(MATCH_NS)
    sleeping = spawn(clock.sleep(0.001), "sleeper")
    await asyncio.sleep(0.005)
    assert clock.now_ns() == MATCH_NS
    assert not sleeping.done()
    await stop(sleeping)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.lists(st.integers(0, 60), max_size=6))
async def test_sleepers_wake_at_the_step_that_reaches_them(sleeps: list[int], steps: list[int]) -> None:
    clock = SteppedClock(MATCH_NS)
    tasks = [spawn(clock.sleep(seconds), "sleeper") for seconds in sleeps]
    await asyncio.sleep(0)
    now = 0
    for step in steps:
        now += step
        clock.advance(step)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [task.done() for task in tasks] == [seconds <= now for seconds in sleeps]
    left = [seconds for seconds in sleeps if seconds > now]
    assert clock.next_wake_ns() == (MATCH_NS + min(left) * NS_PER_S if left else None)
    await stop(*tasks)


async def test_soft_sleeper_is_not_stopped_for_but_woken() -> None:
    clock = SteppedClock()
    sleeping = spawn(clock.sleep(5, soft=True), "housekeeping")
    await asyncio.sleep(0)
    assert clock.next_wake_ns() is None
    clock.advance(60)
    await sleeping


async def test_cancelled_sleeper_is_not_stopped_for() -> None:
    clock = SteppedClock()
    sleeping = spawn(clock.sleep(5), "sleeper")
    await asyncio.sleep(0)
    await stop(sleeping)
    assert clock.next_wake_ns() is None
    clock.advance(60)


def test_stepped_time_never_goes_back() -> None:
    clock = SteppedClock(MATCH_NS)
    clock.advance_to(MATCH_NS - 1)
    assert clock.now_ns() == MATCH_NS


async def test_sleeping_for_nothing_does_not_wait_for_a_step() -> None:
    await SteppedClock().sleep(0)


def test_a_time_is_written_to_the_millisecond_in_universal_time() -> None:
    assert iso_of_ms(1_785_523_629_086) == "2026-07-31T18:47:09.086Z"


@pytest.mark.parametrize(
    "text", ["2026-07-31T18:47:09.086Z", "2026-07-31T20:47:09.086+02:00", "2026-07-31T18:47:09.086999"]
)
def test_a_time_is_read_to_the_millisecond_in_universal_time(text: str) -> None:
    assert ms_of_iso(text) == 1_785_523_629_086


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        ms_of_iso("soon")
