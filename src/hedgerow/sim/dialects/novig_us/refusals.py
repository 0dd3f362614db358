"""How the venue says no. The bodies of its errors are not published: status, word and text in this form are invented.

Source of the statuses: the Novig sheet, "Limits and errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]

_WORDS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 423: "Locked", 429: "Too Many Requests"}


class Refusal(Exception):  # noqa: N818
    """The venue's no."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, dict(headers or {})


@web.middleware
async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers what a handler refuses."""
    try:
        return await handler(request)
    except Refusal as refusal:
        body = {"statusCode": refusal.status, "message": refusal.text, "error": _WORDS[refusal.status]}
        return json_answer(body, refusal.status, headers=refusal.headers)
