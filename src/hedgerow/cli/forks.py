"""The supervisor's side of the fork server: services of a start as processes that need not read their code.

Only the first start of each is forked. A service that ended is started by itself, and so is everything when the server
is gone: nothing depends on it but the time that a start takes (docs/decisions/0282).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from hedgerow.bus import launcher
from hedgerow.bus.engines.child import Child, Program, rotate, start_child
from hedgerow.cli.forkserver import KNOWN, ROOM, SIZE, Order

_FORKED_WITHIN_S = 60.0
_STOP_S = 5.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Adopted:
    """A child of ours that another process forked."""

    pid: int

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Forks:
    """The fork server of a deployment, while its services are started. Used in the main thread."""

    def __init__(self, log: Path, environment: Mapping[str, str], services: Sequence[str]) -> None:
        """environment: of the server. What a service is to see of it comes with its order. services: whose code is
        read ahead, by name."""
        self._log, self._environment, self._services = log, environment, services
        self._server: Child | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Starts the server, which begins to read. From now on this process adopts orphans; where the system does not
        let it, there is no server."""
        try:
            launcher.adopt_orphans(do=True)
        except launcher.LaunchError as error:
            _log.warning("no fork server", error=str(error))
            return
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "hedgerow.cli.forkserver"]
            command += [str(theirs.fileno()), str(os.getpid()), ",".join(self._services), ROOM]
            self._server = start_child(
                Program(
                    command,
                    self._log,
                    signal.SIGTERM,
                    keeps=(theirs.fileno(),),
                    environment=self._environment,
                    folder=Path.cwd(),
                )
            )
        self._streams = await asyncio.open_connection(sock=ours)

    async def fork(self, program: Program, arguments: list[str]) -> Child | None:
        """The program as a forked process; None when the server is gone. arguments: of `hedgerow`."""
        async with self._turn:
            if self._streams is None:
                return None
            try:
                async with asyncio.timeout(_FORKED_WITHIN_S):
                    return await self._ordered(*self._streams, program, arguments)
            except (OSError, EOFError) as error:  # a TimeoutError as well
                _log.warning("fork server is gone", error=str(error), log=str(self._log))
                self._hang_up()
                return None
            except BaseException:
                self._hang_up()  # a process that was forked meanwhile ends, since nobody knows it
                raise

    async def stop(self) -> None:
        """Ends the server; what it forked goes on."""
        self._hang_up()
        if self._server:
            await asyncio.wait({self._server.ended}, timeout=_STOP_S)  # by itself, when what it forked last has begun
            await self._server.stop()
            self._server = None
            launcher.adopt_orphans(do=False)

    async def _ordered(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, program: Program, arguments: list[str]
    ) -> Child:
        log_starts_at = rotate(program.log)
        order = msgspec.json.encode(Order(arguments, dict(program.environment), str(program.log), str(program.folder)))
        writer.write(len(order).to_bytes(SIZE) + order)
        pid = int.from_bytes(await reader.readexactly(SIZE))
        child = Child(program.log, log_starts_at, _Adopted(pid))
        writer.write(KNOWN)
        await writer.drain()
        return child

    def _hang_up(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None
