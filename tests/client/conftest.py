"""The TypeScript client, built; an API behind a wire; a gateway with an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests import node
from tests.abp.routes.apikit import serving
from tests.abp.test_subscribe import listening
from tests.client.wirekit import There, wired
from tests.scraping.gateway.gatewaykit import Net
from tests.scraping.gateway.gatewaykit import serving as serving_gateway

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database


@pytest.fixture(scope="session")
def typescript() -> Path:
    """The folder of the built client; without node the test is skipped, and the run says so."""
    found = node.typescript()
    if found is None:
        pytest.skip(node.NO_NODE)
    return found


@pytest.fixture
async def there(database: Database, nats: Bus) -> AsyncIterator[There]:
    async with serving(database, nats) as api, listening(api, nats) as server, wired(server.port) as wire:
        yield There(api, wire)


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    async with serving_gateway(database, nats) as found:
        await found.join("de1")
        yield found
