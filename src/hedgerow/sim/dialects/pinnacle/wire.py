"""Requests in, answers out: Basic credentials, error bodies, the pace of odds calls, compression.

Source: Pinnacle's OpenAPI files and README. Texts of messages are ours; codes and shapes are theirs.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.web_response import ContentCoding

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.pinnacle.terms import Terms
from hedgerow.sim.site import json_answer

_LEAST_COMPRESSED = 1_000


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body = {**more, "code": code, "message": message}


def invalid(message: str) -> Denial:
    return Denial(400, "INVALID_REQUEST_DATA", message)


def of_code(code: str) -> Denial | None:
    """The answer of a code that is an HTTP error of its own; None for one that a processed bet carries.

    Source: the ErrorResponse of the Bets API.
    """
    if code == "UNEXPECTED_ERROR":
        return Denial(500, code, "Unexpected error", ref="f5d9ba85-cc97-47a9-ad92-ea57d0ea2cc0")
    status = {
        "INVALID_REQUEST_DATA": 400,
        "RESUBMIT_REQUEST": 400,
        "INVALID_CREDENTIALS": 401,
        "ACCOUNT_INACTIVE": 403,
        "NO_API_ACCESS": 403,
        "TOO_MANY_REQUESTS": 429,
    }.get(code)
    return None if status is None else Denial(status, code, code.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account. Parameter names are read in any case, as the documents write them in both; a
    list is commas or a repeated parameter."""

    account: str
    body: bytes
    query: dict[str, str]

    def text(self, name: str) -> str:
        return self.query.get(name.lower(), "")

    def texts(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def number(self, name: str) -> int | None:
        """Raises Denial (400) for a text that is no whole number."""
        text = self.text(name)
        return _whole(text, name) if text else None

    def needed(self, name: str) -> int:
        """Raises Denial (400) when it is missing."""
        number = self.number(name)
        if number is None:
            raise invalid(f"{name} is required")
        return number

    def numbers(self, name: str) -> list[int]:
        return [_whole(text, name) for text in self.texts(name)]


class Door:
    """Lets known accounts in and turns operations into handlers."""

    def __init__(self, terms: Terms, clock: WorldClock) -> None:
        self._terms, self._clock = terms, clock
        self._passwords: dict[str, str] = {}
        self._asked_ns: dict[tuple[str, str, str], int] = {}

    def register(self, username: str, password: str) -> None:
        self._passwords[username] = password

    def handles(self, operation: Callable[[Call], Any], *, paced: bool = False) -> Any:
        """A handler. The operation answers a JSON value, or None for an empty body. paced: it gives odds away."""

        async def handle(request: web.Request) -> web.StreamResponse:
            query: dict[str, str] = {}
            for name, value in request.query.items():
                query[name.lower()] = f"{query[name.lower()]},{value}" if name.lower() in query else value
            call = Call(self._account_of(request), await request.read(), query)
            if paced:
                self._keep_pace(call.account, request.path, call.text("sportId"))
            return answered(request, operation(call))

        return handle

    def _account_of(self, request: web.Request) -> str:
        """Raises Denial (401, 403)."""
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or not encoded:
            raise Denial(401, "INVALID_AUTHORIZATION_HEADER", "HTTP Authorization header is missing")
        try:
            username, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            username, password = "", ""
        known = self._passwords.get(username, "")
        if not known or not hmac.compare_digest(known.encode(), password.encode()):
            raise Denial(401, "INVALID_CREDENTIALS", "Authorization failed, invalid credentials")
        if not self._terms.has_api_access:
            raise Denial(403, "NO_API_ACCESS", "Account is not permitted to access the API")
        return username

    def _keep_pace(self, account: str, path: str, sport_id: str) -> None:
        """Raises Denial (429) for a second request of an endpoint and sport within the interval; a refused one does
        not start it anew."""
        key, now_ns = (account, path, sport_id), self._clock.now_ns()
        before_ns = self._asked_ns.get(key)
        if before_ns is not None and now_ns - before_ns < self._terms.odds_interval_s * NS_PER_S:
            raise Denial(429, "TOO_MANY_REQUESTS", "Notice of Excessive Request Activity")
        self._asked_ns[key] = now_ns


def answered(request: web.Request, value: Any) -> web.Response:
    """JSON, compressed for those who ask for it and say who they are."""
    if isinstance(value, web.Response):
        return value
    if value is None:
        return web.Response(status=200, content_type="application/json")
    answer = json_answer(value)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if takes_gzip and request.headers.get("User-Agent") and (answer.content_length or 0) >= _LEAST_COMPRESSED:
        answer.enable_compression(ContentCoding.gzip)
    return answer


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in Pinnacle's shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer(problem.body, problem.status)
    except web.HTTPException as problem:
        return json_answer({"code": "INVALID_REQUEST_DATA", "message": problem.reason}, problem.status)


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid(f"{name} must be a whole number")
    return int(text)
