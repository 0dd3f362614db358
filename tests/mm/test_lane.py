"""When a lane takes new orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

from hedgerow.bus.world_clock import FollowedClock, Pace
from hedgerow.mm.lane import Lane
from hedgerow.mm.numbers import OrderNumbers

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
HOUR_NS = 3600 * 10**9
SECOND_NS = 10**9


async def test_hold_that_is_over_stays_over_when_the_clock_is_put_back(eventually: Eventually) -> None:
    looked: list[Any] = []
    clock = FollowedClock()
    clock.run(Pace.STEPPED, 2 * HOUR_NS)
    exchange = SimpleNamespace(manifest=SimpleNamespace(slug="kalshi"))
    owner = SimpleNamespace(on_free=lambda *given: looked.append(given))
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), clock, OrderNumbers(), 0)
    lane.is_synced = lane._stream_is_up = True
    lane._hold(1.0)
    assert not lane.is_ready
    await eventually(lambda: clock.next_wake_ns() is not None)
    clock.step_to(2 * HOUR_NS + SECOND_NS)
    await eventually(lambda: bool(looked))
    clock.run(Pace.STEPPED, HOUR_NS)
    assert lane.is_ready
