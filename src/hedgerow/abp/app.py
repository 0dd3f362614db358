"""The API of automated bet placing: routes, keys and limits on the shared front door.

Source: the published contract of the API (16 operations and the WebSocket).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from hedgerow.abp import asyncapi
from hedgerow.abp.context import ApiContext
from hedgerow.abp.routes import ROUTERS
from hedgerow.abp.subscribe import SEEN, Words, add_socket
from hedgerow.api.app import bus_check, database_check, new_app
from hedgerow.api.asyncapi import add_asyncapi
from hedgerow.api.auth import Guard, KeyRing, Refusal, per_key
from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.errors import ApiError
from hedgerow.documentation.serving import add_documentation
from hedgerow.realtime.hub import Hub
from hedgerow.realtime.subscriptions import Subscriptions

__all__ = ["ApiContext", "create_app"]

_DESCRIPTION = """Place bets at many bookmakers through one API: an order is your instruction, a bet is one wager at one
bookmaker, and an order may become several bets.

Every request carries `X-API-Key`. Money is in the currency that stands beside it, exact to the last digit; what is
summed up is in USD at the rates of the time of placement. Query names may be written `orderIds` or `order_ids`."""

_REFUSALS = {
    Refusal.MISSING: (401, "Missing X-API-Key header"),
    Refusal.UNKNOWN: (401, "Invalid API key"),
    Refusal.INACTIVE: (403, "API key is inactive"),
    Refusal.EXPIRED: (403, "API key has expired"),
}
_CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN"}


def create_app(context: ApiContext) -> FastAPI:
    """The application, ready to be served; `api.server.Server` does."""
    keys = KeyRing(context.accounts, context.clock, "abp")
    checks = {"database": database_check(context.database), "nats": bus_check(context.bus), **context.checks}
    hub = Hub("abp", context.database, context.bus, Words(context.clock))
    subscriptions = Subscriptions(hub, context.database, seen=SEEN)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        subscriptions.start()
        yield
        await subscriptions.stop()
        await hub.stop()

    app = new_app("abp", title="Hedgerow ABP API", description=_DESCRIPTION, checks=checks, lifespan=lifespan)
    app.state.hub = hub
    app.state.context = context
    app.state.guard = Guard(keys, RateLimiter(), _refuse, per_key)
    for router in ROUTERS:
        app.include_router(router)
    add_socket(app, keys, hub, subscriptions)
    add_asyncapi(app, asyncapi.document())
    add_documentation(app)
    return app


def _refuse(refusal: Refusal) -> ApiError:
    status, message = _REFUSALS[refusal]
    return ApiError(status, {"message": message, "code": _CODES[status]})
