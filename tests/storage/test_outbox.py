"""The outbox: what is read, when, and in which order."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import asyncpg
import pytest
from asyncpg import Connection
from tests.patience import PATIENCE_S

from hedgerow.storage import outbox
from hedgerow.storage.database import Database, decode_json
from hedgerow.storage.outbox import Cursor, GoneError, Message

START = Cursor(0, 0, 0)


async def write(database: Database, *keys: str) -> None:
    async with database.transaction() as connection:
        await outbox.insert(connection, [Message("bets", "INSERT", key, {"key": key}) for key in keys])


async def read(database: Database, after: Cursor = START) -> outbox.Batch:
    async with database.transaction() as connection:
        return await outbox.read(connection, after)


async def read_keys(database: Database, count: int, after: Cursor = START) -> list[str]:
    """The keys that can be read; waits until there are so many (other tests' transactions may be in the way)."""
    async with asyncio.timeout(PATIENCE_S):
        while len(rows := (await read(database, after)).rows) < count:
            pass
    return [row.key for row in rows]


async def test_message_comes_out_as_it_went_in(database: Database) -> None:
    message = Message("mm.orders", "UPDATE", "7", {"price": Decimal("0.450")}, "demo", {"price": Decimal("0.44")})
    async with database.transaction() as connection:
        await outbox.insert(connection, [message])
    await read_keys(database, 1)
    (row,) = (await read(database)).rows
    assert (row.channel, row.event, row.key, row.client) == ("mm.orders", "UPDATE", "7", "demo")
    assert str(decode_json(row.payload)["price"]) == "0.450"
    assert decode_json(row.old or "") == {"price": Decimal("0.44")}


async def test_rows_of_a_transaction_keep_their_order(database: Database) -> None:
    await write(database, "a", "b", "c")
    await write(database, "d")
    assert await read_keys(database, 4) == ["a", "b", "c", "d"]


async def test_rows_behind_the_cursor_are_not_read_again(database: Database) -> None:
    await write(database, "a", "b")
    await read_keys(database, 2)
    cursor = START.after((await read(database)).rows[:1])
    assert cursor.seq == 1
    assert await read_keys(database, 1, cursor) == ["b"]


async def test_rolled_back_messages_are_never_read(database: Database) -> None:
    async def attempt() -> None:
        async with database.transaction() as connection:
            await outbox.insert(connection, [Message("bets", "INSERT", "lost", {})])
            raise LookupError

    with pytest.raises(LookupError):
        await attempt()
    await write(database, "kept")
    assert await read_keys(database, 1) == ["kept"]


async def test_row_waits_for_an_older_transaction_that_is_still_open(database: Database) -> None:
    """The older one drew the lower id: had the newer been read first, the older would be behind the cursor."""
    async with database.transaction() as older:
        await outbox.insert(older, [Message("bets", "INSERT", "older", {})])
        await write(database, "newer")
        batch = await read(database)
        assert batch.rows == []
        assert batch.waits
    assert await read_keys(database, 2) == ["older", "newer"]
    assert not (await read(database)).waits


async def test_batches_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "BATCH", 2)
    await write(database, "a", "b", "c")
    assert await read_keys(database, 2) == ["a", "b"]


async def test_channel_that_is_no_subject_is_refused_where_it_is_written(database: Database) -> None:
    for channel in ("bets.>", "with space", "*", "", "a..b"):
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(
                "insert into outbox (channel, event, key, payload) values ($1, 'x', 'x', '{}')", channel
            )


async def test_cursor_is_kept(database: Database) -> None:
    await write(database, "a")
    await read_keys(database, 1)
    cursor = START.after((await read(database)).rows)
    async with database.transaction() as connection:
        await outbox.save_cursor(connection, cursor)
        assert await outbox.open_cursor(connection) == cursor


async def test_only_old_published_rows_are_deleted(database: Database) -> None:
    await write(database, "old", "new", "unpublished")
    await read_keys(database, 3)
    rows = (await read(database)).rows
    await database.execute("update outbox set at = at - interval '1 hour' where key in ('old', 'unpublished')")
    async with database.transaction() as connection:
        assert await outbox.delete_published(connection, START.after(rows[:2]), 600) == 1
    assert await database.fetchval("select array_agg(key order by id) from outbox") == ["new", "unpublished"]


async def test_restored_dump_publishes_what_was_not_and_what_is_new(database: Database) -> None:
    """Its transaction numbers lie ahead of this server's."""
    await write(database, "published", "unpublished")
    await database.execute("update outbox set xid = '9000000000'")
    row = await database.fetchrow("select xid, id from outbox where key = 'published'")
    assert row
    await database.execute("update outbox_cursor set xid = $1, id = $2, seq = 1", row["xid"], row["id"])
    async with database.try_lock("test") as connection:
        assert isinstance(connection, Connection)
        cursor = await outbox.open_cursor(connection)
    await write(database, "new")
    assert await read_keys(database, 2, cursor) == ["unpublished", "new"]
    assert cursor.seq == 1


async def test_follower_reads_what_it_missed_with_its_numbers(database: Database) -> None:
    await write(database, "a", "b", "c", "d")
    await read_keys(database, 4)
    async with database.transaction() as connection:
        rows = (await outbox.read(connection, START)).rows
        await outbox.save_cursor(connection, START.after(rows[:3]))
        missed = await outbox.read_after(connection, 1, most=10)
        assert [(number, row.key) for number, row in missed] == [(2, "b"), (3, "c"), (4, "d")]
        with pytest.raises(GoneError):
            await outbox.read_after(connection, 0, most=2)


async def test_follower_hears_that_some_of_what_it_missed_is_deleted(database: Database) -> None:
    await write(database, "a", "b", "c")
    await read_keys(database, 3)
    async with database.transaction() as connection:
        rows = (await outbox.read(connection, START)).rows
        await outbox.save_cursor(connection, START.after(rows))
        await connection.execute("delete from outbox where id = $1", rows[0].id)
        with pytest.raises(GoneError) as gone:
            await outbox.read_after(connection, 0, most=10)
        missed = await outbox.read_after(connection, 1, most=10)
    assert gone.value.seq == 3
    assert [(number, row.key) for number, row in missed] == [(2, "b"), (3, "c")]
