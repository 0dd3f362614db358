"""Everything that a deployment on one machine runs: engines, the simulated world where wanted, the services.

Used by `up`, `demo` and `replay`. Entering starts engines and the world beside one another, then the services of the
product, and returns when every one answers its health check; leaving stops all in the opposite order, engines last. In
between what dies is started again, at the same URL.
"""

from __future__ import annotations

import asyncio
import os
import uuid
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
from hedgerow.cli.context import MASTER_KEY_FILE, RUN_FILE, RunFile, vault_of
from hedgerow.cli.demo_data import DemoKeys, ensure_demo_data, is_simulated
from hedgerow.cli.forks import Forks
from hedgerow.cli.services import (
    ABP,
    DASHBOARD,
    GATEWAY,
    MM,
    OPERATOR,
    SERVICES,
    SIM,
    AgentProcess,
    Service,
    ServiceProcess,
    ports_of,
    reachable,
)
from hedgerow.cli.simulated import VenueUrls, WorldState, demo_accounts, simulated_environment
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import HedgerowError, SetupError
from hedgerow.core.files import write_json, write_whole
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.mm.switches import Switches
from hedgerow.net.calls import Caller
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.accounts import Accounts, open_credentials
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

T = TypeVar("T")

OPERATOR_KEY_FILE = "operator.key"
"""In the data folder, mode 0600, where no setting names another: the key of the operator API."""

_URLS = (("ABP_URL", ABP), ("MM_URL", MM), ("SCRAPING_URL", GATEWAY), ("OPERATOR_URL", OPERATOR))
_ENGINE_ATTEMPTS = 5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StackOptions:
    """simulated: in the simulated world, with demo clients. services: those that run, in the order of their start.
    agents: scraping agents, slug and country of each. port_base: 0 for free ports. expected_followers: services that
    the world's stepped time waits for. environment: further variables of the services. prepare: what is written into
    the database before the services start. longest_pause_s: before a service that ended is started again; None: as
    usual. venue_urls: of venues that somebody beside the world answers for, such as a desk on this machine."""

    settings: Settings
    simulated: bool = True
    services: tuple[Service, ...] = SERVICES
    agents: tuple[tuple[str, str], ...] = ()
    port_base: int = 0
    expected_followers: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Database], Awaitable[None]] | None = None
    longest_pause_s: float | None = None
    venue_urls: VenueUrls = field(default_factory=dict)


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
        names = [*(service.name for service in options.services), *(["agent"] if options.agents else [])]
        self._forks = Forks(folder / "forkserver.log", self._surroundings(), names)
        self._processes: dict[str, ServiceProcess] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._failure: asyncio.Queue[HedgerowError] = asyncio.Queue()
        self._has_run_file = False
        self._front_port = self.settings.gateway_proxy_port or None

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
    def dashboard_url(self) -> str:
        """The dashboard, for a browser."""
        return self._processes[DASHBOARD.name].url

    @property
    def abp_url(self) -> str:
        """Base URL of the ABP API."""
        return self._processes[ABP.name].url

    @property
    def abp_ws_url(self) -> str:
        """The ABP API's WebSocket."""
        return self.abp_url.replace("http", "ws", 1) + "/ws"

    @property
    def operator_url(self) -> str:
        """Base URL of the operator API."""
        return self._processes[OPERATOR.name].url

    @property
    def gateway_url(self) -> str:
        """Base URL of the scraping API."""
        return self._processes[GATEWAY.name].url

    @property
    def gateway_ws_url(self) -> str:
        """The scraping API's WebSocket."""
        return self.gateway_url.replace("http", "ws", 1) + "/ws"

    @property
    def gateway_proxy_url(self) -> str | None:
        """URL of the gateway's proxy front; None where there is none."""
        if self._front_port is None:
            return None
        return self.gateway_url.rpartition(":")[0] + f":{self._front_port}"

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
            await self._hold()
            await self._forks.start()
            async with _beside_one_another() as starting:
                starting.create_task(self._start_engines())
                if self._options.simulated:
                    world = starting.create_task(self._start_world(ports[SIM.name]))
                    starting.create_task(_read_venues())
            self._write_run_file()
            if self.settings.gateway_proxy_port == 0:  # a gateway that is started again listens where it did
                self._front_port = free_port()
            environment = self._environment() | self._addresses(ports)
            if self._options.simulated:
                environment |= simulated_environment(self.sim_url or "", world.result(), self._options.venue_urls)
                self.keys = await self._demo_data()
            if self._options.prepare is not None:
                async with self.database() as database:
                    await self._options.prepare(database)
            async with _beside_one_another() as starting:
                for service in services:
                    process = ServiceProcess(
                        service,
                        host,
                        ports[service.name],
                        self._log_of(service),
                        environment,
                        is_tls=service is DASHBOARD and self.settings.dashboard_certificate is not None,
                    )
                    starting.create_task(self._run(process))
                starting.create_task(self._start_agents(environment))
            await self._forks.stop()
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
        await self._forks.stop()
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

    async def _hold(self) -> None:
        """Makes the data folder and takes it: nothing is started on one that is in use."""
        try:
            self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(self.data_dir, error) from None
        await self._engines.hold()

    async def _start_engines(self) -> None:
        try:
            await self._engines.start()
            self._keep(self._keep_engines())
            await migrate(self.database_url)
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

    def _surroundings(self) -> dict[str, str]:
        """What every process has: our environment, and what this deployment's options say."""
        return {**os.environ, PREFIX + "DATA_DIR": str(self.data_dir), **self._options.environment}

    def _environment(self) -> dict[str, str]:
        """Of every service: its surroundings, and what this deployment decides."""
        own = {PREFIX + "DATABASE_URL": self.database_url.reveal(), PREFIX + "NATS_URL": self.nats_url.reveal()}
        if self.settings.master_key is None and self.settings.master_key_file is None:
            own[PREFIX + "MASTER_KEY_FILE"] = str(self.data_dir / MASTER_KEY_FILE)
        if self._front_port is not None:
            own[PREFIX + "GATEWAY_PROXY_PORT"] = str(self._front_port)
        return {**self._surroundings(), **own, **self._options.environment}

    def _addresses(self, ports: Mapping[str, int]) -> dict[str, str]:
        """Where the dashboard finds the others, and the operator API's key."""
        told = {}
        if DASHBOARD.name in ports:
            base = f"http://{reachable(self.settings.host)}"
            told = {
                PREFIX + name: f"{base}:{ports[service.name]}" if service.name in ports else ""
                for name, service in _URLS
            }
        if OPERATOR.name in ports:
            told[PREFIX + "OPERATOR_KEY"] = self.operator_key().reveal()
        return told

    def operator_key(self) -> Secret:
        """Of the settings, else the data folder's, made (mode 0600) when it is first needed."""
        if self.settings.operator_key:
            return self.settings.operator_key
        path = self.data_dir / OPERATOR_KEY_FILE
        if not path.exists():
            write_whole(path, str(uuid.uuid4()))
        return Secret(path.read_text(encoding="ascii").strip())

    async def _start_world(self, port: int) -> WorldState:
        """Starts the world, which needs no engine; answers its state."""
        followers = ["--followers", str(self._options.expected_followers)]
        process = ServiceProcess(SIM, self.settings.host, port, self._log_of(SIM), self._surroundings(), *followers)
        await self._run(process)
        async with self.world() as world:
            state: WorldState = await world.get("/sim/state")
        # A world that has to be started again listens where the services know it.
        process.set_options(*followers, *site_options(state))
        return state

    async def _start_agents(self, environment: Mapping[str, str]) -> None:
        """As soon as the gateway lets them in, each with a key that is made for this run."""
        if not self._options.agents:
            return
        await self.back(GATEWAY.name)
        keys = {}
        async with self.database() as database:
            repository = ScrapingRepository(database, SystemClock())
            for slug, _ in self._options.agents:
                keys[slug] = await repository.set_agent_key(slug)
        processes = [
            AgentProcess(slug, country, self.gateway_url, self.data_dir, environment, keys[slug])
            for slug, country in self._options.agents
        ]
        async with _beside_one_another() as starting:
            for process in processes:
                starting.create_task(self._run(process))

    async def _demo_data(self) -> DemoKeys:
        clock = SystemClock()
        async with self.database() as database:
            accounts, switches = Accounts(database, clock), Switches(database, clock)
            return await ensure_demo_data(self.data_dir, accounts, switches, vault_of(self.settings))

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
        process.forks = self._forks
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


@asynccontextmanager
async def _beside_one_another() -> AsyncIterator[asyncio.TaskGroup]:
    """Tasks that the block's end waits for. When one fails the others are given up, and why it did is raised."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except* HedgerowError as failures:
        failure = failures.exceptions[0]
    else:
        return
    raise failure


async def _read_venues() -> None:
    """What the simulated deployment is told needs the code of every venue: it is read while others start."""
    await asyncio.sleep(0)  # they have been started by then
    demo_accounts()


def site_options(state: WorldState) -> list[str]:
    """Options of `serve sim` that put every site of the world where it is now."""
    return [
        part
        for slug, venue in state["venues"].items()
        for site, url in venue["urls"].items()
        for part in ("--site", f"{slug}/{site}={urlsplit(url).port}")
    ]
