"""Brings a database to the schema of this code, or refuses with one clear error.

The files `migrations/NNNN_name.sql` are applied in order, each in a transaction of its own. Whatever stands against
it is found before anything is touched. What is applied is never edited: its checksum is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from asyncpg import Connection

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.storage.database import advisory_key, connect_once

_log = structlog.get_logger(__name__)

FOLDER = Path(__file__).parent / "migrations"
OLDEST_SERVER = 15

_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_OTHERS_S = 120
_TABLE_LOCK_S = 10
_STATEMENT_S = 600

_CREATE = """create table schema_migrations (
    number      integer primary key,
    name        text not null,
    checksum    text not null,                       -- SHA-256 of the file, hexadecimal
    applied_at  timestamptz not null default now()
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04}_{self.name}"


def load(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder in order. Raises SetupError unless their numbers are 1, 2, 3, ..."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise SetupError(f"{file} is not named as a migration", "name it NNNN_name.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise SetupError(f"the migrations in {folder} are numbered {numbers}", "number them 1, 2, 3, ...")
    return found


def pending(known: Sequence[Migration], applied: Mapping[int, tuple[str, str]]) -> Sequence[Migration]:
    """What is still to be applied. applied: (name, checksum) by number.

    Raises SetupError for a database that another version of the code has made.
    """
    if unknown := sorted(number for number in applied if number > len(known)):
        raise SetupError(
            f"the database is newer than this version: it has migration {unknown[0]}, {applied[unknown[0]][0]}",
            "start the version that made it, or a newer one",
        )
    if sorted(applied) != list(range(1, len(applied) + 1)):
        raise SetupError(
            f"the database's list of migrations has holes: {sorted(applied)}", "restore the database from a backup"
        )
    for migration in known[: len(applied)]:
        if applied[migration.number] != (migration.name, migration.checksum):
            raise SetupError(
                f"migration {migration} differs from what the database was made with",
                "install the version that made it; a migration that was applied is never edited",
            )
    return known[len(applied) :]


async def migrate(url: Secret, migrations: Sequence[Migration] | None = None) -> int:
    """Applies what is missing; answers how many. A second process that migrates at once waits for the first.

    Raises SetupError with the database as it was, or as the last migration that worked left it; UnreachableError.
    """
    known = load() if migrations is None else migrations
    connection = await connect_once(url, lock_timeout=f"{_OTHERS_S}s", statement_timeout=f"{_STATEMENT_S}s")
    try:
        await _check_server(connection)
        await _wait_for_others(connection)
        waiting = pending(known, await _applied(connection))
        await connection.execute(f"set lock_timeout = '{_TABLE_LOCK_S}s'")
        for migration in waiting:
            await _apply(connection, migration)
        return len(waiting)
    finally:
        await connection.close(timeout=_TABLE_LOCK_S)


async def missing(url: Secret) -> int:
    """How many migrations the database has not seen. Raises SetupError for one that is newer; UnreachableError."""
    connection = await connect_once(url)
    try:
        return len(pending(load(), await _applied(connection)))
    finally:
        await connection.close(timeout=_TABLE_LOCK_S)


async def _check_server(connection: Connection[Any]) -> None:
    major = connection.get_server_version().major
    encoding = await connection.fetchval("show server_encoding")
    if major < OLDEST_SERVER:
        raise SetupError(f"PostgreSQL {major} is too old", f"use PostgreSQL {OLDEST_SERVER} or newer")
    if encoding != "UTF8":
        raise SetupError(
            f"the database's encoding is {encoding}", "create it with: create database ... encoding 'UTF8'"
        )


async def _wait_for_others(connection: Connection[Any]) -> None:
    try:
        await connection.execute("select pg_advisory_lock($1)", advisory_key("migrate"))
    except asyncpg.LockNotAvailableError:
        raise SetupError(
            f"another process has been migrating the database for {_OTHERS_S} s", "wait for it, or stop it"
        ) from None


async def _applied(connection: Connection[Any]) -> dict[int, tuple[str, str]]:
    if not await connection.fetchval("select to_regclass('schema_migrations')"):
        return {}
    rows = await connection.fetch("select number, name, checksum from schema_migrations")
    return {row["number"]: (row["name"], row["checksum"]) for row in rows}


async def _apply(connection: Connection[Any], migration: Migration) -> None:
    try:
        async with connection.transaction():
            if migration.number == 1:
                await connection.execute(_CREATE)
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.checksum,
            )
    except asyncpg.LockNotAvailableError:
        raise SetupError(
            f"migration {migration} did not get its tables within {_TABLE_LOCK_S} s",
            "stop the services that use them",
        ) from None
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SetupError(f"migration {migration} did not work: {error}", "see the server's log") from error
    _log.info("migrated", migration=str(migration))
