"""One process of a deployment looks at the invariants, tells the metric, and logs each broken row once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from tests.patience import PATIENCE_S

from hedgerow.core.secrets import Secret
from hedgerow.execution.invariants import INVARIANTS, Broken, Readable, Tables, check
from hedgerow.execution.watch import watching
from hedgerow.storage.database import Database

STUCK = (
    "insert into outbox (channel, event, key, payload, at) values ('bets', 'INSERT', '1', '{}', now() - interval '2m')"
)


def shown(name: str) -> float | None:
    return REGISTRY.get_sample_value("hedgerow_invariants_broken", {"invariant": name})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - of whatever kind the condition is
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry a look; the second look comes at once."""
    made: list[int] = []

    async def look(source: Readable, *, tables: Tables) -> Broken:
        made.append(1)
        return await check(source, tables=tables, second_look_s=0)

    monkeypatch.setattr("hedgerow.execution.watch.check", look)
    return made


async def test_what_breaks_and_heals_is_seen_and_logged_once(
    database: Database, database_url: Secret, looks: list[int]
) -> None:
    with capture_logs() as logs:
        async with watching(database_url, every_s=0.02):
            await until(lambda: shown("outbox_moves") == 0)
            assert {one.name for one in INVARIANTS if shown(one.name) is None} == set()
            await database.execute(STUCK)
            await until(lambda: shown("outbox_moves") == 1)
            seen = len(looks)
            await until(lambda: len(looks) > seen + 2)
            await database.execute("delete from outbox")
            await until(lambda: shown("outbox_moves") == 0)
    told = [line for line in logs if line["event"] == "an invariant is broken"]
    assert [line["invariant"] for line in told] == ["outbox_moves"]


async def test_one_process_looks_and_another_takes_over_when_it_is_gone(
    database: Database, database_url: Secret, looks: list[int]
) -> None:
    async def holders() -> Any:
        return await database.fetchval(
            """select count(*) from pg_locks l join pg_database d on d.oid = l.database
               where l.locktype = 'advisory' and l.granted and d.datname = current_database()"""
        )

    first: Any = watching(database_url, every_s=0.02)
    second: Any = watching(database_url, every_s=0.02)
    await first.__aenter__()
    await second.__aenter__()
    await until(lambda: bool(looks))
    assert await holders() == 1
    await first.__aexit__(None, None, None)
    seen = len(looks)
    await until(lambda: len(looks) > seen)
    assert await holders() == 1
    await second.__aexit__(None, None, None)


async def test_a_connection_that_breaks_is_made_anew(database: Database, database_url: Secret) -> None:
    async with watching(database_url, every_s=0.02):
        await until(lambda: shown("outbox_moves") == 0)
        await database.execute(
            """select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
               where l.locktype = 'advisory' and d.datname = current_database()"""
        )
        await database.execute(STUCK)
        await until(lambda: shown("outbox_moves") == 1)
