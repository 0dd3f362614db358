"""What a connector sends to a simulated venue, written down as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hedgerow.sim.site import Handler

Sent = dict[str, str]
"""`request`: the method and the path with its query; `body`; and headers by their names. What is empty is left out."""


def recorder(seen: list[Sent], headers: Sequence[str]) -> Any:
    """A middleware that adds every request to `seen`, with those of its headers. Upgrades to a socket are left out."""

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            told = {"request": f"{request.method} {request.raw_path}", "body": (await request.read()).decode()}
            named = {name: request.headers.get(name, "") for name in headers}
            seen.append({name: value for name, value in {**told, **named}.items() if value})
        return await handler(request)

    return record
