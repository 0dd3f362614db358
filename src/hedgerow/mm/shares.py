"""Writes how much of each fill nothing covers, behind the exposure.

One writer, and always the latest value of a fill whose own row is committed: fills, answers of hedges and nets among
fills change each other's shares many times within the time of one transaction, and an older value must never come
last. A step of simulated time waits until all is written; after a crash the shares are worked out and written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from hedgerow.mm.exposure import Matched
from hedgerow.mm.repository import Repository
from hedgerow.storage.behind import WriteBehind

_log = structlog.get_logger(__name__)

Key = tuple[int, str, str]


class UnhedgedShares:
    """The shares that wait to be written, each fill once."""

    def __init__(self, repository: Repository, is_recorded: Callable[[Key], bool]) -> None:
        """is_recorded: whether a fill's row is committed; others wait for `recorded`."""
        self._repository, self._is_recorded = repository, is_recorded
        self._dirty: dict[Key, Matched] = {}
        self._behind = WriteBehind("unhedged stakes", self._write)

    def start(self) -> None:
        self._behind.start()

    def abandon(self) -> None:
        """Writes nothing any more."""
        self._behind.abandon()

    async def stop(self) -> None:
        """Writes what waits, then ends. Raises StorageError."""
        await self._behind.stop()

    def moved(self, fills: Iterable[Matched]) -> None:
        """The uncovered part of these fills changed."""
        for fill in fills:
            if isinstance(fill.key, tuple):
                self._dirty[fill.key] = fill
        if self._dirty:
            self.recorded()

    def recorded(self) -> None:
        """A fill's row was committed: its share can be written."""
        if self._dirty:
            self._behind.rouse()

    async def _write(self) -> None:
        """Writes every share whose fill is recorded."""
        while ready := {key: fill for key, fill in self._dirty.items() if self._is_recorded(key)}:
            for key in ready:
                del self._dirty[key]
            try:
                await self._repository.save_unhedged({key: fill.unhedged for key, fill in ready.items()})
            except BaseException:
                self._dirty = {**ready, **self._dirty}
                raise
