"""A world with one match, for tests of market making as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.core.tasks import Backoff
from hedgerow.storage.database import Database

from .worldkit import Scene, scene_on


@pytest.fixture
async def scene(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Nothing is started yet. Connections are made again without the pause that real servers need."""
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database) as found:
        yield found


@pytest.fixture
async def quoting(scene: Scene) -> Scene:
    """A process that quotes the match on both exchanges."""
    await scene.start()
    await scene.run_until(lambda: {order.exchange for order in scene.resting()} == {"kalshi", "polymarket"})
    await scene.run(2)
    return scene
