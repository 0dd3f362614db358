"""The lists that the feed is read by: bookmakers, sports, markets, currencies, fixtures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.tasks import work
from hedgerow.feed import wire
from hedgerow.feed.book import BookChange, PriceBook
from hedgerow.feed.catalogue import market_of
from hedgerow.feed.rest import MOST_FIXTURES, FeedRest
from hedgerow.feed.scope import Scope

_log = structlog.get_logger(__name__)

_AT_ONCE = 200  # fixtures that are taken before the loop gets its turn


class Lister:
    """Reads lists into the book."""

    def __init__(
        self, rest: FeedRest, book: PriceBook, clock: Clock, tell: Callable[[Iterable[BookChange]], None]
    ) -> None:
        self._rest, self._book, self._clock, self._tell = rest, book, clock, tell
        self._sports: tuple[int, ...] = ()
        self._sports_with_markets: set[int] = set()

    async def load(self, scope: Scope) -> list[str]:
        """Everything that has to be known before quotes can be read; gives the sports and bookmakers of the scope
        that the key may not see."""
        sports = await self._rest.sports()
        await self.bookmakers()
        self._book.learn_rates(await self._rest.currencies())
        self._book.sports = {sport.sport_id: sport for sport in sports if sport.sport_id is not None}
        self._sports = scope.sports or tuple(self._book.sports)
        for sport_id in self._sports:
            if sport_id not in self._sports_with_markets:
                self._book.learn_markets([market_of(row) for row in await self._rest.markets_of_sport(sport_id)])
                self._sports_with_markets.add(sport_id)
        seen = {sport.sport_id for sport in sports}
        return [
            *(f"sport {sport_id}" for sport_id in scope.sports if sport_id not in seen),
            *(f"bookmaker {slug}" for slug in scope.bookmakers if slug not in self._book.bookmakers),
        ]

    async def bookmakers(self) -> None:
        """The list of bookmakers; an empty one, which proves nothing, is passed over."""
        asked_ms = self._clock.now_ms()
        rows = await self._rest.bookmakers()
        if rows:
            self._tell(self._book.learn_bookmakers(rows, asked_ms))
        elif self._book.bookmakers:
            _log.error("the feed lists no bookmakers any more")

    async def fixtures(self, scope: Scope) -> None:
        """The fixtures of the scope that start in its window."""
        from_s, to_s = scope.window_s(self._clock.now_ns())
        for sport_id in self._sports:
            asked_ms = self._clock.now_ms()
            rows = await self._rest.fixtures_of_sport(sport_id, from_s, to_s)
            chosen = [row for row in rows if not scope.tournaments or _tournament(row) in scope.tournaments]
            await self._describe(chosen, asked_ms)

    async def strangers(self) -> None:
        """What quotes were told of before their list named it: fixtures, and the markets of outcomes."""
        unknown = [fixture for fixture in self._book.fixtures() if not fixture.is_known]
        if unknown:
            unknown.sort(key=lambda fixture: fixture.heard_ms, reverse=True)
            asked_ms = self._clock.now_ms()
            rows = await self._rest.fixtures([fixture.fixture_id for fixture in unknown[:MOST_FIXTURES]])
            await self._describe(rows, asked_ms)
        outcomes = self._book.catalogue.take_missed(MOST_FIXTURES)
        if outcomes:
            markets = await self._rest.markets_of_outcomes(outcomes)
            _log.info("markets that no list had named", outcomes=len(outcomes), markets=len(markets))
            self._book.learn_markets([market_of(row) for row in markets])

    async def _describe(self, fixtures: list[wire.Fixture], asked_ms: int) -> None:
        with work.unit():
            for first in range(0, len(fixtures), _AT_ONCE):
                for fixture in fixtures[first : first + _AT_ONCE]:
                    # A frame of the same millisecond is the later word.
                    self._tell(self._book.describe(fixture, asked_ms - 1))
                await asyncio.sleep(0)


def _tournament(fixture: wire.Fixture) -> int | None:
    return None if fixture.tournament is None else fixture.tournament.tournament_id
