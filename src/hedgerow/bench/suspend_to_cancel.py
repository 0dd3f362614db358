"""suspend-to-cancel: a frame that suspends a fixture, until the last of its quotes' cancels is written.

Sides, feed and venue are those of `tick_to_order`. The clock stops when the kernel takes in the first byte of the last
cancel: until then somebody can trade at a price that is known to be wrong. The baseline sends a request for each quote;
ours may cancel many by one.
"""

from __future__ import annotations

import asyncio

import uvloop

from hedgerow.bench.report import BenchError, Figures
from hedgerow.bench.tick_to_order import scene
from hedgerow.bench.tick_to_order.comparison import Target, compare
from hedgerow.bench.tick_to_order.given import OURS, Given
from hedgerow.bench.tick_to_order.peer import Peer
from hedgerow.bench.tick_to_order.run import ANSWER_WITHIN_S, PAUSE_S, live, quote_all
from hedgerow.bench.tick_to_order.scene import KALSHI, POLYMARKET

FIXTURES, QUOTES = 200, 20
SUSPENSIONS = 100
"""Measured in one run."""
_WARM_UP = 10

TARGETS = (
    Target("Polymarket, minimal loop", POLYMARKET, p50=2.5),
    Target("Kalshi, minimal loop", KALSHI, p50=2.5),
)


def measure(scale: float, runs: int) -> Figures:
    """Latency in µs, p50. scale: multiplies the fixtures that are quoted; below 1 the suspensions too."""
    fixtures, suspensions = max(2, round(FIXTURES * scale)), max(3, round(SUSPENSIONS * min(scale, 1)))

    async def latencies(task: Given, _: str, __: bool) -> list[float]:
        return await latencies_of(task, suspensions)

    common = Given(OURS, POLYMARKET, fixtures, QUOTES)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(compare(TARGETS, common, runs, latencies))


async def latencies_of(task: Given, suspensions: int) -> list[float]:
    """Latencies of one side, µs. Raises BenchError when a quote is not cancelled, or cancelled more than once."""
    async with live(task) as peer:
        await quote_all(peer, task)
        taken = [await _suspend(peer, task, count % task.fixtures) for count in range(_WARM_UP + suspensions)]
    return taken[_WARM_UP:]


async def _suspend(peer: Peer, task: Given, number: int) -> float:
    """The latency of one suspension, µs. The fixture is open and quoted again afterwards."""
    contracts = set(scene.contract_refs(task.venue, number, task.quotes))
    before, orders_before = len(peer.cancels), len(peer.cancelled)
    sent_ns = peer.suspend(number)
    if not await peer.until(lambda: contracts.isdisjoint(peer.resting), ANSWER_WITHIN_S):
        raise BenchError(f"{task.side} left quotes on a fixture that is suspended")
    await asyncio.sleep(PAUSE_S)
    cancels, orders = peer.cancels[before:], peer.cancelled[orders_before:]
    if len(orders) != task.quotes or len(set(orders)) != task.quotes:
        raise BenchError(f"{task.side} cancelled {len(orders)} orders for {task.quotes} quotes")
    peer.suspend(number, is_suspended=False)
    if not await peer.until(lambda: contracts <= peer.resting.keys(), ANSWER_WITHIN_S):
        raise BenchError(f"{task.side} does not quote a fixture that is open again")
    await asyncio.sleep(PAUSE_S)
    return (max(request.first_ns for request in cancels) - sent_ns) / 1000
