"""One run: a side in its own process, ticks one at a time, and what became of each.

Every tick closes a price, so that the quote is taken away, and moves it, which is measured: one frame in, one order
out. A run that requotes moves the price of an order that rests: the old order is cancelled first, then the new one
is sent, on every side.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from hedgerow.bench import sides
from hedgerow.bench.report import BenchError
from hedgerow.bench.tick_to_order import check, scene
from hedgerow.bench.tick_to_order.given import OURS, Given
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.peer import Peer
from hedgerow.core.tasks import spawn, stop

_WARM_UP = 60
PAUSE_S = 0.004  # between ticks: the answer is taken in, rows are written, the loop sleeps
_SPEAK_EVERY_S = 2.0
READY_WITHIN_S = 120.0
ANSWER_WITHIN_S = 30.0


@asynccontextmanager
async def live(task: Given) -> AsyncIterator[Peer]:
    """The peer of a side that runs. Ours quotes everything by then; a baseline quotes a fixture from its first tick."""
    peer = Peer(task.venue, task.fixtures)
    await peer.start()
    speaking = spawn(_speak(peer), "feed of the bench") if task.side == OURS else None
    try:
        task.http_url, task.ws_url = peer.http_url, peer.ws_url
        async with sides.started("hedgerow.bench.tick_to_order.side", task) as side:
            peer.side_pid = side.pid
            quotes = task.fixtures * (task.quotes + task.still)
            if task.side == OURS and not await peer.until(lambda: len(peer.resting) == quotes, READY_WITHIN_S):
                raise BenchError(f"{len(peer.resting)} of {quotes} quotes rest")
            # Collecting starts after all that is made once: connections, first orders, their rows.
            await asyncio.sleep(PAUSE_S * 50)
            await stop(speaking)
            yield peer
    finally:
        await stop(speaking)
        await peer.stop()


async def _speak(peer: Peer) -> NoReturn:
    """Until ticks come: thousands of quotes take longer to be placed than a feed may be silent for ours."""
    while True:
        await asyncio.sleep(_SPEAK_EVERY_S)
        if peer.is_followed:
            peer.suspend(0, is_suspended=False)


async def quote_all(peer: Peer, task: Given) -> None:
    """Has a baseline quote every fixture, as ours does. Raises BenchError."""
    for number in range(task.fixtures) if task.side != OURS else ():
        peer.move_price(number)
        quotes = (number + 1) * task.quotes
        if not await peer.until(lambda quotes=quotes: len(peer.resting) == quotes, ANSWER_WITHIN_S):  # type: ignore[misc]
            raise BenchError(f"{task.side} does not quote fixture {number}")


async def latencies_of(task: Given, ticks: int, public_pem: str, *, requotes: bool) -> list[float]:
    """Latencies of one side, µs. Raises BenchError when an order is missing, is at another price than the one that
    follows from the tick, or does not carry the account's signature."""
    async with live(task) as peer:
        ticker = _Ticker(peer, task, requotes=requotes)
        warm_up = max(_WARM_UP, task.fixtures)  # afterwards every fixture is quoted, on every side
        for count in range(warm_up):
            await ticker.tick(count)
        latencies = [await ticker.tick(warm_up + count) for count in range(ticks)]
    for number, request in ticker.orders:
        if check.bid_cents(task.venue, request) != number or not check.is_signed(task.venue, request, public_pem):
            raise BenchError(f"{task.side} sent an order that does not follow from its tick: {request.body.decode()}")
    return latencies


class _Ticker:
    """Sends ticks one at a time and waits for what they lead to."""

    def __init__(self, peer: Peer, task: Given, *, requotes: bool) -> None:
        self._peer, self._task, self._requotes = peer, task, requotes
        self.orders: list[tuple[int, Request]] = []  # (the bid in cents that had to follow, the placement)

    async def tick(self, count: int) -> float:
        """The latency of one tick, µs."""
        peer, number = self._peer, count % self._task.fixtures
        contract = scene.contract_ref(self._task.venue, number)
        if not self._requotes:
            peer.close_price(number)
            if not await peer.until(lambda: contract not in peer.resting, ANSWER_WITHIN_S):
                raise BenchError(f"{self._task.side} did not cancel at a price that was closed")
            await asyncio.sleep(PAUSE_S)
        before = len(peer.orders)
        sent_ns = peer.move_price(number)
        if not await peer.until(lambda: len(peer.orders) > before, ANSWER_WITHIN_S):
            raise BenchError(f"{self._task.side} sent no order for a price that moved")
        await asyncio.sleep(PAUSE_S)
        request, *others = peer.orders[before:]
        if others:
            raise BenchError(f"{self._task.side} sent {1 + len(others)} orders for one tick")
        self.orders.append((peer.bid_cents(number), request))
        return (request.first_ns - sent_ns) / 1000
