"""The consumer against a broker of the test's, frame by frame."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scraping.agentkit import Door, linked

from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.amqpwire import MOST_BODY, AmqpError, Conversation, Wish
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import ConsumeRequest, Kind

METHOD, HEADER, BODY = 1, 2, 3
START = (10, 10, b"\x00\x09" + b"\0\0\0\0" + b"\0\0\0\x05PLAIN" + b"\0\0\0\x05en_US")
TUNE = (10, 30, struct.pack("!HIH", 2047, 131072, 60))
GREETING = (START, TUNE, (10, 41, b"\0"), (20, 11, b"\0\0\0\0"), (60, 11, b""), (50, 11, b"\x01q" + bytes(8)),
            (50, 21, b""), (60, 21, b"\x01c"))  # fmt: skip


def frame(kind: int, payload: bytes, channel: int = 1) -> bytes:
    return struct.pack("!BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(group: int, number: int, arguments: bytes) -> bytes:
    return frame(METHOD, struct.pack("!HH", group, number) + arguments)


def delivery(tag: int, body: bytes, piece: int = 1000, key: str = "k") -> bytes:
    names = b"\x01c" + struct.pack("!QB", tag, 0) + b"\x01x" + bytes((len(key),)) + key.encode()
    row = method(60, 60, names) + frame(HEADER, struct.pack("!HHQH", 60, 0, len(body), 0))
    return row + b"".join(frame(BODY, body[at : at + piece]) for at in range(0, len(body), piece))


def conversation() -> Conversation:
    return Conversation(Wish("/", "guest", Secret("guest"), "x", "#", "q", 60))


def greeted() -> Conversation:
    found = conversation()
    for step in GREETING:
        assert found.receive(method(*step)) == []
    return found


def methods(row: bytes) -> list[tuple[int, int, bytes]]:
    """What a consumer has sent, without its preamble."""
    found, row = [], row.removeprefix(b"AMQP\x00\x00\x09\x01")
    while row:
        kind, _, size = struct.unpack_from("!BHI", row)
        if kind == METHOD:
            found.append((*struct.unpack_from("!HH", row, 7), row[11 : 7 + size]))
        row = row[8 + size :]
    return found


def test_the_greeting_asks_for_a_queue_that_goes_with_the_connection() -> None:
    found = greeted()
    assert found.is_ready
    assert found.heartbeat_s == 60
    told = methods(bytes(found.output))
    steps = [(group, number) for group, number, _ in told]
    assert steps == [(10, 11), (10, 31), (10, 40), (20, 10), (60, 10), (50, 10), (50, 20), (60, 20)]
    assert b"\0guest\0guest" in told[0][2]
    assert told[5][2] == b"\0\0\x01q\x0c\0\0\0\0"  # exclusive, auto-delete
    assert told[6][2] == b"\0\0\x01q\x01x\x01#\0\0\0\0\0"


@given(st.lists(st.binary(max_size=3000), max_size=5), st.integers(1, 1500), st.integers(1, 4000))
def test_messages_are_read_however_they_are_cut(bodies: list[bytes], piece: int, step: int) -> None:
    found = greeted()
    row = b"".join(delivery(tag, body, piece) for tag, body in enumerate(bodies, 1))
    got = [one for at in range(0, len(row), step) for one in found.receive(row[at : at + step])]
    assert [(one.tag, one.body, one.exchange, one.routing_key) for one in got] == [
        (tag, body, "x", "k") for tag, body in enumerate(bodies, 1)
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak AMQP"),
        (b"AMQP\x00\x00\x09\x01", "does not speak AMQP"),
        (method(60, 11, b"")[:-1] + b"\x00", "without its end"),
        (frame(METHOD, b"\x00\x0a"), "cut short"),
        (frame(HEADER, bytes(14)), "header without a message"),
        (frame(BODY, b"x"), "body without a message"),
        (method(10, 50, b"\x01\x93\x07no room" + bytes(4)), "closed: 403 no room"),
        (method(60, 30, b"\x01c\x00"), "queue is gone"),
        (delivery(1, b"")[:-22] + frame(HEADER, struct.pack("!HHQH", 60, 0, MOST_BODY + 1, 0)), "larger than 16 MiB"),
    ],
)
def test_what_a_broker_may_not_say_ends_it(row: bytes, told: str) -> None:
    with pytest.raises(AmqpError, match=told):
        greeted().receive(row)


@asynccontextmanager
async def broker(sent: bytes, heard: bytearray, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port. It greets, sends, and keeps what it hears."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in GREETING:
            writer.write(method(*step))
        writer.write(sent)
        while data := await reader.read(65_536):
            heard.extend(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def acknowledged(heard: bytearray) -> list[bytes]:
    return [arguments for group, number, arguments in methods(bytes(heard)) if (group, number) == (60, 80)]


def consume(door: Door, port: int) -> Channel:
    ask = ConsumeRequest("127.0.0.1", port, "/", "guest", "guest", "x", "#", "q", is_tls=False, heartbeat_s=60)
    return door.sockets[0].open(Kind.AMQP, msgspec.msgpack.encode(ask), is_last=False)


async def read_to_the_end(channel: Channel) -> None:
    await channel.head()
    while await channel.read():
        pass


async def test_only_what_was_handed_on_is_acknowledged(eventually) -> None:
    heard = bytearray()
    row = b"".join(delivery(tag, b"message") for tag in (1, 2, 3))
    async with linked() as door, broker(row, heard) as port:
        channel = consume(door, port)
        await channel.head()
        events = b""
        while events.count(b"\n\n") < 3:
            events += await channel.read()
        second = events.index(b"\n\n", events.index(b"\n\n") + 2) + 2
        await channel.write((second - 1).to_bytes(8))  # all of the first, not quite all of the second
        await eventually(lambda: acknowledged(heard) == [struct.pack("!QB", 1, 1)])
        await channel.write(len(events).to_bytes(8))
        await eventually(lambda: acknowledged(heard)[1:] == [struct.pack("!QB", 3, 1)])
        channel.cut(CutCode.CANCELLED)
        await eventually(lambda: methods(bytes(heard))[-1][:2] == (10, 50))


async def test_a_broker_that_breaks_off_cuts_the_stream() -> None:
    async with linked() as door, broker(method(60, 30, b"\x01c\x00"), bytearray()) as port:
        channel = consume(door, port)
        with pytest.raises(StreamCut, match="queue is gone") as caught:
            await read_to_the_end(channel)
        assert caught.value.code is CutCode.BROKEN
