"""The application that every service starts from: the front door, errors, and what machines ask about its health."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.api import errors
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.api.door import FrontDoor
from hedgerow.bus.nats import Bus
from hedgerow.core.tasks import vital_failure
from hedgerow.storage.database import Database, StorageError

Check = Callable[[], Awaitable[str | None]]
"""Answers None, or why the service cannot do its work now."""

_CHECK_S = 2.0


def new_app(
    service: str,
    *,
    title: str,
    description: str,
    checks: Mapping[str, Check],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    alive: Mapping[str, Any] = MappingProxyType({"status": "ok"}),
) -> FastAPI:
    """An application with `/healthz`, `/readyz`, `/metrics` and `/openapi.json`, and no routes of its own yet. alive:
    what `/healthz` answers."""
    app = FastAPI(
        title=title,
        version=version("hedgerow"),
        description=description,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # A request for a path with one slash too many is wrong, and a redirect would carry the key elsewhere.
        redirect_slashes=False,
    )
    app.router.route_class = ExactRoute
    errors.install(app)
    app.add_middleware(FrontDoor, service=service)

    async def healthz(_: Request) -> Response:
        return JsonAnswer(dict(alive))

    async def readyz(_: Request) -> Response:
        found = dict(zip(checks, await asyncio.gather(*map(_run, checks.values())), strict=True))
        if (why := vital_failure()) is not None:
            found["tasks"] = why
        is_ready = all(why is None for why in found.values())
        told = {name: why or "ok" for name, why in found.items()}
        return JsonAnswer({"status": "ready" if is_ready else "not ready", "checks": told}, 200 if is_ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_route(path, answer, include_in_schema=False)
    return app


def database_check(database: Database) -> Check:
    """Whether the database answers."""

    async def check() -> str | None:
        try:
            await database.fetchval("select 1")
        except StorageError:
            return "PostgreSQL does not answer"
        return None

    return check


def bus_check(bus: Bus) -> Check:
    """Whether the bus is connected."""

    async def check() -> str | None:
        return None if bus.is_up else "NATS is not connected"

    return check


async def _run(check: Check) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_S):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_S:g} s"
