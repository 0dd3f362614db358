"""Ways to ask an API the same: raw HTTP, and our own client, awaited and not. What is told is the answer's JSON."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

import httpx
import msgspec
from fastapi import FastAPI
from tests.patience import PATIENCE_S

from hedgerow.api.server import Server
from hedgerow.client import AsyncClient, Client, Retries, Service
from hedgerow.client.wire import encode_loosely
from hedgerow.storage.database import decode_json

WAYS = ("http", "awaited", "called")

Ask = Callable[[str, str, str, Any], Awaitable[Any]]
"""Method, path with its names, path as it is asked with its query, body; the answer of a success, None without one."""

sys.path.append(str(Path(__file__).parents[2] / "tools"))


@asynccontextmanager
async def asking(
    way: str, app: FastAPI, service: str, key: str, prefix: str = "", *, patience_s: float = 60
) -> AsyncIterator[Ask]:
    """Against the application at a real socket. patience_s: of the clients, for limits."""
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    try:
        async with asking_at(
            way, f"http://127.0.0.1:{server.port}", service, key, prefix, patience_s=patience_s
        ) as ask:
            yield ask
    finally:
        await server.stop()


@asynccontextmanager
async def asking_at(
    way: str, url: str, service: str, key: str, prefix: str = "", *, patience_s: float = 60
) -> AsyncIterator[Ask]:
    """Against what is served there."""
    there: dict[str, Any] = {service: Service(url, key), "retries": Retries(patience_s=patience_s)}
    match way:
        case "http":
            async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=PATIENCE_S) as http:
                yield _raw(http, prefix)
        case "awaited":
            async with AsyncClient(**there) as client:
                yield _awaited(getattr(client, service), service, prefix)
        case _:
            with Client(**there) as client:
                yield _called(getattr(client, service), service, prefix)


def _raw(http: httpx.AsyncClient, prefix: str) -> Ask:
    async def ask(method: str, path: str, asked: str, body: Any) -> Any:
        answer = await http.request(method, prefix + asked, json=body)
        assert answer.status_code in (200, 201, 204), f"{method} {path}: {answer.text}"
        return decode_json(answer.content) if answer.content else None

    return ask


def _awaited(api: Any, service: str, prefix: str) -> Ask:
    async def ask(method: str, path: str, asked: str, body: Any) -> Any:
        name, positional, named = arguments(service, method, prefix + path, prefix + asked, body)
        return _as_json(await getattr(api, name)(*positional, **named))

    return ask


def _called(api: Any, service: str, prefix: str) -> Ask:
    async def ask(method: str, path: str, asked: str, body: Any) -> Any:
        name, positional, named = arguments(service, method, prefix + path, prefix + asked, body)
        return _as_json(await asyncio.to_thread(getattr(api, name), *positional, **named))

    return ask


def _as_json(value: Any) -> Any:
    """What the client read, written as the service would."""
    return None if value is None else decode_json(encode_loosely(value))


@cache
def _operations(service: str) -> dict[tuple[str, str], Any]:
    apis = import_module("served_documents").all_apis()
    (api,) = [one for one in apis if one.name == service]
    return {(one.method, one.path): one for one in api.operations}


def arguments(service: str, method: str, path: str, asked: str, body: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """The client's method for a request, with its arguments."""
    operation = _operations(service)[method, path]
    address, _, query = asked.partition("?")
    found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path), address)
    assert found is not None
    positional = [_typed(one, found[one.name]) for one in operation.of("path")]
    hints = get_type_hints(getattr(import_module(f"hedgerow.client.{service}.calls"), operation.name))
    if body is not None:
        positional.append(msgspec.convert(body, hints["body"]))
    by_name = {one.name: one for one in operation.of("query")}
    named = {by_name[name].python: _typed(by_name[name], value) for name, value in parse_qsl(query)}
    return operation.name, positional, named


def _typed(parameter: Any, text: str) -> Any:
    kinds = {part.get("type") for part in (parameter.schema, *parameter.schema.get("anyOf", ()))}
    return int(text) if "integer" in kinds else text
