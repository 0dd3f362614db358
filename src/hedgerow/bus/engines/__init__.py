"""The embedded engines: PostgreSQL and NATS as child processes of whoever supervises a deployment.

What has an external URL is not started. Without a supervisor nothing stays behind: the kernel ends the engines with
their parent (docs/decisions/0003).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog

from hedgerow.bus.engines.binaries import nats_server, postgres_folder
from hedgerow.bus.engines.engine import Engine
from hedgerow.bus.engines.folder import DataFolder
from hedgerow.bus.engines.nats import Nats
from hedgerow.bus.engines.postgres import Postgres
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop

_log = structlog.get_logger(__name__)


class Engines:
    """The database and the bus of one deployment: external by their URLs, embedded without."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder: DataFolder | None = None
        self._engines: dict[str, Engine] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._deaths: asyncio.Queue[str] = asyncio.Queue()

    @property
    def database_url(self) -> Secret:
        """Of PostgreSQL. Valid between start and stop."""
        return self._settings.database_url or self._engines["postgres"].url

    @property
    def nats_url(self) -> Secret:
        """Of NATS. Valid between start and stop."""
        return self._settings.nats_url or self._engines["nats"].url

    @property
    def pids(self) -> dict[str, int]:
        """The embedded engines that run, by name: `postgres`, `nats`."""
        return {name: engine.child.pid for name, engine in self._engines.items() if engine.child}

    async def hold(self) -> None:
        """Takes the data folder, where an engine is embedded, before anything runs on it. Raises SetupError."""
        if self._settings.database_url and self._settings.nats_url:
            return
        folder = DataFolder(self._settings.data_dir, self._settings.engine_user)
        engines = self._embedded(folder)
        await folder.hold()
        self._folder = folder
        self._engines = {engine.name: engine for engine in engines}

    async def start(self) -> None:
        """Until every embedded engine answers. Called in the main thread. Raises SetupError; nothing runs then."""
        if self._folder is None:
            await self.hold()
        try:
            await _start_together(list(self._engines.values()))
        except BaseException:
            await self.stop()
            raise
        for name in self._engines:
            self._watch(name)

    async def stop(self) -> None:
        """Stops what was started, NATS first: PostgreSQL is the truth and goes last."""
        await stop(*self._watchers.values())
        self._watchers.clear()
        for engine in reversed(self._engines.values()):
            await engine.stop()
        if self._folder:
            self._folder.release()
            self._folder = None

    async def died(self) -> str:
        """Waits until an engine ends that was not stopped; answers its name."""
        return await self._deaths.get()

    async def restart(self, name: str) -> None:
        """Starts an engine that died anew, at the same URL. Raises SetupError."""
        await self._engines[name].start()
        self._watch(name)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _embedded(self, folder: DataFolder) -> list[Engine]:
        settings = self._settings
        engines: list[Engine] = []
        if not settings.database_url:
            engines.append(Postgres(folder, postgres_folder(settings)))
        if not settings.nats_url:
            engines.append(Nats(folder, nats_server(settings)))
        return engines

    def _watch(self, name: str) -> None:
        self._watchers[name] = spawn(self._wait_for_death(self._engines[name]), f"watch {name}")

    async def _wait_for_death(self, engine: Engine) -> None:
        if engine.child is None:
            return
        code = await asyncio.shield(engine.child.ended)
        _log.error("engine died", engine=engine.name, code=code, log=str(engine.log))
        engine.child = None
        self._deaths.put_nowait(engine.name)


async def _start_together(engines: list[Engine]) -> None:
    """At once, to save time; raises the first failure when all have come to an end."""
    for outcome in await asyncio.gather(*(engine.start() for engine in engines), return_exceptions=True):
        if outcome is not None:
            raise outcome
