"""The scraping API: the hot operation in front, everything else on the shared front door.

Operations that send work to agents are added beside `FetchDoor` (on `gateway.work.Desk`) and to `OPERATIONS`;
WebSockets of the gateway's port are added to `sockets`. Source: the published contract of the API.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp, Receive, Scope, Send

from hedgerow.api.app import Check, bus_check, database_check, new_app
from hedgerow.api.asyncapi import add_asyncapi
from hedgerow.api.auth import Guard, KeyRing
from hedgerow.api.connection import Door
from hedgerow.bus.nats import Bus
from hedgerow.documentation.serving import add_documentation
from hedgerow.scraping.gateway import amqp, asyncapi, browser, fetch, relay, schemas
from hedgerow.scraping.gateway.blocks import load_rules
from hedgerow.scraping.gateway.errand import Errands
from hedgerow.scraping.gateway.failures import refusal
from hedgerow.scraping.gateway.relay import Relays
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.scraping.gateway.routes import open_router, router
from hedgerow.scraping.gateway.sockets import TakeOver, websocket
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.link import LARGEST_RECEIVED
from hedgerow.scraping.linkurl import LINK_PATH
from hedgerow.scraping.messages import RELAY_PATH
from hedgerow.storage.database import Database

SERVICE = "gateway"

_DESCRIPTION = """Send requests through a network of agents. The target stands in `X-Target-URL`; control headers choose
countries (`X-Geo`) and agents (`X-Agent`) and never reach it. What the target answers, whatever its status, comes with
200 and its own status in `meta`; errors are `{"detail": ...}`."""

_HEADERS = {
    "X-Target-URL": "Target, an http or https URL as it is",
    "X-Geo": "Countries, ISO codes with commas; also X-Geo-CC, X-Geo-Strict, X-CC, X-Country",
    "X-Expect-JSON": "1: the target's answer is JSON",
    "X-Agent": "Agents, slugs with commas",
    "X-Timeout": "Seconds, 30 by default, at most 300",
    "X-Proxy": "http:// or socks5:// proxy that the agent goes through",
    "X-Explain": "1: tells how the agent was chosen",
}
_MODELS = (
    schemas.FetchResponse,
    schemas.FetchPostBody,
    schemas.BrowserFetchBody,
    schemas.AmqpConsumeBody,
    schemas.ErrorResponse,
    schemas.HealthzResponse,
)
_REFERENCE = "#/components/schemas/{model}"


class Gateway:
    """The ASGI application."""

    def __init__(self, app: FastAPI, doors: Mapping[str, ASGIApp], quick_doors: Mapping[bytes, Door]) -> None:
        """doors: what is answered without the front door, by path. quick_doors: what needs no ASGI; the server asks
        them first."""
        self.app, self._doors, self.quick_doors = app, doors, quick_doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"]) if scope["type"] == "http" else None
        await (door or self.app)(scope, receive, send)


def create_app(
    desk: Desk,
    keys: KeyRing,
    repository: ScrapingRepository,
    database: Database,
    bus: Bus,
    *,
    start: Callable[[], Awaitable[None]],
    stop: Callable[[], Awaitable[None]],
) -> Gateway:
    """The application, ready to be served. start, stop: what runs beside it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await start()
        yield
        await stop()

    checks: dict[str, Check] = {"database": database_check(database), "nats": bus_check(bus)}
    app = new_app(
        SERVICE,
        title="Hedgerow Scraping API",
        description=_DESCRIPTION,
        checks=checks,
        lifespan=lifespan,
        alive={"ok": True},
    )
    app.state.desk, app.state.repository = desk, repository
    app.state.guard = Guard(keys, None, refusal)
    app.include_router(open_router)
    app.include_router(router)
    rules = load_rules()
    app.state.pages = browser.Pages(keys, desk, rules)
    app.include_router(browser.router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    add_asyncapi(app, asyncapi.document())
    add_documentation(app)
    fetches = fetch.FetchDoor(keys, desk, rules)
    doors: dict[str, ASGIApp] = {fetch.PATH: fetches, amqp.PATH: amqp.AmqpDoor(keys, desk)}
    return Gateway(app, doors, {fetch.PATH.encode(): Errands(fetches, keys, desk)})


def sockets(desk: Desk, relays: Relays) -> dict[str, TakeOver]:
    """WebSockets of the gateway's port, by path."""
    return {
        LINK_PATH: websocket(desk.links.listener, LARGEST_RECEIVED),
        relay.PATH: relays.take_client,
        RELAY_PATH: relays.take_agent,
    }


# --- the document ------------------------------------------------------------------------------------------------


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, extra = models_json_schema([(model, "serialization") for model in _MODELS], ref_template=_REFERENCE)
        document["components"]["schemas"] |= extra["$defs"]
        document["paths"] |= {
            fetch.PATH: _fetch_operations(),
            amqp.PATH: {"post": _amqp_operation()},
            "/healthz": {"get": _healthz_operation()},
        }
        app.openapi_schema = document
    return app.openapi_schema


def _content(model: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}}


def _healthz_operation() -> dict[str, Any]:
    return {"tags": ["System"], "responses": {"200": {"description": "Alive", **_content("HealthzResponse")}}}


def _fetch_operations() -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.items()
    ]
    responses = {"200": {"description": "What the target answered", **_content("FetchResponse")}, **_failures()}
    responses["502"] |= {"description": f"{responses['502']['description']}, or a body has more than 32 MiB"}
    responses["504"] = {"description": "The target did not answer in time", **_content("ErrorResponse")}
    operations = {}
    for method in fetch.METHODS:
        operation: dict[str, Any] = {
            "tags": ["Fetch"],
            "summary": f"{method} the target through an agent",
            "parameters": parameters,
            "responses": responses,
            "security": [{"ApiKeyHeader": []}],
        }
        if method not in ("GET", "DELETE"):
            operation["requestBody"] = _content("FetchPostBody")
        operations[method.lower()] = operation
    return operations


def _failures() -> dict[str, Any]:
    """Responses that all work of agents has in common."""
    texts = {
        "400": "The request cannot be understood",
        "401": "No key",
        "403": "A key that does not work, or a target that is refused",
        "429": "The key's limit is reached",
        "502": "No agent, or the target cannot be reached",
        "503": "The database is not available",
    }
    responses: dict[str, Any] = {
        status: {"description": text, **_content("ErrorResponse")} for status, text in texts.items()
    }
    names = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining")
    responses["429"]["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    return responses


def _amqp_operation() -> dict[str, Any]:
    events = {"text/event-stream": {"schema": {"type": "string"}}}
    too_large = {"413": {"description": "The body is too large", **_content("ErrorResponse")}}
    return {
        "tags": ["AMQP"],
        "summary": "Consume messages of a broker through an agent",
        "requestBody": {"required": True, **_content("AmqpConsumeBody")},
        "responses": {
            "200": {"description": "Events: connected, message, error", "content": events},
            **_failures(),
            **too_large,
        },
        "security": [{"ApiKeyHeader": []}],
    }
