"""Requests in, answers out: session tokens, error bodies, groups of limits, parameters, pages.

Bodies of errors: `{"errors": [{"field", "messages", "codes"}]}`. Source: the venue's sheet and recorded answers; the
texts that no recording shows are ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import datetime_of_ms
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.buckets import Bucket
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.matchbook.terms import SECURITY, Terms
from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]
T = TypeVar("T")

TOKEN = "session-token"  # noqa: S105 - the header's name
_WRONG_LOGIN = "Cannot login, username or password is incorrect, please contact Customer Service for assistance."
_LONGEST_PAGE = 500


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.error = status, error_shape(message, field=field, code=code)


def error_shape(message: str, *, field: str | None = None, code: str | None = None) -> Json:
    """One entry of `errors`."""
    shape: Json = {"messages": [message]}
    if field is not None:
        shape["field"] = field
    if code is not None:
        shape["codes"] = [code]
    return shape


def time_text(ms: int) -> str:
    """UTC with milliseconds, e.g. 2026-11-21T17:00:00.000Z."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account, its body read."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str) -> str:
        return self.request.query.get(name, "")

    def flag(self, name: str) -> bool:
        return self.text(name) == "true"

    def texts(self, name: str) -> list[str]:
        """A comma-separated parameter."""
        return [part for part in self.text(name).split(",") if part]

    def number(self, name: str, default: int) -> int:
        """Raises Denial (400) for a text that is no whole number."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Denial(400, f"{text} is not a valid value", field=name)
        return int(text)

    def amount(self, name: str, default: Decimal) -> Decimal:
        """Raises Denial (400) for a text that is no plain decimal number."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 18:
            raise Denial(400, f"{text} is not a valid value", field=name)
        return Decimal(text)

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def read(self, kind: type[T]) -> T:
        """The body. Raises Denial (400) for another shape."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Denial(400, f"Invalid request body: {error}") from None

    def page(self, name: str, rows: Sequence[Any], default: int = 20) -> Json:
        """`total`, `offset`, `per-page` and the rows of the page that is asked for."""
        offset, size = self.number("offset", 0), self.number("per-page", default)
        if not 1 <= size <= _LONGEST_PAGE:
            raise Denial(400, f"{size} is not a valid value", field="per-page")
        return {"total": len(rows), "offset": offset, "per-page": size, name: rows[offset : offset + size]}


@dataclass(frozen=True, slots=True)
class _Session:
    account: str
    ends_ms: int


class Login(msgspec.Struct, rename="kebab"):
    username: str
    password: str


class Door:
    """Lets accounts in and turns operations into handlers."""

    def __init__(self, terms: Terms, clock: WorldClock) -> None:
        self._terms, self._clock = terms, clock
        self._passwords: dict[str, str] = {}
        self._sessions: dict[str, _Session] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._numbers = count(1)

    def register(self, username: str, password: str) -> None:
        self._passwords[username] = password

    def forget_sessions(self) -> None:
        """Every token ends now."""
        self._sessions.clear()

    def forget_pace(self) -> None:
        """Every group's limit is whole again."""
        self._buckets.clear()

    # --- sessions --------------------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.StreamResponse:
        """POST of the session."""
        call = Call(request, "", await request.read())
        given = call.read(Login)
        known = self._passwords.get(given.username, "")
        self._spend(given.username if known else "", SECURITY)
        if not known or not hmac.compare_digest(known.encode(), given.password.encode()):
            raise Denial(400, _WRONG_LOGIN)
        now_ms = self._clock.now_ms()
        digest = hashlib.sha256(f"{given.username} {now_ms} {next(self._numbers)}".encode()).hexdigest()
        token = f"{user_id(given.username)}_{digest[:32]}"
        self._sessions[token] = _Session(given.username, now_ms + self._terms.session_life_s * 1000)
        return json_answer({**self._session_shape(token, given.username), "mfa-enabled": False})

    async def session(self, request: web.Request) -> web.StreamResponse:
        """GET and DELETE of the session."""
        token = _token_of(request)
        account = self._account_of(token)
        self._spend(account, SECURITY)
        if request.method == "DELETE":
            del self._sessions[token]
        return json_answer(self._session_shape(token, account))

    def _session_shape(self, token: str, account: str) -> Json:
        return {TOKEN: token, "user-id": user_id(account), "username": account}

    def _account_of(self, token: str) -> str:
        """Raises Denial (401)."""
        session = self._sessions.get(token)
        if session is None or session.ends_ms <= self._clock.now_ms():
            raise Denial(401, "Authentication required.")
        return session.account

    # --- operations ------------------------------------------------------------------------------------------

    def handles(self, group: str, operation: Callable[[Call], Any]) -> Handler:
        """A handler of an operation that answers a JSON value or a response. group: its limit's."""

        async def handle(request: web.Request) -> web.StreamResponse:
            account = self._account_of(_token_of(request))
            self._spend(account, group)
            answer = operation(Call(request, account, await request.read()))
            return answer if isinstance(answer, web.StreamResponse) else json_answer(answer)

        return handle

    def _spend(self, account: str, group: str) -> None:
        """Raises Denial (429) when the group's limit is used up."""
        now_ns = self._clock.now_ns()
        bucket = self._buckets.get((account, group))
        if bucket is None:
            bucket = self._buckets[account, group] = Bucket(self._terms.limits[group], now_ns)
        if not bucket.take(1, now_ns):
            raise Denial(429, "Too many requests.")


def user_id(account: str) -> int:
    return stable_number("matchbook user", account, below=900_000) + 100_000


def _token_of(request: web.Request) -> str:
    return request.headers.get(TOKEN) or request.cookies.get(TOKEN, "")


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in Matchbook's shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer({"errors": [problem.error]}, problem.status)
    except web.HTTPException as problem:
        return json_answer({"errors": [error_shape(problem.reason)]}, problem.status)
