"""Watched markets: their socket, and the results that it does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.states import SettlementStatus
from hedgerow.core.tasks import spawn, stop
from hedgerow.net.egress import Egress
from hedgerow.net.stream import Stream, Target
from hedgerow.venues.base import Instrument, MarketChange
from hedgerow.venues.polymarket_us import reads
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.rest import Rest
from hedgerow.venues.polymarket_us.stream import MarketSession

_OPEN = "MARKET_STATE_OPEN"
_ENDED = frozenset({"MARKET_STATE_EXPIRED", "MARKET_STATE_TERMINATED", "MARKET_STATE_CLOSED"})

_log = structlog.get_logger(__name__)


class MarketWatch:
    """Follows the states of markets; the socket is opened with the first one. Of a market that has ended, the result is
    asked for each time that its state changes."""

    def __init__(
        self,
        rest: Rest,
        clock: Clock,
        target: Callable[[], Target],
        tell: Callable[[MarketChange], None],
        egress: Egress,
    ) -> None:
        self._rest, self._clock, self._tell = rest, clock, tell
        self._session = MarketSession(self._changed)
        self._stream = Stream(f"{VENUE} markets", target, self._session, egress=egress)
        self._is_started = False
        self._ended: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Follows these, and no others."""
        self._session.watch(instrument.ref for instrument in instruments)
        if instruments and not self._is_started:
            self._is_started = True
            self._stream.start()

    async def close(self) -> None:
        if self._is_started:
            await self._stream.stop()
        await stop(self._task)

    def _changed(self, slug: str, state: str) -> None:
        self._tell(MarketChange(slug, state == _OPEN))
        if state in _ENDED:
            self._ended[slug] = None
            if self._task is None or self._task.done():
                self._task = spawn(self._look(), f"{VENUE} results")

    async def _look(self) -> None:
        while self._ended:
            slug = next(iter(self._ended))
            del self._ended[slug]
            status = await self._result(slug)
            if status is not None:
                self._tell(MarketChange(slug, is_open=False, resolution=status))

    async def _result(self, slug: str) -> SettlementStatus | None:
        try:
            found = await reads.resolutions(self._rest, [slug], self._clock.now_ms())
        except VenueError as error:
            _log.warning("result not read", venue=VENUE, market=slug, error=str(error))
            return None
        return found[0].status if found else None
