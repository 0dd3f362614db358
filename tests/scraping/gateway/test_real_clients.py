"""Programs that nobody here wrote, through the relay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import websockets
from tests.node import NO_NODE, node_modules
from tests.patience import PATIENCE_S
from tests.scraping.programs import Program
from websockets.asyncio.server import ServerConnection, serve

from hedgerow.core.tasks import spawn

from .gatewaykit import Net


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """URL of a server that echoes."""

    async def handle(connection: ServerConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                await connection.send(await connection.recv())

    async with serve(handle, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_programs_of_node_are_relayed(net: Net, echo: str) -> None:
    if node_modules() is None:
        pytest.skip(NO_NODE)
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    gateway = net.url.replace("http", "ws") + "/ws"

    async with Program("echo.js", gateway, key, echo).running() as program:
        assert await program.hear() == "Connected via scraping-de1"
        assert await program.hear() == "Received: hello from scraping api"

    async with Program("wscat/bin/wscat", "-c", gateway).running() as program:
        # It loses what is typed before it is connected, and does not say when it is: so this is said until it answers.
        answers = spawn(program.hear(), "answer")
        while not answers.done():
            await program.say(json.dumps({"apiKey": key, "url": echo}))
            await asyncio.wait([answers], timeout=0.5)
        assert "scraping-de1" in await answers
        await program.say("typed by hand")
        while not (await program.hear()).endswith("typed by hand"):
            pass

    async with Program("socketio.js", gateway, key).running() as program:
        assert await program.hear() == "1.95 0102ff"

    async with Program("graphqlws.js", gateway, key).running() as program:
        assert [await program.hear() for _ in range(3)] == ["1.91", "1.95", "complete"]


async def test_the_published_python_example_works(net: Net, echo: str) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with websockets.connect(net.url.replace("http", "ws") + "/ws", proxy=None) as ws:
        await ws.send(json.dumps({"apiKey": key, "url": echo, "geo": "DE"}))
        resp = json.loads(await ws.recv())
        assert resp["type"] == "connected"
        await ws.send("hello from scraping api")
        async for msg in ws:
            assert msg == "hello from scraping api"
            break


async def test_signalr_framing_passes_unchanged(net: Net) -> None:
    """Its records end with 0x1e, and several share a frame. Source: SignalR's HubProtocol, "JSON encoding"."""
    end = "\x1e"

    async def hub(connection: ServerConnection) -> None:
        assert json.loads((await connection.recv()).rstrip(end)) == {"protocol": "json", "version": 1}
        await connection.send("{}" + end)
        call = json.loads((await connection.recv()).rstrip(end))
        result = {"type": 3, "invocationId": call["invocationId"], "result": call["arguments"][0]}
        await connection.send('{"type":6}' + end + json.dumps(result) + end)

    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with serve(hub, "127.0.0.1", 0) as server, asyncio.timeout(PATIENCE_S):
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/hub?id=1"
        async with websockets.connect(net.url.replace("http", "ws") + "/ws", proxy=None) as ws:
            await ws.send(json.dumps({"apiKey": key, "url": url}))
            await ws.recv()
            await ws.send(json.dumps({"protocol": "json", "version": 1}) + end)
            assert await ws.recv() == "{}" + end
            call = {"type": 1, "invocationId": "7", "target": "Echo", "arguments": ["1.95"]}
            await ws.send(json.dumps(call) + end)
            ping, result, rest = str(await ws.recv()).split(end)
            assert (json.loads(ping), rest) == ({"type": 6}, "")
            assert json.loads(result)["result"] == "1.95"
