"""REST calls about odds: present ones, opening and closing ones, histories.

Source: the feed sheet, section 2.
"""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.sim.dialects.oddspapi.desk import FINISHED, Call, Desk, Handler
from hedgerow.sim.dialects.oddspapi.memory import Selection, Tick
from hedgerow.sim.dialects.oddspapi.query import RestError, bookmaker_not_allowed, invalid_filters
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.world import Fixture

MAIN_CAP = 100
"""`/fixtures/odds/main` was seen to answer so many of a tournament's fixtures, without a word."""


class OddsCalls:
    """What the bookmakers offer and offered."""

    def __init__(self, desk: Desk, *, omit_inactive: bool = False) -> None:
        """omit_inactive: whether a plain `/fixtures/odds` leaves inactive rows out, which nobody knows; the recorded
        answer holds them."""
        self._desk, self._view, self._memory = desk, desk.view, desk.memory
        self._omit_inactive = omit_inactive

    def handlers(self) -> dict[str, Handler]:
        return {
            "fixtures/odds": self._odds,
            "fixtures/odds/main": self._main_odds,
            "fixtures/odds/clv": self._closing_odds,
            "fixtures/odds/historical": self._historical_odds,
        }

    def _odds(self, call: Call) -> Json:
        fixture = self._desk.one(call)
        market_active, main_line = call.query.flag("marketActive"), call.query.flag("mainLine")

        def wanted(tick: Tick, row: Json) -> bool:
            return (
                (tick.quote.active or not self._omit_inactive)
                and market_active in (None, row.get("marketActive"))
                and main_line in (None, tick.standing.main)
            )

        return self._with_odds(call, fixture, wanted)

    def _main_odds(self, call: Call) -> list[Json]:
        query = call.query
        ids, tournament_id = query.texts("fixtureIds"), query.integer("tournamentId")
        if bool(ids) == (tournament_id is not None):
            raise invalid_filters()
        since = query.integer("since")
        fixtures = [
            fixture
            for fixture in self._desk.visible(call, over_too=bool(ids))
            if (fixture.fixture_id in ids if ids else fixture.tournament_id == tournament_id)
        ]

        def wanted(tick: Tick, row: Json) -> bool:
            return tick.standing.main and (tick.quote.active or since is not None)

        return [self._with_odds(call, fixture, wanted) for fixture in fixtures[:MAIN_CAP]]

    def _with_odds(self, call: Call, fixture: Fixture, wanted: Callable[[Tick, Json], bool]) -> Json:
        """The fixture with its books' states and rows; a fixture that is over has no odds any more."""
        since = call.query.integer("since")
        slugs = self._desk.books_of(call, fixture)
        shape = self._view.fixture(fixture, call.lang, slugs)
        odds: dict[str, dict[str, Json]] = {}
        for slug in slugs if fixture.status_id < FINISHED else []:
            for selection in self._memory.books_of(fixture.fixture_id)[slug]:
                tick = self._memory.tick(fixture.fixture_id, slug, selection)
                key, row = self._view.keyed_row(fixture, tick)
                if wanted(tick, row) and (since is None or tick.changed_ms >= since):
                    odds.setdefault(slug, {})[key] = row
        return {**shape, "odds": odds}

    def _closing_odds(self, call: Call) -> Json:
        fixture = self._desk.one(call)
        wanted = set(call.query.texts("oddsIds"))
        odds: dict[str, dict[str, Json]] = {}
        for slug in self._desk.books_of(call, fixture):
            for selection in self._memory.books_of(fixture.fixture_id)[slug]:
                history = self._memory.history(fixture.fixture_id, slug, selection)
                key, opening = self._view.keyed_row(fixture, history.opening)
                started = fixture.status_id != 0 and history.closing is not None
                closing = self._view.row(fixture, history.closing) if started and history.closing else None
                if not wanted or key in wanted:
                    odds.setdefault(slug, {})[key] = {"olv": opening, "clv": closing}
        return {**self._desk.bare(call, fixture), "odds": odds}

    def _historical_odds(self, call: Call) -> Json:
        fixture = self._desk.one(call)
        slug, ids = call.query.text("bookmaker"), set(call.query.texts("oddsIds"))
        if slug is None and not ids:
            raise RestError(400, "missing_bookmaker", "bookmaker or oddsIds required")
        if slug is not None and not call.key.may_see_bookmaker(slug):
            raise bookmaker_not_allowed(slug)
        odds: dict[str, dict[str, Json]] = {}
        for book in self._desk.books_of(call, fixture):
            for selection in self._memory.books_of(fixture.fixture_id)[book] if slug in (None, book) else ():
                key, series = self._series(fixture, book, selection)
                if not ids or key in ids:
                    odds.setdefault(book, {})[key] = series
        return {**self._desk.bare(call, fixture), "odds": odds}

    def _series(self, fixture: Fixture, slug: str, selection: Selection) -> tuple[str, dict[str, Json]]:
        """A quote's oddsId and its states by the text of their time; of two in one millisecond, the later."""
        ticks = self._memory.history(fixture.fixture_id, slug, selection).ticks
        rows = [self._view.keyed_row(fixture, tick) for tick in ticks]
        return rows[0][0], {str(row["changedAt"]): row for _, row in rows}
