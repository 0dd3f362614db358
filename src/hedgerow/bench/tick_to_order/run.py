"""One run: a side in its own process, ticks one at a time, and what became of each.

Every tick closes a price, so that the quote is taken away, and moves it, which is measured: one frame in, one order
out. A run that requotes moves the price of an order that rests: the old order is cancelled first, then the new one
is sent, on every side.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from hedgerow.bench.report import BenchError
from hedgerow.bench.tick_to_order import check, scene
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.peer import Peer
from hedgerow.bench.tick_to_order.side import OURS, READY, Given

_WARM_UP = 60
_PAUSE_S = 0.004  # between ticks: the answer is taken in, rows are written, the loop sleeps
_READY_WITHIN_S = 60.0
_ORDER_WITHIN_S = 5.0


async def latencies_of(task: Given, ticks: int, public_pem: str, *, requotes: bool) -> list[float]:
    """Latencies of one side, µs. Raises BenchError when an order is missing, is at another price than the one that
    follows from the tick, or does not carry the account's signature."""
    peer = Peer(task.venue, task.fixtures)
    await peer.start()
    try:
        task.http_url, task.ws_url = peer.http_url, peer.ws_url
        async with _side(task):
            if task.side == OURS and not await peer.until(lambda: len(peer.resting) == task.fixtures, _READY_WITHIN_S):
                raise BenchError(f"{len(peer.resting)} of {task.fixtures} fixtures are quoted")
            # Collecting starts after all that is made once: connections, first orders, their rows.
            await asyncio.sleep(_PAUSE_S * 50)
            ticker = _Ticker(peer, task, requotes=requotes)
            warm_up = max(_WARM_UP, task.fixtures)  # afterwards every fixture is quoted, on every side
            for count in range(warm_up):
                await ticker.tick(count)
            latencies = [await ticker.tick(warm_up + count) for count in range(ticks)]
    finally:
        await peer.stop()
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
            if not await peer.until(lambda: contract not in peer.resting, _ORDER_WITHIN_S):
                raise BenchError(f"{self._task.side} did not cancel at a price that was closed")
            await asyncio.sleep(_PAUSE_S)
        before = len(peer.orders)
        sent_ns = peer.move_price(number)
        if not await peer.until(lambda: len(peer.orders) > before, _ORDER_WITHIN_S):
            raise BenchError(f"{self._task.side} sent no order for a price that moved")
        await asyncio.sleep(_PAUSE_S)
        request, *others = peer.orders[before:]
        if others:
            raise BenchError(f"{self._task.side} sent {1 + len(others)} orders for one tick")
        self.orders.append((peer.bid_cents(number), request))
        return (request.first_ns - sent_ns) / 1000


@asynccontextmanager
async def _side(task: Given) -> AsyncIterator[None]:
    """A side in its own process, ready for ticks."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hedgerow.bench.tick_to_order.side",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None:
        raise BenchError("the side has no pipes")
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        async with asyncio.timeout(_READY_WITHIN_S):
            said = await process.stdout.readline()
        if said != READY:
            raise BenchError(f"the side {task.side} did not start; its last words are above")
        yield
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_ORDER_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
