"""A venue that answers by script, on real sockets."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from hedgerow.storage.database import encode_json

LOST = object()
"""An answer that never comes."""


@dataclass
class Seen:
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass
class ScriptedVenue:
    """Answers each `METHOD /path` with what was scripted for it, the last answer again and again."""

    unscripted: Any  # the body of the 404 that other requests are answered with
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _scripts: dict[str, deque[tuple[int, Any]]] = field(default_factory=dict)

    def answer(self, request: str, *answers: Any, status: int = 200) -> None:
        """What the request is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, answer) for answer in answers)

    def then(self, request: str, answer: Any, status: int = 200) -> None:
        """One more answer after those that are scripted."""
        self._scripts[request].append((status, answer))

    def requests(self, request: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == request]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append(
            Seen(request.method, request.path, request.rel_url.raw_query_string, dict(request.headers), body)
        )
        script = self._scripts.get(f"{request.method} {request.path}")
        if not script:
            return web.json_response(self.unscripted, status=404)
        status, answer = script.popleft() if len(script) > 1 else script[0]
        if answer is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer if isinstance(answer, str) else encode_json(answer).decode()
        return web.Response(text=text, status=status, content_type="application/json")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listens for the length of the block."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield
        finally:
            await runner.cleanup()
