"""The wire under a simulated venue: HTTP and WebSocket listeners on which the scripted faults act.

A dialect describes its hosts as sites; each gets its own port, so that paths are the venue's own, byte for byte.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec
from aiohttp import WSMsgType, web

from hedgerow.core.sockets import socket_pair
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.faults import Faults

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_encoder = msgspec.json.Encoder(decimal_format="number")
_encoder_of_text = msgspec.json.Encoder(decimal_format="string")

_DRAIN_S = 1.0
_CLOSE_S = 10.0

LOST = web.RequestKey("hedgerow.lost", bool)
"""A request on which this is set is processed, but its answer never leaves."""


class Traffic:
    """What clients asked of the venues of this process, and what waits. A stepped clock compares two readings to know
    whether a step is over."""

    def __init__(self) -> None:
        self.requests = 0
        self.held_back = 0  # requests that scripted latency lets wait, in world time


traffic = Traffic()
"""This process's traffic."""


def json_answer(
    value: Any, status: int = 200, *, headers: dict[str, str] | None = None, decimals_as_text: bool = False
) -> web.Response:
    """A JSON answer; Decimals are numbers, digit for digit, or texts."""
    body = (_encoder_of_text if decimals_as_text else _encoder).encode(value)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def lose_answer(request: web.Request) -> None:
    """The request is carried out, and the client will never hear of it."""
    request[LOST] = True


class Wire(Protocol):
    """One client's stream, whatever it is made of: what the world's clock and faults need of it."""

    sent: int
    received: int
    pair: str

    @property
    def is_open(self) -> bool: ...

    def close(self, code: int, reason: bytes = b"") -> None: ...


class Runner(Protocol):
    async def cleanup(self) -> None:
        """Stops listening and ends what is open."""
        ...


class Site(Protocol):
    """A host that is no plain HTTP: with TLS, or another protocol."""

    async def listen(self, host: str, port: int) -> Listening:
        """Serves on a port (0: a free one). Raises OSError for one that is taken."""
        ...


class Dialect(Protocol):
    """A venue's side of the wire, on the world's engines. Found by name: `sim/dialects/<slug>.py` has `build`."""

    slug: str

    def sites(self) -> Mapping[str, web.Application | Site]:
        """Hosts of the venue by the names that its connector's manifest uses for their URLs."""
        ...

    def sockets(self) -> Sequence[Wire]:
        """The streams that are open now."""
        ...


@runtime_checkable
class Switchable(Dialect, Protocol):
    """A dialect with switches of its own, beside those that every venue has."""

    def patch(self, given: dict[str, Any]) -> None:
        """Changes own switches; `{}` resets them. Raises ValueError that names an unknown switch or a wrong value."""
        ...


@runtime_checkable
class HasFaults(Dialect, Protocol):
    """A dialect without an engine, whose common switches are its own: the feed."""

    faults: Faults


@dataclass(slots=True)
class _Outgoing:
    text: bool
    data: str | bytes


class Socket:
    """One client's WebSocket: ordered, bounded, counted.

    `push` never waits; a writer task drains the queue. A client that reads too slowly fills the queue and is closed
    with the code that its venue uses.
    """

    def __init__(self, request: web.Request, *, limit: int = 10_000, slow_code: int = 1008) -> None:
        self.request = request
        self.ws = web.WebSocketResponse(autoping=True, max_msg_size=4 * 1024 * 1024)
        self.sent = 0  # data frames queued for the client
        self.received = 0  # data frames read from the client
        wire = request.transport
        self.pair = socket_pair(wire.get_extra_info("peername"), wire.get_extra_info("sockname")) if wire else ""
        self._queue: asyncio.Queue[_Outgoing] = asyncio.Queue(limit)
        self._queued_bytes = 0
        self._slow_code = slow_code
        self._writer: asyncio.Task[None] | None = None
        self._closing: tuple[int, bytes] | None = None

    async def open(self) -> None:
        await self.ws.prepare(self.request)
        self._writer = spawn(self._write(), "sim socket writer")

    def push(self, message: Any) -> None:
        """Queues a frame: text, bytes, or a value that is sent as JSON (Decimals as texts)."""
        if self.ws.closed or self._closing:
            return
        if isinstance(message, bytes):
            out = _Outgoing(text=False, data=message)
        else:
            text = message if isinstance(message, str) else _encoder_of_text.encode(message).decode()
            out = _Outgoing(text=True, data=text)
        try:
            self._queue.put_nowait(out)
        except asyncio.QueueFull:
            self.close(self._slow_code, b"client reads too slowly")
            return
        self.sent += 1
        self._queued_bytes += len(out.data)

    def close(self, code: int, reason: bytes = b"") -> None:
        """Closes after what is queued; 1006 cuts the connection without a close frame."""
        if self._closing is None:
            self._closing = code, reason
            spawn(self._close(code, reason), "sim socket close")

    async def texts(self) -> Any:
        """Yields the client's text and binary frames until the socket ends."""
        async for message in self.ws:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.received += 1
                yield message.data

    async def ended(self) -> None:
        """Cleans up; call when the reading loop has ended."""
        await stop(self._writer)

    @property
    def is_open(self) -> bool:
        return self._writer is not None and self._closing is None and not self.ws.closed

    @property
    def pending(self) -> int:
        """Frames that are queued and not yet taken by the writer."""
        return self._queue.qsize()

    @property
    def pending_bytes(self) -> int:
        """Their size, and that of the frame which is being written (texts in characters)."""
        return self._queued_bytes

    async def drained(self) -> None:
        """Returns when all that was queued is written; never, when the connection ends before: cancel it then."""
        await self._queue.join()

    async def _write(self) -> None:
        while True:
            out = await self._queue.get()
            try:
                if out.text:
                    await self.ws.send_str(str(out.data))
                else:
                    await self.ws.send_bytes(out.data)  # type: ignore[arg-type]
            except (ConnectionError, RuntimeError):
                return
            finally:
                self._queued_bytes -= len(out.data)
                self._queue.task_done()

    async def _close(self, code: int, reason: bytes) -> None:
        transport = self.request.transport
        if code == 1006:
            if transport is not None:
                transport.abort()
            return
        if self._writer is not None and not self._writer.done():
            said = spawn(self._queue.join(), "sim socket drain")
            await asyncio.wait({said, self._writer}, return_when=asyncio.FIRST_COMPLETED, timeout=_DRAIN_S)
            await stop(said)
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.ws.close(code=code, message=reason)
        except TimeoutError:  # the client reads nothing, so not even the close frame could be written
            if transport is not None:
                transport.abort()


def application(clock: WorldClock, faults: Faults | None = None) -> web.Application:
    """An aiohttp application on whose requests the venue's faults act. WebSocket upgrades are only refused when
    the venue is down."""

    held_back: set[asyncio.Task[Any]] = set()

    @web.middleware
    async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
        traffic.requests += 1
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if faults is not None and faults.behaviour.down:
                return _cut(request)
            return await handler(request)
        if faults is not None and faults.behaviour.latencyMs and not faults.behaviour.down:
            await _hold_back(faults.behaviour.latencyMs)
        with work.unit():
            if faults is not None and faults.behaviour.down:
                return _cut(request)
            answer = await handler(request)
            return _cut(request) if request.get(LOST) else answer

    async def _hold_back(latency_ms: int) -> None:
        # Outside the unit of work: a stepped clock has to move for this wait to end.
        traffic.held_back += 1
        task = asyncio.current_task()
        assert task is not None
        held_back.add(task)
        try:
            await clock.sleep(latency_ms / 1000)
        finally:
            held_back.discard(task)
            traffic.held_back -= 1

    async def give_up(_: web.Application) -> None:
        # The server forgets a request whose client has left, and the time for which this one waits may never come.
        for task in held_back:
            task.cancel()

    app = web.Application(middlewares=[misbehave], client_max_size=4 * 1024 * 1024)
    app.on_shutdown.append(give_up)
    return app


def _cut(request: web.Request) -> web.Response:
    """Ends the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


@dataclass(slots=True)
class Listening:
    """A started site."""

    url: str
    runner: Runner


async def listen(app: web.Application | Site, host: str, port: int) -> Listening:
    """Serves a site on a port (0: a free one). Raises OSError that names a port which is taken."""
    return await (_listen(app, host, port) if isinstance(app, web.Application) else app.listen(host, port))


class TlsApplication:
    """A site over HTTPS."""

    def __init__(self, app: web.Application, context: ssl.SSLContext) -> None:
        self._app, self._context = app, context

    async def listen(self, host: str, port: int) -> Listening:
        return await _listen(self._app, host, port, self._context)


async def _listen(app: web.Application, host: str, port: int, context: ssl.SSLContext | None = None) -> Listening:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
    except OSError:
        await runner.cleanup()
        raise
    address = runner.addresses[0]
    return Listening(f"{'https' if context else 'http'}://{address[0]}:{address[1]}", runner)
