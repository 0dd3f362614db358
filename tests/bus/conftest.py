"""A way to the engines that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.bus.nats import Bus
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop


class Way:
    """Hands bytes on to a server, until it is cut; closed, it takes no connection."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.is_open = True
        self.holds_back = False
        """Nothing passes from the caller to the server."""
        self._host, self._server_port = host, port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Breaks all connections, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_connection(self._host, self._server_port)
        self._writers |= {writer, server_writer}
        directions = [
            spawn(self._copy(reader, server_writer, to_server=True), "to the server"),
            spawn(self._copy(server_reader, writer, to_server=False), "from the server"),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop(*directions)
            for end in (writer, server_writer):
                self._writers.discard(end)
                end.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if not (to_server and self.holds_back):
                    writer.write(data)
        except OSError:
            pass


def port_of(url: Secret) -> int:
    return int(url.reveal().rpartition(":")[2].partition("/")[0])


def through(way: Way, url: Secret) -> Secret:
    """The same server by that way."""
    return Secret(url.reveal().replace(f":{port_of(url)}", f":{way.port}"))


@pytest.fixture
async def way_to_nats(engines: Any) -> AsyncIterator[Way]:
    way = Way("127.0.0.1", port_of(engines.nats_url))
    await way.start()
    yield way
    await way.stop()


@pytest.fixture
async def fragile(engines: Any, nats: Bus, way_to_nats: Way) -> AsyncIterator[Bus]:
    """A bus with the prefix of `nats`, whose connection can be cut."""
    bus = await Bus.connect(through(way_to_nats, engines.nats_url), "fragile", prefix=nats.prefix)
    yield bus
    await bus.close()


@pytest.fixture
async def way_to_postgres(database_url: Secret) -> AsyncIterator[Way]:
    way = Way("127.0.0.1", port_of(database_url))
    await way.start()
    yield way
    await way.stop()


@pytest.fixture
def fragile_database_url(way_to_postgres: Way, database_url: Secret) -> Secret:
    """Of the test's database, by a way that can be cut."""
    return through(way_to_postgres, database_url)
