"""Background work: named, kept, logged when it fails, and counted."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.patience import PATIENCE_S

from hedgerow.core.tasks import (
    Backoff,
    VitalTaskError,
    WorkGauge,
    at_once,
    spawn,
    spawn_now,
    stop,
    vital_failure,
    watched,
)


async def fail() -> None:
    raise ValueError("reason")


async def test_failure_is_logged_with_the_tasks_name() -> None:
    with capture_logs() as logs:
        task = spawn(fail(), "my work")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert [(entry["event"], entry["task"], entry["log_level"]) for entry in logs] == [
        ("task failed", "my work", "error")
    ]


async def test_result_is_the_works_own() -> None:
    async def work() -> int:
        return 7

    assert await spawn(work(), "work") == 7


async def test_task_that_nobody_keeps_is_not_collected() -> None:
    """Only the task's own frame holds what it waits for, and the event loop holds neither."""
    waited_for: list[weakref.ref[asyncio.Future[None]]] = []
    done = asyncio.Event()

    async def work() -> None:
        future = asyncio.get_running_loop().create_future()
        waited_for.append(weakref.ref(future))
        await future
        done.set()

    spawn(work(), "work")
    await asyncio.sleep(0)
    gc.collect()
    future = waited_for[0]()
    assert future is not None
    future.set_result(None)
    await done.wait()


# --- work that begins at once --------------------------------------------------------------------------------------

PLACE: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="outside")


async def test_work_begins_before_it_is_spawned_and_goes_on_as_its_task() -> None:
    seen: list[tuple[asyncio.Task[Any] | None, str]] = []
    go = asyncio.Event()

    async def work() -> int:
        seen.append((asyncio.current_task(), PLACE.get()))
        token = PLACE.set("inside")
        async with asyncio.timeout(PATIENCE_S):
            await go.wait()
        seen.append((asyncio.current_task(), PLACE.get()))
        PLACE.reset(token)
        return 7

    here = asyncio.current_task()
    task = spawn_now(work(), "work")
    assert (seen, PLACE.get(), asyncio.current_task()) == ([(task, "outside")], "outside", here)
    go.set()
    assert await task == 7
    assert seen[1] == (task, "inside")


async def test_work_begins_in_a_callback_too() -> None:
    began: list[bool] = []
    done = asyncio.Event()

    async def work() -> None:
        began.append(asyncio.current_task() is not None)
        done.set()

    asyncio.get_running_loop().call_soon(lambda: began.append(spawn_now(work(), "work").done()))
    await done.wait()
    await asyncio.sleep(0)
    assert began == [True, False]


async def test_failure_of_the_first_step_is_the_tasks() -> None:
    with capture_logs() as logs:
        task = spawn_now(fail(), "my work")
        with pytest.raises(ValueError, match="reason"):
            await task
    assert [entry["task"] for entry in logs] == ["my work"]


async def test_work_that_waits_for_nothing_ends_with_its_result() -> None:
    async def work() -> int:
        return 7

    async def turn() -> int:
        await asyncio.sleep(0)
        return 8

    assert [await spawn_now(work(), "work"), await spawn_now(turn(), "turn")] == [7, 8]


@pytest.mark.parametrize("is_answered", [False, True])
async def test_work_that_is_cancelled_before_its_task_has_a_turn_cleans_up(is_answered: bool) -> None:
    ended: list[str] = []
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        try:
            await answer
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append("cleaned up")
            raise

    task = spawn_now(work(), "work")
    if is_answered:
        answer.set_result(None)
    task.cancel()
    await asyncio.wait([task])
    assert (ended, task.cancelled(), answer.cancelled()) == (["cleaned up"], True, not is_answered)


# --- ends ----------------------------------------------------------------------------------------------------------


async def test_stop_waits_until_the_work_has_cleaned_up() -> None:
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    task = spawn(work(), "work")
    await asyncio.sleep(0)
    await stop(task, None)
    assert cleaned == [True]


async def test_stop_says_nothing_about_cancelled_or_failed_work() -> None:
    with capture_logs() as logs:
        task = spawn(asyncio.Event().wait(), "work")
        await asyncio.sleep(0)
        await stop(task)
        await stop(task)
    assert logs == []


@given(st.floats(0.01, 10), st.floats(1, 10), st.integers(1, 30))
def test_pauses_double_up_to_the_longest_and_half_of_each_is_random(first: float, times: float, attempts: int) -> None:
    backoff = Backoff(first, first * times)
    for attempt in range(attempts):
        full = min(first * 2**attempt, first * times)
        assert full / 2 <= backoff.next_pause_s() <= full


def test_reset_starts_with_the_first_pause_again() -> None:
    backoff = Backoff(1.0, 30.0)
    for _ in range(5):
        backoff.next_pause_s()
    backoff.reset()
    assert backoff.next_pause_s() <= 1.0


async def test_gauge_settles_when_the_last_unit_is_left() -> None:
    gauge = WorkGauge()
    gauge.enter()
    with gauge.unit():
        assert gauge.units == 2
    settled = spawn(gauge.settled(), "settled")
    await asyncio.sleep(0.001)
    assert not settled.done()
    gauge.leave()
    async with asyncio.timeout(PATIENCE_S):
        await settled


async def test_what_is_put_off_goes_on_when_somebody_waits_for_its_end() -> None:
    gauge, hour = WorkGauge(), 3600.0

    async def written_behind() -> None:
        with gauge.unit():
            await gauge.put_off(hour)
            await gauge.put_off(hour)  # the second time somebody waits already

    task = spawn(written_behind(), "written behind")
    await asyncio.sleep(0)
    assert gauge.units == 1
    async with asyncio.timeout(PATIENCE_S):
        await gauge.settled()
        await task


async def test_what_is_put_off_goes_on_after_its_time() -> None:
    async with asyncio.timeout(PATIENCE_S):
        await WorkGauge().put_off(0.001)


async def test_gauge_does_not_settle_between_two_steps_of_a_chain() -> None:
    """A finished request wakes its waiter, which hands on to a queue, whose reader starts the next request."""
    gauge, queue, steps = WorkGauge(), asyncio.Queue[int](), []

    async def read() -> None:
        while (left := await queue.get()) > 0:
            with gauge.unit():
                await asyncio.sleep(0.001)
                steps.append(left)
            spawn(hand_on(left - 1), "hand on")

    async def hand_on(left: int) -> None:
        await asyncio.sleep(0)
        queue.put_nowait(left)

    reader = spawn(read(), "reader")
    queue.put_nowait(5)
    async with asyncio.timeout(PATIENCE_S):
        await gauge.settled()
    assert steps == [5, 4, 3, 2, 1]
    await reader


async def test_unit_is_left_when_the_work_fails() -> None:
    gauge = WorkGauge()

    def work() -> None:
        with gauge.unit():
            raise LookupError

    with pytest.raises(LookupError):
        work()
    assert gauge.units == 0


async def test_work_that_rests_for_a_clock_is_not_waited_for() -> None:
    gauge, hour = WorkGauge(), asyncio.Event()

    async def wait_in_the_middle() -> None:
        with gauge.unit(), gauge.unit():
            with gauge.resting():
                await hour.wait()
            assert gauge.units == 3

    with gauge.unit():  # the test's own
        waiting = spawn(wait_in_the_middle(), "waits")
        await asyncio.sleep(0)
        assert gauge.units == 1
        hour.set()
        await waiting
    assert gauge.units == 0


async def test_a_child_gives_nothing_back_that_its_parent_holds() -> None:
    gauge = WorkGauge()

    async def rest() -> None:
        with gauge.resting():
            assert gauge.units == 1

    with gauge.unit():
        await asyncio.gather(rest(), rest())
    assert gauge.units == 0


async def test_what_cannot_be_sent_is_told_by_its_answer() -> None:
    async def answer() -> int:
        return 1

    def send(number: int) -> Coroutine[Any, Any, int]:
        if number < 0:
            raise ValueError("nothing is sent")
        return answer()

    assert await at_once(send, 1) == 1
    refused = at_once(send, -1)
    with pytest.raises(ValueError, match="nothing is sent"):
        await refused


# --- vital tasks -----------------------------------------------------------------------------------------------------


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_failure_of_a_vital_task_ends_the_work_when_it_has_cleaned_up() -> None:
    told: list[str] = []

    async def work() -> None:
        spawn(fail(), "engine", is_vital=True)
        try:
            await forever()
        finally:
            told.append("cleaned up")
            await asyncio.sleep(0)
            told.append(vital_failure() or "")

    with capture_logs() as logs, pytest.raises(VitalTaskError, match="'engine' failed: ValueError: reason"):
        await watched(work(), lambda: told.append("ends"))
    assert told == ["ends", "cleaned up", "'engine' failed: ValueError: reason"]
    assert [entry["task"] for entry in logs if entry["log_level"] == "critical"] == ["engine"]
    await asyncio.sleep(0)  # the test's own task is not cancelled
    assert vital_failure() is None


async def test_only_the_failure_of_a_vital_task_ends_the_work() -> None:
    async def work() -> int:
        cancelled = spawn(forever(), "stopped", is_vital=True)
        spawn(asyncio.sleep(0), "done", is_vital=True)
        spawn(fail(), "not vital")
        await asyncio.sleep(0)
        await stop(cancelled)
        await asyncio.sleep(0)
        return 7

    assert await watched(work()) == 7


async def test_task_that_a_task_of_the_work_starts_is_watched_too() -> None:
    async def child() -> None:
        spawn(fail(), "grandchild", is_vital=True)

    async def work() -> None:
        spawn(child(), "child")
        await forever()

    with pytest.raises(VitalTaskError, match="grandchild"):
        await watched(work())


async def test_failure_while_the_work_is_stopped_does_not_interrupt_its_cleaning_up() -> None:
    cleaned_up = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            spawn(fail(), "engine", is_vital=True)
            for _ in range(3):
                await asyncio.sleep(0)
            cleaned_up.set()

    task = spawn(watched(work()), "service")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert cleaned_up.is_set()
