"""A simulated host that speaks lines over TLS: a socket, and messages that end with CRLF.

Ordered, bounded and counted as the WebSockets of `sim.site`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hedgerow.core.sockets import socket_pair
from hedgerow.core.tasks import spawn, stop
from hedgerow.sim.site import Listening

_encoder = msgspec.json.Encoder(decimal_format="number")
_LONGEST_LINE = 4 * 1024 * 1024
_DRAIN_S = 1.0
_LIMIT = 10_000


class LineSocket:
    """One client's connection. `push` never waits; a client that reads too slowly is cut off."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.sent = 0
        self.received = 0
        self.pair = socket_pair(writer.get_extra_info("peername"), writer.get_extra_info("sockname"))
        self.is_open = True
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_LIMIT)
        self._writing = spawn(self._write(), "sim lines")

    def push(self, message: Any) -> None:
        """Queues a value as a line of JSON; Decimals are numbers, digit for digit."""
        if not self.is_open:
            return
        try:
            self._queue.put_nowait(_encoder.encode(message) + b"\r\n")
        except asyncio.QueueFull:
            self.close(1008)
            return
        self.sent += 1

    def close(self, code: int, reason: bytes = b"") -> None:
        """Closes after what is queued; 1006 cuts the connection."""
        self.is_open = False
        if code == 1006 or self._queue.full():
            self._writer.transport.abort()
        else:
            self._queue.put_nowait(None)

    async def has_room(self) -> None:
        """Returns when the client has read most of what was queued, or is gone."""
        while self.is_open and self._queue.qsize() > _LIMIT // 10:  # noqa: ASYNC110 - a bound, not an event
            await asyncio.sleep(0.001)

    async def lines(self) -> Any:
        """Yields the client's lines until the connection ends."""
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return
            self.received += 1
            yield line.strip()

    async def ended(self) -> None:
        """Cleans up; call when the reading loop has ended."""
        self.is_open = False
        await stop(self._writing)
        self._writer.transport.abort()

    async def _write(self) -> None:
        while (line := await self._queue.get()) is not None:
            try:
                self._writer.write(line)
                await self._writer.drain()
            except OSError:
                return
        self._writer.close()


class LineSite:
    """Listens, and hands every connection to `converse`, which returns when it is over."""

    def __init__(self, context: ssl.SSLContext, converse: Callable[[LineSocket], Awaitable[None]]) -> None:
        self._context, self._converse = context, converse
        self._open: set[LineSocket] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> Listening:
        self._server = await asyncio.start_server(
            self._accept, host, port, ssl=self._context, limit=_LONGEST_LINE, start_serving=True
        )
        address = self._server.sockets[0].getsockname()
        return Listening(f"tls://{address[0]}:{address[1]}", self)

    async def cleanup(self) -> None:
        if self._server is not None:
            self._server.close()
        for socket in list(self._open):
            socket.close(1006)
        async with asyncio.timeout(_DRAIN_S):
            while self._open:  # noqa: ASYNC110 - connections end by themselves once they are cut
                await asyncio.sleep(0.001)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket = LineSocket(reader, writer)
        self._open.add(socket)
        try:
            await self._converse(socket)
        finally:
            await socket.ended()
            self._open.discard(socket)
