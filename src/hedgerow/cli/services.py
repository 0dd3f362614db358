"""One service as a child process: started, asked whether it is healthy, kept alive, stopped.

A service that ends is started again after a growing pause. One that refuses its start for a reason that a person must
remove (exit code 2), or that starts and dies again and again, is not: its message ends the supervisor. A start that
fails otherwise (an external database that is away) is tried for as long as it takes. docs/decisions/0060.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import structlog

from hedgerow.bus.engines.child import Child, Program, start_child
from hedgerow.cli.forks import Forks
from hedgerow.core.config import PREFIX
from hedgerow.core.errors import HedgerowError, SetupError, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff
from hedgerow.net.http import HttpClient

SETUP_EXIT = 2
"""What a service ends with when its start was refused."""

_HEDGEROW = (sys.executable, "-m", "hedgerow")
_MESSAGE = "hedgerow: "
_HEALTHY_S = 60.0
_POLL_S = 0.05
_CALL_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_STEADY_S = 60.0
MOST_DEATHS = 10
"""In a row, of a service that was healthy each time, but never for a steady minute."""
# Resting orders are cancelled at venues meanwhile.
_STOP_S = 20.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What the supervisor runs. offset: of its port from the base. follows_clock: its time is the world's, and a step
    of it waits for the service."""

    name: str
    title: str
    offset: int
    health: str = "/healthz"
    follows_clock: bool = True


DASHBOARD = Service("dashboard", "the dashboard", 0, follows_clock=False)
ABP = Service("abp", "the ABP API", 1)
MM = Service("mm", "the MM API", 2)
GATEWAY = Service("gateway", "the scraping gateway", 3, follows_clock=False)
OPERATOR = Service("operator", "the operator API", 6, follows_clock=False)
SIM = Service("sim", "the simulated world", 4, "/sim/state")

SERVICES: tuple[Service, ...] = (ABP, MM, GATEWAY, OPERATOR, DASHBOARD)
"""Of the product, in the order of their start. The world, which starts before them, is not one."""


class ServiceProcess:
    """A service on its port."""

    def __init__(
        self,
        service: Service,
        host: str,
        port: int,
        log: Path,
        environment: Mapping[str, str],
        *options: str,
        is_tls: bool = False,
    ) -> None:
        """options: of `serve` for this service, beside host and port. is_tls: it has a certificate."""
        self._is_tls = is_tls
        self.service, self.host, self.port, self.log = service, host, port, log
        self._environment, self._options = environment, options
        self.longest_pause_s = _LONGEST_PAUSE_S  # before it is started again
        self.forks: Forks | None = None  # for the next start, and only for that
        self._child: Child | None = None
        self._deaths = 0
        self._is_up = asyncio.Event()

    @property
    def url(self) -> str:
        return f"{'https' if self._is_tls else 'http'}://{reachable(self.host)}:{self.port}"

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._child.pid if self._child else None

    def set_options(self, *options: str) -> None:
        """Replaces the options from the next start on."""
        self._options = options

    async def start(self) -> None:
        """Until it answers its health check. Raises SetupError for a refused start, HedgerowError for another end."""
        arguments = self._command()
        program = Program(
            [*_HEDGEROW, *arguments],
            self.log,
            signal.SIGTERM,
            environment=self._environment,
            folder=Path.cwd(),
        )
        forks, self.forks = self.forks, None
        self._child = child = (forks and await forks.fork(program, arguments)) or start_child(program)
        try:
            await self._until_healthy(child)
        except BaseException:
            await self.stop()
            raise
        self._is_up.set()

    async def stop(self) -> None:
        """Politely, then by force."""
        self._is_up.clear()
        if self._child:
            await self._child.stop((signal.SIGTERM, _STOP_S))
            self._child = None

    async def kill(self) -> None:
        """Ends it at once, as a crash would, but is no sign against it; whoever keeps it starts it again."""
        self._is_up.clear()
        if self._child:
            self._deaths -= 1
            await self._child.stop()

    async def up(self) -> None:
        """Returns when it is healthy, at once if it is."""
        await self._is_up.wait()

    async def keep(self) -> NoReturn:
        """Starts it again whenever it ends, until cancelled. Raises SetupError when its start is refused,
        HedgerowError when it keeps dying."""
        backoff = Backoff(_FIRST_PAUSE_S, self.longest_pause_s)
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            if self._child is not None:
                await self._ended(self._child)
                self._deaths += 1
            if clock() - started > _STEADY_S:
                backoff.reset()
                self._deaths = 0
            if self._deaths >= MOST_DEATHS:
                raise HedgerowError(f"{self.service.title} died {self._deaths} times in a row; see {self.log}")
            pause_s = backoff.next_pause_s()
            _log.warning("service is started again", service=self.service.name, in_s=round(pause_s, 2))
            await asyncio.sleep(pause_s)
            try:
                await self.start()
            except SetupError:
                raise
            except HedgerowError as error:
                _log.error("service did not start", service=self.service.name, error=str(error))
            else:
                _log.info("service is back", service=self.service.name, pid=self.pid)

    async def _ended(self, child: Child) -> None:
        code = await asyncio.shield(child.ended)
        self._is_up.clear()
        _log.error("service ended", service=self.service.name, **_told(code), log=str(self.log))
        self._child = None

    def _command(self) -> list[str]:
        """The arguments of `hedgerow`."""
        return ["serve", self.service.name, "--host", self.host, "--port", str(self.port), *self._options]

    async def _until_healthy(self, child: Child) -> None:
        try:
            async with asyncio.timeout(_HEALTHY_S):
                while not await self._is_healthy():
                    await asyncio.wait({child.ended}, timeout=_POLL_S)
                    if child.ended.done():
                        raise self._refusal(child)
        except TimeoutError:
            raise HedgerowError(
                f"{self.service.title} was not in service within {_HEALTHY_S:.0f} s; see {self.log}"
            ) from None
        if child.ended.done():  # somebody else answered
            raise self._refusal(child)

    async def _is_healthy(self) -> bool:
        context = _of_our_own() if self._is_tls else None
        http = HttpClient(self.service.name, self.url, connections=1, timeout_s=_CALL_S, ssl_context=context)
        try:
            return (await http.request("health", "GET", self.service.health)).status == 200
        except Unavailable:
            return False
        finally:
            await http.close()

    def _refusal(self, child: Child) -> HedgerowError:
        lines = child.log_lines()
        said = next((line for line in reversed(lines) if line.startswith(_MESSAGE)), None)
        if child.ended.result() == SETUP_EXIT and said:
            what, _, remedy = said.removeprefix(_MESSAGE).rpartition("; ")
            return SetupError(what, remedy) if what else SetupError(remedy, f"see {self.log}")
        last = said.removeprefix(_MESSAGE) if said else (lines[-1] if lines else "it said nothing")
        return HedgerowError(f"{self.service.title} ended at its start: {last}; see {self.log}")


class AgentProcess(ServiceProcess):
    """A scraping agent. It listens to nobody: that it is linked stands in a file."""

    def __init__(
        self, slug: str, country: str, gateway_url: str, folder: Path, environment: Mapping[str, str], key: Secret
    ) -> None:
        """folder: where its log and that file are."""
        service = Service(f"agent-{slug}", f"the agent {slug}", 0)
        log = folder / f"{service.name}.log"
        self._linked_file = folder / f"{service.name}.linked"
        super().__init__(service, "", 0, log, {**environment, PREFIX + "AGENT_KEY": key.reveal()})
        self._arguments = ["--slug", slug, "--country", country, "--gateway", gateway_url]

    async def start(self) -> None:
        self._linked_file.unlink(missing_ok=True)
        await super().start()

    def _command(self) -> list[str]:
        return ["agent", *self._arguments, "--linked-file", str(self._linked_file)]

    async def _is_healthy(self) -> bool:
        return self._linked_file.exists()


def _of_our_own() -> ssl.SSLContext:
    """For asking a child of ours, by its address: its certificate is for the name that others know it by."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _told(code: int) -> dict[str, object]:
    """An exit code as the log tells it."""
    return {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}


def reachable(host: str) -> str:
    """Where to call a service of this machine that listens on the host, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def check_port(service: Service, host: str, port: int) -> None:
    """Raises SetupError when somebody listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise port_error(service, host, port, error) from None


def port_error(service: Service, host: str, port: int, error: OSError) -> SetupError:
    """A port that cannot be listened on, as a refused start."""
    return SetupError(
        f"port {port} of {host} for {service.title} cannot be used: {error.strerror or error}",
        "stop what uses it, or choose other ports with --port-base (0: free ones)",
    )


def ports_of(services: Sequence[Service], base: int, host: str, free: Callable[[], int]) -> dict[str, int]:
    """The port of each service, by its name. base 0: free ones. Raises SetupError naming a port that is taken."""
    if base == 0:
        return {service.name: free() for service in services}
    for service in services:
        check_port(service, host, base + service.offset)
    return {service.name: base + service.offset for service in services}
