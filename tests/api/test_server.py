"""The listening socket, with clients that misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from hedgerow.api import server as server_module
from hedgerow.api.server import Server
from hedgerow.core.tasks import spawn, stop

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
BODY = "x" * 8_000_000


async def test_connection_of_a_client_that_reads_nothing_ends(
    eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_UNREAD_MS", 300)
    app = FastAPI()
    app.add_api_route("/", lambda: PlainTextResponse(BODY))
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    connections = server._uvicorn.server_state.connections
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: mm\r\nConnection: close\r\n\r\n")
        await eventually(lambda: len(connections) == 1)
        await eventually(lambda: not connections)
    await server.stop()


async def test_stop_during_the_start_closes_what_the_application_opened() -> None:
    opens, seen = asyncio.Event(), []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opens.set()
        await asyncio.sleep(0.05)
        seen.append("opened")
        yield
        seen.append("closed")

    serving = spawn(Server(FastAPI(lifespan=lifespan), "127.0.0.1", 0).serve(), "server")
    await opens.wait()
    await stop(serving)
    assert seen == ["opened", "closed"]
