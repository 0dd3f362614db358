"""ws-fanout: changes of rows to a thousand subscribers, each message with the subscriber's own number.

Ours is everything from the statement that changes the rows to the subscriber's socket. The baseline is
`websockets.broadcast` of a text of the same size that lies ready. Twenty changes at once give the messages per second,
one at a time the time that a message takes. Both sides serve in a process of their own; those who listen are here,
and check on our side that no number is missing.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.bench.streams.listeners import Audience, listening
from hedgerow.bench.streams.side import BROADCAST, OURS, Given, Side, started

SUBSCRIBERS = 1000
BURST = 20
"""Changes at once."""
_BURSTS, _SINGLES, _WARM_UP = 15, 30, 3
_PAUSE_S = 0.03  # between two changes that are measured alone
RATE_TARGET, P99_TARGET = 1.0, 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """Of one run of a side. rate: messages that arrived in a second; p99_ms: of the time of one; size: in bytes."""

    rate: float
    p99_ms: float
    size: int


def measure(scale: float, runs: int) -> Figures:
    """Messages/s and ms. scale: multiplies the subscribers; below 1 the changes too."""
    subscribers = max(5, round(SUBSCRIBERS * scale))
    share = min(scale, 1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_compare(subscribers, max(2, round(_BURSTS * share)), max(2, round(_SINGLES * share)), runs))
    return Figures(
        "messages/s; p99: ms",
        [
            _ratio("messages/s", RATE_TARGET, Bound.AT_LEAST, [(ours.rate, theirs.rate) for ours, theirs in found]),
            _ratio(
                "one change, p99", P99_TARGET, Bound.AT_MOST, [(ours.p99_ms, theirs.p99_ms) for ours, theirs in found]
            ),
        ],
    )


def _ratio(case: str, target: float, bound: Bound, pairs: Sequence[tuple[float, float]]) -> Ratio:
    ours, baseline = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Ratio(case, statistics.median(mine / theirs for mine, theirs in pairs), target, bound, ours, baseline)


async def _compare(subscribers: int, bursts: int, singles: int, runs: int) -> list[tuple[Found, Found]]:
    found = []
    async with fresh_engines() as engines:
        url, nats = engines.database_url.reveal(), engines.nats_url.reveal()
        for _ in range(runs):
            ours = await _run(Given(OURS, subscribers, 0, url, nats), bursts, singles)
            found.append((ours, await _run(Given(BROADCAST, subscribers, ours.size), bursts, singles)))
    return found


async def _run(given: Given, bursts: int, singles: int) -> Found:
    async with started(given) as side, listening(side.told, given.listeners) as audience:
        for _ in range(_WARM_UP):
            await _change(side, audience, BURST, given.listeners)
        rates = [await _rate(side, audience, given.listeners) for _ in range(bursts)]
        times: list[float] = []
        for _ in range(singles):
            began_ns = await _change(side, audience, 1, given.listeners)
            times += [(at_ns - began_ns) / 1e6 for at_ns in audience.arrivals_ns]
            await asyncio.sleep(_PAUSE_S)
        times.sort()
        return Found(statistics.median(rates), times[len(times) * 99 // 100], audience.size)


async def _rate(side: Side, audience: Audience, listeners: int) -> float:
    """Messages per second of one burst, until the last of them has arrived."""
    began_ns = await _change(side, audience, BURST, listeners)
    return BURST * listeners / (max(audience.arrivals_ns) - began_ns) * 1e9


async def _change(side: Side, audience: Audience, count: int, listeners: int) -> int:
    """Has so many changes made, and waits until everybody has heard of all; answers when they began."""
    audience.begin()
    (began_ns, _), _ = await asyncio.gather(side.change(count), audience.until(count * listeners))
    return began_ns
