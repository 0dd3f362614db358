"""bench ws-fanout and event-latency: everybody hears everything, and a side that leaves something out ends the run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hedgerow import bench
from hedgerow.bench.report import BenchError
from hedgerow.bench.streams.listeners import listening
from hedgerow.bench.streams.side import BROADCAST, Given, Told, started


def test_both_run_at_a_tiny_scale() -> None:
    for name, cases in (("ws-fanout", ["messages/s", "one change, p99"]), ("event-latency", ["commit to socket, p50"])):
        told = bench.run(name, scale=0.01, runs=1)
        assert [row["case"] for row in told["ratios"]] == cases
        assert all(row["ours"] > 0 and row["baseline"] > 0 for row in told["ratios"])


async def test_every_listener_hears_every_message_of_the_size_asked_for() -> None:
    async with started(Given(BROADCAST, listeners=3, size=700)) as side, listening(side.told, 3) as audience:
        began_ns, made_ns = await side.change(5)
        await audience.until(15)
        assert (audience.heard, audience.size, len(audience.arrivals_ns)) == (15, 700, 15)
        assert began_ns < made_ns
        assert began_ns < min(audience.arrivals_ns)


# --- a server that does it wrong -----------------------------------------------------------------------------------


def frame(message: dict[str, object]) -> bytes:
    text = json.dumps(message, separators=(",", ":")).encode()
    return bytes((0x81, len(text))) + text


@asynccontextmanager
async def saying(*messages: dict[str, object]) -> AsyncIterator[Told]:
    """A server that answers the handshake and the login, then says these."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        await reader.read(1000)
        writer.write(b"".join(map(frame, messages)))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield Told(server.sockets[0].getsockname()[1], "/", ["key"])


LOGIN_OK = {"type": "login_ok"}


async def test_pings_are_no_messages() -> None:
    async with saying(LOGIN_OK, {"seq": 1}, {"type": "ping"}, {"seq": 2}) as told, listening(told, 1) as audience:
        await audience.until(2)
        assert audience.heard == 2


async def test_number_that_is_missing_ends_the_measurement() -> None:
    async with saying(LOGIN_OK, {"seq": 1}, {"seq": 3}) as told, listening(told, 1) as audience:
        with pytest.raises(BenchError, match="message 2 of a listener is"):
            await audience.until(3)


async def test_refused_listener_ends_the_measurement() -> None:
    async with saying({"type": "error"}) as told:
        with pytest.raises(BenchError, match="error"):
            async with listening(told, 1):
                pass
