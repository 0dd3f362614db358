"""The simulated venue on real sockets, in a world that stands still until it is stepped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from hedgerow.sim.dialects.predict_fun import Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import World

from .harness import NOW_S, Opens, Venue, tennis


@pytest.fixture
async def opens() -> AsyncIterator[Opens]:
    """Opens a venue with settings of one's own."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def opened(*, live: bool = False, **settings: Any) -> Venue:
            world = World(Catalogue())
            world.clock.run_stepped(NOW_S * 1_000_000_000)
            predict_fun = build(world, Settings(**settings))
            urls = {}
            for name, app in predict_fun.sites().items():
                site = await listen(app, "127.0.0.1", 0)
                stack.push_async_callback(site.runner.cleanup)
                urls[name] = site.url
            world.put_fixture(tennis(live=live))
            venue = Venue(world, predict_fun, urls, session)
            await venue.log_in()
            return venue

        yield opened


@pytest.fixture
async def venue(opens: Opens) -> Venue:
    return await opens()
