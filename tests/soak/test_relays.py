"""A thousand relays at once, a hundred readers that stop, and ten thousand clients that do not behave."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from tests.scraping.gateway.gatewaykit import Net, serving
from tests.scraping.gateway.relayload import KIB_EACH, hold_many, resident_kib, stall, storm
from tests.scraping.gateway.test_relay import listening

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

RELAYS, STALLED, WRONG = 1_000, 100, 10_000
MOST_GROWTH_KIB = 32 * 1024

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    async with serving(database, nats) as found:
        yield found


async def test_a_thousand_relays_and_ten_thousand_wrong_clients(net: Net, eventually) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with listening() as target:
        assert await hold_many(net, key, target.url, RELAYS) <= RELAYS * KIB_EACH
        await eventually(lambda: not net.gateway.relays._open)
        await stall(net, key, f"{target.url}/flood", STALLED, eventually)
        await eventually(lambda: not net.gateway.relays._open)
        await storm(net, key, target.url, 500, random.Random(1))
        before = resident_kib()
        for seed in range(WRONG // 500):
            await storm(net, key, target.url, 500, random.Random(seed))
        assert resident_kib() - before <= MOST_GROWTH_KIB
        await eventually(lambda: not net.gateway.relays._open and not net.gateway.relays._silent)
        await eventually(lambda: not net.gateway.desk.under_way)
        assert (await net.http.get("/healthz")).status_code == 200
