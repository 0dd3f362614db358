"""Writing behind: what changes many times a second is written when there is a moment, always in its latest state.

Not for money that leaves or comes in, which is written ahead. Who uses it collects what waits; this says when to write
it, tries again when the database is away, and holds a step of simulated time until all is written. A moment passes
first: what changes twice within it is written once, and what must leave at once has the loop and the processor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hedgerow.core.tasks import Backoff, spawn, stop, work
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_GATHER_S = 0.02
"""From the first change until it is written, in the machine's time: an order that is placed or cancelled is mostly
answered within it."""


async def until_written(what: str, write: Callable[[], Awaitable[object]]) -> None:
    """Writes for as long as the database is away: for what happened outside already and must not be forgotten. `write`
    is one transaction that can be repeated."""
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        try:
            await write()
        except StorageError as error:
            _log.error("not written, and tried again", what=what, error=str(error))
            await asyncio.sleep(backoff.next_pause_s())
        else:
            return


class WriteBehind:
    """One writer of one kind of rows."""

    def __init__(self, what: str, write: Callable[[], Awaitable[None]]) -> None:
        """what: is written, for the log. write: writes all that waits and can be; on StorageError nothing is lost."""
        self._what, self._write = what, write
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._has_unit = False
        self._writing = asyncio.Lock()
        self._is_abandoned = False

    def start(self) -> None:
        self._task = spawn(self._run(), f"writer of {self._what}", is_vital=True)

    async def stop(self) -> None:
        """Writes what waits, then ends. Raises StorageError."""
        await stop(self._task)
        await self.flush()

    def abandon(self) -> None:
        """Writes nothing any more: another process may know better."""
        self._is_abandoned = True

    def rouse(self) -> None:
        """Something waits."""
        if not self._has_unit:
            self._has_unit = True
            work.enter()
        self._wake.set()

    async def flush(self) -> None:
        """Returns when everything that waited is written, by whomever. Raises StorageError."""
        async with self._writing:
            self._wake.clear()
            try:
                if not self._is_abandoned:
                    await self._write()
            except BaseException:
                self._wake.set()  # whoever asked for it: what is left is the writer's again
                raise
            if self._has_unit and not self._wake.is_set():
                self._has_unit = False
                work.leave()

    async def _run(self) -> None:
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            await self._wake.wait()
            await work.put_off(_GATHER_S)
            try:
                await self.flush()
                backoff.reset()
            except StorageError as error:
                _log.error("not written, and tried again", what=self._what, error=str(error))
                await asyncio.sleep(backoff.next_pause_s())
