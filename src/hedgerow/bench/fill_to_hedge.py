"""fill-to-hedge: a frame with a fill, until the first byte of the bet that hedges it is written.

Between the two stands a commit, on every side: the fill and the intent of its bet are durable before anything leaves.
Sides, feed and venue are those of `tick_to_order`, the database is PostgreSQL with its defaults.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import uvloop

from hedgerow.bench.report import BenchError, Figures
from hedgerow.bench.tick_to_order.comparison import Target, compare
from hedgerow.bench.tick_to_order.given import OURS, Given
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.peer import Peer
from hedgerow.bench.tick_to_order.run import ANSWER_WITHIN_S, PAUSE_S, live, quote_all
from hedgerow.bench.tick_to_order.scene import POLYMARKET

FIXTURES, STILL, FILLS = 200, 24, 300
"""Quoted, and on each so many quotes of ours beside the one that is filled; measured in one run."""
CONTRACTS = 10
"""Of one fill: its hedge is above the bookmaker's minimum, and thirty of them are no tenth of a quote."""
_WARM_UP = 20
_HALF_CENT = Decimal("0.005")

TARGETS = (Target("Polymarket to Pinnacle, minimal loop", POLYMARKET, p50=1.8),)


class Bet(msgspec.Struct, rename="camel"):
    """What is read of a hedge's request."""

    event_id: int
    stake: Decimal
    team: str


def measure(scale: float, runs: int) -> Figures:
    """Latency in µs, p50. scale: multiplies the fixtures that are quoted; below 1 the fills too."""
    fixtures, fills = max(2, round(FIXTURES * scale)), max(5, round(FILLS * min(scale, 1)))

    async def latencies(task: Given, _: str, __: bool) -> list[float]:
        return await latencies_of(task, fills)

    common = Given(OURS, POLYMARKET, fixtures, still=STILL, hedges=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(compare(TARGETS, common, runs, latencies))


async def latencies_of(task: Given, fills: int) -> list[float]:
    """Latencies of one side, µs. Raises BenchError when a fill is not hedged, or not by the bet that closes it."""
    async with live(task) as peer:
        await quote_all(peer, task)
        taken = [await _fill(peer, task, count % task.fixtures) for count in range(_WARM_UP + fills)]
        for request in peer.bets:
            if not closes(peer, request):
                raise BenchError(f"{task.side} sent a bet that does not hedge its fill: {request.body.decode()}")
    return taken[_WARM_UP:]


async def _fill(peer: Peer, task: Given, number: int) -> float:
    """The latency of one fill's hedge, µs."""
    before = len(peer.bets)
    sent_ns = peer.fill(number, CONTRACTS)
    if not await peer.until(lambda: len(peer.bets) > before, ANSWER_WITHIN_S):
        raise BenchError(f"{task.side} sent no bet for a fill")
    await asyncio.sleep(PAUSE_S)
    request, *others = peer.bets[before:]
    if others:
        raise BenchError(f"{task.side} sent {1 + len(others)} bets for one fill")
    return (request.first_ns - sent_ns) / 1000


def closes(peer: Peer, request: Request) -> bool:
    """Whether a bet pays what the fill needs on the other outcome, to the rounding of its stake."""
    bet = msgspec.json.decode(request.body, type=Bet)
    odds = peer.hedge_odds(bet.event_id)
    return bet.team == "TEAM2" and abs(bet.stake * odds - CONTRACTS) <= _HALF_CENT * odds
