"""How the venue says no: a status, its name, and words for people. Source: the limitless-ex sheet, section 7."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web

from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818
    """The venue's no."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers or {}


def bad_request(text: str) -> Refusal:
    return Refusal(400, text)


def not_found(text: str) -> Refusal:
    return Refusal(404, text)


def unauthorized(text: str = "Unauthorized") -> Refusal:
    return Refusal(401, text)


@web.middleware
async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers what a handler refuses with the venue's error body."""
    try:
        return await handler(request)
    except Refusal as refusal:
        name = HTTPStatus(refusal.status).phrase
        body = {"message": refusal.text, "error": name, "statusCode": refusal.status}
        return json_answer(body, refusal.status, headers=refusal.headers)
