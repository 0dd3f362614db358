"""Fills, from the venue's list of raw matches.

The order stream tells sums, no matches: an identity that a second process would find again comes only from
listMarketBook with NO_ROLLUP. So the stream says which bets have matched more, and their matches are read at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.venues.base import EventSink, Fill
from hedgerow.venues.betfair_ex import parse, wire
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.rest import Rest, readable

_log = structlog.get_logger(__name__)

_BETS_PER_CALL = 50
"""The venue takes 250 bets, and 100 markets with their bets, in one call: each bet may be of another market."""
_MOST_TOLD = 50_000
_RETRY_S = 1.0

MARKET_BOOK = "SportsAPING/v1.0/listMarketBook"


class FillReader:
    """Reads matches, one call at a time: the venue allows three at once."""

    def __init__(self, rest: Rest, clock: Clock, sink: EventSink) -> None:
        self._rest, self._clock, self._sink = rest, clock, sink
        self._due: dict[str, set[str]] = {}
        self._wake = asyncio.Event()
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._took: OrderedDict[str, int] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "betfair fills", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)
        self._task = None

    def matched(self, market_id: str, bet_id: str) -> None:
        """Something of the bet is matched: its matches that were not told yet are read and told."""
        self._due.setdefault(market_id, set()).add(bet_id)
        self._wake.set()

    def placed(self, bet_id: str, stake: int) -> None:
        """So much of the bet (micros) was matched when it came."""
        self._took[bet_id] = stake
        while len(self._took) > _MOST_TOLD:
            self._took.popitem(last=False)

    async def of_bets(self, bets: Mapping[str, str]) -> list[Fill]:
        """Every match of these bets. bets: the market of each, by the bet's id. Raises Refused, Unavailable."""
        found: list[Fill] = []
        bet_ids = list(bets)
        for start in range(0, len(bet_ids), _BETS_PER_CALL):
            some = bet_ids[start : start + _BETS_PER_CALL]
            params = {
                "marketIds": list(dict.fromkeys(bets[bet_id] for bet_id in some)),
                "orderProjection": "ALL",
                "matchProjection": "NO_ROLLUP",
                "betIds": some,
            }
            books = await self._rest.read("fills", MARKET_BOOK, params, list[wire.Book])
            for book in books:
                for runner in book.runners:
                    found += readable("fills", parse.fills, book.market_id, runner, self._took)
        return found

    async def _run(self) -> None:
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            with work.unit():
                is_read = await self._read()
            if not is_read:
                await self._clock.sleep(_RETRY_S)

    async def _read(self) -> bool:
        market_id, bet_ids = next(iter(self._due.items()))
        del self._due[market_id]
        try:
            fills = await self.of_bets(dict.fromkeys(sorted(bet_ids), market_id))
        except VenueError as error:
            _log.warning("matches not read", venue=VENUE, error=str(error))
            self._due.setdefault(market_id, set()).update(bet_ids)
            return False
        fresh = [fill for fill in fills if (fill.trade_ref, fill.venue_ref) not in self._told]
        for fill in fresh:
            self._told[fill.trade_ref, fill.venue_ref] = None
        while len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        for fill in fresh:
            self._sink(fill)
        return True


def took(report: wire.InstructionReport) -> int:
    """What a bet matched when it came, micros of stake. Raises MalformedError."""
    return parse.stake(report.size_matched or Decimal(0), "sizeMatched")
