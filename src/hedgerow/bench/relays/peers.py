"""The two ends of a relay in its bench: a client that keeps so many messages under way, and a target that echoes. All
frames of a run have one size, so both only count bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from hedgerow.bench.report import BenchError
from hedgerow.scraping.frames import unmasked
from hedgerow.scraping.handshake import HEAD_END, Upgrade, new_key, request

_WITHIN_S = 60.0
_MASK = b"mask"


def frame(payload: bytes, *, is_masked: bool) -> bytes:
    """A whole binary message."""
    size, bit = len(payload), 0x80 if is_masked else 0
    head = bytes((0x82, bit | size)) if size < 126 else bytes((0x82, bit | 126)) + size.to_bytes(2)
    return head + _MASK + unmasked(payload, _MASK) if is_masked else head + payload


class _Peer(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)


class Target:
    """Where it listens. size: of the messages that come."""

    def __init__(self) -> None:
        self.port = 0
        self.size = 0


class _Echo(_Peer):
    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        self._head = b""
        self._is_open = False
        self._got = self._asked = 0
        self._answer = b""

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._head += data
            if self._head.endswith(HEAD_END):
                self._is_open = True
                payload = bytes(self._target.size)
                self._asked, self._answer = len(frame(payload, is_masked=True)), frame(payload, is_masked=False)
                self.write(Upgrade(self._head).accepted())
            return
        whole, self._got = divmod(self._got + len(data), self._asked)
        if whole:
            self.write(self._answer * whole)


@asynccontextmanager
async def target() -> AsyncIterator[Target]:
    found = Target()
    server = await asyncio.get_running_loop().create_server(lambda: _Echo(found), "127.0.0.1", 0, backlog=512)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


class Client(_Peer):
    """One connection through a side."""

    def __init__(self, size: int, window: int) -> None:
        super().__init__()
        payload = bytes(size)
        self._frame, self._answer = frame(payload, is_masked=True), len(frame(payload, is_masked=False))
        self._window = window
        self._head = b""
        self._until = b""
        self._found: asyncio.Future[None] | None = None
        self._got = self._unsent = self._unheard = 0
        self._done: asyncio.Future[None] | None = None

    async def said(self, data: bytes, until: bytes) -> None:
        """Sends this, and returns when what comes back ends so. Raises BenchError."""
        self._head, self._until = b"", until
        self._found = asyncio.get_running_loop().create_future()
        self.write(data)
        async with asyncio.timeout(_WITHIN_S):
            await self._found
        self._found = None

    async def pass_on(self, count: int, *, is_timed: bool = False) -> list[float]:
        """Has so many messages echoed; the seconds of each where they are timed, one by one."""
        times = []
        for _ in range(count if is_timed else 1):
            began_s = time.perf_counter()
            await self._rounds(1 if is_timed else count)
            times.append(time.perf_counter() - began_s)
        return times

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._found is not None:
            self._head += data
            if self._head.endswith(self._until) and not self._found.done():
                self._found.set_result(None)
            return
        whole, self._got = divmod(self._got + len(data), self._answer)
        self._unheard -= whole
        if more := min(whole, self._unsent):
            self._unsent -= more
            self.write(self._frame * more)
        if self._unheard == 0 and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        for waiting in (self._found, self._done):
            if waiting is not None and not waiting.done():
                waiting.set_exception(BenchError("a side closed a connection in the middle"))

    async def _rounds(self, count: int) -> None:
        self._done = asyncio.get_running_loop().create_future()
        first = min(count, self._window)
        self._unheard, self._unsent = count, count - first
        self.write(self._frame * first)
        async with asyncio.timeout(_WITHIN_S):
            await self._done


class Route:
    """How a side is reached. hello: what it is told after the handshake, and how its answer ends. pid: of the process
    that the side is, where it is one."""

    def __init__(self, port: int, path: str, hello: tuple[bytes, bytes] | None = None, pid: int | None = None) -> None:
        self._port, self._path, self._hello = port, path, hello
        self.pid = pid

    async def client(self, size: int, window: int) -> Client:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: Client(size, window), "127.0.0.1", self._port)
        await client.said(request(self._path, "127.0.0.1", new_key(), ()), HEAD_END)
        if self._hello is not None:
            await client.said(*self._hello)
        return client
