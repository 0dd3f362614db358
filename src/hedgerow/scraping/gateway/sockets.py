"""WebSockets of the gateway's port that are not the application's: whoever serves a path takes the connection over,
transport and all, so that links and relays pay for no ASGI on their way.

uvicorn hands an upgrade request to a protocol of ours (its setting `ws`), with the request's head put together again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from picows import WSAutoPingStrategy, WSListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stubs leave it out

TakeOver = Callable[[asyncio.Transport, bytes], None]
"""Takes a connection over: gets its transport and the head of the upgrade request, answers it, and sets a protocol of
its own by `hand_over`."""

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_HANDSHAKE_S = 10.0
_log = logging.getLogger("link")


def socket_protocol(paths: Mapping[str, TakeOver]) -> type[asyncio.Protocol]:
    """What uvicorn makes one of for every upgrade request. paths: who takes which path."""

    class SocketProtocol(asyncio.Protocol):
        def __init__(self, *, config: Any, server_state: Any, app_state: Any) -> None:
            self._transport: asyncio.Transport | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses

        def data_received(self, head: bytes) -> None:
            assert self._transport is not None
            take_over = paths.get(path_of(head))
            if take_over is None:
                self._transport.write(_NOT_FOUND)
                self._transport.close()
            else:
                take_over(self._transport, head)

    return SocketProtocol


def path_of(head: bytes) -> str:
    """The path of a request's first line, without its query."""
    target = head.split(b" ", 2)[1] if head.count(b" ", 0, 4096) >= 2 else b""
    return target.partition(b"?")[0].decode("latin-1")


def hand_over(transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
    """Gives the connection to the protocol from the next turn on: the server, which has just handed it to us, sets its
    own choice until then."""
    asyncio.get_running_loop().call_soon(transport.set_protocol, protocol)


def websocket(listener: Callable[[], WSListener], largest: int) -> TakeOver:
    """Serves a path with picows; largest: bytes of a frame. A handshake that picows does not take is answered by it."""

    def take_over(transport: asyncio.Transport, head: bytes) -> None:
        # The class that `ws_create_server` makes its connections of; positions as in picows.api.
        protocol = WSProtocol(
            None,
            None,
            False,  # noqa: FBT003 - not the client's side
            lambda _: listener(),
            _log,
            True,  # noqa: FBT003 - an error of ours ends the connection
            _HANDSHAKE_S,
            False,  # noqa: FBT003 - the link pings by itself
            60.0,
            20.0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            True,  # noqa: FBT003 - pings are answered
            largest,
            None,
            64 * 1024,
        )
        protocol.connection_made(transport)
        for start in range(0, len(head), 1024):
            part = head[start : start + 1024]
            protocol.get_buffer(len(part))[: len(part)] = part
            protocol.buffer_updated(len(part))
        hand_over(transport, protocol)

    return take_over
