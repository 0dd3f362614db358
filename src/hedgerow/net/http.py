"""An HTTP/1.1 client for venues: few hosts, warm connections, one request in flight on each.

The request is written in the same turn of the loop in which it is asked for, which is what a quote that must move
now needs. What could have been sent and what surely was not are told apart, because money hangs on the difference:

- `Unavailable`: no connection could be made, or the request only reads;
- `InDoubt`: a request that changes something left, and no whole answer came.

Parsing is httptools' (the parser of Node.js). No redirects, no cookies, no compression: venues' APIs need none.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Coroutine, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httptools
import msgspec

from hedgerow import __version__
from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.observe import VENUE_REQUEST_SECONDS, VENUE_REQUESTS
from hedgerow.core.tasks import work
from hedgerow.core.tracing import step
from hedgerow.net.egress import DIRECT, Egress

Headers = Sequence[tuple[str, str]]

_AGENT = f"hedgerow/{__version__}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """A request that is being answered. started: of time.perf_counter, s."""

    operation: str
    request: bytes
    changes: bool
    timeout_s: float
    started: float


class HttpClient:
    """Requests to one host. Connections are made when needed, kept warm and bounded in number."""

    def __init__(
        self,
        venue: str,
        base_url: str,
        *,
        connections: int = 8,
        timeout_s: float = 5.0,
        largest_body: int = 64 * 1024 * 1024,
        ssl_context: ssl.SSLContext | None = None,
        egress: Egress = DIRECT,
    ) -> None:
        """base_url: scheme, host, optional port and path prefix. timeout_s: for one request, connecting included.
        largest_body: bytes of one answer, head and chunk marks included. egress: how connections go out."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url!r} is not an http(s) URL")
        self.venue = venue
        self.prefix = parts.path.rstrip("/")
        self._host = parts.hostname
        self._tls = (ssl_context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        authority = parts.netloc.rpartition("@")[2]
        self._head = f" HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {_AGENT}\r\nAccept: application/json\r\n"
        self._timeout_s, self._largest_body, self._egress = timeout_s, largest_body, egress
        self._idle: list[_Connection] = []
        self._places: asyncio.Queue[None] = asyncio.Queue()  # a semaphore that can be taken without an await
        for _ in range(connections):
            self._places.put_nowait(None)
        self._is_closed = False

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        changes: bool = False,
        timeout_s: float | None = None,
        body_type: str = "application/json",
    ) -> Coroutine[Any, Any, Answer]:
        """One request; awaiting what this returns, which is to be done at once, gives the answer whatever its status.

        Where a connection is warm, the request is written before this returns. path: below the base URL, with query.
        changes: True when the request moves money or orders, so that a lost answer is InDoubt; else it is Unavailable.
        """
        request = self._encode(method, path, headers, body, body_type)
        return self._exchanged(operation, request, timeout_s, changes=changes)

    def head(self, method: str, path: str, headers: Headers = ()) -> bytes:
        """What all requests of one kind begin with, laid out once: for `send`. path: below the base URL."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        return f"{method} {self.prefix}{path}{self._head}{lines}".encode("latin-1")

    def send(self, operation: str, head: bytes, lines: bytes, body: bytes) -> Coroutine[Any, Any, Answer]:
        """`request` for what is sent often and changes something: of such a request only what differs is put together.

        lines: the headers that follow those of the head, each with its end; neither names the body's type or length.
        """
        kind = b"Content-Type: application/json\r\n" if body else b""
        request = b"%b%b%bContent-Length: %d\r\n\r\n%b" % (head, lines, kind, len(body), body)
        return self._exchanged(operation, request, None, changes=True)

    def _exchanged(
        self, operation: str, request: bytes, timeout_s: float | None, *, changes: bool
    ) -> Coroutine[Any, Any, Answer]:
        connection = None if changes and _is_too_late() else self._take_warm()
        coming = connection.exchange(request) if connection is not None else None
        # Everything else comes after the write: what is sent now may be a quote that has to move.
        asked = _Asked(operation, request, changes, timeout_s or self._timeout_s, time.perf_counter())
        return self._answer(asked, connection, coming)

    async def _answer(
        self, asked: _Asked, connection: _Connection | None, coming: asyncio.Future[Answer] | None
    ) -> Answer:
        """The answer that comes over the connection; without one the request is yet to be written."""
        outcome = "lost"
        with work.unit(), step("venue.request", "client") as traced:
            traced.tell("hedgerow.venue", self.venue)
            traced.tell("hedgerow.operation", asked.operation)
            try:
                async with asyncio.timeout(asked.timeout_s):
                    if connection is None:
                        await self._places.get()
                    try:
                        if connection is None or coming is None:
                            connection = self._warm() or await self._connect()
                            coming = self._write_in_time(connection, asked)
                        answer = await coming
                    except BaseException:
                        if connection is not None:
                            connection.abort()
                        raise
                    finally:
                        self._places.put_nowait(None)
                    self._keep(connection)
                    outcome = f"{answer.status // 100}xx"
                    traced.tell("http.response.status_code", answer.status)
                    return answer
            except (OSError, TimeoutError, httptools.HttpParserError) as error:
                what = str(error) or type(error).__name__
                is_sent = coming is not None
                if is_sent and asked.changes:
                    raise InDoubt(self.venue, asked.operation, f"no answer: {what}") from error
                outcome = outcome if is_sent else "unreachable"
                told = f"{'no answer' if is_sent else 'not reached'}: {what}"
                raise Unavailable(self.venue, asked.operation, told) from error
            finally:
                VENUE_REQUESTS.labels(self.venue, asked.operation, outcome).inc()
                taken_s = time.perf_counter() - asked.started
                VENUE_REQUEST_SECONDS.labels(self.venue, asked.operation).observe(taken_s)

    @staticmethod
    def _write_in_time(connection: _Connection, asked: _Asked) -> asyncio.Future[Answer]:
        """Raises TimeoutError where the request must not leave any more."""
        if asked.changes and _is_too_late():
            raise TimeoutError("it was too late to send it")
        return connection.exchange(asked.request)

    async def warm_up(self, connections: int = 1) -> None:
        """Makes connections ahead, so that the first order waits for none. Failures are left to the request."""
        made = await asyncio.gather(*(self._connect() for _ in range(connections)), return_exceptions=True)
        for connection in made:
            if isinstance(connection, _Connection):
                self._keep(connection)

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            self._idle.pop().abort()

    def _take_warm(self) -> _Connection | None:
        """A warm connection with its place; None where there is none."""
        if not self._idle or self._places.empty():
            return None
        connection = self._warm()
        if connection is not None:
            self._places.get_nowait()
        return connection

    def _warm(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    async def _connect(self) -> _Connection:
        protocol = partial(_Connection, self._largest_body)
        _, connection = await self._egress.open(protocol, self._host, self._port, self._tls)
        return connection

    def _keep(self, connection: _Connection) -> None:
        if connection.is_usable and not self._is_closed:
            self._idle.append(connection)
        else:
            connection.abort()

    def _encode(self, method: str, path: str, headers: Headers, body: bytes, body_type: str) -> bytes:
        lines = b""
        if body:
            lines = b"Content-Type: %b\r\nContent-Length: %d\r\n" % (body_type.encode(), len(body))
        elif method in ("POST", "PUT", "PATCH", "DELETE"):
            lines = b"Content-Length: 0\r\n"
        return self.head(method, path, headers) + lines + b"\r\n" + body


def leaving_by(at: float | None) -> AbstractContextManager[None]:
    """Requests of the block that change something are not written any more when the loop's time is past `at`: a process
    that stood still for a while finds out before it sends, not after. None: no such time."""
    return _LeavingBy(at)


class _LeavingBy(AbstractContextManager[None]):
    """Such a block. A class, and no generator, which costs more: every order leaves within one."""

    __slots__ = ("_at", "_token")

    def __init__(self, at: float | None) -> None:
        self._at = at

    def __enter__(self) -> None:
        self._token = _leave_by.set(self._at)

    def __exit__(self, *_: object) -> None:
        _leave_by.reset(self._token)


_leave_by: ContextVar[float | None] = ContextVar("leave_by", default=None)


def _is_too_late() -> bool:
    at = _leave_by.get()
    return at is not None and asyncio.get_running_loop().time() >= at


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time. Callbacks are named as httptools wants them."""

    def __init__(self, largest: int) -> None:
        self._transport: asyncio.Transport | None = None
        self._largest = largest
        self._answer: asyncio.Future[Answer] | None = None
        self._keeps_alive = True
        self._headers: dict[str, str] = {}
        self._start_answer()

    @property
    def is_usable(self) -> bool:
        transport = self._transport
        return self._keeps_alive and transport is not None and not transport.is_closing()

    def exchange(self, request: bytes) -> asyncio.Future[Answer]:
        """Writes the request now; the future brings its answer. Raises ConnectionResetError when it cannot."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        transport.write(request)  # first of all: what comes back is read in a later turn of the loop
        self._start_answer()
        answer = self._answer = asyncio.get_running_loop().create_future()
        return answer

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            # Nothing was asked. What it says would be taken for the next request's answer, so it goes.
            self._fail(ConnectionAbortedError("the other side spoke without being asked"))
            return
        self._received += len(data)
        if self._received > self._largest:
            self._fail(ConnectionAbortedError(f"the answer is larger than {self._largest} bytes"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ConnectionAbortedError(f"the answer is not HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if exc is None and self._ends_with_connection:
            self._finish()
        self._fail(exc or ConnectionResetError("closed by the other side"))

    # --- httptools -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._answer is None:
            self._keeps_alive = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._is_interim = 100 <= self._parser.get_status_code() < 200
        self._ends_with_connection = "content-length" not in self._headers and "transfer-encoding" not in self._headers

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._is_interim:
            self._headers = {}
            self._is_interim = self._ends_with_connection = False
            return
        self._keeps_alive = self._keeps_alive and bool(self._parser.should_keep_alive())
        self._finish()

    def _start_answer(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers = {}
        self._body: list[bytes] = []
        self._received = 0
        self._is_interim = False  # 1xx: the answer proper follows
        self._ends_with_connection = False  # its length is told by nothing else

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            status = self._parser.get_status_code()
            answer.set_result(Answer(status, self._headers, b"".join(self._body)))

    def _fail(self, error: Exception) -> None:
        self._keeps_alive = False
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.abort()
