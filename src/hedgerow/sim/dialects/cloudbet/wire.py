"""Requests in, answers out: the API key, error bodies, paces.

Source: Cloudbet's protobuf files (`response.proto`: Error, Status), rendered as protojson. Texts of messages are ours.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.cloudbet.terms import Terms
from hedgerow.sim.site import json_answer

Json = dict[str, Any]
Operation = Callable[["Call"], Json]


PACES = {
    "lines": Budget(rate=10, capacity=20),
    "history": Budget(rate=2, capacity=10),
}
"""Requests that an account may make. The venue publishes none ("dynamic"); the history's rate is the
`x-ratelimit-limit: 2` of issue #121."""


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status. code: of the Status enumeration; None where a gate before the
    API answers."""

    def __init__(self, status: int, code: str | None, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.headers = status, headers or {}
        self.body: Json = {"error": message} if code is None else {"status": code, "error": message}


def malformed(message: str) -> Denial:
    return Denial(400, "MALFORMED_REQUEST", message)


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account."""

    account: str
    request: web.Request
    body: bytes

    def text(self, name: str) -> str:
        """A parameter of the query; empty where it is missing."""
        return str(self.request.query.get(name, ""))

    def number(self, name: str, otherwise: int) -> int:
        """Raises Denial (400) for a text that is no whole number."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise malformed(f"{name} must be a whole number")
        return int(text) if text else otherwise

    def named(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.match_info[name])


class Door:
    """Lets known keys in and turns operations into handlers."""

    def __init__(self, terms: Terms, clock: WorldClock) -> None:
        self._terms, self._clock = terms, clock
        self._accounts: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def register(self, key: str, account: str) -> None:
        self._accounts[key] = account

    def clear(self) -> None:
        """Every account may ask again."""
        self._buckets.clear()

    def handles(self, operation: Operation, *, pace: str | None = None, trades: bool = False) -> Any:
        """A handler. pace: which of PACES a request is counted by. trades: a route behind the firewall."""

        async def handle(request: web.Request) -> web.StreamResponse:
            account = self._account_of(request)
            if trades and not self._terms.has_trading_access:
                return web.Response(
                    status=403, text="<html><body>Access denied</body></html>", content_type="text/html"
                )
            if pace is not None:
                self._keep_pace(account, pace)
            return json_answer(operation(Call(account, request, await request.read())))

        return handle

    def _account_of(self, request: web.Request) -> str:
        """Raises Denial (401)."""
        given = request.headers.get("X-API-Key", "").encode()
        found = (name for key, name in self._accounts.items() if hmac.compare_digest(key.encode(), given))
        account = next(found, None)
        if account is None:
            raise Denial(401, None, "invalid API key")
        return account

    def _keep_pace(self, account: str, pace: str) -> None:
        """Raises Denial (429)."""
        budget, now_ns = PACES[pace], self._clock.now_ns()
        bucket = self._buckets.setdefault((account, pace), Bucket(budget, now_ns))
        if not bucket.take(1, now_ns):
            headers = {
                "x-ratelimit-limit": str(budget.rate),
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": str(now_ns // NS_PER_S + 1),
            }
            raise Denial(429, None, "too many requests", headers)


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in Cloudbet's shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer(problem.body, problem.status, headers=problem.headers)
    except web.HTTPException as problem:
        return json_answer({"error": problem.reason}, problem.status)
