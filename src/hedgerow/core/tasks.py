"""Background work: named, referenced, counted. The only caller of asyncio.create_task."""

from __future__ import annotations

import asyncio
import random
from asyncio.tasks import _enter_task, _leave_task  # documented for those who drive tasks: "Extending asyncio"
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
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
    return _kept(asyncio.get_running_loop().create_task(work, name=name), is_vital=is_vital)


def spawn_now(work: Coroutine[Any, Any, T], name: str, *, is_vital: bool = False) -> asyncio.Task[T]:
    """`spawn` for what must leave before anything else happens: the work runs up to its first wait before this returns,
    as its task, in a context of its own."""
    loop, begun, context = asyncio.get_running_loop(), _Begun(work), copy_context()
    task = loop.create_task(begun, name=name, context=context)
    caller = _present_task()
    if caller is not None:
        _leave_task(loop, caller)
    _enter_task(loop, task)
    try:
        context.run(begun.begin)
    finally:
        _leave_task(loop, task)
        if caller is not None:
            _enter_task(loop, caller)
    return _kept(task, is_vital=is_vital)


def _kept(task: asyncio.Task[T], *, is_vital: bool) -> asyncio.Task[T]:
    _running.add(task)
    task.add_done_callback(_finished)
    if is_vital and (watch := _watch.get()) is not None:
        task.add_done_callback(watch.finished)
    return task


class _Begun(Coroutine[Any, Any, T]):
    """Work whose first step was made ahead: whoever drives it gets the outcome of that step first."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._first: Callable[[], Any] | None = None

    def begin(self) -> None:
        try:
            waits_for = self._work.send(None)
        except BaseException as error:  # its end, or its failure
            self._first = partial(_raised, error)
        else:
            self._first = lambda: waits_for

    def send(self, value: Any) -> Any:
        first, self._first = self._first, None
        return self._work.send(value) if first is None else first()

    def throw(self, *error: Any) -> Any:
        first, self._first = self._first, None
        if first is None:
            return self._work.throw(*error)
        # Cancelled before its task had a turn: so is what it waits for, as when the task had waited for it.
        waits_for = first()
        if asyncio.isfuture(waits_for) and waits_for.cancel():
            return waits_for
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise TypeError("it is driven by its task alone")


def _raised(error: BaseException) -> NoReturn:
    raise error


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
        self._put_off: set[asyncio.Future[None]] = set()

    @property
    def units(self) -> int:
        return self._units

    def unit(self) -> AbstractContextManager[None]:
        """Holds one unit for the length of the block."""
        return _Unit(self, self._held)

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

    async def put_off(self, seconds: float) -> None:
        """Leaves the loop to what cannot wait: returns after so long in the machine's time, at once where somebody
        waits until nothing is under way."""
        if self._waiting:
            return
        hurried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put_off.add(hurried)
        try:
            await asyncio.wait([hurried], timeout=seconds)
        finally:
            self._put_off.discard(hurried)

    def _hurry(self) -> None:
        for hurried in self._put_off:
            if not hurried.done():
                hurried.set_result(None)

    async def settled(self) -> None:
        """Returns when nothing is under way and a few turns of the loop have started nothing new."""
        quiet_turns = 0
        while quiet_turns < _QUIET_TURNS:
            if self._units:
                self._hurry()
                idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(idle)
                await idle
            await asyncio.sleep(0)
            quiet_turns = 0 if self._units else quiet_turns + 1


class _Unit(AbstractContextManager[None]):
    """A unit of the gauge. A class, and no generator, which costs more: what must leave at once stands in them."""

    __slots__ = ("_gauge", "_held", "_task")

    def __init__(self, gauge: WorkGauge, held: dict[asyncio.Task[Any] | None, int]) -> None:
        self._gauge, self._held = gauge, held

    def __enter__(self) -> None:
        task = self._task = _present_task()
        self._held[task] = self._held.get(task, 0) + 1
        self._gauge.enter()

    def __exit__(self, *_: object) -> None:
        self._gauge.leave()
        task, held = self._task, self._held
        if held[task] == 1:
            del held[task]
        else:
            held[task] -= 1


def _present_task() -> asyncio.Task[Any] | None:
    """None in a callback, and outside a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


work = WorkGauge()
"""This process's gauge."""
