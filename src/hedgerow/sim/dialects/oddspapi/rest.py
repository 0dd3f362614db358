"""The door of the feed's REST face: language, key, rate limit, entitlement, then the call itself.

Source: the feed sheet, sections 1 and 2. The scripted faults that concern answers as a whole act here.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hedgerow.sim.dialects.oddspapi import facts
from hedgerow.sim.dialects.oddspapi.access import AccessKey, KeyRing
from hedgerow.sim.dialects.oddspapi.catalogue_calls import CatalogueCalls
from hedgerow.sim.dialects.oddspapi.desk import Call, Desk, Handler
from hedgerow.sim.dialects.oddspapi.fixture_calls import FixtureCalls
from hedgerow.sim.dialects.oddspapi.limits import Limiter, allowance
from hedgerow.sim.dialects.oddspapi.odds_calls import OddsCalls
from hedgerow.sim.dialects.oddspapi.query import Query, RestError, not_found
from hedgerow.sim.dialects.oddspapi.view import View
from hedgerow.sim.site import json_answer

_LISTS_IN_ANSWERS = {"odds": dict, "settlements": list}


class Rest:
    """Answers every HTTP request of the feed that is no socket."""

    def __init__(self, view: View, keys: KeyRing, *, odds_omit_inactive: bool = False) -> None:
        self.limiter = Limiter()
        self._view, self._keys = view, keys
        desk = Desk(view)
        catalogue = CatalogueCalls(desk)
        self.known_books = catalogue.known_books
        self._handlers: dict[str, Handler] = {
            **catalogue.handlers(),
            **FixtureCalls(desk).handlers(),
            **OddsCalls(desk, omit_inactive=odds_omit_inactive).handlers(),
        }

    async def handle(self, request: web.Request) -> web.Response:
        """One request: what goes wrong becomes the feed's own error body."""
        headers: dict[str, str] = {}
        try:
            answer = self._answer(request, headers)
        except RestError as error:
            return json_answer(error.body(), error.status, headers=headers)
        return json_answer(answer, headers=headers)

    def _answer(self, request: web.Request, headers: dict[str, str]) -> Any:
        """headers: filled as soon as the call is counted, so that refusals carry them too."""
        lang, _, endpoint = request.path.strip("/").partition("/")
        handler = self._handlers.get(endpoint)
        if lang not in facts.STATUS_NAMES or handler is None:
            raise not_found("endpoint")
        if request.method != "GET":
            raise RestError(405, "method_not_allowed", "Method Not Allowed")
        query = Query({name: request.query.getall(name) for name in request.query})
        key = self._authenticate(request, query)
        self._scripted_error(endpoint)
        verdict = self.limiter.take(key.key, endpoint, self._view.world.clock.now_ns())
        headers.update(verdict.headers())
        if not verdict.is_allowed:
            raise self._rate_limited(endpoint, verdict.retry_after_s)
        if not key.may_call(endpoint):
            raise self._channel_not_allowed(key, endpoint)
        return self._spoil(endpoint, handler(Call(key, query, lang)))

    def _authenticate(self, request: web.Request, query: Query) -> AccessKey:
        """By the header or the parameter; two that differ are as good as a wrong one."""
        given = {text for text in (request.headers.get("X-API-Key", "").strip(), query.text("apiKey")) if text}
        if not given:
            raise RestError(401, "missing_api_key", "missing apiKey")
        key = self._keys.find(given.pop()) if len(given) == 1 else None
        if key is None:
            raise RestError(401, "invalid_api_key", "invalid apiKey")
        return key

    def _rate_limited(self, endpoint: str, retry_after_s: int) -> RestError:
        allowed = allowance(endpoint, self.limiter.factor)
        return RestError(
            429,
            "rate_limited",
            "rate limit exceeded",
            limit=allowed.calls,
            windowSec=allowed.window_s,
            retryAfterSec=retry_after_s,
            endpoint=f"/{endpoint}",
            method="GET",
        )

    def _channel_not_allowed(self, key: AccessKey, endpoint: str) -> RestError:
        return RestError(
            403,
            "channel_not_allowed",
            "Access denied: apiKey is not allowed to access this endpoint.",
            requestedChannels=[endpoint],
            allowedChannels=[name for name in sorted(self._handlers) if key.may_call(name)],
        )

    def _scripted_error(self, endpoint: str) -> None:
        match self._view.faults.restError:
            case 403:
                raise RestError(
                    403,
                    "channel_not_allowed",
                    "Access denied: apiKey is not allowed to access this endpoint.",
                    requestedChannels=[endpoint],
                    allowedChannels=[],
                )
            case 429:
                raise self._rate_limited(endpoint, 1)
            case 500:
                raise RestError(500, "internal_error", "Internal Server Error")
            case 503:
                raise RestError(503, "rate_limiter_error", "rate limiter unavailable")

    def _spoil(self, endpoint: str, answer: Any) -> Any:
        """Empties or swells an answer as the script says."""
        faults = self._view.faults
        if faults.emptyAnswers:
            if isinstance(answer, list):
                return []
            return {name: _LISTS_IN_ANSWERS.get(name, lambda kept=value: kept)() for name, value in answer.items()}
        if faults.padBytes and "odds" in endpoint:
            padded = answer[0] if isinstance(answer, list) and answer else answer
            if isinstance(padded, dict):
                padded["padding"] = "x" * faults.padBytes
        return answer
