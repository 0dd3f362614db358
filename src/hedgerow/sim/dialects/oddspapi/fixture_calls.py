"""REST calls about fixtures: lists, native ids, grades; and about outrights, of which the world has none.

Source: the feed sheet, section 2: outrights answer the documented empties and errors.
"""

from __future__ import annotations

from hedgerow.core.clock import datetime_of_ms
from hedgerow.sim.dialects.oddspapi import shapes
from hedgerow.sim.dialects.oddspapi.desk import LIVE, Call, Desk, Handler
from hedgerow.sim.dialects.oddspapi.query import RestError, bookmaker_not_allowed, invalid_filters, not_found
from hedgerow.sim.dialects.oddspapi.settlement import Grader
from hedgerow.sim.dialects.oddspapi.shapes import Json


class FixtureCalls:
    """What is played."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._view, self._world, self._memory = desk, desk.view, desk.world, desk.memory
        self._grader = Grader(desk.world, desk.memory)

    def handlers(self) -> dict[str, Handler]:
        return {
            "fixtures": self._fixtures,
            "fixtures/today": self._today,
            "fixtures/live": self._live,
            "fixtures/mapping": self._mapping,
            "fixtures/settlement": self._settlement,
            "futures": self._futures,
            "futures/live": self._futures,
            "futures/odds": self._futures_odds,
            "futures/mapping": self._futures_mapping,
            "futures/settlement": self._futures_settlement,
        }

    def _fixtures(self, call: Call) -> list[Json]:
        query = call.query
        ids = query.texts("fixtureIds")
        first, last = query.integer("startTimeFrom"), query.integer("startTimeTo")
        if not ids and first is None and last is None and self._desk.has_no_scope(call, books_too=True):
            raise invalid_filters()
        fixtures = self._desk.in_scope(call, self._desk.visible(call, over_too=True))
        return [
            self._view.fixture(fixture, call.lang)
            for fixture in fixtures
            if (not ids or fixture.fixture_id in ids)
            and (first is None or fixture.start_time >= first)
            and (last is None or fixture.start_time <= last)
        ]

    def _today(self, call: Call) -> list[Json]:
        """Those that start on the present day in UTC; the feed does not say whose day it means."""
        if self._desk.has_no_scope(call):
            raise invalid_filters("sportId or tournamentId required")
        today = self._world.clock.now().date()
        return [
            self._view.fixture(fixture, call.lang)
            for fixture in self._desk.in_scope(call, self._desk.visible(call, over_too=True))
            if datetime_of_ms(fixture.start_time * 1000).date() == today
        ]

    def _live(self, call: Call) -> list[Json]:
        if self._desk.has_no_scope(call):
            raise invalid_filters("sportId or tournamentId required")
        return [
            self._view.fixture(fixture, call.lang)
            for fixture in self._desk.in_scope(call, self._desk.visible(call, over_too=False))
            if fixture.status_id == LIVE
        ]

    def _mapping(self, call: Call) -> list[Json]:
        query = call.query
        ids, native_ids, slug = query.texts("fixtureIds"), query.texts("bookmakerFixtureIds"), query.text("bookmaker")
        if not ids and not native_ids:
            raise invalid_filters()
        if slug is not None and not call.key.may_see_bookmaker(slug):
            raise bookmaker_not_allowed(slug)
        rows = [
            {
                "fixtureId": fixture.fixture_id,
                "bookmaker": book,
                "bookmakerFixtureId": shapes.book_fixture_id(fixture, book),
            }
            for fixture in self._desk.visible(call, over_too=True)
            for book in self._memory.books_of(fixture.fixture_id)
            if call.key.may_see_bookmaker(book) and slug in (None, book)
        ]
        return [
            row
            for row in rows
            if (not ids or row["fixtureId"] in ids) and (not native_ids or row["bookmakerFixtureId"] in native_ids)
        ]

    def _settlement(self, call: Call) -> Json:
        fixture = self._desk.one(call)
        outcome_id, player_id = call.query.integer("outcomeId"), call.query.integer("playerId")
        rows = [
            row
            for row in self._grader.rows(fixture, self._view.faults.settlementDelayS)
            if outcome_id in (None, row["outcomeId"]) and player_id in (None, row["playerId"])
        ]
        return {**self._desk.bare(call, fixture), "settlements": rows}

    def _futures(self, call: Call) -> list[Json]:
        call.query.integer("sportId")
        return []

    def _futures_odds(self, call: Call) -> Json:
        raise not_found(f"future {call.query.required_text('futureId')}")

    def _futures_mapping(self, call: Call) -> list[Json]:
        query = call.query
        query.required_text("bookmaker")
        if not query.texts("futureIds") and not query.texts("bookmakerFutureIds"):
            raise invalid_filters()
        return []

    def _futures_settlement(self, call: Call) -> Json:
        call.query.required_text("futureId")
        raise RestError(501, "not_implemented", "Futures settlement is not available yet.")
