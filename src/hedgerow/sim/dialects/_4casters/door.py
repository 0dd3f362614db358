"""Requests in, answers out: tokens, limits, envelopes, refusals.

Source: the venue's pages "Introduction" and "Authentication"; `getGradedSince` for its own limit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import datetime_of_ms
from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]
T = TypeVar("T")

READS, CHANGES, GRADED = "reads", "changes", "graded"
_BUDGETS = {READS: Budget(50, 3_000), CHANGES: Budget(20, 150), GRADED: Budget(2, 10)}
_LIFE_MS = 30 * 24 * 3_600_000
_BEARER = "Bearer "


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account, its body read."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str, status: int = 400) -> str:
        """A parameter that has to be there. Raises Denial with the status."""
        found = self.request.query.get(name, "")
        if not found:
            raise Denial(status, f"{name} is required.")
        return found

    def read(self, kind: type[T]) -> T:
        """The body. Raises Denial (400) for another shape."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Denial(400, f"Invalid request: {error}") from None


class _Login(msgspec.Struct):
    username: str
    password: str


class Door:
    """Lets accounts in and turns operations into handlers."""

    def __init__(self, clock: WorldClock, user: Callable[[str], Json]) -> None:
        """user: what an account is told of itself."""
        self._clock, self._user = clock, user
        self._passwords: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, int]] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._numbers = count(1)

    def register(self, username: str, password: str) -> None:
        self._passwords[username] = password

    def forget_tokens(self) -> None:
        """Every token ends now."""
        self._tokens.clear()

    async def login(self, request: web.Request) -> web.StreamResponse:
        given = Call(request, "", await request.read()).read(_Login)
        known = self._passwords.get(given.username, "")
        if not known or not hmac.compare_digest(known.encode(), given.password.encode()):
            raise Denial(401, "Username or password is incorrect.")
        now_ms = self._clock.now_ms()
        token = hashlib.sha256(f"{given.username} {now_ms} {next(self._numbers)}".encode()).hexdigest()[:40]
        self._tokens[token] = given.username, now_ms + _LIFE_MS
        return json_answer({"data": {"user": {**self._user(given.username), "auth": token}}})

    def account_of(self, request: web.Request) -> str:
        """Raises Denial (401)."""
        told = request.headers.get("Authorization", "")
        account, ends_ms = self._tokens.get(told.removeprefix(_BEARER), ("", 0))
        if ends_ms <= self._clock.now_ms():
            raise Denial(401, "InvalidCredentials")
        return account

    def handles(self, group: str, operation: Callable[[Call], Any]) -> Handler:
        """A handler of an operation that answers what goes under `data`. group: of whose limit it is."""

        async def handle(request: web.Request) -> web.StreamResponse:
            account = self.account_of(request)
            self._spend(account, group)
            return json_answer({"data": operation(Call(request, account, await request.read()))})

        return handle

    def _spend(self, account: str, group: str) -> None:
        """Raises Denial (429) when the group's limit is used up."""
        now_ns = self._clock.now_ns()
        bucket = self._buckets.get((account, group))
        if bucket is None:
            bucket = self._buckets[account, group] = Bucket(_BUDGETS[group], now_ns)
        if not bucket.take(1, now_ns):
            raise Denial(429, "Too many requests. Please try again later.", retry_after_s=1)


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in the venue's shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer({"error": problem.message}, problem.status, headers=problem.headers)
    except web.HTTPException as problem:
        return json_answer({"error": problem.reason}, problem.status)


def time_text(ms: int) -> str:
    """UTC with milliseconds, e.g. 2026-11-21T17:00:00.000Z."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def time_ms(text: str) -> int:
    """Raises Denial (400) for what is no time of ISO 8601 with its zone."""
    try:
        at = datetime.fromisoformat(text)
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Denial(400, f"{text} is not a date.") from None
