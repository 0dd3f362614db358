"""Answers that leave in one piece."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send
from tests.patience import PATIENCE_S

from hedgerow.api.heads import EXTENSION, HeldHeads, answer_whole
from hedgerow.api.server import Server

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


def held() -> tuple[HeldHeads, Wire]:
    wire = Wire()
    return HeldHeads(wire), wire  # type: ignore[arg-type]


async def test_head_leaves_with_its_body() -> None:
    heads, wire = held()
    for _ in range(2):
        heads.write(HEAD)
        heads.write(b"ok")
    heads.write(b"more")
    await asyncio.sleep(0)
    assert wire.written == [HEAD + b"ok", HEAD + b"ok", b"more"]


async def test_head_without_a_body_leaves_at_the_end_of_the_turn() -> None:
    heads, wire = held()
    heads.write(HEAD)
    assert wire.written == []
    await asyncio.sleep(0)
    assert wire.written == [HEAD]


async def test_head_leaves_before_the_connection_is_closed() -> None:
    heads, wire = held()
    heads.write(HEAD)
    heads.close()
    assert (wire.written, wire.is_closed) == ([HEAD], True)


async def test_everything_else_is_the_transports_own() -> None:
    heads, wire = held()
    assert heads.is_closed is wire.is_closed


# --- answers that are given whole --------------------------------------------------------------------------------

LARGE = bytes(100_000)


async def _whole(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what the path is, `large`, or by ASGI alone where the query says so."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    await asyncio.sleep(0)
    body = LARGE if scope["path"] == "/large" else scope["path"].encode()
    given = scope if not scope["query_string"] else {**scope, "extensions": {}}
    await answer_whole(given, send, 404, {"X-Own": "a"}, body)


async def _said(request: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    server = Server(_whole, "127.0.0.1", 0)
    await server.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            said = await reader.read()
            writer.close()
            return said
    finally:
        await server.stop()


def _asked(path: str, *, closes: bool = False, method: str = "GET") -> bytes:
    close = "Connection: close\r\n" if closes else ""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{close}\r\n".encode()


@pytest.mark.parametrize("path", ["/small", "/large"])
async def test_an_answer_that_is_given_whole_says_what_two_messages_say(path) -> None:
    said = await _said(_asked(path, closes=True))
    head, _, body = said.partition(b"\r\n\r\n")
    assert body == (LARGE if path == "/large" else b"/small")
    by_messages = (await _said(_asked(f"{path}?asgi", closes=True))).partition(b"\r\n\r\n")
    without_date = [
        sorted(line for line in lines.split(b"\r\n") if not line.startswith(b"date:"))
        for lines in (head, by_messages[0])
    ]
    assert without_date[0] == without_date[1]
    assert b"\r\ndate: " in head
    assert body == by_messages[2]


async def test_requests_on_one_connection_are_answered_in_order_until_it_is_to_close() -> None:
    said = await _said(_asked("/one") + _asked("/two") + _asked("/three", closes=True))
    assert [part.partition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 404 Not Found")[1:]] == [
        b"/one",
        b"/two",
        b"/three",
    ]


async def test_an_answer_to_head_has_no_body() -> None:
    said = await _said(_asked("/small", closes=True, method="HEAD"))
    assert (said.endswith(b"\r\n\r\n"), b"content-length: 6\r\n" in said) == (True, True)


async def test_one_request_is_answered_once() -> None:
    written: list[Message] = []

    async def send(message: Message) -> None:
        written.append(message)

    async def twice(scope: Scope, receive: Receive, _: Send) -> None:
        if scope["type"] == "http":
            await answer_whole(scope, send, 200, {}, b"first")
            assert not scope["extensions"][EXTENSION]["writer"].write_whole(200, "", b"second")
        else:
            await _whole(scope, receive, _)

    server = Server(twice, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_asked("/", closes=True))
    assert (await reader.read()).endswith(b"first")
    writer.close()
    await server.stop()
    assert written == []
