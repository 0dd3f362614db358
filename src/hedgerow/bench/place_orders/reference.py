"""A durable endpoint and nothing else: orders are decoded, inserted in groups, and answered after their commit.

Starlette, msgspec and one writer that puts into a commit whatever came while the last one was under way. Its table has
the columns and indexes of the product's, and no triggers. No validation beyond the types, no idempotency, no work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hedgerow.api.server import Server
from hedgerow.bench.place_orders import scene
from hedgerow.bench.place_orders.side import Given
from hedgerow.core.tasks import spawn, stop

_TABLE = "create table reference_orders (like abp_orders including all)"
_INSERT = """insert into reference_orders (client, request_uuid, user_ref, fixture_id, market_id, outcome_id, is_back,
    price, stake, currency, accepts_better, accepts_partial, price_rule, is_test, expires_at, created_at, updated_at)
    select client, request_uuid, user_ref, fixture_id, $5, outcome_id, true, price, stake, 'USD', true, true, 'each',
           false, expires_at, now(), now()
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $6::bigint[], $7::numeric[], $8::numeric[],
                $9::timestamptz[])
         as t (client, request_uuid, user_ref, fixture_id, outcome_id, price, stake, expires_at)
    returning order_id"""


class Order(msgspec.Struct, rename="camel"):
    request_uuid: UUID
    fixture_id: str
    outcome_id: int
    order_price: Decimal
    order_stake: Decimal
    user_ref: str
    test_order: bool
    expires_at: datetime
    player_id: int = 0


class Body(msgspec.Struct):
    orders: list[Order]


_Waiting = tuple[str, list[Order], "asyncio.Future[list[int]]"]


class Writer:
    """One commit for all that waits."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()

    def insert(self, client: str, orders: list[Order]) -> asyncio.Future[list[int]]:
        """The ids of the orders, when they are committed."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((client, orders, done))
        self._wake.set()
        return done

    async def run(self) -> NoReturn:
        while True:
            await self._wake.wait()
            self._wake.clear()
            group, self._waiting = self._waiting, []
            orders = [(client, order) for client, several, _ in group for order in several]
            rows = await self._connection.fetch(
                _INSERT,
                [client for client, _ in orders],
                [order.request_uuid for _, order in orders],
                [order.user_ref for _, order in orders],
                [order.fixture_id for _, order in orders],
                scene.TRADED,
                [order.outcome_id for _, order in orders],
                [order.order_price for _, order in orders],
                [order.order_stake for _, order in orders],
                [order.expires_at for _, order in orders],
            )
            ids = iter(row[0] for row in rows)
            for _, several, done in group:
                done.set_result([next(ids) for _ in several])


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[int]:
    """The endpoint, until the end of the block; its port."""
    connection = await asyncpg.connect(given.database_url.reveal())
    await connection.execute(_TABLE)
    writer = Writer(connection)
    task = spawn(writer.run(), "reference writer")
    clients = {scene.key_of(number): scene.client_of(number) for number in range(scene.CLIENTS)}
    decode, encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode

    async def place_orders(request: Request) -> Response:
        client = clients[request.headers["x-api-key"]]
        orders = decode(await request.body()).orders
        ids = await writer.insert(client, orders)
        accepted = [
            {"orderId": order_id, "requestUuid": order.request_uuid, "orderStatus": "PENDING"}
            for order_id, order in zip(ids, orders, strict=True)
        ]
        answer = encode({"status": "accepted", "acceptedOrders": accepted, "declinedOrders": []})
        return Response(answer, media_type="application/json")

    app = Starlette(routes=[Route("/place-orders", place_orders, methods=["POST"])])
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()
        await stop(task)
        await connection.close()
