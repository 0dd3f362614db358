"""Background work: named, referenced, counted. The only caller of asyncio.create_task."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, ParamSpec, TypeVar

import structlog

from hedgerow.core.errors import HedgerowError

A = ParamSpec("A")
T = TypeVar("T")

_log = structlog.get_logger(__name__)
_running: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, T], name: str, *, is_vital: bool = False) -> asyncio.Task[T]:
    """Starts work in the background. Its failure is logged with its name; nothing is swallowed silently.

    is_vital: without it the process is not what it looks like, so its failure ends what `watched` awaits.
    """
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_finished)
    if is_vital and (watch := _watch.get()) is not None:
        task.add_done_callback(watch.finished)
    return task


class VitalTaskError(HedgerowError):
    """A vital task failed, and what depended on it was ended."""


class _Watch:
    """Over the vital tasks that one piece of work started."""

    def __init__(self, task: asyncio.Task[Any] | None, ends: Callable[[], None]) -> None:
        self._task, self._ends = task, ends
        self.failure: VitalTaskError | None = None

    def finished(self, vital: asyncio.Task[Any]) -> None:
        if vital.cancelled() or (error := vital.exception()) is None or self.failure is not None:
            return
        self.failure = VitalTaskError(f"{vital.get_name()!r} failed: {type(error).__name__}: {error}")
        _log.critical("vital task failed, the process ends", task=vital.get_name(), error=str(self.failure))
        # What is being stopped already is not interrupted in its cleaning up.
        if self._task is not None and not self._task.cancelling():
            self._ends()
            self._task.cancel()


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)


async def watched(work: Coroutine[Any, Any, T], ends: Callable[[], None] = lambda: None) -> T:
    """Awaits the work. When a vital task that it started fails, the work is cancelled, and when it has cleaned up
    VitalTaskError is raised. ends: called when that begins."""
    task = asyncio.current_task()
    watch = _Watch(task, ends)
    token = _watch.set(watch)
    try:
        return await work
    except BaseException as error:
        if watch.failure is None:
            raise
        if isinstance(error, asyncio.CancelledError) and task is not None and task.uncancel():
            raise  # somebody else has cancelled it as well
        raise watch.failure from (None if isinstance(error, asyncio.CancelledError) else error)
    finally:
        _watch.reset(token)


def vital_failure() -> str | None:
    """Which vital task of the work that is watched here has failed; None while all go on."""
    watch = _watch.get()
    return str(watch.failure) if watch is not None and watch.failure is not None else None


def at_once(send: Callable[A, Coroutine[Any, Any, T]], *args: A.args, **kwargs: A.kwargs) -> Coroutine[Any, Any, T]:
    """Calls what sends a request now and answers it later. An error of the call is raised by the answer too: who sends
    in the middle of a decision is not thrown out of it."""
    try:
        return send(*args, **kwargs)
    except Exception as error:
        return _raise(error)


async def _raise(error: Exception) -> NoReturn:
    raise error


def _finished(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task failed", task=task.get_name(), exc_info=error)


async def stop(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancels the tasks and waits until they are gone. What they raise is already logged."""
    alive = [task for task in tasks if task is not None and not task.done()]
    for task in alive:
        task.cancel()
    if alive:
        await asyncio.gather(*alive, return_exceptions=True)


class Backoff:
    """Growing pauses with jitter between attempts. Source: the feed's and venues' advice of 1, 2, 5, 10 s."""

    def __init__(self, first_s: float = 1.0, longest_s: float = 30.0) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def next_pause_s(self) -> float:
        """The next pause, half of it random so that many clients do not return together."""
        pause = self._next_s
        self._next_s = min(self._next_s * 2, self._longest_s)
        return pause * (0.5 + random.random() / 2)

    def reset(self) -> None:
        self._next_s = self._first_s


# A finished request wakes its waiter, which may hand on to a queue, whose reader starts the next request: three
# turns of the loop. Twice that is the margin.
_QUIET_TURNS = 6


class WorkGauge:
    """Counts what is under way in this process: requests, transactions, frames being handled.

    A stepped clock advances only when every process reads zero, so whoever starts work that a step must wait for
    holds a unit until it is done.
    """

    def __init__(self) -> None:
        self._units = 0
        self._held: dict[asyncio.Task[Any] | None, int] = {}  # by the task that works
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def units(self) -> int:
        return self._units

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Holds one unit for the length of the block."""
        task = _present_task()
        self._held[task] = self._held.get(task, 0) + 1
        self.enter()
        try:
            yield
        finally:
            self.leave()
            if self._held[task] == 1:
                del self._held[task]
            else:
                self._held[task] -= 1

    @contextmanager
    def resting(self) -> Iterator[None]:
        """For the length of the block the present task only waits for a clock: the units that it holds do not count,
        for a stepped clock waits until they are gone."""
        held = self._held.get(_present_task(), 0)
        for _ in range(held):
            self.leave()
        try:
            yield
        finally:
            for _ in range(held):
                self.enter()

    def enter(self) -> None:
        self._units += 1

    def leave(self) -> None:
        self._units -= 1
        if self._units == 0:
            waiting, self._waiting = self._waiting, []
            for idle in waiting:
                if not idle.done():
                    idle.set_result(None)

    async def settled(self) -> None:
        """Returns when nothing is under way and a few turns of the loop have started nothing new."""
        quiet_turns = 0
        while quiet_turns < _QUIET_TURNS:
            if self._units:
                idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(idle)
                await idle
            await asyncio.sleep(0)
            quiet_turns = 0 if self._units else quiet_turns + 1


def _present_task() -> asyncio.Task[Any] | None:
    """None in a callback, and outside a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


work = WorkGauge()
"""This process's gauge."""
