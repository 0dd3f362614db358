"""Engines that are there for a bench alone, whatever the settings name."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hedgerow.bus.engines import Engines
from hedgerow.core.config import load_settings
from hedgerow.storage.migrate import migrate


@asynccontextmanager
async def fresh_engines() -> AsyncIterator[Engines]:
    """PostgreSQL with an empty, migrated database, and NATS."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-bench-") as folder:
        settings = load_settings(data_dir=Path(folder), database_url=None, nats_url=None)
        async with Engines(settings) as engines:
            await migrate(engines.database_url)
            yield engines
