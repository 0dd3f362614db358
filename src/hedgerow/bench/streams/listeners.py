"""Those who listen to a side: plain sockets that count the messages that come and when, as cheaply as they can.

Source of the frames: RFC 6455 section 5.2; a server's are not masked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import msgspec

from hedgerow.bench.report import BenchError
from hedgerow.bench.streams.side import Told

_HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
)
_TEXT = 0x81
_PING_FRAME, _PONG_FRAME = 0x89, 0x8A
_PING, _PONG = b'{"type":"ping"}', b'{"type":"pong"}'
_AT_ONCE = 50  # connections that are opened side by side
_WITHIN_S = 30.0


class Audience:
    """What all listeners have heard together."""

    def __init__(self) -> None:
        self.heard = 0
        self.arrivals_ns: list[int] = []
        """Of each message at each listener, as `time.monotonic_ns`."""
        self.size = 0
        """Of the last message, in bytes."""
        self._wanted = 0
        self._fault: str | None = None
        self._all_heard = asyncio.Event()

    def hear(self, messages: int) -> None:
        self.heard += messages
        self.arrivals_ns += [time.monotonic_ns()] * messages
        if self.heard >= self._wanted:
            self._all_heard.set()

    def fail(self, fault: str) -> None:
        """A listener got what it should not."""
        self._fault = fault
        self._all_heard.set()

    def begin(self) -> None:
        """Counts from nothing."""
        self.heard, self.arrivals_ns = 0, []

    async def until(self, heard: int) -> None:
        """Returns when so many messages have been heard. Raises BenchError when they do not come."""
        self._wanted = heard
        self._all_heard.clear()
        if self.heard < heard and self._fault is None:
            try:
                async with asyncio.timeout(_WITHIN_S):
                    await self._all_heard.wait()
            except TimeoutError:
                raise BenchError(f"{self.heard} of {heard} messages arrived") from None
        if self._fault is not None:
            raise BenchError(self._fault)


class _Listener(asyncio.Protocol):
    """key: what it logs in with; None: it does not. With one the numbers of its messages are checked."""

    def __init__(self, audience: Audience, path: str, key: str | None) -> None:
        self._audience, self._path, self._key = audience, path, key
        self._rest = b""
        self._is_open = False
        self._seq = 0
        self._transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._transport.write(_HANDSHAKE % self._path.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(BenchError("a listener was not admitted"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._open()
        messages = start = 0
        while (frame := _frame(data, start)) is not None:
            kind, begin, start = frame
            if kind == _TEXT:
                messages += self._counts(data[begin:start])
            elif kind == _PING_FRAME:
                self._send(_PONG_FRAME, data[begin:start])
        self._rest = data[start:]
        if messages:
            self._audience.hear(messages)

    def _open(self) -> None:
        self._is_open = True
        if self._key is None:
            self.ready.set_result(None)
        else:
            self._send(_TEXT, msgspec.json.encode({"type": "login", "apiKey": self._key, "channels": ["orders"]}))

    def _send(self, kind: int, payload: bytes) -> None:
        """A client's frame of less than 126 bytes; its mask is zeros, which leave the payload as it is."""
        assert len(payload) < 126
        if self._transport is not None:
            self._transport.write(bytes((kind, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def _counts(self, message: bytes) -> bool:
        """Whether it is one of those that are measured."""
        if not self.ready.done():
            if b'"login_ok"' in message:
                self.ready.set_result(None)
            else:
                self.ready.set_exception(BenchError(f"a listener was told {message.decode()}"))
            return False
        if self._key is not None:
            if message == _PING:
                self._send(_TEXT, _PONG)
                return False
            self._seq += 1
            if not message.endswith(b'"seq":%d}' % self._seq):
                self._audience.fail(f"message {self._seq} of a listener is {message.decode()}")
        self._audience.size = len(message)
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _frame(data: bytes, start: int) -> tuple[int, int, int] | None:
    """(first byte, begin, end) of the frame's payload; None where it is not whole."""
    if len(data) < start + 4:
        return None
    size, begin = data[start + 1], start + 2
    if size == 126:
        size, begin = int.from_bytes(data[start + 2 : start + 4]), start + 4
    return (data[start], begin, begin + size) if len(data) >= begin + size else None


@asynccontextmanager
async def listening(told: Told, count: int) -> AsyncIterator[Audience]:
    """So many listeners, all of them admitted. Raises BenchError."""
    audience = Audience()
    keys: Sequence[str | None] = told.keys or [None]
    loop = asyncio.get_running_loop()
    listeners: list[_Listener] = []

    async def join(number: int) -> None:
        listener = _Listener(audience, told.path, keys[number % len(keys)])
        listeners.append(listener)
        await loop.create_connection(lambda: listener, "127.0.0.1", told.port)
        async with asyncio.timeout(_WITHIN_S):
            await listener.ready

    try:
        for first in range(0, count, _AT_ONCE):
            await asyncio.gather(*(join(number) for number in range(first, min(first + _AT_ONCE, count))))
        yield audience
    finally:
        for listener in listeners:
            listener.close()
