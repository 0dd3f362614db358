"""A SOCKS5 proxy on the loopback that whatever speaks HTTP inside the agent must go through: the HTTP client and the
browser connect to it, and `agent.dial` decides and connects.

The user name of a connection names its way (lists, upstream proxy); without one the agent's own policy alone counts.
Browsers cannot log in to a SOCKS proxy, so a way may have a port of its own (`listen`).
It opens nothing to other programs of the machine that they could not reach themselves.
Source: RFC 1928 and 1929.
"""

from __future__ import annotations

import asyncio
import struct
from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address

from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.pipe import Pipe

_MOST_FAILURES = 1024
_GREETING_S = 10.0
_MOST_REQUEST = 1024

_SUCCEEDED, _FAILURE, _NOT_ALLOWED, _UNREACHABLE, _NO_COMMAND, _NO_KIND = 0, 1, 2, 4, 7, 8
_REPLIES = {CutCode.REFUSED: _NOT_ALLOWED, CutCode.UNREACHABLE: _UNREACHABLE, CutCode.TIMED_OUT: _UNREACHABLE}
_NO_METHOD = 0xFF
_CONNECT = 1


class SocksGuard:
    """The listening side, and what became of connections that were not made."""

    def __init__(self, dialer: Dialer) -> None:
        self.dialer = dialer
        self.port = 0
        self._ways: dict[str, Way] = {}
        self._failures: OrderedDict[tuple[str, str, int], DialError] = OrderedDict()
        self._server: asyncio.Server | None = None
        self._of_ways: dict[str, asyncio.Server] = {}
        self._open: set[_Client] = set()

    async def start(self) -> None:
        """Listens on a free port of the loopback."""
        self._server = await self._listen("")
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for name in list(self._of_ways):
            self.forget_way(name)
        for client in list(self._open):
            client.abort()

    def add_way(self, name: str, way: Way) -> None:
        """Connections of this user name go this way from now on."""
        self._ways[name] = way

    async def listen(self, name: str) -> int:
        """A port of the loopback on which every connection goes the way of this name, until that is forgotten. None is
        taken while there is no such way."""
        server = self._of_ways[name] = await self._listen(name)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def forget_way(self, name: str) -> None:
        """Ends the connections of the way's own port too."""
        self._ways.pop(name, None)
        server = self._of_ways.pop(name, None)
        if server is not None:
            server.close()
            for client in [client for client in self._open if client.name == name]:
                client.abort()

    def way(self, name: str) -> Way | None:
        return self._ways.get(name)

    def why_not(self, name: str, host: str, port: int) -> DialError | None:
        """Why the last connection of this way to the host was not made; None when it was."""
        return self._failures.get((name, host, port))

    async def _listen(self, name: str) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: _Client(self, name), "127.0.0.1", 0)

    # --- told by clients -------------------------------------------------------------------------------------

    def joined(self, client: _Client) -> None:
        self._open.add(client)

    def left(self, client: _Client) -> None:
        self._open.discard(client)

    def note(self, name: str, host: str, port: int, error: DialError | None) -> None:
        key = (name, host, port)
        if error is None:
            self._failures.pop(key, None)
            return
        self._failures[key] = error
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_FAILURES:
            self._failures.popitem(last=False)


class _Target(Pipe):
    """The target's side; silent until the client has heard that it is connected."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()


class _Client(Pipe):
    """A client's side: the greeting, then the pipe."""

    def __init__(self, guard: SocksGuard, name: str) -> None:
        """name: of the way of the port that it came to."""
        super().__init__()
        self._guard = guard
        self._received = bytearray()
        self._step = self._on_methods
        self.name = name
        self._way = guard.way(name) or Way()
        self._dialling: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.name and self._guard.way(self.name) is None:
            self.abort()
            return
        self._guard.joined(self)
        self._deadline = asyncio.get_running_loop().call_later(_GREETING_S, self.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._guard.left(self)
        self._greeted()
        if self._dialling is not None:
            self._dialling.cancel()
        super().connection_lost(error)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._received += data
        if len(self._received) > _MOST_REQUEST:
            self.abort()
            return
        while self.transport is not None and self._dialling is None and self._step():
            pass

    def eof_received(self) -> bool:
        return super().eof_received() if self.other is not None else False

    # --- the greeting: each step answers whether it found what it needs ------------------------------------------

    def _on_methods(self) -> bool:
        got = self._received
        if len(got) < 2 or len(got) < 2 + got[1]:
            return False
        methods = got[2 : 2 + got[1]]
        if got[0] != 5 or not (0 in methods or 2 in methods):
            self._reply(bytes((5, _NO_METHOD)), is_end=True)
            return False
        method = 2 if 2 in methods else 0
        del got[: 2 + got[1]]
        self._reply(bytes((5, method)))
        self._step = self._on_user if method == 2 else self._on_request
        return True

    def _on_user(self) -> bool:
        got = self._received
        if len(got) < 2 or len(got) < 3 + got[1] or len(got) < 3 + got[1] + got[2 + got[1]]:
            return False
        self.name = got[2 : 2 + got[1]].decode(errors="replace")
        del got[: 3 + got[1] + got[2 + got[1]]]
        way = self._guard.way(self.name)
        if way is None:
            self._reply(b"\x01\x01", is_end=True)
            return False
        self._way = way
        self._reply(b"\x01\x00")
        self._step = self._on_request
        return True

    def _on_request(self) -> bool:
        got = self._received
        if len(got) < 5:
            return False
        length = {1: 4, 3: 1 + got[4], 4: 16}.get(got[3])
        if got[0] != 5 or got[1] != _CONNECT or length is None:
            self._refuse(_NO_COMMAND if length is not None else _NO_KIND)
            return False
        if len(got) < 4 + length + 2:
            return False
        host = _host(got[3], bytes(got[4 : 4 + length]))
        (port,) = struct.unpack_from("!H", got, 4 + length)
        del got[: 4 + length + 2]
        self._greeted()
        self._dialling = spawn(self._dial(host, port), "guarded connection")
        return False

    async def _dial(self, host: str, port: int) -> None:
        try:
            _, target = await self._guard.dialer.connect(host, port, self._way, _Target)
        except DialError as error:
            self._guard.note(self.name, host, port, error)
            self._refuse(_REPLIES.get(error.code, _FAILURE))
            return
        self._guard.note(self.name, host, port, None)
        if self.transport is None or target.transport is None:
            for transport in (self.transport, target.transport):
                if transport is not None:
                    transport.abort()
            return
        self.other, target.other = target, self
        self._reply(bytes((5, _SUCCEEDED, 0, 1, 0, 0, 0, 0, 0, 0)))
        target.transport.write(bytes(self._received))
        self._received.clear()
        target.transport.resume_reading()

    def _refuse(self, reply: int) -> None:
        self._reply(bytes((5, reply, 0, 1, 0, 0, 0, 0, 0, 0)), is_end=True)

    def _reply(self, answer: bytes, *, is_end: bool = False) -> None:
        if self.transport is not None:
            self.transport.write(answer)
            if is_end:
                self.transport.close()

    def _greeted(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _host(kind: int, raw: bytes) -> str:
    if kind == 1:
        return str(IPv4Address(raw))
    if kind == 4:
        return str(IPv6Address(raw))
    return raw[1:].decode("ascii", errors="replace")
