"""What the socket tells in part and is read whole: markets that opened or closed, orders that traded, takers' fees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop
from hedgerow.venues.base import ExchangeEvent, Instrument, MarketChange, StreamGap
from hedgerow.venues.novig_us.account import Trader
from hedgerow.venues.novig_us.errors import FIND, VENUE, reading
from hedgerow.venues.novig_us.listing import OPEN
from hedgerow.venues.novig_us.parse import resolution_of
from hedgerow.venues.sent import SentOrders

_MOST_WAITING = 10_000
_PAUSES_S = (0.0, 0.5, 2.0)
"""Before the history is looked at for fills that the socket told."""

_log = structlog.get_logger(__name__)

Look = Callable[[], Coroutine[Any, Any, None]]


class Following:
    """Reads one thing after another, each once however often it was told meanwhile."""

    def __init__(self, trader: Trader, sent: SentOrders, tell: Callable[[ExchangeEvent], None]) -> None:
        self._trader, self._sent, self._tell = trader, sent, tell
        self._watched: dict[str, list[str]] = {}  # instruments by market
        self._waiting: dict[tuple[str, str], Look] = {}
        self._taken: dict[str, int] = {}  # fills of ours as takers that wait for their fees: id to time
        self._task: asyncio.Task[None] | None = None

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Follows these, and no others."""
        self._watched = {}
        for instrument in instruments:
            self._watched.setdefault(instrument.market_ref, []).append(instrument.ref)

    def is_watched(self, market_ref: str) -> bool:
        return market_ref in self._watched

    async def close(self) -> None:
        await stop(self._task)

    # --- what is looked at ---------------------------------------------------------------------------------------

    def market(self, market_ref: str) -> None:
        """The market's state has changed."""
        self._look("market", market_ref, lambda: self._read_market(market_ref))

    def order(self, order_id: str) -> None:
        """Something of the order was matched."""
        self._look("order", order_id, lambda: self._read_order(order_id))

    def taken(self, fill_id: str, at_ms: int) -> None:
        """We took a price: what that cost is in the history alone."""
        self._taken[fill_id] = at_ms
        self._look("fills", "", self._read_fills)

    def _look(self, kind: str, name: str, look: Look) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._tell(StreamGap("more changes than can be looked at", is_down=False))
            return
        self._waiting[kind, name] = look
        if self._task is None or self._task.done():
            self._task = spawn(self._run(), f"{VENUE} following")

    async def _run(self) -> None:
        while self._waiting:
            kind, name = next(iter(self._waiting))
            look = self._waiting.pop((kind, name))
            try:
                await look()
            except VenueError as error:
                _log.warning("not read", venue=VENUE, kind=kind, name=name, error=str(error))
                self._tell(StreamGap(f"what changed could not be read: {kind} {name}".rstrip(), is_down=False))

    # --- how -----------------------------------------------------------------------------------------------------

    async def _read_market(self, market_ref: str) -> None:
        """The socket tells no result: one is told here where the market has it when it closes."""
        market = await self._trader.market("market", market_ref)
        for ref in self._watched.get(market_ref, []):
            with reading("market"):
                ended = resolution_of(market, ref)
            self._tell(MarketChange(ref, market.status == OPEN, resolution=ended.status if ended else None))

    async def _read_order(self, order_id: str) -> None:
        row = await self._trader.order(FIND, order_id)
        if row is not None:
            self._tell(self._sent.told(await self._trader.state(row, self._sent.ref_of(order_id))))

    async def _read_fills(self) -> None:
        taken, self._taken = self._taken, {}
        for pause_s in _PAUSES_S:
            await asyncio.sleep(pause_s)
            for row in reversed(await self._trader.fill_rows("fills", min(taken.values()))):
                if taken.pop(row.id, None) is not None:
                    self._tell(await self._trader.fill(row, self._sent.ref_of(row.order_id)))
            if not taken:
                return
        self._tell(StreamGap("a fill is not in the history yet", is_down=False))
