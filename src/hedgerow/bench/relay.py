"""relay: messages through gateway and agent, against two chained HAProxy.

Client and target are in this process and know no more of WebSocket than the size of their frames; gateway and agent
share a second process, each HAProxy has its own. Both sides carry the same frames one after the other in each run. What
an idle relay takes is the growth of the process of gateway and agent, so the share of both.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import uvloop

from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.memory import resident_mib
from hedgerow.bench.relays.peers import Client, Route, Target, target
from hedgerow.bench.relays.sides import chained, ours
from hedgerow.bench.report import Bound, Figures, Ratio

_WARM_UP = 0.1
"""Share of the messages that is sent before."""


@dataclass(frozen=True, slots=True)
class _Case:
    """window: messages under way on each connection. wanted: the ratio. is_time: the time of one message counts, in
    µs, not how many pass in a second."""

    name: str
    connections: int
    window: int
    size: int
    messages: int
    wanted: float
    is_time: bool = False


_CASES = (
    _Case("100 B, 1 connection, 64 under way", 1, 64, 100, 100_000, 0.8),
    _Case("100 B, 100 connections", 100, 1, 100, 50_000, 0.8),
    _Case("16 KB, 16 under way", 1, 16, 16_384, 20_000, 0.7),
    _Case("100 B, round trip p50, µs", 1, 1, 100, 3_000, 1.3, is_time=True),
)

IDLE, IDLE_KIB = 1_000, 10.0
"""Relays that are open at once, and the most of each, gateway and agent together."""
_AT_ONCE = 50


def measure(scale: float, runs: int) -> Figures:
    """Messages/s, and µs for the round trip. scale: multiplies the messages. Raises SetupError without HAProxy."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return Figures("messages/s", runner.run(_compare(scale, runs)))


async def _compare(scale: float, runs: int) -> list[Ratio]:
    ratios = []
    async with _routes() as (mine, theirs, echo):
        for case in _CASES:
            pairs = [(await _run(case, mine, echo, scale), await _run(case, theirs, echo, scale)) for _ in range(runs)]
            our, baseline = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            bound = Bound.AT_MOST if case.is_time else Bound.AT_LEAST
            ratios.append(Ratio(case.name, ratio, case.wanted, bound, our, baseline))
        kib = await _idle_kib(mine, max(2 * _AT_ONCE, round(IDLE * scale)))
        ratios.append(Ratio("memory of an idle relay, KiB", kib, IDLE_KIB, Bound.AT_MOST, kib, None))
    return ratios


async def _idle_kib(route: Route, count: int) -> float:
    """Of one of so many. An agent takes 1,024 at most, and one that is refused costs nothing."""
    assert route.pid is not None
    clients: list[Client] = []
    try:
        clients += await _opened(route, _AT_ONCE)  # what is made once is made
        before = resident_mib(route.pid)
        for _ in range(_AT_ONCE, count, _AT_ONCE):
            clients += await _opened(route, _AT_ONCE)
        return (resident_mib(route.pid) - before) * 1024 / (len(clients) - _AT_ONCE)
    finally:
        for client in clients:
            client.close()


async def _opened(route: Route, count: int) -> list[Client]:
    return await asyncio.gather(*(route.client(100, 1) for _ in range(count)))


@asynccontextmanager
async def _routes() -> AsyncIterator[tuple[Route, Route, Target]]:
    async with AsyncExitStack() as stack:
        echo = await stack.enter_async_context(target())
        theirs = await stack.enter_async_context(chained(echo.port))
        engines = await stack.enter_async_context(fresh_engines())
        mine = await stack.enter_async_context(ours(engines, echo.port))
        yield mine, theirs, echo


async def _run(case: _Case, route: Route, echo: Target, scale: float) -> float:
    echo.size = case.size
    each = max(case.window, round(case.messages * scale / case.connections))
    clients = [await route.client(case.size, case.window) for _ in range(case.connections)]
    try:
        await asyncio.gather(*(client.pass_on(max(1, round(each * _WARM_UP))) for client in clients))
        began_s = time.perf_counter()
        times = await asyncio.gather(*(client.pass_on(each, is_timed=case.is_time) for client in clients))
        took_s = time.perf_counter() - began_s
    finally:
        for client in clients:
            client.close()
    return statistics.median(times[0]) * 1e6 if case.is_time else each * case.connections / took_s
