"""The stream against servers that close, fall silent, send in pieces and come back. Source: RFC 6455."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from tests.patience import PATIENCE_S
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed

from hedgerow.core.sockets import socket_pair
from hedgerow.core.tasks import Backoff, work
from hedgerow.net.stream import NO_CODE, NO_STATUS, Stream, Target, handled

Handler = Callable[[ServerConnection], Awaitable[None]]


class Conversation:
    """Writes down what happens; `comes_back` is its answer to a close."""

    def __init__(self, comes_back: bool = True) -> None:
        self.comes_back = comes_back
        self.opened_times = 0
        self.frames: list[tuple[bytes, bool]] = []
        self.closes: list[tuple[int, str]] = []
        self.on_frame: Callable[[bytes], None] = lambda payload: None
        self._changed = asyncio.Event()

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self.opened_times += 1
        send("hello")
        self._changed.set()

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.frames.append((bytes(payload), is_text))
        self._changed.set()
        self.on_frame(bytes(payload))

    def closed(self, code: int, reason: str) -> bool:
        self.closes.append((code, reason))
        self._changed.set()
        return self.comes_back

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def websocket() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """`await websocket(handler)` answers the URL of a server."""
    servers: list[Server] = []

    async def start(handler: Handler) -> str:
        async def handle(connection: ServerConnection) -> None:
            with suppress(ConnectionClosed):
                await handler(connection)

        server = await serve_websocket(handle, "127.0.0.1", 0, max_size=None)
        servers.append(server)
        return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


def quick() -> Backoff:
    return Backoff(first_s=0.001, longest_s=0.01)


@pytest.fixture
async def follow() -> AsyncIterator[Callable[..., tuple[Stream, Conversation]]]:
    """`follow(url)` starts a stream and gives it with its conversation."""
    streams: list[Stream] = []

    def start(url: str, comes_back: bool = True, **options) -> tuple[Stream, Conversation]:
        conversation = Conversation(comes_back)
        stream = Stream("test", lambda: Target(url), conversation, backoff=options.pop("backoff", quick()), **options)
        streams.append(stream)
        stream.start()
        return stream, conversation

    yield start
    for stream in streams:
        await stream.stop()


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 3000, 4000, 4001, 4002, 4003, 4999])
async def test_close_code_and_reason_are_told_as_they_were_sent(websocket, follow, code):
    async def close(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, "the reason")

    _, conversation = follow(await websocket(close), comes_back=False)
    await conversation.until(lambda: conversation.closes)
    assert conversation.closes == [(code, "the reason")]


async def test_close_frame_is_answered_with_the_same_code(websocket, follow, eventually):
    answered: list[int | None] = []

    async def close(connection: ServerConnection) -> None:
        await connection.close(4003)
        answered.append(connection.close_code)

    _, conversation = follow(await websocket(close), comes_back=False)
    await conversation.until(lambda: conversation.closes)
    await eventually(lambda: answered)
    assert answered == [4003]


async def raw_websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server's half of the handshake, without a library behind it that would answer pings."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = next(line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    accept = base64.b64encode(digest).decode()
    writer.write(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )


async def test_close_frame_without_a_code_is_1005(serve, follow):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw_websocket(reader, writer)
        writer.write(b"\x88\x00")
        await reader.read()

    _, conversation = follow(f"ws://127.0.0.1:{await serve(handle)}/", comes_back=False)
    await conversation.until(lambda: conversation.closes)
    assert conversation.closes == [(NO_STATUS, "")]


async def test_cut_connection_is_1006(serve, follow):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw_websocket(reader, writer)
        await reader.read(1)
        writer.transport.abort()

    _, conversation = follow(f"ws://127.0.0.1:{await serve(handle)}/", comes_back=False)
    await conversation.until(lambda: conversation.closes)
    assert conversation.closes == [(NO_CODE, "")]


async def test_silent_server_is_left_when_it_answers_no_ping(serve, follow):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw_websocket(reader, writer)
        await reader.read()
        await asyncio.Event().wait()

    port = await serve(handle)
    _, conversation = follow(f"ws://127.0.0.1:{port}/", comes_back=False, ping_every_s=0.05, pong_within_s=0.05)
    await conversation.until(lambda: conversation.closes)
    assert conversation.closes[0][0] == NO_CODE


def test_answer_is_not_awaited_longer_than_the_next_ping():
    with pytest.raises(ValueError, match=r"a pong awaited for 1\.0 s, pings every 0\.5 s"):
        Stream("test", lambda: Target("ws://127.0.0.1/"), Conversation(), ping_every_s=0.5, pong_within_s=1.0)


async def test_server_that_answers_pings_is_kept(websocket, follow):
    async def quiet(connection: ServerConnection) -> None:
        await connection.recv()
        await asyncio.sleep(3.2)
        await connection.send("still here")
        await connection.wait_closed()

    _, conversation = follow(await websocket(quiet), ping_every_s=1.5, pong_within_s=1.5)
    await conversation.until(lambda: conversation.frames)
    assert conversation.closes == []


async def test_frames_come_whole_and_in_order(websocket, follow):
    large = b"x" * 3_000_000

    async def send(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("text")
        await connection.send([b"in ", b"three ", b"pieces"])
        await connection.send(["zwei ", "Stücke"])
        await connection.send(large)
        await connection.wait_closed()

    _, conversation = follow(await websocket(send))
    await conversation.until(lambda: len(conversation.frames) == 4)
    assert conversation.frames == [
        (b"text", True),
        (b"in three pieces", False),
        ("zwei Stücke".encode(), True),
        (large, False),
    ]


async def test_pieces_of_too_large_a_message_end_the_connection(websocket, follow):
    async def send(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(b"x" * 600 for _ in range(4))
        await connection.wait_closed()

    _, conversation = follow(await websocket(send), largest_frame=1000)
    await conversation.until(lambda: conversation.opened_times == 2)
    assert conversation.frames == []


async def test_stream_comes_back_after_a_close_and_starts_the_conversation_anew(websocket, follow, eventually):
    greetings: list[str | bytes] = []

    async def close(connection: ServerConnection) -> None:
        greetings.append(await connection.recv())
        if len(greetings) < 3:
            await connection.close(1011)
        await connection.wait_closed()

    stream, conversation = follow(await websocket(close))
    await conversation.until(lambda: conversation.opened_times == 3)
    await eventually(lambda: len(greetings) == 3)
    assert [code for code, _ in conversation.closes] == [1011, 1011]
    assert stream.is_up


async def test_conversation_that_gives_up_is_not_reconnected(websocket, follow):
    attempts: list[None] = []

    async def close(connection: ServerConnection) -> None:
        attempts.append(None)
        await connection.close(4001)

    stream, conversation = follow(await websocket(close), comes_back=False)
    await conversation.until(lambda: conversation.closes)
    async with asyncio.timeout(PATIENCE_S):
        await stream._task
    assert len(attempts) == 1
    assert not stream.is_up


async def test_failure_of_the_conversation_starts_it_anew(websocket, follow):
    async def send(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("x")
        await connection.wait_closed()

    _, conversation = follow(await websocket(send))

    def fail_once(payload: bytes) -> None:
        if conversation.opened_times == 1:
            raise ZeroDivisionError

    conversation.on_frame = fail_once
    await conversation.until(lambda: len(conversation.frames) == 2)
    assert conversation.opened_times == 2
    assert work.units == 0


async def test_reconnect_drops_the_socket_and_opens_another(websocket, follow):
    async def stay(connection: ServerConnection) -> None:
        await connection.wait_closed()

    stream, conversation = follow(await websocket(stay))
    await conversation.until(lambda: conversation.opened_times == 1)
    stream.reconnect()
    await conversation.until(lambda: conversation.opened_times == 2)
    assert conversation.closes == [(NO_CODE, "")]


async def test_stopped_stream_stays_away(websocket, follow):
    connections: list[ServerConnection] = []

    async def stay(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.wait_closed()

    stream, conversation = follow(await websocket(stay))
    assert await stream.wait_up(5)
    await stream.stop()
    await conversation.until(lambda: conversation.closes)
    assert not stream.is_up
    stream.send("dropped")
    assert len(connections) == 1


async def test_connection_that_comes_up_after_the_stop_is_let_go(serve, follow):
    came, may_accept, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await may_accept.wait()
        await raw_websocket(reader, writer)
        await reader.read()
        left.set()

    stream, conversation = follow(f"ws://127.0.0.1:{await serve(handle)}/")
    async with asyncio.timeout(PATIENCE_S):
        await came.wait()
        await stream.stop()
        may_accept.set()
        await left.wait()
    assert conversation.opened_times == 0


async def test_unreachable_server_is_tried_again(unused_tcp_port_factory, websocket, follow):
    port = unused_tcp_port_factory()
    stream, conversation = follow(f"ws://127.0.0.1:{port}/")
    assert not await stream.wait_up(0.05)

    async def stay(connection: ServerConnection) -> None:
        await connection.wait_closed()

    server = await serve_websocket(stay, "127.0.0.1", port)
    assert await stream.wait_up(5)
    await stream.stop()
    await conversation.until(lambda: conversation.closes)
    server.close()
    await server.wait_closed()


async def test_pauses_grow_while_connections_do_not_last(websocket, follow):
    async def close(connection: ServerConnection) -> None:
        await connection.close(1011)

    class Noted(Backoff):
        def __init__(self) -> None:
            super().__init__(first_s=0.001, longest_s=0.05)
            self.pauses: list[float] = []

        def next_pause_s(self) -> float:
            self.pauses.append(self._next_s)
            return super().next_pause_s()

    backoff = Noted()
    _, conversation = follow(await websocket(close), backoff=backoff)
    await conversation.until(lambda: len(conversation.closes) == 5)
    assert backoff.pauses[:4] == [0.001, 0.002, 0.004, 0.008]


async def test_keep_alive_text_is_said_again_and_again(websocket, follow):
    heard: list[str | bytes] = []
    enough = asyncio.Event()

    async def listen(connection: ServerConnection) -> None:
        async for message in connection:
            heard.append(message)
            if heard.count("PING") == 3:
                enough.set()

    follow(await websocket(listen), says=("PING", 0.01))
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    assert heard[0] == "hello"


async def test_frames_are_counted_by_the_socket_they_came_on(websocket, follow):
    async def send(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("one")
        await connection.send([b"t", b"wo"])
        await connection.wait_closed()

    stream, conversation = follow(await websocket(send))
    await conversation.until(lambda: len(conversation.frames) == 2)
    await asyncio.sleep(0)
    socket = stream._transport.underlying_transport
    pair = socket_pair(socket.get_extra_info("sockname"), socket.get_extra_info("peername"))
    assert handled.snapshot()[pair] == 2
    await stream.stop()
    await conversation.until(lambda: conversation.closes)
    assert pair not in handled.snapshot()


async def test_target_is_worked_out_anew_for_every_attempt(websocket, follow):
    seen: list[str] = []

    async def close(connection: ServerConnection) -> None:
        seen.append(connection.request.headers["X-Attempt"])
        await connection.close(1011)

    url = await websocket(close)
    attempts = iter("abcdefghij")
    conversation = Conversation()
    stream = Stream("test", lambda: Target(url, {"X-Attempt": next(attempts)}), conversation, backoff=quick())
    stream.start()
    await conversation.until(lambda: len(conversation.closes) >= 2)
    await stream.stop()
    assert seen[:2] == ["a", "b"]
