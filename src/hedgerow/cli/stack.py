"""Everything that a deployment on one machine runs: engines, the simulated world where wanted, the services.

Used by `up`, `demo` and `replay`. Entering starts all in order and returns when every service answers its health
check; leaving stops all in the opposite order, engines last. In between what dies is started again, at the same URL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

import structlog

from hedgerow.bus.engines import Engines
from hedgerow.bus.engines.engine import free_port
from hedgerow.bus.engines.folder import disk_error
from hedgerow.cli.calls import Caller
from hedgerow.cli.context import MASTER_KEY_FILE, RUN_FILE, RunFile, vault_of
from hedgerow.cli.demo_data import DemoKeys, ensure_demo_data, is_simulated
from hedgerow.cli.files import write_json
from hedgerow.cli.services import ABP, GATEWAY, MM, SERVICES, SIM, AgentProcess, Service, ServiceProcess, ports_of
from hedgerow.cli.simulated import WorldState, simulated_environment
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import HedgerowError, SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.mm.repository import Repository
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.accounts import Accounts, open_credentials
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

T = TypeVar("T")

_ENGINE_ATTEMPTS = 5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StackOptions:
    """simulated: in the simulated world, with demo clients. services: those that run, in the order of their start.
    agents: scraping agents, slug and country of each. port_base: 0 for free ports. expected_followers: services that
    the world's stepped time waits for. environment: further variables of the services. prepare: what is written into
    the database before the services start. longest_pause_s: before a service that ended is started again; None: as
    usual."""

    settings: Settings
    simulated: bool = True
    services: tuple[Service, ...] = SERVICES
    agents: tuple[tuple[str, str], ...] = ()
    port_base: int = 0
    expected_followers: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Database], Awaitable[None]] | None = None
    longest_pause_s: float | None = None


class Stack:
    """A deployment that runs as long as the block. Entered in the main thread."""

    def __init__(self, options: StackOptions) -> None:
        folder = options.settings.data_dir.absolute()
        self.settings = options.settings.model_copy(update={"data_dir": folder})
        self.data_dir = folder
        self.keys: DemoKeys = {}
        """The demo clients' keys by service; empty in a deployment that is not simulated."""
        self._options = options
        self._engines = Engines(self.settings)
        self._processes: dict[str, ServiceProcess] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._failure: asyncio.Queue[HedgerowError] = asyncio.Queue()
        self._has_run_file = False

    # --- where it is -----------------------------------------------------------------------------------------

    @property
    def database_url(self) -> Secret:
        return self._engines.database_url

    @property
    def nats_url(self) -> Secret:
        return self._engines.nats_url

    @property
    def mm_url(self) -> str:
        """Base URL of the MM API."""
        return self._processes[MM.name].url

    @property
    def mm_ws_url(self) -> str:
        """The MM API's WebSocket."""
        return self.mm_url.replace("http", "ws", 1) + "/ws/subscribe"

    @property
    def services(self) -> tuple[Service, ...]:
        """Those of the product that run here."""
        return self._options.services

    @property
    def abp_url(self) -> str:
        """Base URL of the ABP API."""
        return self._processes[ABP.name].url

    @property
    def abp_ws_url(self) -> str:
        """The ABP API's WebSocket."""
        return self.abp_url.replace("http", "ws", 1) + "/ws"

    @property
    def gateway_url(self) -> str:
        """Base URL of the scraping API."""
        return self._processes[GATEWAY.name].url

    @property
    def gateway_ws_url(self) -> str:
        """The scraping API's WebSocket."""
        return self.gateway_url.replace("http", "ws", 1) + "/ws"

    @property
    def sim_url(self) -> str | None:
        """Base URL of the world's script API; None outside the simulated world."""
        return self._processes[SIM.name].url if SIM.name in self._processes else None

    @property
    def pids(self) -> dict[str, int]:
        """What runs now, by name."""
        services = {name: process.pid for name, process in self._processes.items() if process.pid}
        return {**services, **self._engines.pids}

    def key(self, service: str, client: str) -> Secret:
        """A demo client's key. Raises KeyError."""
        found = {demo.client: demo.key for demo in self.keys[service]}
        return Secret(found[client])

    def world(self) -> Caller:
        """Calls of the world's script API. Raises RuntimeError outside the simulated world."""
        if self.sim_url is None:
            raise RuntimeError("this deployment is not in the simulated world")
        return Caller(SIM.title, self.sim_url)

    # --- failures --------------------------------------------------------------------------------------------

    async def failed(self) -> NoReturn:
        """Waits until the stack cannot go on, and raises why: a HedgerowError."""
        raise await self._failure.get()

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits the work, which is cancelled when the stack cannot go on; then why is raised."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("the stack guards what a task awaits")
        failure = spawn(self._failure.get(), "stack failure")
        failure.add_done_callback(lambda done: None if done.cancelled() else task.cancel())
        try:
            return await work
        except asyncio.CancelledError:
            if failure.cancelled() or not failure.done():
                raise
            task.uncancel()
            raise failure.result() from None
        finally:
            await stop(failure)

    async def kill(self, name: str) -> None:
        """Ends a service as a crash would (SIGKILL); it is started again."""
        await self._processes[name].kill()

    async def back(self, name: str) -> None:
        """Returns when the service is healthy (again)."""
        await self._processes[name].up()

    # --- start and stop --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises SetupError or another HedgerowError; nothing runs then."""
        if not self._options.simulated and is_simulated(self.data_dir):
            raise SetupError(
                f"{self.data_dir} belongs to the simulated world, and its accounts exist only there",
                "choose another folder with --data-dir, or add --sim",
            )
        host = self.settings.host
        services = self._options.services
        wanted = (SIM, *services) if self._options.simulated else services
        ports = ports_of(wanted, self._options.port_base, host, free_port)
        try:
            await self._start_engines()
            environment = self._environment()
            if self._options.simulated:
                environment |= await self._start_world(ports[SIM.name], environment)
                self.keys = await self._demo_data()
            if self._options.prepare is not None:
                async with self.database() as database:
                    await self._options.prepare(database)
            for service in services:
                log = self._log_of(service)
                await self._run(ServiceProcess(service, host, ports[service.name], log, environment))
            await self._start_agents(environment)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops what runs: services, then the world, engines last."""
        await stop(*self._keepers)
        self._keepers.clear()
        for process in reversed(self._processes.values()):
            await process.stop()
        self._processes.clear()
        if self._has_run_file:
            (self.data_dir / RUN_FILE).unlink(missing_ok=True)
            self._has_run_file = False
        await self._engines.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start_engines(self) -> None:
        try:
            self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            await self._engines.start()
            self._keep(self._keep_engines())
            await migrate(self.database_url)
            self._write_run_file()
            await self._check_master_key()
        except OSError as error:
            raise disk_error(self.data_dir, error) from None

    async def _check_master_key(self) -> None:
        """Raises SetupError when the master key is not the one that the accounts' credentials were stored with."""
        vault = vault_of(self.settings)
        async with self.database() as database:
            for account in await Accounts(database, SystemClock()).accounts():
                open_credentials(account, vault)

    def _write_run_file(self) -> None:
        """Tells operator commands where the engines are, and the world once it runs."""
        told = RunFile(self.database_url.reveal(), self.nats_url.reveal(), self.sim_url)
        write_json(self.data_dir / RUN_FILE, told)
        self._has_run_file = True

    def _environment(self) -> dict[str, str]:
        """Of every service: ours, and what this deployment decides."""
        own = {
            PREFIX + "DATA_DIR": str(self.data_dir),
            PREFIX + "DATABASE_URL": self.database_url.reveal(),
            PREFIX + "NATS_URL": self.nats_url.reveal(),
        }
        if self.settings.master_key is None and self.settings.master_key_file is None:
            own[PREFIX + "MASTER_KEY_FILE"] = str(self.data_dir / MASTER_KEY_FILE)
        return {**os.environ, **own, **self._options.environment}

    async def _start_world(self, port: int, environment: Mapping[str, str]) -> dict[str, str]:
        """Starts the world; answers the settings that lead services there."""
        followers = ["--followers", str(self._options.expected_followers)]
        process = ServiceProcess(SIM, self.settings.host, port, self._log_of(SIM), environment, *followers)
        await self._run(process)
        self._write_run_file()
        async with self.world() as world:
            state = await world.get("/sim/state")
        # A world that has to be started again listens where the services know it.
        process.set_options(*followers, *site_options(state))
        return simulated_environment(process.url, state)

    async def _start_agents(self, environment: Mapping[str, str]) -> None:
        """Each with a key that is made for this run."""
        if not self._options.agents:
            return
        keys = {}
        async with self.database() as database:
            repository = ScrapingRepository(database, SystemClock())
            for slug, _ in self._options.agents:
                keys[slug] = await repository.set_agent_key(slug)
        processes = [
            AgentProcess(slug, country, self.gateway_url, self.data_dir, environment, keys[slug])
            for slug, country in self._options.agents
        ]
        await asyncio.gather(*map(self._run, processes))

    async def _demo_data(self) -> DemoKeys:
        clock = SystemClock()
        async with self.database() as database:
            accounts, repository = Accounts(database, clock), Repository(database, clock)
            return await ensure_demo_data(self.data_dir, accounts, repository, vault_of(self.settings))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A connection of the caller's own."""
        database = await Database.connect(self.database_url, size=1)
        try:
            yield database
        finally:
            await database.close()

    async def _run(self, process: ServiceProcess) -> None:
        self._processes[process.service.name] = process
        if self._options.longest_pause_s is not None:
            process.longest_pause_s = self._options.longest_pause_s
        await process.start()
        self._keep(process.keep())

    def _keep(self, work: Coroutine[Any, Any, NoReturn]) -> None:
        self._keepers.append(spawn(self._note_failure(work), "keep"))

    async def _note_failure(self, work: Coroutine[Any, Any, NoReturn]) -> None:
        try:
            await work
        except HedgerowError as error:
            self._failure.put_nowait(error)

    async def _keep_engines(self) -> NoReturn:
        """Starts engines again that died. Raises SetupError when one does not come back."""
        while True:
            name = await self._engines.died()
            backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
            for _ in range(_ENGINE_ATTEMPTS):
                try:
                    await self._engines.restart(name)
                except SetupError as error:
                    failure = error
                    _log.error("engine did not start", engine=name, error=str(error))
                    await asyncio.sleep(backoff.next_pause_s())
                else:
                    _log.warning("engine was started again", engine=name, pid=self._engines.pids[name])
                    break
            else:
                raise failure

    def _log_of(self, service: Service) -> Path:
        return self.data_dir / f"{service.name}.log"


def site_options(state: WorldState) -> list[str]:
    """Options of `serve sim` that put every site of the world where it is now."""
    return [
        part
        for slug, venue in state["venues"].items()
        for site, url in venue["urls"].items()
        for part in ("--site", f"{slug}/{site}={urlsplit(url).port}")
    ]
