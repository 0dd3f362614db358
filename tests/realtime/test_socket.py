"""The driver of a session, with a client that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus.nats import Bus
from hedgerow.core.frames import EXTENSION
from hedgerow.core.tasks import spawn
from hedgerow.realtime import session as session_module
from hedgerow.realtime import socket as socket_module
from hedgerow.realtime.hub import Hub
from hedgerow.realtime.session import Session
from hedgerow.realtime.socket import Socket
from hedgerow.storage.database import Database

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
SUBSCRIBE = '{"type": "subscribe", "apiKey": "k", "channels": ["orders"]}'


class Wire:
    """The server's end of a WebSocket, and its writer. reads: whether the client does."""

    def __init__(self, *texts: str, reads: bool = True) -> None:
        self.incoming = asyncio.Queue[dict[str, Any]]()
        for text in texts:
            self.incoming.put_nowait({"type": "websocket.receive", "text": text})
        self.scope = {"extensions": {EXTENSION: {"writer": self}}}
        self.sent: list[str] = []
        self.closed: int | None = None
        self.reads = reads
        self._room = asyncio.Event()
        self._on_room: Callable[[], None] = lambda: None

    async def accept(self) -> None:
        pass

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    def write_texts(self, texts: Iterable[bytes]) -> bool:
        if self.reads:
            self.sent += [text.decode() for text in texts]
        return self.reads

    def call_on_room(self, on_room: Callable[[], None]) -> None:
        self._on_room = on_room

    def read_again(self) -> None:
        self.reads = True
        self._room.set()
        self._on_room()

    async def close(self, code: int, reason: str) -> None:
        if not self.reads:
            await self._room.wait()
        self.closed = code


class Keys:
    works = True

    def has_form(self, key: object) -> bool:
        return True

    async def client_of(self, key: str) -> str | None:
        return "demo" if self.works else None


class Deaf:
    def address(self, change: Any) -> None:
        return None

    def message(self, change: Any) -> None:
        return None


@pytest.fixture
def hub(database: Database, nats: Bus) -> Hub:
    return Hub("mm", database, nats, Deaf())


def socket(wire: Any, hub: Hub, keys: Keys | None = None) -> Socket:
    session = Session(("orders",), asyncio.get_running_loop().time())
    return Socket(wire, session, keys or Keys(), hub, everybodys=frozenset())


async def test_client_that_goes_away_leaves_the_hub(hub: Hub) -> None:
    wire = Wire(SUBSCRIBE)
    wire.incoming.put_nowait({"type": "websocket.disconnect"})
    await socket(wire, hub).serve()
    assert hub._followers == {}
    assert hub._per_key == {}


async def test_client_that_reads_nothing_is_left_behind(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "_LAST_WORDS_S", 0.01)
    wire = Wire(*['{"type": "ping"}'] * 3000, reads=False)
    async with asyncio.timeout(PATIENCE_S):
        await socket(wire, hub).serve()
    assert wire.sent == []


async def test_key_that_stops_working_ends_the_connection(
    hub: Hub, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "HEARTBEAT_EVERY_S", 0.01)
    keys, wire = Keys(), Wire(SUBSCRIBE)
    serving = spawn(socket(wire, hub, keys).serve(), "socket")
    await eventually(lambda: len(wire.sent) > 1)
    keys.works = False
    async with asyncio.timeout(PATIENCE_S):
        await serving
    assert '"type":"heartbeat"' in wire.sent[1]
    assert ("Invalid API key" in wire.sent[-1], wire.closed) == (True, 4001)


async def test_client_that_reads_late_gets_all_in_order_and_the_close_behind_it(
    hub: Hub, eventually: Eventually
) -> None:
    wire = Wire(SUBSCRIBE)
    serving = spawn(socket(wire, hub).serve(), "socket")
    await eventually(lambda: len(wire.sent) == 1)
    wire.reads = False
    for number in range(20):
        hub.tell(("orders", "demo"), lambda number=number: b'{"number":%d}' % number)
        await asyncio.sleep(0)
    wire.incoming.put_nowait({"type": "websocket.receive", "text": '{"type": "ping"}'})
    next(iter(hub._followers["orders", "demo"])).output.close(4001, "enough")
    await asyncio.sleep(0.01)
    assert (len(wire.sent), wire.closed) == (1, None)
    wire.read_again()
    async with asyncio.timeout(PATIENCE_S):
        await serving
    assert wire.sent[1:] == [f'{{"number":{number}}}' for number in range(20)]
    assert wire.closed == 4001
