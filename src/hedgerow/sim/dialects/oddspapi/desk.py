"""What all REST calls share: who asks, what the key may see, and the fixtures that a call is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hedgerow.core.ids import FixtureId
from hedgerow.sim.dialects.oddspapi.access import AccessKey
from hedgerow.sim.dialects.oddspapi.query import Query, bookmaker_not_allowed, not_found, sport_not_allowed
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.dialects.oddspapi.view import View
from hedgerow.sim.world import Fixture

LIVE, FINISHED = 1, 2
"""Of statusId; 0 is before the start, 3 cancelled."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what, in which language."""

    key: AccessKey
    query: Query
    lang: str


Handler = Callable[[Call], Any]
"""Answers a call with what is sent as JSON, or raises RestError."""


def check_sports(key: AccessKey, asked: Iterable[int]) -> None:
    """Raises RestError for sports that the key may not see."""
    denied = [sport_id for sport_id in asked if not key.may_see_sport(sport_id)]
    if denied:
        raise sport_not_allowed(denied)


class Desk:
    """Finds what a call is about."""

    def __init__(self, view: View) -> None:
        self.view, self.world, self.memory = view, view.world, view.memory

    def visible(self, call: Call, *, over_too: bool) -> list[Fixture]:
        """What the key may see, by start and id."""
        fixtures = [
            fixture
            for fixture in self.world.fixtures.values()
            if call.key.may_see_sport(fixture.sport_id)
            and call.key.may_see_status(fixture.status_id)
            and (over_too or fixture.status_id < FINISHED)
        ]
        return sorted(fixtures, key=lambda fixture: (fixture.start_time, fixture.fixture_id))

    def has_no_scope(self, call: Call, *, books_too: bool = False) -> bool:
        query = call.query
        given = query.integer("sportId"), query.integer("tournamentId")
        return given == (None, None) and not (books_too and query.texts("bookmakers"))

    def in_scope(self, call: Call, fixtures: list[Fixture]) -> list[Fixture]:
        """By sport, tournament and the bookmakers that have priced them."""
        sport_id, tournament_id = call.query.integer("sportId"), call.query.integer("tournamentId")
        books = self.asked_books(call)
        if sport_id is not None:
            check_sports(call.key, [sport_id])
        return [
            fixture
            for fixture in fixtures
            if sport_id in (None, fixture.sport_id)
            and tournament_id in (None, fixture.tournament_id)
            and (not books or self.memory.books_of(fixture.fixture_id).keys() & set(books))
        ]

    def asked_books(self, call: Call) -> list[str]:
        slugs = call.query.bookmakers()
        for slug in slugs:
            if not call.key.may_see_bookmaker(slug):
                raise bookmaker_not_allowed(slug)
        return slugs

    def one(self, call: Call) -> Fixture:
        """The fixture of a call that is about one."""
        fixture = self.world.fixtures.get(FixtureId(call.query.required_text("fixtureId")))
        if fixture is None or not call.key.may_see_status(fixture.status_id):
            raise not_found("fixture")
        check_sports(call.key, [fixture.sport_id])
        return fixture

    def books_of(self, call: Call, fixture: Fixture) -> list[str]:
        """Books with quotes on the fixture that the call asks for and the key may see."""
        asked = self.asked_books(call)
        return [
            slug
            for slug in self.memory.books_of(fixture.fixture_id)
            if call.key.may_see_bookmaker(slug) and (not asked or slug in asked)
        ]

    def bare(self, call: Call, fixture: Fixture) -> Json:
        """The fixture without the books' states, as histories and settlements carry it."""
        shape = self.view.fixture(fixture, call.lang)
        shape.pop("bookmakers")
        return shape
