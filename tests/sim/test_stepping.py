"""Stepped time over several clients: a step ends when everything that it brought has ended everywhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import msgspec
import pytest
from aiohttp import ClientSession
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.tasks import spawn, work
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.stepping import UnsettledError
from hedgerow.sim.world import Fixture

from .worldkit import FIXTURE, SLUG, YES, Kestrel, Trader, kestrel_only

START_NS = 1_000 * NS_PER_S


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.002)


def served(**config: object) -> WorldServer:
    return WorldServer(WorldConfig(**{"patience_s": 5.0, **config}), kestrel_only)  # type: ignore[arg-type]


@pytest.fixture
async def server() -> AsyncIterator[WorldServer]:
    made = served()
    await made.start()
    made.world.clock.run_stepped(START_NS)
    made.world.put_fixture(Fixture(FIXTURE, 12, 2555, "Ann", "Bob", 2_000))
    yield made
    await made.stop()


def trader_of(server: WorldServer) -> Trader:
    urls = server.venues.urls(SLUG)
    return Trader(server.url, urls["rest"], urls["ws"])


@pytest.fixture
async def trader(server: WorldServer) -> AsyncIterator[Trader]:
    made = trader_of(server)
    await made.start()
    await until(lambda: len(server.followers) == 1)
    yield made
    await made.stop()


def kestrel(server: WorldServer) -> Kestrel:
    dialect = server.venues.dialects[SLUG]
    assert isinstance(dialect, Kestrel)
    return dialect


def put_odds(server: WorldServer, price: str) -> None:
    server.world.put_odds([Quote(YES, "pinnacle", Decimal(price), None, None, "USD", True, 0)])


async def test_a_follower_is_told_the_time_and_every_change_of_pace(server: WorldServer, trader: Trader) -> None:
    server.world.clock.run_scaled(START_NS, 20.0)
    server.world.clock.run_real()
    await until(lambda: len(trader.clock) == 3)
    first, scaled, real = trader.clock
    assert first == {"type": "clock", "pace": "stepped", "nowNs": START_NS, "speed": 0.0}
    assert (scaled["pace"], scaled["speed"]) == ("scaled", 20.0)
    assert real["pace"] == "real"


async def test_a_quiet_step_is_one_question(server: WorldServer, trader: Trader) -> None:
    await server.stepper.step_to(START_NS + 1)  # the first ones find out whose the sockets are
    asked = len(trader.steps)
    await server.stepper.step_to(START_NS + 2)
    assert trader.steps[asked:] == [START_NS + 2]


async def test_a_step_ends_after_all_that_it_has_caused(server: WorldServer, trader: Trader) -> None:
    await server.stepper.step_to(START_NS + 1, lambda: put_odds(server, "2.00"))
    assert len(trader.heard) == 1
    assert [order.price for order in kestrel(server).exchange.open_orders()] == [490_000, 520_000]
    await server.stepper.step_to(START_NS + 2, lambda: put_odds(server, "1.80"))  # the new bid meets the old offer
    fills = [order for order in kestrel(server).exchange.orders.values() if order.filled]
    assert len(fills) == 2
    assert [msgspec.json.decode(text).keys() for text in trader.heard[-2:]] == [{"fill"}, {"fill"}]


async def test_a_step_waits_until_a_frame_has_been_handled(server: WorldServer, trader: Trader) -> None:
    trader.gate.clear()  # nothing is under way there: only the count of frames tells
    step = spawn(server.stepper.step_to(START_NS + 1, lambda: put_odds(server, "2.00")), "step")
    await until(lambda: len(trader.steps) > 5)
    assert not step.done()
    trader.gate.set()
    await asyncio.wait_for(step, PATIENCE_S)
    assert len(kestrel(server).exchange.open_orders()) == 2


async def test_sockets_of_others_are_not_waited_for(server: WorldServer, trader: Trader) -> None:
    async with ClientSession() as session, session.ws_connect(server.venues.urls(SLUG)["ws"]):
        await until(lambda: len(kestrel(server).sockets()) == 2)
        await server.stepper.step_to(START_NS + 1, lambda: put_odds(server, "2.00"))
        await server.stepper.step_to(START_NS + 2, lambda: put_odds(server, "2.10"))
        assert len(trader.heard) >= 2


async def test_the_next_wake_is_the_earliest_of_all(server: WorldServer, trader: Trader) -> None:
    assert server.stepper.next_wake_ns() is None
    trader.wakes = [START_NS + 700] * 9
    await server.stepper.step_to(START_NS + 1)
    assert server.stepper.next_wake_ns() == START_NS + 700
    server.world.clock.later(500e-9, lambda: None, "test")
    await asyncio.sleep(0)
    await server.stepper.step_to(START_NS + 2)
    assert server.stepper.next_wake_ns() == START_NS + 501


async def test_what_was_due_before_comes_before_what_is_new(server: WorldServer) -> None:
    done: list[str] = []
    server.world.clock.later(1.0, lambda: done.append("due"), "test")
    await asyncio.sleep(0)
    await server.stepper.step_to(START_NS + 2 * NS_PER_S, lambda: done.append("new"))
    assert done == ["due", "new"]


async def test_a_follower_that_says_nothing_is_named() -> None:
    server = served(patience_s=0.2)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    trader = trader_of(server)
    trader.answers = lambda step: False
    await trader.start()
    await until(lambda: len(server.followers) == 1)
    (follower,) = server.followers
    with pytest.raises(UnsettledError, match=rf"step 1 has not settled .* at {follower.socket.pair}"):
        await server.stepper.step_to(START_NS + 1)
    await trader.stop()
    await server.stop()


async def test_frames_that_never_arrive_are_named() -> None:
    server = served(patience_s=0.2)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    trader = trader_of(server)
    await trader.start()
    await until(lambda: len(server.followers) == 1)
    (pair,) = trader.frames
    trader.frames[pair] = 7
    with pytest.raises(UnsettledError, match=f"socket {pair} has handled 7 of 0 frames"):
        await server.stepper.step_to(START_NS + 1)
    await trader.stop()
    await server.stop()


async def test_work_that_never_ends_here_is_named() -> None:
    server = served(patience_s=0.1)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    with work.unit(), pytest.raises(UnsettledError, match="the world itself has had 1 requests under way"):
        await server.stepper.step_to(START_NS + 1)
    await server.stop()


async def test_what_never_comes_to_rest_is_named() -> None:
    server = served(patience_s=0.2)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    trader = trader_of(server)
    await trader.start()
    await until(lambda: len(server.followers) == 1)
    handle = trader._handle

    async def chatty(text: str) -> None:
        await handle(text)
        kestrel(server).push("more")

    trader._handle = chatty  # type: ignore[method-assign]
    with pytest.raises(UnsettledError, match=r"frames"):
        await server.stepper.step_to(START_NS + 1, lambda: kestrel(server).push("start"))
    await trader.stop()
    await server.stop()


async def test_a_follower_that_talks_nonsense_is_dropped(server: WorldServer) -> None:
    async with ClientSession() as session, session.ws_connect(f"{server.url}/sim/clock") as clock:
        await until(lambda: len(server.followers) == 1)
        await clock.send_str('{"type":"settled","step":"one"}')
        await until(lambda: len(server.followers) == 0)
    await server.stepper.step_to(START_NS + 1)


async def test_a_request_that_latency_holds_back_moves_the_time(server: WorldServer, trader: Trader) -> None:
    kestrel(server).faults.set(Behaviour(latencyMs=250))
    await server.stepper.step_to(START_NS + 1, lambda: put_odds(server, "2.00"))
    orders = kestrel(server).exchange.open_orders()
    assert [order.created_ms for order in orders] == [1_000_250, 1_000_500]
    assert server.world.clock.now_ns() == START_NS + 1 + 500_000_000


async def test_a_follower_that_dies_is_forgotten(server: WorldServer, trader: Trader) -> None:
    await server.stepper.step_to(START_NS + 1)
    trader.answers = lambda step: False
    asked = len(trader.steps)
    step = spawn(server.stepper.step_to(START_NS + 2), "step")
    await until(lambda: len(trader.steps) > asked)
    await trader.stop()
    await asyncio.wait_for(step, PATIENCE_S)
    assert len(server.followers) == 0


async def test_time_stands_while_an_expected_follower_is_missing() -> None:
    server = served(expected_followers=1)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    step = spawn(server.stepper.step_to(START_NS + 1), "step")
    await asyncio.sleep(0.05)
    assert server.world.clock.now_ns() == START_NS
    first, second = trader_of(server), trader_of(server)
    first.answers = lambda number: False
    await first.start()
    await until(lambda: bool(first.steps))
    await first.stop()  # in the middle of the step
    await asyncio.sleep(0.02)
    assert not step.done()
    await second.start()
    await asyncio.wait_for(step, PATIENCE_S)
    assert second.steps
    await second.stop()
    await server.stop()


FOLLOWER = """
import asyncio, os, signal, sys
from hedgerow.bus.world_clock import FollowedClock, follow
from hedgerow.core.tasks import spawn, work
from hedgerow.net.stream import Stream, Target, handled

clock_url, stream_url, dies_at_ns = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Listener:
    def opened(self, send): pass
    def received(self, payload, is_text): pass
    def closed(self, code, reason): return True

async def main():
    clock = FollowedClock()
    async def tick():
        while True:
            await clock.sleep(1.0)
            with work.unit():  # in the middle of a step's work
                if dies_at_ns and clock.now_ns() >= dies_at_ns:
                    os.kill(os.getpid(), signal.SIGKILL)
    ticking = spawn(tick(), "tick")
    stream = Stream("venue", lambda: Target(stream_url), Listener())
    stream.start()
    await follow(clock_url, clock, handled.snapshot)

asyncio.run(main())
"""


async def service(server: WorldServer, dies_at_ns: int = 0) -> asyncio.subprocess.Process:
    """Another process that listens to the venue and follows the clock, until it kills itself."""
    urls = f"{server.url}/sim/clock".replace("http", "ws"), f"{server.venues.urls(SLUG)['ws']}/"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", FOLLOWER, *urls, str(dies_at_ns))


async def test_a_service_in_another_process_follows(server: WorldServer) -> None:
    process = await service(server)
    try:
        await until(lambda: len(server.followers) == 1 and len(kestrel(server).sockets()) == 1)
        await server.stepper.step_to(START_NS + 60 * NS_PER_S, lambda: put_odds(server, "2.00"))
        (follower,) = server.followers
        assert list(follower.frames.values()) == [1]
        assert follower.next_wake_ns == START_NS + 61 * NS_PER_S
    finally:
        process.kill()
        await process.wait()


async def test_a_service_that_is_killed_in_a_step_is_dropped_and_its_successor_waited_for() -> None:
    server = served(expected_followers=1, patience_s=10.0)
    await server.start()
    server.world.clock.run_stepped(START_NS)
    server.world.put_fixture(Fixture(FIXTURE, 12, 2555, "Ann", "Bob", 2_000))
    first = await service(server, dies_at_ns=START_NS + 9 * NS_PER_S)
    second = None
    try:
        await until(lambda: len(server.followers) == 1 and len(kestrel(server).sockets()) == 1)
        await server.stepper.step_to(START_NS + 1, lambda: put_odds(server, "2.00"))
        step = spawn(server.stepper.step_to(START_NS + 9 * NS_PER_S, lambda: put_odds(server, "2.10")), "step")
        assert await asyncio.wait_for(first.wait(), PATIENCE_S) == -9
        await until(lambda: len(server.followers) == 0)
        assert not step.done()
        assert server.world.clock.now_ns() == START_NS + 9 * NS_PER_S
        second = await service(server)
        await asyncio.wait_for(step, PATIENCE_S)
        assert len(server.followers) == 1
        await server.stepper.step_to(START_NS + 10 * NS_PER_S)
    finally:
        for process in (first, second):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
        await server.stop()
