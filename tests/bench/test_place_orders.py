"""bench place-orders: every side leaves the same rows, and one that does not ends the measurement."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow import bench
from hedgerow.bench.place_orders import bare, scene
from hedgerow.bench.place_orders.comparison import (
    BULK,
    BULK_4,
    SINGLE,
    SINGLE_4,
    BenchError,
    Run,
    check_rows,
    ratios_of,
    scaled,
)
from hedgerow.bench.place_orders.load import Load, LoadError, place, requests_of
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database


def test_runs_at_a_tiny_scale_and_reports_every_target() -> None:
    told = bench.run("place-orders", scale=0.01, runs=1)
    assert [(row["case"], row["target"]) for row in told["ratios"]] == [
        ("64 clients, 1 order, asyncpg", 1.0),
        ("16 clients, 100 orders, endpoint", 0.5),
        ("256 clients, 1 order, peak", 0.8),
        ("64 clients, 100 orders, peak", 0.8),
    ]
    assert all(row["ours"] > 0 and row["baseline"] > 0 for row in told["ratios"])


@pytest.mark.parametrize(
    "less",
    [
        "delete from outbox where id = (select min(id) from outbox where channel = 'abp.bets')",
        "delete from abp_receipts where order_id = (select min(order_id) from abp_receipts)",
        "update abp_orders set filled = 9 where order_id = (select min(order_id) from abp_orders)",
    ],
)
async def test_rows_that_are_missing_end_the_measurement(database: Database, database_url: Secret, less: str) -> None:
    await scene.register(Accounts(database, SystemClock()))
    await bare.seconds_for(database_url, 16)
    written = 16 + bare.CONNECTIONS
    await check_rows(database_url, written)
    await database.execute(less)
    with pytest.raises(BenchError, match=f"{written} orders were placed"):
        await check_rows(database_url, written)


async def test_refused_order_ends_the_measurement() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 2\r\n\r\n{}")

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LoadError, match="422"):
            await place(port, requests_of(Load(2, 1, 1)))


async def test_order_is_placed_again_by_who_was_told_to_come_later() -> None:
    bodies: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for head in (b"503 Later", b"429 Later", b"200 OK"):
            asked = await reader.readuntil(b"\r\n\r\n")
            length = int(asked.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            bodies.append(await reader.readexactly(length))
            writer.write(b'HTTP/1.1 %s\r\nContent-Length: 21\r\n\r\n{"status":"accepted"}' % head)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        await place(server.sockets[0].getsockname()[1], requests_of(Load(1, 1, 1)))
    assert len(set(bodies)) == 1
    assert len(bodies) == 3


def test_peak_is_what_a_quarter_of_the_clients_get() -> None:
    ours = {SINGLE: 100.0, BULK: 200.0, SINGLE_4: 90.0, BULK_4: 100.0}
    ratios = ratios_of([Run(ours, bare=50.0, reference={BULK: 800.0})])
    assert [ratio.ratio for ratio in ratios] == [2.0, 0.25, 0.9, 0.5]


@pytest.mark.parametrize(("scale", "requests", "orders"), [(2.0, 6, 100), (1.0, 3, 100), (0.1, 1, 30), (0.001, 1, 1)])
def test_load_shrinks_below_one_request(scale: float, requests: int, orders: int) -> None:
    assert scaled(BULK, scale) == Load(16, orders, requests)
