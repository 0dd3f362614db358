"""Two connections that are handed through, on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.patience import PATIENCE_S

from hedgerow.scraping.pipe import MOST_UNSENT, Pipe

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def piped() -> AsyncIterator[tuple[Streams, Streams, list[Pipe]]]:
    """Two peers, and the halves between them."""
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[Pipe] = asyncio.Queue()

    class Half(Pipe):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            made.put_nowait(self)

    server = await loop.create_server(Half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    peers, halves = [], []
    for _ in range(2):
        peers.append(await asyncio.open_connection("127.0.0.1", port))
        halves.append(await made.get())
    halves[0].other, halves[1].other = halves[1], halves[0]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield peers[0], peers[1], halves
    finally:
        for _, writer in peers:
            writer.transport.abort()
        server.close()
        await server.wait_closed()


async def test_an_end_is_passed_on_and_the_other_direction_stays() -> None:
    async with piped() as ((a_in, a_out), (b_in, b_out), _):
        a_out.write(b"asked")
        a_out.write_eof()
        assert await b_in.read() == b"asked"
        b_out.write(b"answered")
        b_out.write_eof()
        assert await a_in.read() == b"answered"


async def test_nothing_stays_open_when_both_directions_have_ended(eventually) -> None:
    async with piped() as ((a_in, a_out), (b_in, b_out), halves):
        for reader, writer in ((a_in, b_out), (b_in, a_out)):
            writer.write_eof()
            await reader.read()
        await eventually(lambda: all(half.transport is None for half in halves))


async def test_little_is_held_for_a_side_that_does_not_read(eventually) -> None:
    async with piped() as ((_, a_out), (_, b_out), halves):
        b_out.transport.pause_reading()
        half = halves[1].transport
        assert half is not None
        while a_out.transport.get_write_buffer_size() < 2**20:
            a_out.write(bytes(2**16))
            await asyncio.sleep(0)
        await eventually(lambda: half.get_write_buffer_size() > 0)
        assert half.get_write_buffer_size() <= MOST_UNSENT + 2**18
