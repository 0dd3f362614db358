"""Asks the REST side what the stream may not have told, round after round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec
import structlog
from msgspec import Raw

from hedgerow.core.clock import Clock
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.core.tasks import work
from hedgerow.feed import wire
from hedgerow.feed.book import BookChange, PriceBook
from hedgerow.feed.rest import FeedRest
from hedgerow.feed.rounds import OVERLAP_MS, Round, Rounds
from hedgerow.feed.scope import Scope

_log = structlog.get_logger(__name__)


class Reconciler:
    """Makes one round after the other."""

    def __init__(
        self,
        rest: FeedRest,
        book: PriceBook,
        rounds: Rounds,
        clock: Clock,
        tell: Callable[[Iterable[BookChange]], None],
    ) -> None:
        self._rest, self._book, self._rounds = rest, book, rounds
        self._clock, self._tell = clock, tell

    async def turn(self, scope: Scope) -> bool:
        """Makes the round that is needed most; False when none was needed. Raises Unavailable."""
        up_since_ms = self._book.up_since_ms
        if up_since_ms is None:
            return False
        fixtures = [fixture for fixture in self._book.fixtures() if scope.wants(fixture)]
        self._rounds.keep({fixture.fixture_id for fixture in fixtures})
        groups = scope.bookmaker_groups(self._book.bookmakers)
        asked = self._rounds.next(fixtures, groups, self._clock.now_ms(), up_since_ms)
        if asked is None:
            return False
        try:
            await self._ask(asked)
        except Refused as error:
            self._rounds.refused(asked, self._clock.now_ms())
            if error.reason is Reason.CLOSED and not asked.is_main:
                self._tell(self._book.lose(*asked.query.fixtures))
            else:
                _log.error("the feed refuses a question about odds", why=str(error), of=len(asked.query.fixtures))
        return True

    def begin_anew(self) -> None:
        """Forgets what was asked and answered."""
        self._rounds.keep(())

    async def _ask(self, asked: Round) -> None:
        asked_ms = self._clock.now_ms()
        if asked.is_main:
            answers: Sequence[Raw] = await self._rest.main_odds(asked.query)
        else:
            answers = [await self._rest.all_odds(asked.query)]
        with work.unit():
            told: dict[FixtureId, bool] = {}
            for answer in answers:
                fixture = self._take(asked, answer, asked_ms)
                if fixture is not None:
                    told[fixture.fixture_id] = bool(fixture.odds)
                await asyncio.sleep(0)  # an answer can be large
            unmoved = [fixture_id for fixture_id, has_odds in told.items() if not has_odds]
            unproven = [fixture_id for fixture_id in told if self._book.is_unproven(fixture_id)]
            confirmed = self._rounds.done(asked, asked_ms, told, unmoved, unproven)
            self._book.cover(confirmed, asked.query.bookmakers, asked_ms, main_lines_only=asked.is_main)
        if len(confirmed) < len(asked.query.fixtures):
            missing = len(asked.query.fixtures) - len(confirmed)
            _log.info("the feed tells of no odds for fixtures", count=missing, of=len(asked.query.fixtures))

    def _take(self, asked: Round, answer: Raw, asked_ms: int) -> wire.FixtureOdds | None:
        """Takes one fixture's answer into the book; None for what is no answer to the question."""
        try:
            fixture = msgspec.json.decode(answer, type=wire.FixtureOdds)
        except UNREADABLE as error:
            _log.warning("an answer about odds cannot be read", why=str(error))
            return None
        if fixture.fixture_id not in asked.query.fixtures:
            _log.warning("the feed answers about a fixture that was not asked for", fixture_id=fixture.fixture_id)
            return None
        complete_for = self._asked_bookmakers(asked, fixture) if asked.is_complete else ()
        changes = self._book.take_answer(
            fixture,
            asked_ms - 1,  # a frame of the same millisecond is the later word
            complete_for=complete_for,
            gone_before_ms=asked_ms - OVERLAP_MS,
        )
        self._tell(changes)
        return fixture

    def _asked_bookmakers(self, asked: Round, fixture: wire.FixtureOdds) -> Collection[VenueSlug]:
        if asked.query.bookmakers:
            return asked.query.bookmakers
        state = self._book.fixture(fixture.fixture_id)
        return tuple(state.bookmakers) if state is not None else ()
