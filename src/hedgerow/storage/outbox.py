"""The outbox: changes are written in the transaction that they tell of, and read in an order that commits keep.

Not for publishing, which is `bus.relay`. A sequence number alone would not do: a transaction that drew a low number
may commit after one that drew a higher, and a reader that has passed it would never see it. Rows are therefore
ordered by their transaction, and read only when no older transaction is open.
Source: PostgreSQL documentation, table 9.85 (pg_current_xact_id, pg_snapshot_xmin).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from asyncpg import Connection

BATCH = 1000
"""Most rows that are read at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """A change to tell. `payload` and `old` are plain JSON values, Decimals allowed."""

    channel: str
    event: str
    key: str
    payload: Any
    client: str | None = None
    old: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """A committed change. `payload` and `old` are JSON text, untouched."""

    xid: int
    id: int
    channel: str
    client: str | None
    event: str
    key: str
    payload: str
    old: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was published, and how many were before it."""

    xid: int
    id: int
    seq: int

    def after(self, rows: Sequence[Row]) -> Cursor:
        """Where it stands when these have been published too."""
        return Cursor(rows[-1].xid, rows[-1].id, self.seq + len(rows)) if rows else self


@dataclass(frozen=True, slots=True)
class Batch:
    """What can be published now, in order. `waits`: more is committed, behind a transaction that is still open."""

    rows: list[Row]
    waits: bool


class GoneError(Exception):
    """Changes that a follower missed cannot be read any more. `seq`: of the last that was published."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"changes up to {seq} are not kept any more")
        self.seq = seq


async def insert(connection: Connection[Any], messages: Sequence[Message]) -> None:
    """Adds messages inside the caller's transaction."""
    await connection.execute(
        """insert into outbox (channel, event, key, payload, client, old)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[])""",
        [message.channel for message in messages],
        [message.event for message in messages],
        [message.key for message in messages],
        [message.payload for message in messages],
        [message.client for message in messages],
        [message.old for message in messages],
    )


async def open_cursor(connection: Connection[Any]) -> Cursor:
    """Where publishing goes on.

    A dump that was restored elsewhere brings transaction numbers that lie ahead of the new server's; its rows would
    wait for years, and new ones would seem published. What was published is dropped then, and the rest moves to now.
    """
    async with connection.transaction():
        row = await connection.fetchrow("select xid, id, seq from outbox_cursor for update")
        cursor = Cursor(**row) if row else Cursor(0, 0, 0)
        next_xid = await connection.fetchval("select pg_snapshot_xmax(pg_current_snapshot())")
        newest = await connection.fetchval("select xid from outbox order by xid desc limit 1")
        if max(cursor.xid, newest or 0) < next_xid:
            return cursor
        await connection.execute("delete from outbox where (xid, id) <= ($1, $2)", cursor.xid, cursor.id)
        await connection.execute("update outbox set xid = pg_current_xact_id()")
        cursor = Cursor(0, 0, cursor.seq)
        await save_cursor(connection, cursor)
        return cursor


async def read(connection: Connection[Any], after: Cursor) -> Batch:
    """The next rows after the cursor, at most BATCH."""
    rows = await connection.fetch(
        """select xid, id, channel, client, event, key, payload::text, old::text, at,
                  xid < pg_snapshot_xmin(pg_current_snapshot()) as is_settled
           from outbox where (xid, id) > ($1, $2) order by xid, id limit $3""",
        after.xid,
        after.id,
        BATCH,
    )
    settled = [_row(row) for row in takewhile(lambda row: row["is_settled"], rows)]
    return Batch(settled, waits=len(settled) < len(rows))


async def read_after(connection: Connection[Any], seq: int, most: int) -> list[tuple[int, Row]]:
    """Changes after a number, each with its own, in order: for a follower that has missed some.

    The numbers are those that the relay gave them or will give them. Raises GoneError when more than `most` have been
    published since, or some of them are deleted.
    """
    # The cursor may move on meanwhile: positions are counted from where it was seen, which stays true.
    row = await connection.fetchrow("select xid, id, seq from outbox_cursor")
    cursor = Cursor(**row) if row else Cursor(0, 0, 0)
    behind = max(cursor.seq - seq, 0)
    if behind > most:
        raise GoneError(cursor.seq)
    published = await connection.fetch(
        """select xid, id, channel, client, event, key, payload::text, old::text, at
           from outbox where (xid, id) <= ($1, $2) order by xid desc, id desc limit $3""",
        cursor.xid,
        cursor.id,
        behind,
    )
    if len(published) < behind:
        raise GoneError(cursor.seq)
    waiting = (await read(connection, cursor)).rows
    rows = [*map(_row, reversed(published)), *waiting]
    return [(number, row) for number, row in enumerate(rows, cursor.seq - behind + 1) if number > seq]


async def save_cursor(connection: Connection[Any], cursor: Cursor) -> None:
    """Remembers how far the outbox is published."""
    await connection.execute("update outbox_cursor set xid = $1, id = $2, seq = $3", cursor.xid, cursor.id, cursor.seq)


async def delete_published(connection: Connection[Any], up_to: Cursor, older_than_s: float) -> int:
    """Deletes published rows of that age or more, at most BATCH of them; answers how many."""
    done: str = await connection.execute(
        """delete from outbox where (xid, id) in (
               select xid, id from outbox
               where (xid, id) <= ($1, $2) and at <= now() - make_interval(secs => $3)
               order by xid, id limit $4)""",
        up_to.xid,
        up_to.id,
        older_than_s,
        BATCH,
    )
    return int(done.rpartition(" ")[2])


def _row(row: Any) -> Row:
    """The columns are selected in the order of the fields."""
    return Row(*row[:9])
