"""Migrations: the rules on values, and the real thing on a real database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.storage.database import connect_once
from hedgerow.storage.migrate import FOLDER, Migration, load, migrate, pending

KEPT = Path(__file__).with_name("migrations.sha256")
ONE = Migration(1, "one", "create table one (x integer)")
TWO = Migration(2, "two", "create table two (x integer)")
BROKEN = Migration(2, "broken", "create table two (x integer); select 1 / 0")

ROWS_OF_BEFORE = """
    insert into clients (client, name, created_at) values ('demo', 'Demo', now());
    insert into accounts (venue, username, client, currency, sealed, created_at)
        values ('kalshi', 'main', 'demo', 'USD', '', now());
    insert into bets (reference, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id,
                      requested_odds, requested_stake, currency, usd_rate, created_at, status, placed_odds,
                      placed_stake, settlement, payout, settled_by)
        select gen_random_uuid(), 'mm', 'demo', account_id, 'kalshi', 'f', 1, 2, 1.95, 10.50, 'USD', 1, now(),
               'CONFIRMED', 1.96, 10.50, 'HALF_WON', 15.54, 'feed' from accounts;
    insert into mm_fills (account_id, trade_ref, exchange_order_id, client, exchange, fixture_id, market_id, outcome_id,
                          side, price, size, stake, unhedged_size, state, is_maker, traded_at, recorded_at)
        select account_id, 't', 'o', 'demo', 'kalshi', 'f', 1, 2, 'sell', 0.55, 10, 4.5, 0, 'FINAL', true, now(), now()
        from accounts"""
WHAT_THEY_HOLD = """
    select to_jsonb(b) as held from bets b union all select to_jsonb(l) from mm_fills l
    union all select jsonb_build_object('key', key, 'client', client, 'payload', payload) from outbox"""


def applied(*migrations: Migration) -> dict[int, tuple[str, str]]:
    return {migration.number: (migration.name, migration.checksum) for migration in migrations}


@pytest.fixture
async def empty_url(engines: Any) -> AsyncIterator[Secret]:
    """Of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    server = await connect_once(engines.database_url)
    await server.execute(f"create database {name}")
    yield engines.url_of(name)
    await server.execute(f"drop database {name} with (force)")
    await server.close()


async def ask(url: Secret, sql: str) -> Any:
    connection = await connect_once(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


# --- rules ---------------------------------------------------------------------------------------------------


def test_pending_is_what_comes_after_what_is_applied() -> None:
    assert pending([ONE, TWO], {}) == [ONE, TWO]
    assert pending([ONE, TWO], applied(ONE)) == [TWO]
    assert pending([ONE, TWO], applied(ONE, TWO)) == []


def test_newer_database_is_refused_and_names_what_is_unknown() -> None:
    with pytest.raises(SetupError, match="newer than this version: it has migration 2, two"):
        pending([ONE], applied(ONE, TWO))


def test_edited_migration_is_refused() -> None:
    edited = Migration(1, "one", ONE.sql + " ")
    with pytest.raises(SetupError, match="0001_one differs"):
        pending([edited], applied(ONE))


def test_renamed_migration_is_refused() -> None:
    with pytest.raises(SetupError, match="0001_other differs"):
        pending([Migration(1, "other", ONE.sql)], applied(ONE))


def test_database_with_a_hole_is_refused() -> None:
    with pytest.raises(SetupError, match="holes"):
        pending([ONE, TWO], applied(TWO))


def test_our_own_migrations_are_in_order() -> None:
    assert load()[0].name == "outbox"
    assert len(load()) == len(list(FOLDER.glob("*.sql")))


def test_migration_that_databases_may_have_is_not_edited() -> None:
    """A new one is added with `sha256sum`; a line that is there never changes: who has applied it would be refused."""
    kept = dict(reversed(line.split()) for line in KEPT.read_text().splitlines())
    assert {f"{migration}.sql": migration.checksum for migration in load()} == kept


@pytest.mark.parametrize("names", [["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_files_with_a_hole_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("select 1")
    with pytest.raises(SetupError, match="number them"):
        load(tmp_path)


def test_file_without_a_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "first.sql").write_text("select 1")
    with pytest.raises(SetupError, match="not named as a migration"):
        load(tmp_path)


# --- on a database -------------------------------------------------------------------------------------------


async def test_migrations_are_applied_once(empty_url: Secret) -> None:
    assert await migrate(empty_url, [ONE, TWO]) == 2
    assert await migrate(empty_url, [ONE, TWO]) == 0
    assert await ask(empty_url, "select array_agg(name order by number) from schema_migrations") == ["one", "two"]


async def test_all_of_ours_apply(empty_url: Secret) -> None:
    assert await migrate(empty_url) == len(load())


async def test_rows_of_before_stand_when_their_columns_get_types(empty_url: Secret) -> None:
    before = takewhile(lambda migration: migration.name != "types_that_know", load())
    await migrate(empty_url, list(before))
    connection = await connect_once(empty_url)
    await connection.execute(ROWS_OF_BEFORE)
    was = await connection.fetch(WHAT_THEY_HOLD)
    await connection.close()
    await migrate(empty_url)
    connection = await connect_once(empty_url)
    assert await connection.fetch(WHAT_THEY_HOLD) == was
    assert len(was) == 4  # a bet, a fill, and what is told of the account and of the bet
    await connection.close()


async def test_migration_that_fails_leaves_the_one_before(empty_url: Secret) -> None:
    with pytest.raises(SetupError, match="0002_broken did not work: division by zero"):
        await migrate(empty_url, [ONE, BROKEN])
    assert await ask(empty_url, "select max(number) from schema_migrations") == 1
    assert await ask(empty_url, "select to_regclass('two')") is None
    assert await migrate(empty_url, [ONE, TWO]) == 1


async def test_refusal_touches_nothing(empty_url: Secret) -> None:
    await migrate(empty_url, [ONE, TWO])
    with pytest.raises(SetupError):
        await migrate(empty_url, [Migration(1, "edited", "select 1"), TWO, Migration(3, "c", "create table c ()")])
    assert await ask(empty_url, "select max(number) from schema_migrations") == 2
    assert await ask(empty_url, "select to_regclass('c')") is None


async def test_two_at_once_apply_each_migration_once(empty_url: Secret) -> None:
    slow = Migration(1, "slow", "select pg_sleep(0.1); create table slow (x integer)")
    assert sorted(await asyncio.gather(*(migrate(empty_url, [slow]) for _ in range(3)))) == [0, 0, 1]


async def test_table_in_use_is_waited_for_in_bounds(empty_url: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.storage.migrate._TABLE_LOCK_S", 0.05)
    await migrate(empty_url, [ONE])
    holder = await connect_once(empty_url)
    async with holder.transaction():
        await holder.execute("lock table one")
        with pytest.raises(SetupError, match="0002_alter did not get its tables"):
            await migrate(empty_url, [ONE, Migration(2, "alter", "alter table one add y integer")])
    await holder.close()


async def test_encoding_that_cannot_hold_all_text_is_refused(engines: Any) -> None:
    name = f"test_{uuid.uuid4().hex}"
    server = await connect_once(engines.database_url)
    await server.execute(f"create database {name} encoding 'SQL_ASCII' locale 'C' template template0")
    with pytest.raises(SetupError, match="encoding is SQL_ASCII"):
        await migrate(engines.url_of(name), [ONE])
    await server.execute(f"drop database {name} with (force)")
    await server.close()
