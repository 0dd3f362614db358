"""A request is taken once in thirty minutes."""

from __future__ import annotations

import asyncio

from hedgerow.abp import idempotency

from .abpkit import Desk, new_order

REQUEST = new_order().request_uuid


async def take(desk: Desk, client: str = "acme") -> bool:
    async with desk.database.transaction() as connection:
        orders = await desk.orders.number(connection, [new_order(client=client)])
        claimed = await idempotency.claim(connection, orders, desk.clock.now())
        await desk.orders.insert(connection, [order for order in orders if order.order_id in claimed])
        return bool(claimed)


async def is_known(desk: Desk) -> bool:
    async with desk.database.transaction() as connection:
        return bool(await idempotency.known(connection, [("acme", REQUEST)], desk.clock.now()))


async def test_a_request_is_taken_once_whoever_comes_at_once(desk: Desk) -> None:
    assert sorted(await asyncio.gather(*(take(desk) for _ in range(5)))) == [False] * 4 + [True]


async def test_after_thirty_minutes_it_may_be_made_again(desk: Desk) -> None:
    assert await take(desk)
    desk.clock.advance(30 * 60 - 1)
    assert not await take(desk)
    assert await is_known(desk)
    desk.clock.advance(1)
    assert not await is_known(desk)
    assert await take(desk)


async def test_clients_do_not_share_requests(desk: Desk) -> None:
    assert await take(desk)
    assert await take(desk, "zenith")


async def test_keys_that_do_not_count_any_more_are_dropped(desk: Desk) -> None:
    await take(desk)
    await idempotency.forget(desk.database, desk.clock.now())
    assert await desk.database.fetchval("select count(*) from abp_requests") == 1
    desk.clock.advance(30 * 60)
    await idempotency.forget(desk.database, desk.clock.now())
    assert await desk.database.fetchval("select count(*) from abp_requests") == 0
