"""The comparison: ours and its baselines in turns, each on a database of its own, and what each left there."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncpg import Connection

from hedgerow.bench import sides
from hedgerow.bench.place_orders import bare, scene
from hedgerow.bench.place_orders.load import Load, place, requests_of
from hedgerow.bench.place_orders.side import OURS, REFERENCE, Given
from hedgerow.bench.report import BenchError, Bound, Figures, Ratio
from hedgerow.bus.engines import Engines
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import load_settings
from hedgerow.core.secrets import Secret
from hedgerow.execution.invariants import check
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, connect_once
from hedgerow.storage.migrate import migrate

SINGLE, BULK = Load(clients=64, orders=1, requests=60), Load(clients=16, orders=100, requests=3)
SINGLE_4, BULK_4 = Load(clients=256, orders=1, requests=15), Load(clients=64, orders=100, requests=1)
"""The same with four times the clients."""
_WARM_UP = Load(clients=16, orders=10, requests=1)

_ENDED_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found, in orders a second."""

    ours: Mapping[Load, float]
    bare: float
    reference: Mapping[Load, float]


async def compare(scale: float, runs: int) -> Figures:
    """Orders a second, medians of the runs."""
    loads = {load: scaled(load, scale) for load in (SINGLE, BULK, SINGLE_4, BULK_4)}
    async with _engines() as engines:
        found = [await _run(engines, loads) for _ in range(runs)]
    return Figures("orders/s", ratios_of(found))


def ratios_of(found: Sequence[Run]) -> list[Ratio]:
    """What the targets ask for. A peak is what ours does with a quarter of the clients."""
    pairs = {
        ("64 clients, 1 order, asyncpg", 1.0): [(run.ours[SINGLE], run.bare) for run in found],
        ("16 clients, 100 orders, endpoint", 0.5): [(run.ours[BULK], run.reference[BULK]) for run in found],
        ("256 clients, 1 order, peak", 0.8): [(run.ours[SINGLE_4], run.ours[SINGLE]) for run in found],
        ("64 clients, 100 orders, peak", 0.8): [(run.ours[BULK_4], run.ours[BULK]) for run in found],
    }
    return [
        Ratio(
            case,
            statistics.median(mine / theirs for mine, theirs in each),
            target,
            Bound.AT_LEAST,
            *(statistics.median(side) for side in zip(*each, strict=True)),
        )
        for (case, target), each in pairs.items()
    ]


def scaled(load: Load, scale: float) -> Load:
    """Fewer or more requests; where one is too many, with fewer orders in it."""
    requests = load.requests * scale
    return replace(load, requests=max(1, round(requests)), orders=max(1, round(load.orders * min(requests, 1))))


async def _run(engines: Engines, loads: Mapping[Load, Load]) -> Run:
    async with _fresh_database(engines) as url:
        written = loads[SINGLE].total
        bare_speed = written / await _bare_seconds(url, written)
        await check_rows(url, written + bare.CONNECTIONS)
    async with _fresh_database(engines) as url:
        reference = await _measured(REFERENCE, url, engines.nats_url, {BULK: loads[BULK]})
    async with _fresh_database(engines) as url:
        ours = await _measured(OURS, url, engines.nats_url, loads)
        await check_rows(url, sum(load.total for load in loads.values()) + _WARM_UP.total)
    return Run(ours, bare_speed, reference)


async def _bare_seconds(url: Secret, orders: int) -> float:
    database = await Database.connect(url, size=1)
    try:
        await scene.register(Accounts(database, SystemClock()))
    finally:
        await database.close()
    return await bare.seconds_for(url, orders)


async def _measured(side: str, url: Secret, nats_url: Secret, loads: Mapping[Load, Load]) -> dict[Load, float]:
    """Orders a second of each load, one after the other."""
    found: dict[Load, float] = {}
    watcher = await connect_once(url)
    try:
        given = Given(side, url.reveal(), nats_url.reveal())
        async with sides.started("hedgerow.bench.place_orders.side", given) as running:
            port = int(running.ready)
            await place(port, requests_of(_WARM_UP))
            await _until_ended(watcher)
            for name, load in loads.items():
                requests = requests_of(load)
                started = time.perf_counter()
                await place(port, requests)
                await _until_ended(watcher)
                found[name] = load.total / (time.perf_counter() - started)
    finally:
        await watcher.close()
    return found


# --- what is left ------------------------------------------------------------------------------------------------

_OPEN = "select exists (select 1 from abp_orders where status in ('PENDING', 'PROCESSING'))"
_TOLD = """select count(*) from (select from outbox where channel = '{}' group by key having count(*) >= {}) told"""
_ROWS = {
    "orders": "select count(*) from abp_orders where status = 'FILLED' and filled = stake",
    "requests": "select count(*) from abp_requests",
    "receipts": "select count(*) from abp_receipts",
    "bets": "select count(*) from bets where status = 'CONFIRMED' and reserved = 0 and staked = placed_stake",
    "entries of the ledger": "select count(*) / 2 from abp_ledger where bet_id is not null",
    "changes of orders": _TOLD.format("abp.orders", 3),
    "changes of bets": _TOLD.format("abp.bets", 2),
}
"""What must be there once for each order, in whatever way it was written."""


async def _until_ended(watcher: Connection[Any]) -> None:
    """Returns when no order is open."""
    async with asyncio.timeout(_ENDED_WITHIN_S):
        while await watcher.fetchval(_OPEN):  # noqa: ASYNC110 - another process ends them
            await asyncio.sleep(_LOOK_EVERY_S)


async def check_rows(url: Secret, orders: int) -> None:
    """Raises BenchError unless every order is filled by one bet, with all that belongs to both."""
    database = await Database.connect(url, size=1)
    try:
        for what, query in _ROWS.items():
            if (found := await database.fetchval(query)) != orders:
                raise BenchError(f"{orders} orders were placed, and there are {found} {what}")
        broken = {name: rows for name, rows in (await check(database)).items() if rows}
        if broken:
            raise BenchError(f"the database does not add up: {broken}")
    finally:
        await database.close()


# --- what a run needs --------------------------------------------------------------------------------------------


@asynccontextmanager
async def _engines() -> AsyncIterator[Engines]:
    """PostgreSQL and NATS for the bench alone, whatever the settings name."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-bench-") as folder:
        settings = load_settings(data_dir=Path(folder), database_url=None, nats_url=None)
        async with Engines(settings) as engines:
            yield engines


@asynccontextmanager
async def _fresh_database(engines: Engines) -> AsyncIterator[Secret]:
    """A migrated database that nobody has written to."""
    name = f"bench_{uuid.uuid4().hex}"
    server = await connect_once(engines.database_url)
    await server.execute(f"create database {name}")
    url = Secret(engines.database_url.reveal().replace("/hedgerow?", f"/{name}?"))
    try:
        await migrate(url)
        yield url
    finally:
        await server.execute(f"drop database {name} with (force)")
        await server.close()
