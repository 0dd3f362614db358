"""Requests in, answers out: bearer tokens, signatures, pace, problems.

Source: the protocol's OpenAPI document, and its rules on security (bearer token; `X-Bridge-Timestamp` within 30 s and
`X-Bridge-Signature`, the hex HMAC-SHA256 of timestamp, method, path with query and the body's SHA-256) and on errors.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from hedgerow.core.clock import NS_PER_S, datetime_of_ms
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.site import json_answer

Json = dict[str, Any]

_SIGNATURE_WINDOW_MS = 30_000
_MINUTE_NS = 60 * NS_PER_S


class Problem(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(
        self, status: int, code: str, message: str, outcome: str = "not_applicable", retry: str = "never", **more: Any
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Json = {"code": code, "message": message, "outcome": outcome, "retry": retry, **more}


def malformed(message: str, outcome: str = "not_applicable") -> Problem:
    return Problem(422, "malformed", message, outcome)


class Door:
    """Lets the clients of known tokens in, each to its own account."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._accounts: dict[str, tuple[str, str]] = {}

    def register(self, account: str, token: str, secret: str) -> None:
        """secret: with which the account's requests are signed; empty when they need not be."""
        self._accounts[token] = account, secret

    async def account_of(self, request: web.Request) -> str:
        """Whose token it is. Raises Problem 401."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = self._accounts.get(token) if scheme == "Bearer" else None
        if known is None:
            raise Problem(401, "unauthorized", "no such token")
        account, secret = known
        if secret:
            self._check_signature(request, secret, await request.read())
        return account

    def _check_signature(self, request: web.Request, secret: str, body: bytes) -> None:
        timestamp = request.headers.get("X-Bridge-Timestamp", "")
        signed = "\n".join((timestamp, request.method, request.rel_url.raw_path_qs, hashlib.sha256(body).hexdigest()))
        right = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, request.headers.get("X-Bridge-Signature", "")):
            raise Problem(401, "signature_invalid", "the signature is not this request's")
        if not timestamp.isdigit() or abs(int(timestamp) - self._clock.now_ms()) > _SIGNATURE_WINDOW_MS:
            raise Problem(401, "signature_invalid", "the timestamp is more than 30 s off; set the clock")


class Pace:
    """How many requests of one kind an account may make in a minute."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._asked_ns: dict[str, deque[int]] = {}

    def keep(self, account: str, most: int) -> None:
        """Counts a request. Raises Problem 429 for one above the limit; a refused one does not count."""
        asked, now_ns = self._asked_ns.setdefault(account, deque()), self._clock.now_ns()
        while asked and asked[0] <= now_ns - _MINUTE_NS:
            asked.popleft()
        if len(asked) >= most:
            wait_s = (asked[0] + _MINUTE_NS - now_ns) / NS_PER_S if asked else 60.0
            text = f"more than {most} in a minute"
            raise Problem(429, "rate_limited", text, "not_placed", "later", retryAfterSeconds=round(wait_s, 3))
        asked.append(now_ns)


@web.middleware
async def problems(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Problems, and what the router does not know, in the protocol's shape."""
    try:
        return await handler(request)
    except Problem as problem:
        return json_answer(problem.body, problem.status)
    except web.HTTPException as problem:
        return json_answer(Problem(problem.status, "malformed", problem.reason).body, problem.status)


def time_text(ms: int) -> str:
    """UTC, ISO 8601 with milliseconds."""
    return datetime_of_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
