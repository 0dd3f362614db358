"""The lock that a process works under: waited for, watched, and known to be lost at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hedgerow.core.tasks import VitalTaskError, spawn, stop, watched
from hedgerow.storage import locks
from hedgerow.storage.database import Database, advisory_key
from hedgerow.storage.locks import HeldLock, held_lock

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

HOLDER = "select pid from pg_locks where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) = $1"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_ASK_EVERY_S", 0.01)
    monkeypatch.setattr(locks, "_TRY_EVERY_S", 0.01)


class Worker:
    """What works under the lock, until it is told to stop."""

    def __init__(self, database: Database) -> None:
        self.lock: HeldLock | None = None
        self.was_told = False
        self._database = database

    async def work(self) -> None:
        async with held_lock(self._database, "trade") as lock:
            self.lock = lock
            lock.on_lost(self._stop)
            await asyncio.sleep(60)

    def _stop(self) -> None:
        self.was_told = True


async def test_who_loses_its_session_is_told_and_ends(database: Database, eventually: Eventually) -> None:
    worker = Worker(database)
    task = spawn(watched(worker.work()), "worker")
    await eventually(lambda: worker.lock is not None)
    assert worker.lock is not None
    assert not worker.lock.is_lost
    await database.execute(f"select pg_terminate_backend(({HOLDER}))", advisory_key("trade"))
    await eventually(lambda: worker.was_told)
    with pytest.raises(VitalTaskError, match="another process may work under it"):
        await task
    assert worker.lock.is_lost


async def test_lock_that_the_database_does_not_confirm_is_lost(database: Database) -> None:
    """As behind a pool of connections that hands the session to others."""

    async def work() -> None:
        async with database.try_lock("trade") as connection:
            assert connection is not None
            await connection.execute("select pg_advisory_unlock_all()")
            await HeldLock(connection, "trade").watch()

    with pytest.raises(locks.LockLostError):
        await work()


async def test_next_process_works_when_the_first_is_gone(database: Database, eventually: Eventually) -> None:
    first, second = Worker(database), Worker(database)
    one = spawn(first.work(), "first")
    await eventually(lambda: first.lock is not None)
    other = spawn(second.work(), "second")
    await asyncio.sleep(0.05)
    assert second.lock is None
    await stop(one)
    await eventually(lambda: second.lock is not None)
    await stop(other)
    assert (first.was_told, second.was_told) == (False, False)
