"""Ours: a committed change of an order's row, by outbox, relay, NATS and hub, to sessions that have logged in.

Put together from the product's parts as the API of bet placing is, without what places bets.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal

from fastapi import FastAPI

from hedgerow.abp.orders import NewOrder, PriceRule
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.subscribe import PATH, SEEN, Words, add_socket
from hedgerow.api.app import new_app
from hedgerow.api.auth import KeyRing
from hedgerow.api.server import Server
from hedgerow.bench.streams.side import Change, Given, Told
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.core.clock import SystemClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId
from hedgerow.core.secrets import Secret
from hedgerow.realtime.hub import MOST_PER_KEY, Hub
from hedgerow.realtime.subscriptions import Subscriptions
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

CLIENT = ClientName("bench")
MOST_CHANGES = 100
"""At once: each is of another order."""


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[tuple[Told, Change]]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await Database.connect(Secret(given.database))
        stack.push_async_callback(database.close)
        accounts, orders = Accounts(database, clock), AbpOrders(database, clock)
        if await accounts.add_client(CLIENT, CLIENT):
            await _insert_orders(database, orders, clock)
        keys = [(await accounts.create_key(CLIENT, "abp")).reveal() for _ in range(-(-given.listeners // MOST_PER_KEY))]
        bus = await Bus.connect(Secret(given.nats), "bench")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        hub = Hub("abp", database, bus, Words(clock))
        await hub.start()
        stack.push_async_callback(hub.stop)
        subscriptions = Subscriptions(hub, database, seen=SEEN)
        subscriptions.start()
        stack.push_async_callback(subscriptions.stop)
        server = Server(_app(KeyRing(accounts, clock, "abp"), hub, subscriptions), "127.0.0.1", 0)
        await server.start()
        stack.push_async_callback(server.stop)

        async def change(count: int) -> None:
            async with database.transaction() as connection:
                await connection.execute(
                    "update abp_orders set filled = filled + 0.01 where order_id <= $1", min(count, MOST_CHANGES)
                )

        yield Told(server.port, PATH, keys), change


def _app(keys: KeyRing, hub: Hub, subscriptions: Subscriptions) -> FastAPI:
    app = new_app("abp", title="bench", description="", checks={})
    add_socket(app, keys, hub, subscriptions)
    return app


async def _insert_orders(database: Database, orders: AbpOrders, clock: SystemClock) -> None:
    async with database.transaction() as connection:
        asked = [_order(clock) for _ in range(MOST_CHANGES)]
        await orders.insert(connection, await orders.number(connection, asked))


def _order(clock: SystemClock) -> NewOrder:
    return NewOrder(
        client=CLIENT,
        request_uuid=str(uuid.uuid4()),
        user_ref="bench",
        fixture_id=FixtureId("id1200047199000001"),
        market_id=MarketId(121),
        outcome_id=OutcomeId(121),
        player_id=PlayerId(0),
        is_back=True,
        price=Decimal("1.95"),
        stake=Decimal(100_000),
        currency="USD",
        bookmakers=None,
        accepts_better=True,
        accepts_partial=True,
        price_rule=PriceRule.EACH,
        is_test=False,
        expires_at=clock.now() + timedelta(hours=1),
        meta={},
    )
