"""Requests in, answers out: who asks, what it costs, and how a handler's answer or denial becomes HTTP.

Market data is public; when such a request is signed nevertheless, the signature must be right and it costs tokens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hedgerow.sim.dialects.kalshi.errors import Denial, denial, invalid_query, not_found
from hedgerow.sim.dialects.kalshi.keys import KEY_HEADER
from hedgerow.sim.dialects.kalshi.limits import DEFAULT_COST
from hedgerow.sim.dialects.kalshi.pages import limit_of
from hedgerow.sim.dialects.kalshi.venue import Venue
from hedgerow.sim.site import Handler, json_answer, lose_answer

ROOT = "/trade-api/v2"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account, its body read. Public requests without a signature have no account."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str) -> str:
        return self.request.query.get(name, "")

    def flag(self, name: str) -> bool:
        return self.text(name) in ("true", "1")

    def texts(self, name: str) -> list[str]:
        """A comma-separated or repeated parameter."""
        return [part for value in self.request.query.getall(name, []) for part in value.split(",") if part]

    def number(self, name: str, operation: str) -> int | None:
        """Raises Denial (400) for a text that is no whole number."""
        text = self.text(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise invalid_query(operation, name, "numeric")
        return int(text)

    def limit(self, operation: str, default: int = 100, highest: int = 1000) -> int:
        return limit_of(self.text("limit"), operation, default, highest)

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]


Answer = Any | web.Response
Operation = Callable[[Call], Answer]


class Door:
    """Turns operations into handlers."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def public(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = ""
            if request.headers.get(KEY_HEADER):
                account = self.account_of(request)
                self._venue.limits.spend(account, DEFAULT_COST, writes=False)
            return answered(operation(Call(request, account, b"")))

        return handle

    def reads(self, operation: Operation, *, cost: int = DEFAULT_COST) -> Handler:
        return self._private(operation, writes=False, cost_of=lambda _: cost)

    def writes(
        self,
        operation: Operation,
        *,
        cost: int = DEFAULT_COST,
        cost_of: Callable[[Call], int] | None = None,
        places: bool = False,
    ) -> Handler:
        """cost_of: for batches. places: the answer of a placement may get lost."""
        return self._private(operation, writes=True, cost_of=cost_of or (lambda _: cost), places=places)

    def account_of(self, request: web.Request) -> str:
        """Who signed the request. Raises Denial (401)."""
        path = request.raw_path.partition("?")[0]
        now_ms = self._venue.clock.now_ms()
        return self._venue.keyring.account_of(request.headers, request.method, path, now_ms)

    def _private(
        self, operation: Operation, *, writes: bool, cost_of: Callable[[Call], int], places: bool = False
    ) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            call = Call(request, self.account_of(request), await request.read())
            self._venue.limits.spend(call.account, cost_of(call), writes=writes)
            if call.text("subaccount") not in ("", "0"):
                raise not_found()
            answer = answered(operation(call))
            if places and self._venue.exchange.faults.loses_answer():
                lose_answer(request)
            return answer

        return handle


def answered(answer: Answer) -> web.StreamResponse:
    return answer if isinstance(answer, web.StreamResponse) else json_answer(answer)


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in Kalshi's shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer(problem.body, problem.status)
    except web.HTTPNotFound:
        return json_answer(not_found().body, 404)
    except web.HTTPMethodNotAllowed:
        return json_answer(denial(405, "method_not_allowed").body, 405)
