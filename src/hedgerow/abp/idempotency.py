"""The same request is taken once: a client's `requestUuid` names one order for thirty minutes.

The key is written in the transaction of its order, so that both are there or neither; of two requests that come at
once the second waits for the first. A request that was declined keeps no key: it may be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Connection

from hedgerow.abp.orders import AbpOrder
from hedgerow.storage.database import Database

WINDOW = timedelta(minutes=30)

KNOWN = """select made.client, made.request_uuid::text
    from unnest($1::text[], $2::uuid[]) asked (client, request_uuid)
    cross join lateral (select client, request_uuid, created_at from abp_requests r
                        where r.client = asked.client and r.request_uuid = asked.request_uuid limit 1) made
    where made.created_at > $3"""
"""One look for each request, by its key: the planner, which knows nothing of a table that has just begun to grow, took
the index of ages instead and read every request of the last thirty minutes."""


async def claim(connection: Connection[Any], orders: Sequence[AbpOrder], now: datetime) -> frozenset[int]:
    """Claims the requests of orders that have their numbers and are not written yet; no two of them are the same
    request. Answers the numbers of those whose request is new: the others are another order's of the last thirty
    minutes, and are not to be written."""
    rows = await connection.fetch(
        """insert into abp_requests as r (client, request_uuid, order_id, created_at)
           select client, request_uuid, order_id, $4
           from unnest($1::text[], $2::uuid[], $3::bigint[]) t (client, request_uuid, order_id)
           order by client, request_uuid  -- two groups never wait for each other
           on conflict (client, request_uuid) do update
             set order_id = excluded.order_id, created_at = excluded.created_at where r.created_at <= $5
           returning order_id""",
        [order.asked.client for order in orders],
        [order.asked.request_uuid for order in orders],
        [order.order_id for order in orders],
        now,
        now - WINDOW,
    )
    return frozenset(row[0] for row in rows)


async def known(
    connection: Connection[Any], requests: Iterable[tuple[str, str]], now: datetime
) -> frozenset[tuple[str, str]]:
    """Which of the requests, (client, UUID), were made in the last thirty minutes."""
    asked = list(requests)
    rows = await connection.fetch(
        KNOWN,
        [client for client, _ in asked],
        [request_uuid for _, request_uuid in asked],
        now - WINDOW,
    )
    return frozenset((row[0], row[1]) for row in rows)


async def forget(database: Database, now: datetime) -> None:
    """Drops the keys that do not count any more."""
    await database.execute("delete from abp_requests where created_at <= $1", now - WINDOW)
