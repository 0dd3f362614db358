"""The venue's refusals: of a whole request, and of one order in it.

`{"error", "message", "statusCode"}`, where the message is a code or a list of texts. Source: the SX sheet, section 7;
what the venue says to a wrong signature is not published.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from hedgerow.sim.site import json_answer

ALREADY_EXISTS = "ORDERS_ALREADY_EXIST"
WRONG_ASSET = "BAD_BASE_TOKEN"
BAD_ODDS = "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED"
BAD_SIGNATURE = "INVALID_SIGNATURE"
CLOSED = "MATCH_STATE_INVALID"
NO_FUNDS = "Insufficient available balance"
NO_MARKET = "INVALID_MARKET"
TOO_MANY_MARKETS = "TOO_MANY_DIFFERENT_MARKETS"
TOO_SMALL = "TOTAL_BET_SIZE_TOO_LOW"
TOO_SOON = "expiry must be in the future, beyond the betting delay"


class Refusal(Exception):  # noqa: N818
    """The venue says no to a request."""

    def __init__(self, message: str | list[str], status: int = 400, *, retry_after_s: int | None = None) -> None:
        super().__init__(str(message))
        self.status, self.retry_after_s = status, retry_after_s
        self.body = {"error": HTTPStatus(status).phrase, "message": message, "statusCode": status}


class Failure(Exception):  # noqa: N818
    """The venue says no to one order of a request that it took."""


@web.middleware
async def refusals(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Refusals, and what the router does not know, in the venue's shape."""
    try:
        return await handler(request)
    except Refusal as refusal:
        waits = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
        return json_answer(refusal.body, refusal.status, headers=waits)
    except web.HTTPNotFound:
        return json_answer(Refusal(f"Cannot {request.method} {request.path}", 404).body, 404)
