"""The clock that a service trades by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hedgerow.bus.world_clock import FollowedClock, follow
from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.tasks import spawn, stop
from hedgerow.net.stream import handled

PATIENCE_S = 15.0


@asynccontextmanager
async def trading_clock(settings: Settings) -> AsyncIterator[Clock]:
    """The machine's clock, or that of the world that the settings name. Raises SetupError."""
    if settings.clock_url is None:
        yield SystemClock()
        return
    clock = FollowedClock()
    following = spawn(follow(settings.clock_url, clock, handled.snapshot), "world clock", is_vital=True)
    try:
        if not await clock.told(PATIENCE_S):
            raise SetupError(f"the world's clock does not answer within {PATIENCE_S:g} s", "check HEDGEROW_CLOCK_URL")
        yield clock
    finally:
        await stop(following)
