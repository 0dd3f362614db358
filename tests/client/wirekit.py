"""A wire between a client and a server that can be cut, kept down, and made to lose an answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.abp.routes.apikit import KEY, Api
from tests.patience import PATIENCE_S

from hedgerow.client import Service
from hedgerow.core.tasks import spawn, stop


class Wire:
    """Passes bytes on. lose_answer: called when the server answers next; that answer is lost, and the connection."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.is_down = False
        self.connections = 0
        self.lose_answer: Callable[[], None] | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Every connection breaks, without a word."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_down:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._open |= {writer, back}
        self.connections += 1
        ways = [spawn(self._pass(reader, back), "there"), spawn(self._pass(there, writer, is_answer=True), "back")]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._open -= {writer, back}
        for one in (writer, back):
            one.transport.abort()
        await stop(*ways)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if is_answer and self.lose_answer is not None:
                    lose, self.lose_answer = self.lose_answer, None
                    lose()
                    return
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def wired(target_port: int) -> AsyncIterator[Wire]:
    """A wire to a port of this machine."""
    wire = Wire(target_port)
    await wire.start()
    yield wire
    await wire.stop()


@dataclass
class There:
    """The API behind a wire."""

    api: Api
    wire: Wire

    @property
    def service(self) -> Service:
        return Service(f"http://127.0.0.1:{self.wire.port}", KEY)

    async def cut(self) -> None:
        """And until the client is there again."""
        before = self.wire.connections
        self.wire.cut()
        async with asyncio.timeout(PATIENCE_S):
            while self.wire.connections == before:  # noqa: ASYNC110 - it is the wire's count
                await asyncio.sleep(0.005)

    async def order(self) -> int:
        return (await self.api.desk.order(request_uuid=str(uuid.uuid4()))).order_id
