"""A way to the engines that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.ways import Way, port_of, through

from hedgerow.bus.nats import Bus
from hedgerow.core.secrets import Secret


@pytest.fixture
async def way_to_nats(engines: Any) -> AsyncIterator[Way]:
    way = Way("127.0.0.1", port_of(engines.nats_url))
    await way.start()
    yield way
    await way.stop()


@pytest.fixture
async def fragile(engines: Any, nats: Bus, way_to_nats: Way) -> AsyncIterator[Bus]:
    """A bus with the prefix of `nats`, whose connection can be cut."""
    bus = await Bus.connect(through(way_to_nats, engines.nats_url), "fragile", prefix=nats.prefix)
    yield bus
    await bus.close()


@pytest.fixture
async def way_to_postgres(database_url: Secret) -> AsyncIterator[Way]:
    way = Way("127.0.0.1", port_of(database_url))
    await way.start()
    yield way
    await way.stop()


@pytest.fixture
def fragile_database_url(way_to_postgres: Way, database_url: Secret) -> Secret:
    """Of the test's database, by a way that can be cut."""
    return through(way_to_postgres, database_url)
