"""The clock that follows a world: its paces, its sleepers, and the conversation on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import PATIENCE_S
from websockets.asyncio.server import Server, ServerConnection, serve

from hedgerow.bus.world_clock import FollowedClock, Pace, follow
from hedgerow.core.clock import NS_PER_S
from hedgerow.core.tasks import spawn, stop, work

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
MATCH_NS = 1_600_000_000 * NS_PER_S


def sleeper(clock: FollowedClock, seconds: float, *, soft: bool = False) -> asyncio.Task[None]:
    return spawn(clock.sleep(seconds, soft=soft), "sleeper")


async def turn() -> None:
    """A few turns of the loop: whoever can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


# --- the clock -----------------------------------------------------------------------------------------------


async def test_stepped_time_stands_until_it_is_stepped() -> None:
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    sleeping = sleeper(clock, 5)
    await turn()
    assert clock.now_ns() == MATCH_NS
    assert clock.next_wake_ns() == MATCH_NS + 5 * NS_PER_S
    clock.step_to(MATCH_NS + 5 * NS_PER_S - 1)
    await turn()
    assert not sleeping.done()
    clock.step_to(MATCH_NS + 5 * NS_PER_S)
    await turn()
    assert sleeping.done()
    assert clock.next_wake_ns() is None


async def test_soft_sleeper_is_woken_but_never_stopped_for() -> None:
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    sleeping = sleeper(clock, 5, soft=True)
    await turn()
    assert clock.next_wake_ns() is None
    clock.step_to(MATCH_NS + 60 * NS_PER_S)
    await turn()
    assert sleeping.done()


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    clock, order = FollowedClock(), []
    clock.run(Pace.STEPPED, MATCH_NS)

    async def note(seconds: float) -> None:
        await clock.sleep(seconds)
        order.append(seconds)

    tasks = [spawn(note(seconds), "note") for seconds in (3, 1, 2)]
    await turn()
    clock.step_to(MATCH_NS + 10 * NS_PER_S)
    await asyncio.gather(*tasks)
    assert order == [1, 2, 3]


async def test_scaled_time_runs_faster() -> None:
    clock = FollowedClock()
    clock.run(Pace.SCALED, MATCH_NS, 10_000.0)
    async with asyncio.timeout(PATIENCE_S):
        await clock.sleep(100)
    assert clock.now_ns() >= MATCH_NS + 100 * NS_PER_S


async def test_cancelled_sleeper_is_forgotten() -> None:
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    sleeping = sleeper(clock, 5)
    await turn()
    await stop(sleeping)
    assert clock.next_wake_ns() is None


async def test_sleeping_for_nothing_gives_the_others_a_turn() -> None:
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    await clock.sleep(0)
    await clock.sleep(-1)


async def test_only_stepped_time_is_stepped() -> None:
    with pytest.raises(TypeError):
        FollowedClock().step_to(1)


async def test_sleeper_keeps_what_is_left_when_the_time_becomes_another() -> None:
    clock = FollowedClock()
    sleeping = sleeper(clock, 100)
    await turn()
    clock.run(Pace.STEPPED, MATCH_NS)
    wake = clock.next_wake_ns()
    assert wake is not None
    assert 99 * NS_PER_S < wake - MATCH_NS <= 100 * NS_PER_S
    clock.run(Pace.SCALED, MATCH_NS, 100_000.0)
    async with asyncio.timeout(PATIENCE_S):
        await sleeping


async def test_sleeper_keeps_its_hour_when_the_same_time_goes_on() -> None:
    """Steps that were missed while the world was away count."""
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    sleeping = sleeper(clock, 5)
    await turn()
    clock.run(Pace.STEPPED, MATCH_NS + 6 * NS_PER_S)
    await turn()
    assert sleeping.done()


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), min_size=1), st.lists(st.integers(0, 50)))
async def test_every_sleeper_wakes_at_the_first_step_at_or_beyond_its_time(
    sleeps: list[tuple[int, bool]], steps: list[int]
) -> None:
    clock = FollowedClock()
    clock.run(Pace.STEPPED, MATCH_NS)
    tasks = [(seconds, sleeper(clock, seconds, soft=soft)) for seconds, soft in sleeps]
    await turn()
    now = 0
    for step in steps:
        now += step
        clock.step_to(MATCH_NS + now * NS_PER_S)
        await turn()
        assert all(task.done() == (seconds <= now) for seconds, task in tasks)
    hard = [seconds for (seconds, soft) in sleeps if not soft and seconds > now]
    assert clock.next_wake_ns() == (MATCH_NS + min(hard) * NS_PER_S if hard else None)
    await stop(*(task for _, task in tasks))


# --- the conversation ----------------------------------------------------------------------------------------


class World:
    """The other side: says what time it is, and hears answers."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connections: list[ServerConnection] = []
        self.greeting: dict[str, Any] = {"type": "clock", "pace": "stepped", "nowNs": MATCH_NS, "speed": 0.0}
        self.server: Server | None = None

    @property
    def url(self) -> str:
        assert self.server
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}/sim/clock"

    async def serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await connection.send(json.dumps(self.greeting))
        async for text in connection:
            self.answers.put_nowait(json.loads(text))

    async def step(self, number: int, now_ns: int) -> dict[str, Any]:
        await self.connections[-1].send(json.dumps({"type": "step", "step": number, "nowNs": now_ns}))
        async with asyncio.timeout(PATIENCE_S):
            return await self.answers.get()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    found = World()
    async with serve(found.serve, "127.0.0.1", 0) as server:
        found.server = server
        yield found


@pytest.fixture
async def clock(world: World) -> AsyncIterator[FollowedClock]:
    """A clock that follows the world, and has heard of it."""
    found = FollowedClock()
    following = spawn(follow(world.url, found, lambda: {4711: 3}), "follow")
    assert await found.told(5)
    yield found
    await stop(following)


async def test_clock_takes_the_worlds_time(clock: FollowedClock) -> None:
    assert clock.now_ns() == MATCH_NS


async def test_step_is_answered_with_frames_and_the_next_wake(world: World, clock: FollowedClock) -> None:
    sleeping = sleeper(clock, 60)
    await turn()
    answer = await world.step(7, MATCH_NS + NS_PER_S)
    assert answer == {"type": "settled", "step": 7, "frames": {"4711": 3}, "nextWakeNs": MATCH_NS + 60 * NS_PER_S}
    assert clock.now_ns() == MATCH_NS + NS_PER_S
    await stop(sleeping)


async def test_step_is_not_answered_before_its_work_is_done(world: World, clock: FollowedClock) -> None:
    finished = []

    async def react() -> None:
        await clock.sleep(1)
        with work.unit():
            await asyncio.sleep(0.05)
            finished.append(len(finished))

    reaction = spawn(react(), "react")
    await turn()
    await world.step(1, MATCH_NS + NS_PER_S)
    assert finished == [0]
    await reaction


async def test_work_that_waits_for_an_hour_does_not_hold_up_the_time(world: World, clock: FollowedClock) -> None:
    async def pause_at_work() -> None:
        with work.unit():
            await clock.sleep(5)

    pausing = spawn(pause_at_work(), "pauses")
    await turn()
    async with asyncio.timeout(PATIENCE_S):
        answer = await world.step(1, MATCH_NS + NS_PER_S)
        assert answer["nextWakeNs"] == MATCH_NS + 5 * NS_PER_S
        await world.step(2, MATCH_NS + 5 * NS_PER_S)
        await pausing


async def test_change_of_pace_is_followed(world: World, clock: FollowedClock, eventually: Eventually) -> None:
    change = {"type": "clock", "pace": "scaled", "nowNs": MATCH_NS + NS_PER_S, "speed": 1000.0}
    await world.connections[-1].send(json.dumps(change))
    await eventually(lambda: clock.now_ns() > MATCH_NS + 10 * NS_PER_S)


async def test_time_stands_while_the_world_is_away_and_goes_on_after(
    world: World, clock: FollowedClock, eventually: Eventually
) -> None:
    await world.connections[-1].close()
    await turn()
    assert clock.now_ns() == MATCH_NS
    await eventually(lambda: len(world.connections) == 2)
    await world.step(1, MATCH_NS + NS_PER_S)
    assert clock.now_ns() == MATCH_NS + NS_PER_S


@pytest.mark.parametrize(
    "nonsense", ["no json", '{"type":"other"}', '{"type":"clock","pace":"scaled","nowNs":1,"speed":0.0}']
)
async def test_nonsense_ends_the_connection_and_not_the_following(
    world: World, clock: FollowedClock, nonsense: str, eventually: Eventually
) -> None:
    await world.connections[-1].send(nonsense)
    await eventually(lambda: len(world.connections) == 2)
    await eventually(lambda: clock.pace is Pace.STEPPED)
    await world.step(1, MATCH_NS + NS_PER_S)
    assert clock.now_ns() == MATCH_NS + NS_PER_S
