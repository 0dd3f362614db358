"""tick-to-order: a frame of odds that can be read, until the first byte of the signed order that follows is written.

Ours is the engine as it runs in production, with `FIXTURES` matches and 5,000 quotes. The baselines are minimal loops
in which nothing can be spared but safety (`plain`). Sides run in processes of their own against the same feed and
venue (`peer`), which measure all of them in the same way.
"""

from __future__ import annotations

import asyncio

import uvloop

from hedgerow.bench.report import Figures

FIXTURES, STILL = 200, 24
"""Matches with one quote that a tick moves, and quotes of ours beside it on each."""
TICKS = 500
"""Measured in one run."""


def measure(scale: float, runs: int) -> Figures:
    """Latency in µs, p50 and p99. scale: multiplies the fixtures; below 1 the ticks too."""
    # Imported here: the sides, which live in this package, must not carry what only measures.
    from hedgerow.bench.tick_to_order.comparison import TICK_TO_ORDER, compare
    from hedgerow.bench.tick_to_order.given import OURS, Given
    from hedgerow.bench.tick_to_order.run import latencies_of
    from hedgerow.bench.tick_to_order.scene import POLYMARKET

    fixtures, ticks = max(2, round(FIXTURES * scale)), max(5, round(TICKS * min(scale, 1)))

    async def latencies(task: Given, public_pem: str, requotes: bool) -> list[float]:
        return await latencies_of(task, ticks, public_pem, requotes=requotes)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(compare(TICK_TO_ORDER, Given(OURS, POLYMARKET, fixtures, still=STILL), runs, latencies))
