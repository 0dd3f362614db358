"""Clients that place orders over HTTP, each with its next request as soon as the last one is answered.

Requests are made before the clock starts, and answers are looked at only as far as it takes to know that every order
was accepted: the process that asks shares the machine with the one that answers. A client that is told to come again
(429, 503) does so after a moment, and with the same orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import msgspec

from hedgerow.bench.place_orders import scene
from hedgerow.core.errors import HedgerowError

AGAIN_AFTER_S = 0.05
_LATER = (429, 503)
_ANSWERED_WITHIN_S = 120.0


class LoadError(HedgerowError):
    """A request was not answered as it had to be."""


@dataclass(frozen=True, slots=True)
class Load:
    """clients: at the same time; orders: in one request; requests: of each client."""

    clients: int
    orders: int
    requests: int

    @property
    def total(self) -> int:
        return self.clients * self.orders * self.requests


def requests_of(load: Load) -> list[list[bytes]]:
    """The requests of every client."""
    return [
        [_request(client, load.orders, client * load.requests + number) for number in range(load.requests)]
        for client in range(load.clients)
    ]


async def place(port: int, requests: Sequence[Sequence[bytes]]) -> None:
    """Returns when every request is answered, all orders accepted. Raises LoadError."""
    loop = asyncio.get_running_loop()
    clients = [_Client(each) for each in requests]
    try:
        for client in clients:
            await loop.create_connection(partial(_itself, client), "127.0.0.1", port)
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            await asyncio.gather(*(client.done for client in clients))
    finally:
        for client in clients:
            client.close()


def _itself(client: _Client) -> _Client:
    return client


def _request(client: int, orders: int, number: int) -> bytes:
    body = msgspec.json.encode({"orders": [scene.order(number + place) for place in range(orders)]})
    head = (
        f"POST /place-orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {scene.key_of(client)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._left = list(reversed(requests))
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._text = b""

    def close(self) -> None:
        self.done.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the connection was closed: {error}")

    def data_received(self, data: bytes) -> None:
        self._text += data
        head_end = self._text.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._text[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].partition(b"\r\n")[0])
        if len(self._text) < head_end + 4 + length:
            return
        body, self._text = self._text[head_end + 4 :], b""
        self._answered(int(head[9:12]), body)

    def _answered(self, status: int, body: bytes) -> None:
        if status in _LATER:
            self._loop.call_later(AGAIN_AFTER_S, self._send)
        elif status == 200 and b'"status":"accepted"' in body:
            self._left.pop()
            self._send()
        else:
            self._fail(f"{status} {body[:500].decode()}")

    def _send(self) -> None:
        if self.done.done() or self._transport is None:
            return
        if self._left:
            self._transport.write(self._left[-1])
        else:
            self.done.set_result(None)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(f"an order was not placed: {why}"))
