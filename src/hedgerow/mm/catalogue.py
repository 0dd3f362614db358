"""Writes what the feed tells of sports, tournaments, fixtures and markets behind the engine, for names and scores."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Market
from hedgerow.feed.fixtures import FixtureState
from hedgerow.storage.behind import WriteBehind
from hedgerow.storage.catalog import Catalog

_log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 500
_STATUS_IDS = {"PREGAME": 0, "LIVE": 1, "FINISHED": 2, "CANCELLED": 3}


class CatalogueWriter:
    """Collects changed fixtures and writes them in batches, each in its latest state."""

    def __init__(self, book: PriceBook, catalog: Catalog, clock: Clock) -> None:
        self._book, self._catalog, self._clock = book, catalog, clock
        self._dirty: dict[FixtureId, None] = {}
        self._known_markets = 0
        self._known_sports = 0
        self._tournaments: dict[int, tuple[int, str, str]] = {}
        self._behind = WriteBehind("the catalogue", self._write)

    def start(self) -> None:
        self._behind.start()

    def abandon(self) -> None:
        """Writes nothing any more."""
        self._behind.abandon()

    async def stop(self) -> None:
        """Writes what waits, then ends. Raises StorageError."""
        await self._behind.stop()

    async def flush(self) -> None:
        """Writes what waits. Raises StorageError; nothing is lost then."""
        await self._behind.flush()

    def changed(self, fixture_id: FixtureId) -> None:
        """The fixture's row is to be written."""
        self._dirty[fixture_id] = None
        self._behind.rouse()

    async def _write(self) -> None:
        await self._write_lists()
        while self._dirty:
            batch = list(self._dirty)[:ROWS_AT_ONCE]
            for fixture_id in batch:  # before it is written: what changes meanwhile is written again
                del self._dirty[fixture_id]
            try:
                await self._write_fixtures(batch)
            except BaseException:
                self._dirty = {**dict.fromkeys(batch), **self._dirty}
                raise

    async def _write_fixtures(self, batch: list[FixtureId]) -> None:
        states = [state for fixture_id in batch if (state := self._book.fixture(fixture_id)) is not None]
        described = [state for state in states if state.is_known]
        await self._write_tournaments(described)
        if described:
            await self._catalog.save_fixtures([self._fixture_row(state) for state in described])

    async def _write_lists(self) -> None:
        sports = list(self._book.sports.values())
        if len(sports) != self._known_sports:
            rows = [{"sport_id": s.sport_id, "slug": s.slug or "", "name": s.sport_name or ""} for s in sports]
            await self._catalog.save_sports(rows)
            self._known_sports = len(sports)
        catalogue = self._book.catalogue
        if len(catalogue) != self._known_markets:
            markets = [market for sport in self._book.sports for market in catalogue.of_sport(sport)]
            for start in range(0, len(markets), ROWS_AT_ONCE):
                await self._catalog.save_markets([_market_row(m) for m in markets[start : start + ROWS_AT_ONCE]])
            self._known_markets = len(catalogue)

    async def _write_tournaments(self, states: list[FixtureState]) -> None:
        """Those that are new or told otherwise than before, each once: where fixtures of two sports name the same one,
        the last counts."""
        named: dict[int, tuple[int, str, str]] = {}
        for state in states:
            told = state.info.tournament
            if told is not None and state.tournament_id is not None and state.sport_id is not None:
                names = told.tournament_name or "", told.category_name or ""
                named[state.tournament_id] = state.sport_id, *names
        new = {number: row for number, row in named.items() if self._tournaments.get(number) != row}
        if new:
            columns = ("tournament_id", "sport_id", "name", "category")
            rows = [dict(zip(columns, (number, *row), strict=True)) for number, row in new.items()]
            await self._catalog.save_tournaments(rows)
            self._tournaments |= new

    def _fixture_row(self, state: FixtureState) -> dict[str, Any]:
        info = state.info
        names = info.participants
        return {
            "fixture_id": state.fixture_id,
            "sport_id": state.sport_id or 0,
            "tournament_id": state.tournament_id or 0,
            "participant1_name": (names.participant1_name if names else None) or "",
            "participant2_name": (names.participant2_name if names else None) or "",
            "start_time": info.start_time or 0,
            "status_id": _STATUS_IDS[state.status.value] if state.status is not None else 0,
            "is_live": state.is_live,
            "scores": msgspec.to_builtins(info.scores or {}),
            "clock": msgspec.to_builtins(info.clock) if info.clock is not None else {},
            "quarantined": state.quarantine,
            "updated_at": self._clock.now(),
        }


def _market_row(market: Market) -> dict[str, Any]:
    named = zip(market.outcomes, market.outcome_names, strict=True)
    return {
        "market_id": market.market_id,
        "sport_id": market.sport_id,
        "market_type": market.market_type,
        "period": market.period,
        "handicap": market.handicap or 0,
        "player_prop": market.is_player_market,
        "name": market.name,
        "outcomes": [{"outcomeId": outcome, "outcomeName": name} for outcome, name in named],
    }
