"""Commands of the API in one process, on orders of another one: real processes, a real bus, a simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.patience import PATIENCE_S

from hedgerow.cli.services import ServiceProcess
from hedgerow.core.clock import SystemClock
from hedgerow.core.ids import FixtureId
from hedgerow.core.secrets import Secret
from hedgerow.mm.routing import NOBODY
from hedgerow.sim.orders import State
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

from .fleetkit import CLIENT, FIXTURES, PLACES, TOURNAMENT, Deployment, deployment, until, until_it

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d003"


class Door:
    """The API of one process."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def post(self, path: str, status: int = 200, **query: str) -> Any:
        """The body of an answer of that status."""
        answer = await self._http.post(path, params=query)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def try_cancel(self, order_id: int) -> int:
        return (await self._http.post(f"/orders/{order_id}/cancel")).status_code

    async def open_orders(self, **query: str) -> set[int]:
        answer = await self._http.get("/orders/open", params=query)
        return {order["orderId"] for order in answer.json()["orders"]}


@asynccontextmanager
async def door(process: ServiceProcess) -> AsyncIterator[Door]:
    url = f"http://{process.host}:{process.port}/api/v1"
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": KEY}, timeout=PATIENCE_S) as http:
        yield Door(http)


async def rests(found: Deployment, order_id: int) -> bool:
    """Whether the exchange has the order in its book."""
    row = await found.database.fetchrow(
        "select exchange, exchange_order_id from mm_orders where order_id = $1", order_id
    )
    assert row is not None
    orders = found.server.world.exchanges[row["exchange"]].orders
    return any(o.state is State.OPEN and o.id == row["exchange_order_id"] for o in orders.values())


async def all_open(found: Deployment, api: Door, fixture: FixtureId) -> set[int]:
    """The open orders of a fixture, when its rows, which follow what happened, are as many as its places."""
    seen: set[int] = set()

    async def are_written() -> bool:
        nonlocal seen
        seen = await api.open_orders(fixtureId=fixture)
        return len(seen) == sum(PLACES.values())

    await until_it(are_written)
    return seen


async def test_commands_reach_orders_of_another_process_or_say_which_they_did_not(
    tmp_path: Path, database: Database, database_url: Secret
) -> None:
    async with deployment(tmp_path, database, database_url) as found:
        await Accounts(database, SystemClock()).create_key(CLIENT, "mm", key=KEY)
        owner, other = found.processes
        assert owner.pid is not None
        first, second = (FIXTURES[shard] for shard, pid in (await found.holders()).items() if pid == owner.pid)
        async with door(owner) as own, door(other) as away:
            await expect_switches_turn_everywhere(found, own, away)
            await expect_configuration_counts_everywhere(found, away)
            await expect_cancels_carried_out(found, away, first)
            await expect_silence_told(found, own, away, second)
            await expect_death_told_until_an_heir_answers(found, away, second, owner)


async def expect_switches_turn_everywhere(found: Deployment, own: Door, away: Door) -> None:
    """Whichever process is asked; a repeated switch says that nothing was to be done."""
    orders = {order for fixture in FIXTURES for order in await all_open(found, away, fixture)}
    assert (await own.post("/trading/pause"))["result"] == "paused"
    assert (await away.post("/trading/pause"))["result"] == "already_paused"
    assert (await away.post("/trading/resume"))["result"] == "resumed"
    stopped = await away.post("/trading/stop")
    assert (stopped["result"], set(stopped["cancelledOrderIds"])) == ("stopped", orders)
    assert not found.places()
    assert (await own.post("/trading/stop"))["result"] == "already_stopped"
    assert (await own.post("/trading/resume"))["result"] == "start_required"
    assert (await own.post("/trading/start"))["result"] == "started"
    await until(found.is_quoted)


async def expect_configuration_counts_everywhere(found: Deployment, away: Door) -> None:
    ended = await away.post(f"/tournaments/{TOURNAMENT}/deactivate")
    assert sum(ended["cancelledOrders"].values()) == len(FIXTURES) * sum(PLACES.values())
    assert not found.places()
    await away.post("/tournaments/1/activate", 404)
    await away.post(f"/tournaments/{TOURNAMENT}/activate")
    await until(found.is_quoted)


async def expect_cancels_carried_out(found: Deployment, away: Door, fixture: FixtureId) -> None:
    """One order, and all of a fixture; what has ended cannot be cancelled."""
    one, *others = await all_open(found, away, fixture)
    assert await rests(found, one)
    assert (await away.post(f"/orders/{one}/cancel"))["cancelledOrderIds"] == [one]
    assert not await rests(found, one)
    await away.post(f"/orders/{one}/cancel", 409)
    assert set((await away.post("/orders/cancel-all", fixtureId=fixture))["cancelledOrderIds"]) == set(others)
    assert not any(place[1] == fixture for place in found.places())


async def expect_silence_told(found: Deployment, own: Door, away: Door, fixture: FixtureId) -> None:
    """A process that the bus does not reach answers nothing: what it has counts as not cancelled."""
    orders = await all_open(found, away, fixture)
    there = await away.open_orders(fixtureId=fixture, exchange="polymarket")
    one = min(orders - there)
    found.way_to_bus.stand_still()
    try:
        refused, parted = await asyncio.gather(
            away.post(f"/orders/{one}/cancel", 502), away.post("/orders/cancel-all", 502, exchange="polymarket")
        )
    finally:
        found.way_to_bus.go_on()
    assert (refused["cancelledOrderIds"], refused["failedOrderIds"]) == ([], [one])
    assert refused["failures"] == [{"orderId": one, "reason": NOBODY}]
    assert there == set(parted["failedOrderIds"])
    assert parted["cancelledOrderIds"]
    assert all([not await rests(found, order) for order in parted["cancelledOrderIds"]])
    await until_it(lambda: _ended(own, one))  # it heard when the bus went on
    assert not await rests(found, one)


async def _ended(api: Door, order_id: int) -> bool:
    return await api.try_cancel(order_id) == 409


async def expect_death_told_until_an_heir_answers(
    found: Deployment, away: Door, fixture: FixtureId, owner: ServiceProcess
) -> None:
    """Also where the heir is quick: while a transaction holds the shard's row, nobody takes it."""
    shard = FIXTURES.index(fixture)
    async with found.database.transaction() as connection:
        await connection.execute("select from mm_shards where shard = $1 for key share", shard)
        await owner.kill()
        await connection.execute("select from mm_shards where shard = $1 for update", shard)  # its last rows are in
        one = min(await away.open_orders(fixtureId=fixture, exchange="kalshi"))
        assert await away.try_cancel(one) == 502

    async def is_answered() -> bool:
        status = await away.try_cancel(one)
        assert status in (200, 409, 502)  # the heir has found it, or found that it rests no more
        return status != 502

    await until_it(is_answered)
    assert not await rests(found, one)
