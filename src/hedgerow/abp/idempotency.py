"""The same request is taken once: a client's `requestUuid` names one order for thirty minutes.

The key is written in the transaction of its order, so that both are there or neither; of two requests that come at
once the second waits for the first. A request that was declined keeps no key: it may be made again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from asyncpg import Connection

from hedgerow.storage.database import Database

WINDOW = timedelta(minutes=30)


async def claim(connection: Connection[Any], client: str, request_uuid: str, order_id: int, now: datetime) -> bool:
    """Whether the request is new, and now belongs to this order. False: another order of the last thirty minutes has
    it, and the caller's transaction has to be given up."""
    claimed: int | None = await connection.fetchval(
        """insert into abp_requests as r (client, request_uuid, order_id, created_at) values ($1, $2, $3, $4)
           on conflict (client, request_uuid) do update
             set order_id = excluded.order_id, created_at = excluded.created_at where r.created_at <= $5
           returning order_id""",
        client,
        request_uuid,
        order_id,
        now,
        now - WINDOW,
    )
    return claimed is not None


async def known(database: Database, client: str, request_uuids: list[str], now: datetime) -> frozenset[str]:
    """Which of the requests were made in the last thirty minutes."""
    rows = await database.fetch(
        """select request_uuid::text from abp_requests
           where client = $1 and request_uuid = any($2::uuid[]) and created_at > $3""",
        client,
        request_uuids,
        now - WINDOW,
    )
    return frozenset(row[0] for row in rows)


async def forget(database: Database, now: datetime) -> None:
    """Drops the keys that do not count any more."""
    await database.execute("delete from abp_requests where created_at <= $1", now - WINDOW)
