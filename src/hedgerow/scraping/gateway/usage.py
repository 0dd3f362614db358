"""Counters of what every key used, written once a second: exact after a crash to within that second.

A flush has a number, so that one whose answer was lost is repeated without being counted twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass, field

import structlog

from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway.repository import ScrapingRepository, Used
from hedgerow.storage.database import StorageError

FLUSH_EVERY_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Batch:
    """What one flush adds."""

    used: dict[tuple[int, str], Used] = field(default_factory=dict)
    domains: Counter[tuple[int, str]] = field(default_factory=Counter)


class Usage:
    """One gateway process's counters."""

    def __init__(self, repository: ScrapingRepository) -> None:
        self._repository = repository
        self._gateway = uuid.uuid4()
        self._number = 0
        self._batch = _Batch()
        self._unsent: _Batch | None = None
        self._flushing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._repository.forget_old_flushes()
        self._task = spawn(self._run(), "flush of usage", is_vital=True)

    async def stop(self) -> None:
        """Writes what waits."""
        await stop(self._task)
        try:
            await self.flush()
        except StorageError as error:
            _log.error("usage of the last second is lost", error=str(error))

    def count(self, key_id: int, protocol: str, domain: str, *, succeeded: bool, size: int) -> None:
        """One request. size: bytes of its bodies, there and back."""
        batch = self._batch
        known = batch.used.get((key_id, protocol), _NOTHING)
        batch.used[key_id, protocol] = Used(known.requests + 1, known.succeeded + succeeded, known.bytes + size)
        batch.domains[key_id, domain[:253]] += 1

    def add_bytes(self, key_id: int, protocol: str, size: int) -> None:
        """Of a request that was counted and goes on."""
        known = self._batch.used.get((key_id, protocol), _NOTHING)
        self._batch.used[key_id, protocol] = Used(known.requests, known.succeeded, known.bytes + size)

    async def flush(self) -> None:
        """Returns when everything that was counted before is written. Raises StorageError."""
        async with self._flushing:
            while self._unsent is not None or self._batch.used:
                if self._unsent is None:
                    self._unsent, self._batch = self._batch, _Batch()
                    self._number += 1
                await self._repository.add_usage(self._gateway, self._number, self._unsent.used, self._unsent.domains)
                self._unsent = None

    async def _run(self) -> None:
        was_down = False
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
                was_down = False
            except StorageError as error:
                if not was_down:
                    _log.error("usage is not written, and tried again", error=str(error))
                was_down = True


_NOTHING = Used()
