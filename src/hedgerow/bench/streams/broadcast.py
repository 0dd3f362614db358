"""The baseline of fan-out: `websockets.broadcast` of a text that is ready, on asyncio's own loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, broadcast, serve

from hedgerow.bench.streams.side import Change, Given, Told


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[tuple[Told, Change]]:
    connections: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.discard(connection)

    frame = '{"payload":"' + "x" * (given.size - len('{"payload":""}')) + '"}'

    async def change(count: int) -> None:
        for _ in range(count):
            broadcast(connections, frame)

    async with serve(stay, "127.0.0.1", 0, compression=None, backlog=2048) as server:
        [listening] = server.sockets
        yield Told(listening.getsockname()[1], "/", []), change
