"""Answers leave in one piece: uvicorn writes an answer's head and then its body, and the loop gives each write to the
kernel at once, which wakes the other side twice and costs a system call more. Here the head waits for what follows in
the same turn of the loop.

An application that has its answer whole, and makes thousands of them a second, gives it to the connection by
`answer_whole`: as two messages of ASGI it costs ten times as much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from starlette.types import Scope, Send

EXTENSION = "hedgerow.whole"
"""Of a request's scope; its `writer` is a `WholeWriter`."""
_BEGIN = b"HTTP/1.1 "


class WholeWriter(Protocol):
    """Who answers one request."""

    def write_whole(self, status: int, headers: str, body: bytes) -> bool:
        """headers: their lines, each with its end, without the body's length. False: it is to be answered by ASGI,
        which waits for a client that reads too slowly."""
        ...


async def answer_whole(scope: Scope, send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """headers: names and values of one line, without the body's length."""
    writer: WholeWriter | None = scope.get("extensions", {}).get(EXTENSION, {}).get("writer")
    if writer is not None and writer.write_whole(status, lines_of(headers), body):
        return
    told = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    told.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


def lines_of(headers: Mapping[str, str]) -> str:
    """Each with its end."""
    return "".join([f"{name.lower()}: {value}\r\n" for name, value in headers.items()])


class HeldHeads:
    """A transport, but that the head of an answer is written with what comes next, or at the end of the turn."""

    __slots__ = ("_head", "_loop", "inner")

    def __init__(self, inner: asyncio.Transport) -> None:
        self.inner = inner
        self._loop = asyncio.get_running_loop()
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self.inner.write(head + data)
        elif data.startswith(_BEGIN):
            self._head = data
            self._loop.call_soon(self._let_go)
        else:
            self.inner.write(data)

    def close(self) -> None:
        self._let_go()
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def _let_go(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self.inner.write(head)
