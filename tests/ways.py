"""Ways to the engines that can be cut, or stand still."""

from __future__ import annotations

import asyncio

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
        self._passes_to_caller = asyncio.Event()
        self._passes_to_caller.set()
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

    def stand_still(self) -> None:
        """What the server says waits until `go_on`."""
        self._passes_to_caller.clear()

    def go_on(self) -> None:
        self._passes_to_caller.set()

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
                if not to_server:
                    await self._passes_to_caller.wait()
                if not (to_server and self.holds_back):
                    writer.write(data)
        except OSError:
            pass


def port_of(url: Secret) -> int:
    return int(url.reveal().rpartition(":")[2].partition("/")[0])


def through(way: Way, url: Secret) -> Secret:
    """The same server by that way."""
    return Secret(url.reveal().replace(f":{port_of(url)}", f":{way.port}"))
