"""The names that are written behind the engine."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.ids import FixtureId
from hedgerow.feed import wire
from hedgerow.feed.book import PriceBook
from hedgerow.mm.catalogue import CatalogueWriter
from hedgerow.storage.catalog import Catalog
from hedgerow.storage.database import Database, UnreachableError

NOW_MS = 1_788_000_000_000


class Writing:
    """A book and the writer of its names."""

    def __init__(self, database: Database) -> None:
        self.book, self._database = PriceBook(), database
        self.writer = CatalogueWriter(self.book, Catalog(database), SystemClock())

    def tell(self, sport_id: int, tournament_id: int, name: str, number: int = 1) -> None:
        """The feed describes a match."""
        fixture_id = FixtureId(f"id{sport_id}{tournament_id:06}{number:09}")
        described = wire.Fixture(
            fixture_id=fixture_id,
            status=wire.Status(status_id=0),
            sport=wire.Sport(sport_id=sport_id),
            tournament=wire.Tournament(tournament_id=tournament_id, tournament_name=name),
        )
        self.book.describe(described, NOW_MS)
        self.writer.changed(fixture_id)

    async def tournaments(self) -> list[tuple[Any, ...]]:
        rows = await self._database.fetch("select tournament_id, sport_id, name from tournaments order by 1")
        return [tuple(row) for row in rows]


@pytest.fixture
def writing(database: Database) -> Writing:
    return Writing(database)


async def test_tournament_that_two_sports_name_is_written_once(writing: Writing) -> None:
    writing.tell(10, 17, "League")
    writing.tell(12, 17, "Open")
    await writing.writer.flush()
    assert await writing.tournaments() == [(17, 12, "Open")]


async def test_tournament_whose_row_was_not_written_is_written_the_next_time(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise UnreachableError("away")

    writing.tell(12, 17, "Open")
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "save_tournaments", away)
        with pytest.raises(UnreachableError):
            await writing.writer.flush()
    await writing.writer.flush()
    assert await writing.tournaments() == [(17, 12, "Open")]
