"""The market making API: routes, keys and limits on the shared front door.

Not for the engine: commands go through `mm.commands.MarketMaking`, everything else is read from the database.
Source: the published contract of the API (33 operations and the WebSocket).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from hedgerow.api.app import bus_check, database_check, new_app
from hedgerow.api.asyncapi import add_asyncapi
from hedgerow.api.auth import Guard, KeyRing, Refusal
from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.errors import ApiError
from hedgerow.documentation.serving import add_documentation
from hedgerow.mm import asyncapi
from hedgerow.mm.context import ApiContext
from hedgerow.mm.routes import ROUTERS
from hedgerow.mm.subscribe import Words, add_socket
from hedgerow.realtime.hub import Hub

__all__ = ["ApiContext", "create_app"]

PREFIX = "/api/v1"

_DESCRIPTION = """Watch, control and configure your market making: orders on exchanges, hedge bets, positions, profit
and loss, and the switches that pause, stop and start it.

Every request carries `X-API-Key`. Money is in USD unless a currency stands beside it, exact to the last digit. Days are
UTC. Query names may be written `fixtureId` or `fixture_id`."""


def create_app(context: ApiContext) -> FastAPI:
    """The application, ready to be served; `api.server.Server` does."""
    keys = KeyRing(context.accounts, context.clock, "mm")
    checks = {"database": database_check(context.database), "nats": bus_check(context.bus), **context.checks}
    hub = Hub("mm", context.database, context.bus, Words())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        yield
        await hub.stop()

    app = new_app("mm", title="Hedgerow MM API", description=_DESCRIPTION, checks=checks, lifespan=lifespan)
    app.state.context = context
    app.state.guard = Guard(keys, RateLimiter(), _refuse)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    add_socket(app, keys, hub)
    add_asyncapi(app, asyncapi.document())
    add_documentation(app)
    return app


def _refuse(_: Refusal) -> ApiError:
    """The published API has one answer for every key that does not work."""
    return ApiError(401, "Invalid or missing API key")
