"""A TLS socket of lines that is kept open: connect, hand lines on, come back.

For venues whose stream is no WebSocket. The conversation is a `net.stream.Conversation`, as there; what is sent gets
its CRLF here. That the other side has fallen silent is the conversation's to notice: it knows what should be heard.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import structlog

from hedgerow.core.sockets import socket_pair
from hedgerow.core.tasks import Backoff, spawn, stop, work
from hedgerow.net.egress import DIRECT, Egress
from hedgerow.net.stream import NO_CODE, Conversation, handled

_log = structlog.get_logger(__name__)

_STEADY_S = 10.0


class LineStream:
    """Keeps one conversation going until it is stopped."""

    def __init__(
        self,
        name: str,
        url: str,
        context: ssl.SSLContext,
        conversation: Conversation,
        *,
        connect_s: float = 10.0,
        backoff: Backoff | None = None,
        largest_line: int = 16 * 1024 * 1024,
        egress: Egress = DIRECT,
    ) -> None:
        """url: `tls://host:port`. egress: how the connection goes out."""
        parts = urlsplit(url)
        if parts.scheme != "tls" or not parts.hostname or not parts.port:
            raise ValueError(f"{url!r} is not tls://host:port")
        self.name = name
        self._host, self._port, self._context = parts.hostname, parts.port, context
        self._conversation, self._connect_s = conversation, connect_s
        self._backoff, self._largest, self._egress = backoff or Backoff(), largest_line, egress
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._comes_back = True

    def start(self) -> None:
        self._task = spawn(self._run(), f"stream {self.name}", is_vital=True)

    async def stop(self) -> None:
        """Closes the socket and stops coming back."""
        await stop(self._task)
        self._task = None

    def send(self, message: str | bytes) -> None:
        """Sends a line; dropped when the socket is down (the conversation starts anew then)."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write((message.encode() if isinstance(message, str) else message) + b"\r\n")

    def reconnect(self) -> None:
        """Drops the present socket; the conversation starts anew on the next."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _run(self) -> None:
        was_down = False
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._connect_and_read()
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                if not was_down:
                    _log.warning("stream down", stream=self.name, error=str(error) or type(error).__name__)
                    was_down = True
            except Exception:
                # The conversation failed. What it knew is in doubt, so it starts anew rather than not at all.
                _log.exception("stream broken off", stream=self.name)
            if not self._comes_back:
                _log.error("stream given up", stream=self.name)
                return
            if loop.time() - started >= _STEADY_S:
                self._backoff.reset()
                was_down = False
            await asyncio.sleep(self._backoff.next_pause_s())

    async def _connect_and_read(self) -> None:
        reader = asyncio.StreamReader(self._largest)
        protocol = asyncio.StreamReaderProtocol(reader)
        async with asyncio.timeout(self._connect_s):
            transport, _ = await self._egress.open(lambda: protocol, self._host, self._port, self._context)
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        pair = socket_pair(writer.get_extra_info("sockname"), writer.get_extra_info("peername"))
        self._writer = writer
        handled.open(pair)
        try:
            self._conversation.opened(self.send)
            while True:
                line = await reader.readuntil(b"\n")
                work.enter()  # not a unit of a task: what is called here waits for nothing
                try:
                    self._conversation.received(memoryview(line), is_text=True)
                finally:
                    work.leave()
                handled.count(pair)
        finally:
            self._writer = None
            handled.close(pair)
            writer.transport.abort()
            self._comes_back = self._conversation.closed(NO_CODE, "")
