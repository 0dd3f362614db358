"""What is read of each account again and again: for each account one reading at a time, over all a bounded number.

An account whose bookmaker is slow holds up no other. Whoever asks during a pause or a reading is not forgotten: what
is asked for twice before it begins is read once, what is asked for while it runs is read once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

MOST_AT_ONCE = 16


class Readings:
    """One kind of reading."""

    def __init__(
        self, what: str, read: Callable[[int], Awaitable[None]], clock: Clock, *, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        """read: of an account, by its id; it handles what the bookmaker does wrong, and may raise StorageError."""
        self._what, self._read, self._clock = what, read, clock
        self._room = asyncio.Semaphore(most_at_once)
        self._asked: dict[int, float] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def ask(self, account_id: int, *, after_s: float = 0.0) -> None:
        """Has the account read, after a pause in which others may ask for the same."""
        self._asked.setdefault(account_id, after_s)
        if account_id not in self._tasks:
            self._tasks[account_id] = spawn(self._work(account_id), f"{self._what} of account {account_id}")

    async def done(self) -> None:
        """Returns when all that was asked for has been read, or could not be."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def stop(self) -> None:
        await stop(*self._tasks.values())

    async def _work(self, account_id: int) -> None:
        try:
            while (after_s := self._asked.get(account_id)) is not None:
                if after_s:
                    await self._clock.sleep(after_s, soft=True)
                async with self._room:
                    del self._asked[account_id]
                    await self._one(account_id)
        finally:
            del self._tasks[account_id]
            self._asked.pop(account_id, None)

    async def _one(self, account_id: int) -> None:
        with work.unit():
            try:
                await self._read(account_id)
            except StorageError as error:
                _log.error("an account is not read", what=self._what, account=account_id, error=str(error))
