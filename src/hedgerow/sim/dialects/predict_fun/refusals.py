"""How the venue says no: a status, a stable slug, and words for people. Source: the predict.fun sheet, section 7."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hedgerow.core.clock import iso_of_ms
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818
    """The venue's no. `slug` stands in the answer's `error`, `text` in its `message`."""

    def __init__(self, slug: str, text: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.slug, self.text, self.status, self.headers = slug, text, status, headers or {}


def bad_request(text: str) -> Refusal:
    return Refusal("bad_request", text)


def not_found(text: str) -> Refusal:
    return Refusal("not_found", text, 404)


def unauthorized(text: str = "authorization error") -> Refusal:
    return Refusal("unauthorized", text, 401)


def refusing(clock: WorldClock) -> Any:
    """A middleware that answers what a handler refuses with the venue's error body."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return json_answer(
                {
                    "success": False,
                    "code": refusal.status,
                    "error": refusal.slug,
                    "message": refusal.text,
                    "timestamp": iso_of_ms(clock.now_ms()),
                    "trace": "0" * 32,
                },
                refusal.status,
                headers=refusal.headers,
            )

    return refuse
