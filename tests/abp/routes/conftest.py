"""The API of automated bet placing, for the tests of its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

from .apikit import Api, serving


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found
