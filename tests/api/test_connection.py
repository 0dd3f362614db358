"""Requests that a door takes, on a real connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send
from tests.patience import PATIENCE_S

from hedgerow.api.connection import Exchange
from hedgerow.api.heads import answer_whole
from hedgerow.api.server import Server
from hedgerow.core.tasks import spawn

PART = b"x" * 65536


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says that it was the application."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await answer_whole(scope, send, 200, {}, b"application")


@dataclass
class Door:
    """Keeps what it takes."""

    takes: bool = True
    at_once: Callable[[Exchange], object] = lambda exchange: None
    exchanges: list[Exchange] = field(default_factory=list)

    def begin(self, exchange: Exchange) -> bool:
        if self.takes:
            self.exchanges.append(exchange)
            self.at_once(exchange)
        return self.takes


@asynccontextmanager
async def serving(door: Door) -> AsyncIterator[Server]:
    server = Server(application, "127.0.0.1", 0, doors={b"/door": door})
    await server.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(door: Door) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(door) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            yield reader, writer
        finally:
            writer.close()


def get(path: str = "/door", *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"{method} {path} HTTP/{version}\r\nHost: a\r\n{lines}\r\n".encode()


async def body(reader: asyncio.StreamReader) -> bytes:
    """Of the next answer, which tells its length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
    return await reader.readexactly(int(length[16:]))


def say(text: bytes) -> Callable[[Exchange], object]:
    return lambda exchange: exchange.answer(200, "x-own: a\r\n", text)


async def test_a_door_answers_in_the_call_that_brought_the_request() -> None:
    async with connected(Door(at_once=say(b"door"))) as (reader, writer):
        for _ in range(3):
            writer.write(get())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
            assert head.endswith(b"\r\nx-own: a\r\ncontent-length: 4\r\n\r\n")
            assert await reader.readexactly(4) == b"door"


@pytest.mark.parametrize(
    "request_",
    [
        get("/door?query"),
        get("/other"),
        get(method="DELETE"),
        get("/door", "Content-Length: 4") + b"body",
        get("/door", "Transfer-Encoding: chunked") + b"4\r\nbody\r\n0\r\n\r\n",
        get("/door", "Connection: close", version="1.0"),
    ],
    ids=["query", "path", "method", "length", "chunked", "version"],
)
async def test_what_is_not_for_a_door_is_the_applications(request_) -> None:
    door = Door(at_once=say(b"door"))
    async with connected(door) as (reader, writer):
        writer.write(request_)
        assert await body(reader) == b"application"
        assert door.exchanges == []


async def test_what_a_door_keeps_is_there_for_the_connections_next_request_alone() -> None:
    def count(exchange: Exchange) -> None:
        exchange.kept = (exchange.kept or 0) + 1
        say(b"%d" % exchange.kept)(exchange)

    door = Door(at_once=count)
    async with serving(door) as server:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for told in (b"1", b"2"):
                writer.write(get())
                assert await body(reader) == told
            writer.close()
            await writer.wait_closed()


async def test_what_a_door_leaves_is_the_applications() -> None:
    async with connected(Door(takes=False)) as (reader, writer):
        for _ in range(2):
            writer.write(get())
            assert await body(reader) == b"application"


async def test_pipelined_requests_are_answered_in_order(eventually) -> None:
    door = Door()
    async with connected(door) as (reader, writer):
        writer.write(get() + get("/other") + get() + get("/door", "Connection: close"))
        await eventually(lambda: len(door.exchanges) == 1)
        await asyncio.sleep(0.01)
        assert say(b"door")(door.exchanges[0])
        assert [await body(reader) for _ in range(4)] == [b"door", *[b"application"] * 3]
        assert await reader.read() == b""
        assert len(door.exchanges) == 1  # behind one that waits, all wait for the application


async def test_a_connection_that_is_to_close_closes_after_the_answer() -> None:
    async with connected(Door(at_once=say(b"door"))) as (reader, writer):
        writer.write(get("/door", "Connection: close"))
        said = await reader.read()
        assert b"\r\nconnection: close\r\n" in said
        assert said.endswith(b"door")


@pytest.mark.parametrize("half", [True, False], ids=["half", "whole"])
async def test_a_client_that_goes_away_is_told_of_once(eventually, half) -> None:
    door, gone = Door(), []
    async with connected(door) as (_, writer):
        writer.write(get())
        await eventually(lambda: bool(door.exchanges))
        exchange = door.exchanges[0]
        exchange.when_gone = lambda: gone.append("gone")
        waiting = spawn(exchange.receive(), "of the test")
        await asyncio.sleep(0)
        writer.write_eof() if half else writer.close()
        assert await waiting == await exchange.receive() == {"type": "http.disconnect"}
        assert say(b"late")(exchange)  # to nobody
        assert gone == ["gone"]


async def test_an_answer_in_parts_goes_as_fast_as_it_is_read(eventually) -> None:
    door, made, count = Door(), [], 400

    def parts():
        for number in range(count):
            made.append(number)
            yield b""
            yield PART

    async with serving(door) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setblocking(False)
            client.send(get())
            await eventually(lambda: bool(door.exchanges))
            answering = spawn(door.exchanges[0].answer_in_parts(200, "", parts()), "of the test")
            seen = -1
            while seen != len(made):
                seen = len(made)
                await asyncio.sleep(0.2)
            assert not door.exchanges[0].answer(200, "", b"whole")  # the client reads nothing
            assert len(made) < count
            reader, writer = await asyncio.open_connection(sock=client)
            said = await reader.readuntil(b"\r\n\r\n")
            assert b"\r\ntransfer-encoding: chunked\r\n" in said
            for _ in range(count):
                assert await reader.readexactly(len(PART) + 9) == b"10000\r\n" + PART + b"\r\n"
            assert await reader.readexactly(5) == b"0\r\n\r\n"
            await answering
            writer.close()


async def test_an_answer_in_parts_ends_when_its_client_is_gone(eventually) -> None:
    door = Door()
    async with connected(door) as (reader, writer):
        writer.write(get())
        await eventually(lambda: bool(door.exchanges))
        answering = spawn(door.exchanges[0].answer_in_parts(200, "", iter(lambda: PART, b"")), "of the test")
        await reader.readexactly(1000)
        writer.transport.abort()
        await answering
        assert door.exchanges[0].is_over


async def test_a_server_that_stops_lets_an_exchange_end(eventually) -> None:
    door = Door()
    server = Server(application, "127.0.0.1", 0, doors={b"/door": door})
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(get())
    await eventually(lambda: bool(door.exchanges))
    stopping = spawn(server.stop(), "of the test")
    await eventually(lambda: not door.exchanges[0].keeps_alive)
    say(b"last")(door.exchanges[0])
    assert (await reader.read()).endswith(b"content-length: 4\r\nconnection: close\r\n\r\nlast")
    await stopping
    writer.close()


async def test_a_connection_is_closed_when_it_was_idle_for_the_whole_time() -> None:
    loop = asyncio.get_running_loop()

    def in_short(exchange: Exchange) -> None:
        exchange._connection.timeout_keep_alive = 0.2
        exchange.answer(200, "", b"door")

    async with connected(Door(at_once=in_short)) as (reader, writer):
        for _ in range(4):
            answered_s = loop.time()
            writer.write(get())
            assert await body(reader) == b"door"
            await asyncio.sleep(0.1)
        assert await reader.read() == b""
        assert loop.time() - answered_s >= 0.19
