"""An HTTP/1.1 server on plain sockets, because only those tell when the kernel took a request's first byte.

Small and for local clients alone: requests with a Content-Length, answered in the turn in which they were read.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

_SO_TIMESTAMPNS = 35  # linux: asm-generic/socket.h; Python has no name for it
_TIMESPEC = struct.Struct("qq")
_READ = 1 << 18
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in. headers: by lower-case name; first_ns: when the kernel took its first byte, of
    CLOCK_REALTIME."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    first_ns: int


class HttpPeer:
    """Answers requests until it is closed. Made on a running loop."""

    def __init__(self, answer: Callable[[Request], object]) -> None:
        """answer: called for every request; what it returns is sent as JSON."""
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._incoming: dict[socket.socket, _Incoming] = {}
        self._loop.add_reader(self._listener, self._accept)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        for each in (self._listener, *list(self._incoming)):
            self._drop(each)

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._incoming[accepted] = _Incoming()
        self._loop.add_reader(accepted, self._read, accepted)

    def _read(self, accepted: socket.socket) -> None:
        try:
            first, notes, _, _ = accepted.recvmsg(1, 64)
            if not first:
                self._drop(accepted)
                return
            for request in self._incoming[accepted].take(first + _rest(accepted), _stamp_ns(notes)):
                body = _encode(self._answer(request))
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                accepted.sendall(head + body)
        except ConnectionError:
            self._drop(accepted)

    def _drop(self, each: socket.socket) -> None:
        self._loop.remove_reader(each)
        self._incoming.pop(each, None)
        each.close()


class _Incoming:
    """What came over one connection and is no whole request yet."""

    def __init__(self) -> None:
        self._text = b""
        self._first_ns = 0

    def take(self, text: bytes, at_ns: int) -> Iterator[Request]:
        """The requests that are whole now."""
        if not self._text:
            self._first_ns = at_ns
        self._text += text
        while (end := self._text.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._text[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._text) < whole:
                return
            body, self._text = self._text[end + 4 : whole], self._text[whole:]
            method, target, _ = first.split(" ")
            path, _, query = target.partition("?")
            yield Request(method, path, query, headers, body, self._first_ns)


def _rest(accepted: socket.socket) -> bytes:
    try:
        return accepted.recv(_READ, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def _stamp_ns(notes: list[tuple[int, int, bytes]]) -> int:
    for _, kind, data in notes:
        if kind == _SO_TIMESTAMPNS:
            seconds, ns = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            return int(seconds) * 1_000_000_000 + int(ns)
    return time.time_ns()
