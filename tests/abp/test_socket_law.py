"""What the socket holds its clients to, over real connections: time to log in, acknowledgements, keeping up."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests.abp.routes.apikit import Api, serving
from tests.patience import PATIENCE_S

from hedgerow.abp.subscribe import message
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.realtime import delivery, login, reliable
from hedgerow.storage.database import Database

from .test_subscribe import Client, connected, listening


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def server(api: Api, nats: Bus) -> AsyncIterator[Server]:
    async with listening(api, nats) as found:
        yield found


async def numbers(client: Client, count: int) -> list[int]:
    """Of the next messages. What takes long is asked whether it is still there, and says so."""
    found: list[int] = []
    while len(found) < count:
        told = await client.next()
        if told["type"] == "ping":
            await client.send(type="pong")
        else:
            found.append(told["seq"])
    return found


async def test_who_does_not_log_in_in_time_is_closed_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "LOGIN_WITHIN_S", 0.05)
    async with connected(server) as client:
        assert await client.close_code() == 4001
        assert client.connection.close_reason == "login timeout"


async def test_sending_waits_at_a_hundred_unacknowledged_and_goes_on(api: Api, server: Server) -> None:
    async with connected(server) as client:
        await client.login("orders", reliableDelivery=True)
        for _ in range(103):
            await api.desk.order(request_uuid=str(uuid.uuid4()))
        assert await numbers(client, 100) == list(range(1, 101))
        await client.send(type="ping")
        assert (await client.next())["type"] == "pong"  # and nothing was sent before it
        await client.send(type="batch_ack", seqs=[1, 3])
        assert await numbers(client, 2) == [101, 102]
        await client.send(type="ack", upTo=102)
        assert await numbers(client, 1) == [103]


async def test_what_is_not_acknowledged_comes_again(api: Api, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "RESENT_AFTER_S", 0.1)
    monkeypatch.setattr(reliable, "_TICK_S", 0.05)
    async with connected(server) as client:
        await client.login("orders", reliableDelivery=True)
        for _ in range(2):
            await api.desk.order(request_uuid=str(uuid.uuid4()))
        seen: Counter[int] = Counter()
        async with asyncio.timeout(PATIENCE_S):
            while min(seen[1], seen[2]) < 2:
                seen.update(await numbers(client, 1))
        await client.send(type="ack", upTo=1)
        async with asyncio.timeout(PATIENCE_S):
            while await numbers(client, 2) != [2, 2]:
                pass


async def test_who_does_not_read_is_closed_and_others_get_on(
    api: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages so large that the sockets' buffers hold few of them."""
    monkeypatch.setattr("hedgerow.realtime.socket._LAST_WORDS_S", PATIENCE_S)
    told = message("status", "STATUS", {"status": "degraded", "reason": "x" * 100_000}, 0)
    async with connected(server) as slow, connected(server) as other:
        for client in (slow, other):
            await client.login("status")
        slow.connection.transport.pause_reading()
        for number in range(1, 301):
            api.app.state.hub.tell(("status", None), lambda: told)
            assert await numbers(other, 1) == [number]
        slow.connection.transport.resume_reading()
        assert await slow.close_code() == 4002
