"""event-latency: from a commit to the subscriber's socket, by outbox, relay, NATS and hub.

The baseline is a message of the same size that one client of NATS publishes and another's callback gets, both in one
process. Changes come one at a time.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg

from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.bench.streams.listeners import listening
from hedgerow.bench.streams.side import OURS, Given, started
from hedgerow.core.secrets import Secret

TARGET = 4.0
_EVENTS, _WARM_UP = 200, 20
_PAUSE_S = 0.02
_WITHIN_S = 60.0


def measure(scale: float, runs: int) -> Figures:
    """p50 in µs. scale: multiplies the events."""
    events = max(5, round(_EVENTS * scale))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_compare(events, runs))
    ours, baseline = (statistics.median(side) for side in zip(*found, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in found)
    return Figures("µs", [Ratio("commit to socket, p50", ratio, TARGET, Bound.AT_MOST, ours, baseline)])


async def _compare(events: int, runs: int) -> list[tuple[float, float]]:
    found = []
    async with fresh_engines() as engines:
        for _ in range(runs):
            given = Given(OURS, 1, 0, engines.database_url.reveal(), engines.nats_url.reveal())
            ours, size = await _ours(given, events)
            found.append((ours, await _nats(engines.nats_url, size, events)))
    return found


async def _ours(given: Given, events: int) -> tuple[float, int]:
    """(p50 in µs, the size of a message)."""
    times = []
    async with started(given) as side, listening(side.told, 1) as audience:
        for _ in range(_WARM_UP + events):
            audience.begin()
            (_, made_ns), _ = await asyncio.gather(side.change(1), audience.until(1))
            times.append((audience.arrivals_ns[0] - made_ns) / 1000)
            await asyncio.sleep(_PAUSE_S)
        return statistics.median(times[_WARM_UP:]), audience.size


async def _nats(url: Secret, size: int, events: int) -> float:
    """p50 in µs."""
    arrived: asyncio.Queue[int] = asyncio.Queue()

    async def on_message(_: Msg) -> None:
        arrived.put_nowait(time.monotonic_ns())

    publisher, subscriber = Client(), Client()
    await publisher.connect(url.reveal())
    await subscriber.connect(url.reveal())
    await subscriber.subscribe("bench.events", cb=on_message)
    await subscriber.flush()
    times = []
    for _ in range(_WARM_UP + events):
        began_ns = time.monotonic_ns()
        await publisher.publish("bench.events", b"x" * size)
        async with asyncio.timeout(_WITHIN_S):
            times.append((await arrived.get() - began_ns) / 1000)
        await asyncio.sleep(_PAUSE_S)
    await publisher.close()
    await subscriber.close()
    return statistics.median(times[_WARM_UP:])
