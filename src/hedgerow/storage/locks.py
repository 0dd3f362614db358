"""A named lock of the database that a process holds for as long as it works, and that it knows at once to be lost.

The database gives the lock to the next process when our connection ends, however it ended. Whoever works under it must
stop when that is so, or may be so: when the connection is closed, or when the database does not confirm the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import structlog
from asyncpg import Connection

from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import spawn, stop
from hedgerow.storage.database import Database, advisory_key

_log = structlog.get_logger(__name__)

_ASK_EVERY_S = 1.0
_TRY_EVERY_S = 1.0
_ANSWER_S = 12.0
"""The server gives up a silent connection, and the lock with it, after 30 s (`storage.database`); we do so before."""

_IS_HELD = """select exists (select 1 from pg_locks
    where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1
      and (classid::bigint << 32 | objid::bigint) = $1)"""


class LockLostError(HedgerowError):
    """The lock may be another process's now."""


class HeldLock:
    """A lock that was got. `is_lost` never turns back."""

    def __init__(self, connection: Connection[Any], name: str) -> None:
        self._connection, self._name = connection, name
        self._lost = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    def on_lost(self, listener: Callable[[], None]) -> None:
        """The listener is called at once when the lock is lost, or is lost already. It must not block."""
        self._listeners.append(listener)
        if self.is_lost:
            listener()

    def lose(self, _: object = None) -> None:
        """The connection was closed, or the lock is not confirmed."""
        if self.is_lost:
            return
        self._lost.set()
        _log.critical("lock lost", lock=self._name)
        for listener in self._listeners:
            listener()

    async def watch(self) -> None:
        """Asks the database again and again. Raises LockLostError when the lock is lost; never returns."""
        while not self.is_lost:
            if not await self._is_confirmed():
                self.lose()
            try:
                async with asyncio.timeout(_ASK_EVERY_S):
                    await self._lost.wait()
            except TimeoutError:
                continue
        raise LockLostError(f"the database's lock of {self._name!r} is lost: another process may work under it")

    async def _is_confirmed(self) -> bool:
        try:
            return bool(await self._connection.fetchval(_IS_HELD, advisory_key(self._name), timeout=_ANSWER_S))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False


@asynccontextmanager
async def held_lock(database: Database, name: str) -> AsyncIterator[HeldLock]:
    """Waits until no other process holds the lock, then holds and watches it. Its loss fails a vital task."""
    async with AsyncExitStack() as stack:
        while (connection := await stack.enter_async_context(database.try_lock(name))) is None:
            _log.warning("another process holds the lock; waiting for it to end", lock=name)
            await stack.aclose()
            await asyncio.sleep(_TRY_EVERY_S)
        lock = HeldLock(connection, name)
        connection.add_termination_listener(lock.lose)
        watching = spawn(lock.watch(), f"lock of {name}", is_vital=True)
        try:
            yield lock
        finally:
            await stop(watching)
            if not connection.is_closed():
                connection.remove_termination_listener(lock.lose)
