"""A gateway for the tests of what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.scraping.pages import Site, pages
from tests.scraping.targets import site as _site

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    """Without agents yet."""
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """The base URL of targets."""
    async with _site() as base:
        yield base


@pytest.fixture
async def web() -> AsyncIterator[Site]:
    """A site for browsers."""
    async with pages() as found:
        yield found
