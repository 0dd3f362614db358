"""A subscription goes on in another process, from where its client has read to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.abp.routes.apikit import KEY, RIVAL_KEY, Api, serving
from tests.patience import PATIENCE_S

from hedgerow.abp.app import create_app
from hedgerow.abp.subscribe import message
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.realtime import subscriptions
from hedgerow.storage.database import Database

from .test_subscribe import Client, connected


@dataclass
class Two:
    """Two processes' APIs on one database."""

    api: Api
    one: Server
    other: Server

    async def order(self, client: str = "acme") -> int:
        made = await self.api.desk.order(client=client, request_uuid=str(uuid.uuid4()))
        return made.order_id


@pytest.fixture
async def two(database: Database, nats: Bus, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    monkeypatch.setattr(subscriptions, "_TICK_S", 0.05)
    async with serving(database, nats) as api:
        other = create_app(api.app.state.context)
        servers = [Server(app, "127.0.0.1", 0) for app in (api.app, other)]
        relay = Relay(database, nats)
        relay.start()
        for server in servers:
            await server.start()
        yield Two(api, *servers)
        for server in servers:
            await server.stop()
        await relay.stop()


@asynccontextmanager
async def resumed(server: Server, number: int, last: int, *, key: str = KEY) -> AsyncIterator[tuple[Client, Any]]:
    async with connected(server) as client:
        resume = {"subscriptionId": number, "lastSeq": last}
        yield client, await client.login("orders", key=key, resume=resume)


async def told(client: Client, count: int) -> list[tuple[int, int]]:
    """The next messages as (number, order)."""
    found = [await client.next() for _ in range(count)]
    return [(one["seq"], one["payload"]["orderId"]) for one in found]


async def begun(client: Client, *channels: str) -> int:
    number: int = (await client.login(*(channels or ("orders",)), reliableDelivery=True))["subscriptionId"]
    return number


async def written(two: Two, number: int, seq: int) -> None:
    """The process has written how far the client is."""
    async with asyncio.timeout(PATIENCE_S):
        query = "select seq from ws_bookmarks where subscription_id = $1"
        while await two.api.database.fetchval(query, number) != seq:  # noqa: ASYNC110 - it is another's table
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("acknowledged", [0, 2])
async def test_another_process_goes_on_with_the_same_numbers(two: Two, acknowledged: int) -> None:
    async with connected(two.one) as client:
        number = await begun(client)
        orders = [await two.order() for _ in range(3)]
        assert await told(client, 3) == list(enumerate(orders, 1))
        await client.send(type="ack", upTo=acknowledged)
        await written(two, number, acknowledged)
    orders.append(await two.order())
    async with resumed(two.other, number, 2) as (client, answer):
        assert (answer["subscriptionId"], answer["resumed"], answer["channels"]) == (number, True, ["orders"])
        orders.append(await two.order())
        assert await told(client, 3) == list(enumerate(orders, 1))[2:]


async def test_client_may_be_ahead_of_what_is_written(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "_TICK_S", 60)
    async with connected(two.one) as client:
        number = await begun(client)
        orders = [await two.order() for _ in range(4)]
        await told(client, 4)
        await client.send(type="ack", upTo=4)
    await two.api.database.execute("update ws_bookmarks set seq = 0")
    async with resumed(two.other, number, 4) as (client, _):
        orders.append(await two.order())
        assert await told(client, 1) == [(5, orders[4])]


async def test_connection_that_is_left_behind_is_closed(two: Two) -> None:
    for there in (two.one, two.other):
        async with connected(two.one) as first:
            number = await begun(first)
            async with resumed(there, number, 0) as (second, answer):
                assert answer["resumed"]
                order = await two.order()
                assert await told(second, 1) == [(1, order)]
                assert await first.close_code() == 4006


async def test_subscription_may_come_back(two: Two) -> None:
    async with connected(two.one) as client:
        number = await begun(client)
    first = await two.order()
    async with resumed(two.other, number, 0) as (client, _):
        assert await told(client, 1) == [(1, first)]
    second = await two.order()
    async with resumed(two.one, number, 1) as (client, answer):
        assert answer["resumed"]
        assert await told(client, 1) == [(2, second)]


async def test_nobody_takes_anothers_subscription(two: Two) -> None:
    async with connected(two.one) as client:
        number = await begun(client)
        for server in (two.one, two.other):
            async with resumed(server, number, 0, key=RIVAL_KEY) as (rival, answer):
                assert (answer["resumed"], answer["clientName"]) == (False, "zenith")
                assert answer["subscriptionId"] != number
                order, other = await two.order(), await two.order("zenith")
                assert (await told(rival, 1))[0][1] == other
                assert (await told(client, 1))[0][1] == order


@pytest.mark.parametrize(
    "loss",
    [
        "update ws_bookmarks set seen_at = seen_at - interval '7 minutes'",
        "delete from ws_bookmarks",
        "delete from outbox",
    ],
)
async def test_who_cannot_be_told_what_was_missed_begins_anew(two: Two, loss: str) -> None:
    async with connected(two.one) as client:
        number = await begun(client)
        await two.order()
        await told(client, 1)
    await two.one.stop()
    await two.api.database.execute(loss)
    async with resumed(two.other, number, 0) as (client, answer):
        assert answer["resumed"] is False
        assert answer["subscriptionId"] != number
        order = await two.order()
        assert await told(client, 1) == [(1, order)]


async def test_what_only_a_process_sees_takes_numbers_and_no_change_is_lost(two: Two) -> None:
    async with connected(two.one) as client:
        number = await begun(client, "orders", "status")
        status = message("status", "STATUS", {"status": "ready", "reason": None}, 1)
        two.api.app.state.hub.tell(("status", None), lambda: status)
        first = await two.order()
        assert [(await client.next())["channel"] for _ in range(2)] == ["status", "orders"]
    second = await two.order()
    async with resumed(two.other, number, 2) as (client, answer):
        assert answer["resumed"]
        assert await told(client, 2) == [(3, first), (4, second)]
