"""What every request passes on its way in and out: an id, bounds, the access log, the counters, the net for errors.

Not for who may do what, which is `api.auth`. Nothing of the query string, the body or the headers is logged.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hedgerow.api.answers import JsonAnswer
from hedgerow.core.observe import API_REQUESTS
from hedgerow.core.tracing import NOTHING, Span, served

_log = structlog.get_logger(__name__)

MOST_BODY_BYTES = 1024 * 1024
_TOO_LARGE = "Request body too large"
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SNAKE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")
# Asked for every few seconds by machines: counted, not logged.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class FrontDoor:
    """ASGI middleware of one service."""

    def __init__(self, app: ASGIApp, *, service: str, most_body_bytes: int = MOST_BODY_BYTES) -> None:
        self._app, self._service, self._most_body_bytes = app, service, most_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["query_string"] = camel_names(scope["query_string"])
        visit = _Visit(scope, receive, send, self._most_body_bytes)
        traced = NOTHING if scope["path"] in _QUIET else served("request", scope["headers"])
        with structlog.contextvars.bound_contextvars(request_id=visit.request_id), traced:
            try:
                await self._serve(visit)
            finally:
                self._tell(visit, traced)

    async def _serve(self, visit: _Visit) -> None:
        try:
            if visit.announces_too_much:
                await visit.answer(413, _TOO_LARGE)
                return
            await self._app(visit.scope, visit.receive, visit.send)
        except Exception:
            _log.exception("request failed", method=visit.scope["method"], path=visit.scope["path"])
            await visit.answer(500, "Internal server error")

    def _tell(self, visit: _Visit, traced: Span) -> None:
        path = visit.scope["path"]
        route = getattr(visit.scope.get("route"), "path", "unknown")
        API_REQUESTS.labels(self._service, route, str(visit.status or 499)).inc()
        if path in _QUIET:
            return
        caller = visit.state.get("caller")
        client = caller.name if caller else None
        _log.info(
            "request",
            method=visit.scope["method"],
            path=path,
            status=visit.status,
            ms=round((time.perf_counter() - visit.began_s) * 1000, 3),
            client=client,
            key_id=caller.key.prefix if caller else None,
        )
        if traced:
            _trace(traced, visit, route, client)


def _trace(traced: Span, visit: _Visit, route: str, client: str | None) -> None:
    """The route instead of the path, which may hold what is nobody else's business."""
    traced.rename(f"{visit.scope['method']} {route}")
    traced.tell("http.request.method", visit.scope["method"])
    traced.tell("http.route", route)
    traced.tell("http.response.status_code", visit.status)
    traced.tell("hedgerow.client", client)
    traced.tell("hedgerow.request_id", visit.request_id)
    if visit.status is None or visit.status >= 500:
        traced.fail(str(visit.status or "the client went away"))


class _Visit:
    """One request, from its first byte to the last of the answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most_body_bytes: int) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.began_s = time.perf_counter()
        self.status: int | None = None
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else new_request_id()
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.state["request_id"] = self.request_id
        self._left = most_body_bytes
        length = headers.get("content-length", "0")
        self.announces_too_much = length.isdecimal() and int(length) > most_body_bytes

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, _TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            told: Mapping[str, str] = self.state.get("headers", {})
            for name, value in {**told, "X-Request-ID": self.request_id}.items():
                headers[name] = value
        await self._send(message)

    async def answer(self, status: int, detail: str) -> None:
        """An answer of the door's own, unless one has begun."""
        if self.status is None:
            await JsonAnswer({"detail": detail}, status)(self.scope, self._receive, self.send)


def new_request_id() -> str:
    """Of 32 hexadecimal digits. It tells requests apart and opens nothing, so it is worth no call of the system."""
    return f"{random.getrandbits(128):032x}"


def camel_names(query: bytes) -> bytes:
    """The query string with its names in camelCase: `fixture_id=a` and `fixtureId=a` are the same."""
    if b"_" not in query:
        return query
    # Latin-1 has a character for every byte, so that values come out byte for byte, whatever their own encoding is.
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return urlencode([(_camel(name), value) for name, value in pairs], encoding="latin-1").encode()


def _camel(name: str) -> str:
    return _SNAKE.sub(lambda match: match[1].upper(), name)
