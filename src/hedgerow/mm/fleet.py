"""The shards of market making in this process: takes them, runs each, gives back what others should have.

Every shard is a market maker of its own, with its own recovery at the start and its own connections, so taking one over
is the start that follows a crash. When a lease is lost the shard halts at once, and `Leases.keep` ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from hedgerow.core.tasks import spawn, stop
from hedgerow.mm.leases import Lease, Leases
from hedgerow.mm.service import MarketMaker
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.5

Build = Callable[[Lease], MarketMaker]
Enter = Callable[[int, MarketMaker], Awaitable[Callable[[], Awaitable[None]]]]
"""Makes a running shard known, and answers how it is made unknown again."""


class Fleet:
    """All market makers of one process, by the number of their shard."""

    def __init__(self, leases: Leases, build: Build, enter: Enter) -> None:
        """build: a market maker that is not started. enter: called when it runs."""
        self.makers: dict[int, MarketMaker] = {}
        self._leases, self._build, self._enter = leases, build, enter
        self._leave: dict[int, Callable[[], Awaitable[None]]] = {}
        self._tasks: list[asyncio.Task[NoReturn]] = []

    async def start(self) -> None:
        """Returns when this process runs what it should, or others hold the rest. Raises SetupError, StorageError."""
        await self._leases.join()
        self._tasks.append(spawn(self._leases.keep(), "leases", is_vital=True))
        while await self._look():
            pass
        self._tasks.append(spawn(self._follow(), "shards", is_vital=True))

    async def stop(self) -> None:
        """Stops every shard, the leases being kept until all are at rest, and gives them back."""
        keeping, *following = self._tasks or (None,)
        await stop(*following)
        await asyncio.gather(*(self._end(index) for index in list(self.makers)))
        await stop(keeping)
        try:
            await self._leases.leave()
        except StorageError as error:
            _log.warning("leases are not given back, and run out", error=str(error))

    def operator_changed(self) -> None:
        """The operator changed something in the database."""
        for maker in self.makers.values():
            maker.operator_changed()

    async def not_ready(self) -> str | None:
        """Why what this process holds is not ready to trade; a process that stands by is ready."""
        for index, maker in sorted(self.makers.items()):
            if (why := await maker.not_ready()) is not None:
                return why if len(self.makers) == 1 else f"shard {index}: {why}"
        return None

    async def _follow(self) -> NoReturn:
        while True:
            try:
                while await self._look():
                    pass
            except StorageError as error:
                _log.warning("shards are not looked for", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> bool:
        """Takes or gives back one shard; False: there is nothing to do now."""
        held, quota = len(self._leases.held), await self._leases.quota()
        if held < quota and (lease := await self._leases.take()) is not None:
            await self._begin(lease)
            return True
        if held > quota:
            index = max(self.makers)
            lease = self._leases.held[index]
            await self._end(index)
            await self._leases.release(lease)
            return True
        return False

    async def _begin(self, lease: Lease) -> None:
        index = lease.shard.index
        maker = self.makers[index] = self._build(lease)
        lease.on_lost(maker.halt)
        await maker.start()
        self._leave[index] = await self._enter(index, maker)

    async def _end(self, index: int) -> None:
        if (leave := self._leave.pop(index, None)) is not None:
            await leave()
        await self.makers.pop(index).stop()
