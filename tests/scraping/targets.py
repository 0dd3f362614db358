"""A web site on the loopback that answers in the ways that matter."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ssl
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import zstandard
from aiohttp import web

BINARY = bytes(range(256)) * 8


async def _echo(request: web.Request) -> web.Response:
    body = await request.read()
    headers = [[name, value] for name, value in request.headers.items()]
    return web.json_response(
        {"method": request.method, "path": request.path_qs, "headers": headers, "body": body.decode("latin-1")}
    )


async def _redirect(request: web.Request) -> web.Response:
    to = request.query["to"]
    return web.Response(status=int(request.query.get("status", "302")), headers={"Location": to})


async def _loop(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/loop"})


async def _sized(request: web.Request) -> web.StreamResponse:
    """As many bytes as asked for, without telling how many: the query's text in hex over and over, or only x, after
    its beginning and before its end."""
    query = request.query
    answer = web.StreamResponse(headers={"Content-Type": query["type"]} if "type" in query else {})
    await answer.prepare(request)
    await answer.write(query.get("begin", "").encode())
    text = bytes.fromhex(query.get("hex", b"x".hex()))
    left, part = int(request.match_info["size"]), text * (64 * 1024 // len(text))
    while left:
        await answer.write(part[:left])
        left -= len(part[:left])
    await answer.write(query.get("end", "").encode())
    return answer


async def _counted(request: web.Request) -> web.Response:
    """What is told of a body that is not kept."""
    size, digest = 0, hashlib.sha256()
    async for part in request.content.iter_any():
        size += len(part)
        digest.update(part)
    return web.json_response({"bytes": size, "sha256": digest.hexdigest(), "headers": dict(request.headers)})


async def _stalling(request: web.Request) -> web.StreamResponse:
    """The beginning of a body, and no more of it."""
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"only this")
    await asyncio.sleep(float(request.query.get("s", "30")))
    return answer


async def _packed(request: web.Request) -> web.Response:
    text = ("packed " * 1000).encode()
    match request.match_info["how"]:
        case "gzip":
            return web.Response(body=gzip.compress(text), headers={"Content-Encoding": "gzip"})
        case "zstd":
            return web.Response(body=zstandard.compress(text), headers={"Content-Encoding": "zstd"})
        case _:
            bomb = gzip.compress(bytes(40 * 1024 * 1024))
            return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})


async def _slow(request: web.Request) -> web.Response:
    await asyncio.sleep(float(request.query.get("s", "30")))
    return web.Response(text="late")


_held: dict[str, asyncio.Event] = {}


@contextmanager
def held() -> Iterator[tuple[str, asyncio.Event]]:
    """A path that is not answered before the event is set."""
    name, go_on = uuid.uuid4().hex, asyncio.Event()
    _held[name] = go_on
    try:
        yield f"/held/{name}", go_on
    finally:
        go_on.set()
        del _held[name]


async def _hold(request: web.Request) -> web.Response:
    await _held[request.match_info["name"]].wait()
    return web.Response(text="late")


async def _broken(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"only this")
    assert request.transport is not None
    request.transport.abort()
    return answer


async def _given(request: web.Request) -> web.Response:
    """Status, type and body as the query says."""
    query = request.query
    body = bytes.fromhex(query["hex"]) if "hex" in query else query.get("body", "").encode()
    headers = {"Content-Type": query["type"]} if "type" in query else {}
    if "retry" in query:
        headers["Retry-After"] = query["retry"]
    return web.Response(status=int(query.get("status", "200")), body=body, headers=headers)


async def _binary(request: web.Request) -> web.Response:
    return web.Response(body=BINARY, content_type="image/png")


async def _cookies(request: web.Request) -> web.Response:
    answer = web.Response(text="ok")
    answer.headers.add("Set-Cookie", "a=1")
    answer.headers.add("Set-Cookie", "b=2")
    return answer


@asynccontextmanager
async def site(tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Its base URL."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/echo", _echo)
    app.router.add_route("*", "/redirect", _redirect)
    app.router.add_get("/loop", _loop)
    app.router.add_get("/sized/{size}", _sized)
    app.router.add_route("*", "/counted", _counted)
    app.router.add_get("/stalling", _stalling)
    app.router.add_get("/packed/{how}", _packed)
    app.router.add_get("/slow", _slow)
    app.router.add_route("*", "/held/{name}", _hold)
    app.router.add_get("/broken", _broken)
    app.router.add_get("/given", _given)
    app.router.add_get("/binary", _binary)
    app.router.add_get("/cookies", _cookies)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await listening.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
