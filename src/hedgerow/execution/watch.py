"""A service that watches itself: the invariants, looked at again and again by one process of the deployment.

Whoever holds the lock looks; the others stand by. It has a connection of its own, so that it never waits for a pool
that is in trouble, and is no work that a stepped clock would wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import structlog
from asyncpg import Connection, PostgresError

from hedgerow.core.observe import INVARIANTS_BROKEN
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.execution.invariants import NEWEST_ROWS, check, remember_ledgers
from hedgerow.storage.database import Database, StorageError

_log = structlog.get_logger(__name__)

ONE_AT_A_TIME = "invariants"
EVERY_S = 60.0
"""In the machine's time; also how long a process stands by before it tries to become the one that looks."""


@asynccontextmanager
async def watching(url: Secret, *, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Watches while the block runs, if no other process does. Raises SetupError, UnreachableError."""
    database = await Database.connect(url, size=1)
    task = spawn(_watch(database, every_s), "watch invariants")
    try:
        yield
    finally:
        await stop(task)
        await database.close()


async def _watch(database: Database, every_s: float) -> NoReturn:
    while True:
        try:
            async with database.try_lock(ONE_AT_A_TIME) as connection:
                if connection is not None:
                    await _look_for_ever(connection, every_s)
        except StorageError as error:
            _log.warning("invariants are not looked at", error=str(error))
        INVARIANTS_BROKEN.clear()  # another process tells them now
        await asyncio.sleep(every_s)


async def _look_for_ever(connection: Connection[Any], every_s: float) -> NoReturn:
    """Raises StorageError when the connection breaks, and with it the lock."""
    known: set[tuple[str, str]] = set()
    while True:
        try:
            broken = await check(connection, tables=NEWEST_ROWS)
            await remember_ledgers(connection)
        except PostgresError as error:
            if connection.is_closed():
                raise
            _log.error("an invariant could not be looked at", error=str(error))
        else:
            present = {(name, row) for name, rows in broken.items() for row in rows}
            for name, row in sorted(present - known):
                _log.error("an invariant is broken", invariant=name, row=row)
            known = present
        await asyncio.sleep(every_s)
