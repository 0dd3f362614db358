"""Writing in groups: what several callers want to commit while a commit is under way goes out in the next one.

A caller that waits anyway, for its own commit, loses nothing by it, and a disk that takes one commit at a time takes
many rows in it. Not for what nobody waits for, which is `storage.behind`.

The group is one transaction of the caller's making, so it is committed as a whole or not at all. When it cannot be
because of one of its members (a constraint, a value that the database does not take, a deadlock), each is written by
itself, and only the one at fault fails. When the database is away, all fail alike.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from hedgerow.core.tasks import spawn, work
from hedgerow.core.tracing import forget
from hedgerow.storage.database import ConflictError, StorageError

T = TypeVar("T")
R = TypeVar("R")

_log = structlog.get_logger(__name__)

Write = Callable[[Sequence[T]], Awaitable[Sequence[R]]]
"""Writes a group in one transaction and answers, in its order, what became of each member."""


class FullError(StorageError):
    """So much waits already that nothing more is taken in: nothing was changed."""


class Grouped(Generic[T, R]):
    """A queue in front of one writer. Members are written in the order in which they came."""

    def __init__(
        self, what: str, write: Write[T, R], *, most: int, waiting: int, size: Callable[[T], int] = lambda _: 1
    ) -> None:
        """most: size of a group, if no single member is larger; waiting: size of all that may wait. size: of a
        member."""
        self._what, self._write, self._most, self._bound, self._size = what, write, most, waiting, size
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._waiting = 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._writer is None

    @property
    def waiting(self) -> int:
        """The size of all that waits for its turn."""
        return self._waiting

    async def write(self, member: T) -> R:
        """Returns what became of it when it is committed. Raises FullError, StorageError, and what `write` raises for
        it alone. A caller that is cancelled takes nothing back."""
        size = self._size(member)
        if self._waiting and self._waiting + size > self._bound:
            raise FullError(f"{self._what}: {self._waiting} wait")
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((member, done))
        self._waiting += size
        if self._writer is None:
            self._writer = spawn(self._drain(), self._what)
        with work.unit():
            return await done

    async def idle(self) -> None:
        """Returns when nothing waits and nothing is being written."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def _drain(self) -> None:
        forget()
        try:
            while self._queue:
                await self._write_group(self._next_group())
        finally:
            self._writer = None
            for _, done in self._queue:  # the process ends
                done.cancel()

    def _next_group(self) -> list[tuple[T, asyncio.Future[R]]]:
        group: list[tuple[T, asyncio.Future[R]]] = []
        left = self._most
        while self._queue and (not group or self._size(self._queue[0][0]) <= left):
            member, done = self._queue.popleft()
            size = self._size(member)
            left -= size
            self._waiting -= size
            group.append((member, done))
        return group

    async def _write_group(self, group: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._write([member for member, _ in group])
        except ConflictError as error:
            await self._alone(group, error)
        except StorageError as error:
            _fail(group, error)
        except Exception as error:
            await self._alone(group, error)
        except BaseException:
            for _, done in group:
                done.cancel()
            raise
        else:
            for (_, done), result in zip(group, results, strict=True):
                if not done.done():
                    done.set_result(result)

    async def _alone(self, group: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
        if len(group) == 1:
            _fail(group, error)
            return
        _log.warning("a group is written one by one", what=self._what, members=len(group), error=type(error).__name__)
        for each in group:
            await self._write_group([each])


def _fail(group: Sequence[tuple[object, asyncio.Future[R]]], error: Exception) -> None:
    for _, done in group:
        if not done.done():
            done.set_exception(error)
