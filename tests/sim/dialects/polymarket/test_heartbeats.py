"""The dead-man's switch by itself: one chain for each key, fired once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.heartbeats import Heartbeats, WrongBeat

Passes = Callable[[float], Awaitable[None]]


@pytest.fixture
def clock() -> WorldClock:
    clock = WorldClock()
    clock.run_stepped(0)
    return clock


@pytest.fixture
def passes(clock: WorldClock) -> Passes:
    async def passed(seconds: float) -> None:
        await asyncio.sleep(0)
        clock.step_to(clock.now_ns() + int(seconds * NS_PER_S))
        for _ in range(5):
            await asyncio.sleep(0)

    return passed


async def test_only_the_silent_key_loses_its_orders_and_only_once(clock: WorldClock, passes: Passes) -> None:
    fired: list[str] = []
    heartbeats = Heartbeats(clock, 10, fired.append)
    following = heartbeats.beat("ann", "")
    heartbeats.beat("bob", "")
    await passes(6)
    heartbeats.beat("ann", following)
    await passes(6)
    assert fired == ["bob"]
    await passes(60)
    assert fired == ["bob", "ann"]


async def test_a_chain_that_has_fired_begins_anew(clock: WorldClock, passes: Passes) -> None:
    heartbeats = Heartbeats(clock, 10, lambda key: None)
    late = heartbeats.beat("ann", "")
    await passes(10)
    with pytest.raises(WrongBeat) as wrong:
        heartbeats.beat("ann", late)
    assert wrong.value.expected == ""
    assert heartbeats.beat("ann", "") != late


async def test_a_cleared_switch_never_fires(clock: WorldClock, passes: Passes) -> None:
    fired: list[str] = []
    heartbeats = Heartbeats(clock, 10, fired.append)
    heartbeats.beat("ann", "")
    heartbeats.clear()
    await passes(60)
    assert fired == []
