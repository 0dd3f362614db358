"""Serves an application: uvicorn with httptools and the sans-I/O WebSockets, on the loop that already runs.

Signals are the caller's: a service has more to stop than its sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from hedgerow.core.errors import SetupError
from hedgerow.core.tasks import spawn

MOST_SOCKET_MESSAGE_BYTES = 64 * 1024
"""Largest message that a client may send on a WebSocket."""
_STOP_S = 5
_PING_S = 20.0
_UNREAD_MS = 60_000
"""How long the kernel keeps what a client does not read; then the connection is reset. Without it a client that has
stopped reading could hold a closed connection's memory for ever: closing waits until all is sent."""


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """One listening socket and the application behind it."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """port: 0 picks a free one; `port` tells it after the start."""
        self.host, self.port = host, port
        config = uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=MOST_SOCKET_MESSAGE_BYTES,
            ws_ping_interval=_PING_S,
            ws_ping_timeout=_PING_S,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_S,
        )
        self._uvicorn = _Uvicorn(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when requests are answered. Raises SetupError."""
        try:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            listening = socket.create_server((self.host, self.port), family=family, backlog=2048)
        except OSError as error:
            raise SetupError(f"cannot listen on {self.host}:{self.port}: {error.strerror}", "choose another") from None
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it (tcp(7))
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        self.port = listening.getsockname()[1]
        self._task = spawn(self._uvicorn.serve(sockets=[listening]), f"http server on port {self.port}")
        while not self._uvicorn.started:
            if self._task.done():
                listening.close()
                raise SetupError(f"the service on port {self.port} did not start", "see the log above")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Lets requests under way end, closes WebSockets, then returns."""
        self._uvicorn.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None

    async def serve(self) -> None:
        """Runs until cancelled."""
        await self.start()
        assert self._task is not None
        try:
            await asyncio.shield(self._task)
        finally:
            await self.stop()
