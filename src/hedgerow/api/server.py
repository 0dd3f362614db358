"""Serves an application: uvicorn with httptools and the sans-I/O WebSockets, on the loop that already runs.

Signals are the caller's: a service has more to stop than its sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from hedgerow.api.connection import Door, HttpConnection
from hedgerow.core.errors import SetupError
from hedgerow.core.frames import EXTENSION, framed
from hedgerow.core.tasks import spawn

MOST_SOCKET_MESSAGE_BYTES = 64 * 1024
"""Largest message that a client may send on a WebSocket."""
_STOP_S = 5
_LOOK_S = 0.005
_PING_S = 20.0
_UNREAD_MS = 60_000
"""How long the kernel keeps what a client does not read; then the connection is reset. Without it a client that has
stopped reading could hold a closed connection's memory for ever: closing waits until all is sent."""


class Connection(WebSocketsSansIOProtocol):
    """A WebSocket that lends its wire (`core.frames.FrameWriter`). Extensions that change frames are not negotiated."""

    _on_room: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self.scope["extensions"][EXTENSION] = {"writer": self}  # the application's task has not begun yet

    def write_texts(self, texts: Iterable[bytes]) -> bool:
        is_open = self.handshake_complete and self.conn.state is State.OPEN and not self.transport.is_closing()
        if not is_open or not self.writable.is_set():
            return False
        self.transport.write(framed(texts))
        return True

    def call_on_room(self, on_room: Callable[[], None]) -> None:
        self._on_room = on_room

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._on_room is not None:
            self._on_room()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """One listening socket and the application behind it."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        sockets: type[asyncio.Protocol] | None = None,
        doors: Mapping[bytes, Door] | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """port: 0 picks a free one; `port` tells it after the start. sockets: what takes upgrade requests over; None:
        the application does. doors: by path, for requests that need no ASGI. certificate: files of the chain and its
        key, for TLS."""
        chain, key = certificate or (None, None)
        self.host, self.port = host, port
        config = uvicorn.Config(
            app,
            loop="none",
            http=cast("type[asyncio.Protocol]", partial(HttpConnection, doors=doors or {})),
            ws=sockets or Connection,
            ssl_certfile=chain,
            ssl_keyfile=key,
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
            await asyncio.sleep(_LOOK_S)

    async def stop(self) -> None:
        """Lets requests under way end, closes WebSockets, then returns. A start that is under way comes to its end
        first: what the application has opened by then is closed by nobody else."""
        if self._task is None:
            return
        while not self._uvicorn.started and not self._task.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(_LOOK_S)
        self._uvicorn.should_exit = True
        await asyncio.wait([self._task])
        self._task = None

    async def ended(self) -> None:
        """Returns when it has stopped by itself."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def serve(self) -> None:
        """Runs until cancelled."""
        try:
            await self.start()
            await self.ended()
        finally:
            await self.stop()
