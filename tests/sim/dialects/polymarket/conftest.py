"""The simulated venue on real sockets, in a world that stands still until it is stepped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from hedgerow.sim.dialects.polymarket import Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import World

from .harness import NOW_S, Opens, Venue, tennis


@pytest.fixture
async def opens() -> AsyncIterator[Opens]:
    """Opens a venue with settings of one's own."""
    listening: list[Listening] = []
    session = aiohttp.ClientSession()

    async def opened(**settings: Any) -> Venue:
        world = World(Catalogue())
        world.clock.run_stepped(NOW_S * 1_000_000_000)
        polymarket = build(world, Settings(**settings))
        urls = {}
        for name, app in polymarket.sites().items():
            site = await listen(app, "127.0.0.1", 0)
            listening.append(site)
            urls[name] = site.url
        world.put_fixture(tennis())
        return Venue(world, polymarket, urls, session)

    yield opened
    await session.close()
    for site in listening:
        await site.runner.cleanup()


@pytest.fixture
async def venue(opens: Opens) -> Venue:
    return await opens()
