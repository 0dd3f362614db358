"""A client's connection: uvicorn's, with heads held (`api.heads`), answers that may be given whole, and requests that
are served without ASGI.

A GET without a body for a path with a `Door` is offered to it as an `Exchange` in the very call that brought its last
byte. A door that takes it answers whenever it has what it needs, without a task; one that does not leaves it to the
application, where everything else goes. Pipelined requests wait for each other as uvicorn has them wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, cast

from starlette.types import Message
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from hedgerow.api.heads import EXTENSION, HeldHeads

_LARGE = 16 * 1024
"""Bytes of a body that is not copied behind its head."""
_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_CONTINUE = b"100-continue"
_CHUNKED = "transfer-encoding: chunked\r\n"


class Door(Protocol):
    """Serves requests of one path without ASGI."""

    def begin(self, exchange: Exchange) -> bool:
        """Takes a request; False leaves it to the application, as if it had not been seen. Never raises."""
        ...


class Exchange:
    """A request without a body, and the way of its answer. headers: with names in lower case."""

    __slots__ = ("_connection", "_gone", "headers", "is_over", "keeps_alive", "when_gone")

    def __init__(self, connection: HttpConnection, headers: list[tuple[bytes, bytes]], *, keeps_alive: bool) -> None:
        self._connection, self.headers, self.keeps_alive = connection, headers, keeps_alive
        self.is_over = False
        """Whether it was answered, or nobody waits for an answer any more."""
        self.when_gone: Callable[[], object] | None = None
        """Called once when the client goes away unanswered."""
        self._gone: asyncio.Event | None = None

    @property
    def kept(self) -> Any:
        """What the door keeps with the connection for its next request; None at first. It ends with the connection."""
        return self._connection.kept

    @kept.setter
    def kept(self, value: object) -> None:
        self._connection.kept = value

    def answer(self, status: int, headers: str, body: bytes) -> bool:
        """headers: their lines, each with its end, without the body's length. False: the client reads too slowly, and
        is to be answered in parts."""
        if self.is_over:
            return True
        connection = self._connection
        if connection.flow.write_paused:
            return False
        connection.write_whole(status, headers, body, keeps_alive=self.keeps_alive)
        self._end()
        return True

    async def answer_in_parts(self, status: int, headers: str, parts: Iterable[bytes]) -> None:
        """As fast as the client reads."""
        connection = self._connection
        if not self.is_over:
            connection.write_head(status, headers + _CHUNKED, keeps_alive=self.keeps_alive)
        for part in filter(None, parts):  # an empty chunk would be the last
            await connection.flow.drain()
            if self.is_over:
                return
            connection.wire.writelines((b"%x\r\n" % len(part), part, b"\r\n"))
        if not self.is_over:
            connection.wire.write(b"0\r\n\r\n")
            self._end()

    async def receive(self) -> Message:
        """As ASGI's, when the request has been read: the client's going away."""
        if not self.is_over:
            self._gone = asyncio.Event()
            await self._gone.wait()
        return {"type": "http.disconnect"}

    def lose(self) -> None:
        """The client is gone."""
        if self.is_over:
            return
        self.is_over = True
        if self._gone is not None:
            self._gone.set()
        when_gone, self.when_gone = self.when_gone, None
        if when_gone is not None:
            when_gone()

    def _end(self) -> None:
        self.is_over = True
        self.when_gone = None  # what it holds holds this
        self._connection.end_exchange(keeps_alive=self.keeps_alive)


class _Whole:
    """A request's `WholeWriter`: does at once what uvicorn does with the two messages of an answer."""

    __slots__ = ("_connection", "_cycle")

    def __init__(self, connection: HttpConnection, cycle: RequestResponseCycle) -> None:
        self._connection, self._cycle = connection, cycle

    def write_whole(self, status: int, headers: str, body: bytes) -> bool:
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._connection.write_whole(status, headers, body, keeps_alive=cycle.keep_alive)
        cycle.message_event.set()
        if not cycle.keep_alive:
            self._connection.wire.close()
        cycle.on_response()
        return True


class HttpConnection(HttpToolsProtocol):
    """One connection. One that becomes a WebSocket gets its own transport back."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        doors: Mapping[bytes, Door],
    ) -> None:
        """doors: by path."""
        super().__init__(config, server_state, app_state, _loop)
        self._doors = doors
        self._door: Door | None = None  # of the request whose head was read
        self._exchange: Exchange | None = None  # that is not over
        self._has_body = False
        self.kept: Any = None  # by the door
        self._idle_since_s: float | None = None  # None while it works, or waits for its first request
        self._told: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")  # headers of every answer, and their lines

    # --- asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        """What holds no heads."""
        held = HeldHeads(self.wire)
        super().connection_made(cast("asyncio.Transport", held))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.lose()

    # --- httptools: a scope is made for ASGI alone -----------------------------------------------------------

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._door, self._has_body = None, False

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _OF_A_BODY:
            self._has_body = True
            self.expect_100_continue |= name == b"expect" and value.lower() == _CONTINUE
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        door = self._doors.get(self.url)
        if door is None or not self._is_for_a_door():
            self._begin_asgi()
        else:
            self._door = door

    def on_message_complete(self) -> None:
        door, self._door = self._door, None
        if door is None:
            super().on_message_complete()
            return
        exchange = self._exchange = Exchange(self, self.headers, keeps_alive=self.parser.should_keep_alive())
        if not door.begin(exchange):
            self._exchange = None
            self._begin_asgi()
            super().on_message_complete()

    def _is_for_a_door(self) -> bool:
        """Nothing of a body, no other protocol, and nothing before it that waits for its answer."""
        parser = self.parser
        return (
            not self._has_body
            and self._exchange is None
            and (self.cycle is None or self.cycle.response_complete)
            and parser.get_method() == b"GET"
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
        )

    def _begin_asgi(self) -> None:
        """What uvicorn does with a head, which reads it in pieces."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)  # the scope's
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # its task has not begun yet
            self.cycle.scope["extensions"] = {EXTENSION: {"writer": _Whole(self, self.cycle)}}

    def handle_websocket_upgrade(self) -> None:
        held = cast("HeldHeads", self.transport)
        held.write(b"")  # what is held is an answer before
        self.transport = held.inner
        super().handle_websocket_upgrade()

    # --- answers ---------------------------------------------------------------------------------------------

    def write_whole(self, status: int, headers: str, body: bytes, *, keeps_alive: bool) -> None:
        size = len(body)
        head = self._head(status, f"{headers}content-length: {size}\r\n", keeps_alive=keeps_alive)
        if size < _LARGE:
            self.wire.write(head + body)
        else:
            self.wire.writelines((head, body))

    def write_head(self, status: int, headers: str, *, keeps_alive: bool) -> None:
        self.wire.write(self._head(status, headers, keeps_alive=keeps_alive))

    def end_exchange(self, *, keeps_alive: bool) -> None:
        """It was answered: what was asked for behind it comes next."""
        self._exchange = None
        if not keeps_alive:
            self.wire.close()
        self.on_response_complete()

    def _head(self, status: int, headers: str, *, keeps_alive: bool) -> bytes:
        every, told = self._told
        if every is not self.server_state.default_headers:  # made anew each second, for the date
            every = self.server_state.default_headers
            told = b"".join([b"%b: %b\r\n" % pair for pair in every])
            self._told = every, told
        close = "" if keeps_alive else "connection: close\r\n"
        return STATUS_LINE[status] + told + f"{headers}{close}\r\n".encode("latin-1")

    # --- uvicorn ---------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """One timer for a connection that is idle, and not one for each answer."""
        if self.pipeline or self.wire.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since_s = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_after(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since_s = None

    def _look_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since_s is None:
            return  # the next answer sets it again
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._look_after(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._exchange is None:
            super()._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def shutdown(self) -> None:
        if self._exchange is None or self.pipeline:  # the last that was asked for is the last that is answered
            super().shutdown()
        else:
            self._exchange.keeps_alive = False
