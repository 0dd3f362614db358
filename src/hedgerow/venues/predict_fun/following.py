"""Watched markets, whose states the stream tells in part: each change is read whole, for what is told has no result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop
from hedgerow.venues.base import Instrument, MarketChange
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.account import Trader
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.predict_fun.listing import is_open, resolutions_of

_log = structlog.get_logger(__name__)


class MarketWatch:
    """Reads the markets that have changed, one after another."""

    def __init__(self, trader: Trader, clock: Clock, tell: Callable[[MarketChange], None]) -> None:
        self._trader, self._clock, self._tell = trader, clock, tell
        self._watched: dict[str, list[str]] = {}  # tokens by market
        self._changed: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Follows these, and no others."""
        self._watched = {}
        for instrument in instruments:
            self._watched.setdefault(instrument.market_ref, []).append(instrument.ref)

    def look_at(self, market_ref: str) -> None:
        """The market's state has changed."""
        self._changed[market_ref] = None
        if self._task is None or self._task.done():
            self._task = spawn(self._look(), f"{VENUE} markets")

    async def close(self) -> None:
        await stop(self._task)

    async def _look(self) -> None:
        while self._changed:
            market_ref = next(iter(self._changed))
            del self._changed[market_ref]
            try:
                market = await self._trader.market("market", market_ref)
            except VenueError as error:
                _log.warning("market not read", venue=VENUE, market=market_ref, error=str(error))
                continue
            for change in self._changes(market, self._watched.get(market_ref, [])):
                self._tell(change)

    def _changes(self, market: wire.Market, tokens: Sequence[str]) -> list[MarketChange]:
        ended = {one.instrument_ref: one.status for one in resolutions_of(market, tokens, self._clock.now_ms())}
        return [MarketChange(token, is_open(market), resolution=ended.get(token)) for token in tokens]
