"""What starting and stopping an engine have in common: a free port, a bounded wait for an answer, an orderly end."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any

from hedgerow.bus.engines.child import Child, Program, start_child
from hedgerow.bus.engines.folder import DataFolder, disk_error
from hedgerow.bus.launcher import PREFIX
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop

_READY_S = 120.0  # a crash recovery may have a gigabyte to replay
_POLL_S = 0.005
_ATTEMPTS = 20
_ATTEMPT_PAUSE_S = 0.25
_SCARCE_BYTES = 32 * 1024 * 1024


class Engine(ABC):
    """A server on a data folder. Its `url` is valid after the first start, and stays the same over restarts."""

    name: str
    """As it is called in the list of processes."""
    title: str
    """As it is called in messages."""
    stops_by: Sequence[tuple[signal.Signals, float]]
    """Signals, the politest first, and the seconds that each is given."""
    telling: Sequence[str]
    """What marks the line of its output that says why it ended."""
    passing: Sequence[str]
    """What in that line says that another attempt may work: another port, or a moment later."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.data = folder.path / self.name
        self.log = folder.path / f"{self.name}.log"
        self.port: int | None = None
        self.child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> Secret:
        """Where to connect, with the password."""

    @abstractmethod
    async def prepare(self) -> None:
        """Makes or checks the data. Raises SetupError or OSError, and leaves the data as it was."""

    @abstractmethod
    def program(self, port: int) -> Program:
        """What to run for a server on that port of 127.0.0.1."""

    @abstractmethod
    async def answers(self) -> bool | SetupError:
        """Whether a connection to `url` gets through now; the error when it never will. Does not raise."""

    async def start(self) -> None:
        """Until the first connection is answered. Raises SetupError."""
        try:
            await self.prepare()
            refusal = await self._try_start()
            for _ in range(_ATTEMPTS):
                if refusal is None:
                    return
                if not any(word in refusal for word in self.passing):
                    break
                await asyncio.sleep(_ATTEMPT_PAUSE_S)
                refusal = await self._try_start()
        except OSError as error:
            raise disk_error(self.data, error) from None
        if refusal is not None:
            raise self.not_started(refusal)

    async def stop(self) -> None:
        """In order, and bounded."""
        if self.child:
            await self.child.stop(*self.stops_by)
            self.child = None

    def not_started(self, why: str) -> SetupError:
        """A refused start. A full disk swallows the engine's last words too, so it is looked at."""
        left = shutil.disk_usage(self.folder.path).free
        remedy = f"free space on that disk, {left >> 20} MB are left" if left < _SCARCE_BYTES else f"see {self.log}"
        return SetupError(f"{self.title} did not start in {self.folder.path}: {why}", remedy)

    def refusal(self, child: Child) -> str:
        """The line of its output that says why it ended, without what stands before the message."""
        lines = child.log_lines()
        for line in lines:
            for mark in (*self.telling, PREFIX):
                if mark in line:
                    return line.partition(mark)[2].strip()
        return lines[-1] if lines else f"it ended with code {child.ended.result()}"

    async def _try_start(self) -> str | None:
        """Starts the server; answers why not, when it ends before it is ready."""
        new_port = self.port is None
        self.port = self.port or free_port()
        child = start_child(self.program(self.port))
        try:
            async with asyncio.timeout(_READY_S):
                is_ready = await self._wait_ready(child)
        except TimeoutError:
            await child.stop(*self.stops_by)
            raise self.not_started(f"no answer within {_READY_S:.0f} s") from None
        except BaseException:
            await child.stop(*self.stops_by)
            raise
        if is_ready:
            self.child = child
            return None
        if new_port:
            self.port = None
        return self.refusal(child)

    async def _wait_ready(self, child: Child) -> bool:
        """Whether a connection was answered; False when the server ended first. Raises SetupError."""
        while not child.ended.done():
            attempt = spawn(self.answers(), f"connect to {self.name}")
            events: list[asyncio.Future[Any]] = [attempt, child.ended]
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                # Somebody else has the port, and keeps callers waiting.
                await stop(attempt)
                return False
            match attempt.result():
                case True:
                    return True
                case False:
                    await asyncio.wait([child.ended], timeout=_POLL_S)
                case SetupError() as error:
                    raise error
        return False


_OFFERED = range(12_000, 32_000)
"""Below the ports that systems give to outgoing connections, which would take one between offer and use."""
_MOST_MARKS = 256
_marks: deque[int] = deque()
"""Descriptors: sockets would complain at the end of the process that nobody closed them."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment, and that nobody else on this machine was offered
    lately. Raises SetupError when there is none."""
    first = random.randrange(len(_OFFERED))
    for port in chain(_OFFERED[first:], _OFFERED[:first]):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                _mark(port)
            except OSError:
                continue
            return port
    raise SetupError(f"no port between {_OFFERED[0]} and {_OFFERED[-1]} is free", "end what listens on them")


def _mark(port: int) -> None:
    """Keeps others from being offered the port before it is used. Raises OSError where it was offered to another.

    By a name that one socket alone can have, and that is gone with this process; only Linux has those, elsewhere the
    chance of 1 in 20,000 has to do.
    """
    if not sys.platform.startswith("linux"):
        return
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0hedgerow-port-{port}")
    except OSError:
        mark.close()
        raise
    _marks.append(mark.detach())
    if len(_marks) > _MOST_MARKS:
        os.close(_marks.popleft())
