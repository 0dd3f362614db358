"""Many relays, readers that stop, and clients that do not behave: what the suite runs small and the soak in full."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.patience import PATIENCE_S
from websockets.frames import Frame, Opcode

from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.pipe import MOST_UNSENT

from .gatewaykit import Net

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
KIB_EACH = 64
"""Most memory of one idle relay: of client, gateway, agent and target together, all in the tests' process."""
KIB_STALLED = 1024
"""The same of one whose reader has stopped."""
ONE_READ = 2**18
"""Most bytes that the loop takes from a socket at once."""
_AT_ONCE = 50
_PIECE = 64 * 1024
_HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


async def shaken(net: Net) -> Streams:
    """A client after its handshake."""
    port = int(net.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16, ssl=net.trust)
    writer.write(_HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def joined(net: Net, key: str, url: str) -> Streams:
    """A client that is relayed."""
    reader, writer = await shaken(net)
    writer.write(text(json.dumps({"apiKey": key, "url": url})))
    first, size = await reader.readexactly(2)
    told = json.loads(await reader.readexactly(size))
    assert (first, told["type"]) == (0x81, "connected"), told
    return reader, writer


def text(message: str) -> bytes:
    return Frame(Opcode.TEXT, message.encode()).serialize(mask=True)


async def hold_many(net: Net, key: str, url: str, count: int) -> int:
    """Opens so many relays at once, and has each of them echo; the KiB that they took."""
    first = await joined(net, key, url)
    await _echo(first)  # what is made once is made
    first[1].transport.abort()
    before, gate = resident_kib(), asyncio.Semaphore(_AT_ONCE)

    async def one() -> Streams:
        async with gate:
            return await joined(net, key, url)

    held = await asyncio.gather(*(one() for _ in range(count)))
    for streams in held:
        await _echo(streams)
    took = resident_kib() - before
    for _, writer in held:
        writer.transport.abort()
    return took


async def _echo(streams: Streams) -> None:
    reader, writer = streams
    writer.write(text("anybody there"))
    assert await reader.readexactly(15) == b"\x81\x0danybody there"


async def stall(net: Net, key: str, flood: str, count: int, eventually: Eventually) -> None:
    """So many clients stop reading a target that never stops sending: little is held for each."""
    held = [await joined(net, key, flood) for _ in range(count)]  # a stream that is let go closes itself
    for _, writer in held:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    clients = list(net.gateway.relays._open)
    assert len(clients) == count
    await eventually(lambda: all(client.transport.get_write_buffer_size() > MOST_UNSENT for client in clients))
    await eventually(lambda: not any(client._far.transport.is_reading() for client in clients))
    assert all(client.transport.get_write_buffer_size() <= MOST_UNSENT + ONE_READ for client in clients)
    for _, writer in held:
        writer.transport.abort()


async def drown(net: Net, key: str, deaf: str, count: int, eventually: Eventually) -> int:
    """So many clients send without end to a target that does not read, until none can send more: little is held for
    each. The KiB that this took, of client, gateway, agent and target together."""
    held = [await joined(net, key, deaf) for _ in range(count)]
    clients, before = list(net.gateway.relays._open), resident_kib()
    drowning = [spawn(drown_one(writer), "a client that sends") for _, writer in held]
    await eventually(lambda: not any(client.transport.is_reading() for client in clients))
    for client in clients:
        assert MOST_UNSENT < client._far.transport.get_write_buffer_size() <= MOST_UNSENT + ONE_READ
    took = resident_kib() - before
    await stop(*drowning)
    for _, writer in held:
        writer.transport.abort()
    return took


async def drown_one(writer: asyncio.StreamWriter) -> None:
    """Sends one long message, as fast as it is taken."""
    writer.write(b"\x82\xff" + (2**40).to_bytes(8) + bytes(4))
    while True:
        writer.write(bytes(_PIECE))
        await writer.drain()


async def storm(net: Net, key: str, url: str, count: int, dice: random.Random) -> None:
    """So many clients, each of which behaves in one of many wrong ways; then somebody who behaves is served."""
    wrongs = [
        lambda w: None,  # says nothing
        lambda w: w.write(text("{")),
        lambda w: w.write(text(json.dumps({"apiKey": "x", "url": url}))),
        lambda w: w.write(text("x" * 100_000)),
        lambda w: w.write(b"\x81\xff" + bytes([127] * 8)),
        lambda w: w.write(b"\x81\x02{}"),
        lambda w: w.write(b"\x81"),
        lambda w: w.write_eof(),
        lambda w: w.transport.abort(),
        lambda w: w.write(b"\x88\x80abcd"),
        lambda w: w.write(dice.randbytes(300)),
        lambda w: (w.write(text(json.dumps({"apiKey": key, "url": url}))), w.transport.abort()),
    ]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> asyncio.StreamWriter:
        async with gate:
            _, writer = await shaken(net)
            wrongs[number % len(wrongs)](writer)
            return writer

    writers = await asyncio.gather(*(spawn(one(number), "a wrong client") for number in range(count)))
    async with asyncio.timeout(PATIENCE_S):
        _, behaves = await joined(net, key, url)
    behaves.transport.abort()
    for writer in writers:
        writer.transport.abort()
