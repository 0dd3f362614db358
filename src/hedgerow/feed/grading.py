"""Asks the feed how the fixtures that somebody waits for were decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Refused, Unavailable
from hedgerow.core.ids import FixtureId
from hedgerow.feed.book import BookChange, PriceBook
from hedgerow.feed.rest import FeedRest
from hedgerow.feed.settlement import Grade, SettlementPoll, Stage, grades_of

_log = structlog.get_logger(__name__)

GradeSink = Callable[[FixtureId, tuple[Grade, ...]], None]


class Grader:
    """Keeps asking about fixtures from their end until their grades stand."""

    def __init__(
        self,
        rest: FeedRest,
        book: PriceBook,
        clock: Clock,
        tell: Callable[[Iterable[BookChange]], None],
        tell_grades: GradeSink,
    ) -> None:
        self._rest, self._book, self._clock = rest, book, clock
        self._tell, self._tell_grades = tell, tell_grades
        self._polls: dict[FixtureId, SettlementPoll] = {}

    def watch(self, fixture_id: FixtureId) -> None:
        """Tells the sink of every change of this fixture's grades from now on."""
        self._polls.setdefault(fixture_id, SettlementPoll())

    async def ask(self, fixture_id: FixtureId) -> tuple[Grade, ...]:
        """The fixture's grades now. Raises Refused or Unavailable."""
        asked_ms = self._clock.now_ms()
        answer = await self._rest.settlement(fixture_id)
        self._tell(self._book.describe(answer, asked_ms - 1))
        return grades_of(answer.settlements or ())

    async def turn(self) -> None:
        """Asks for every fixture that is due, one after the other."""
        for fixture_id, poll in list(self._polls.items()):
            fixture = self._book.fixture(fixture_id)
            now_ms = self._clock.now_ms()
            if fixture is not None and fixture.is_over:
                poll.over(now_ms if fixture.ended_ms is None else fixture.ended_ms)
            if poll.is_due(now_ms, is_known=fixture is not None and fixture.is_known):
                await self._poll(fixture_id, poll)
            if poll.stage in (Stage.DONE, Stage.GIVEN_UP):
                del self._polls[fixture_id]

    async def _poll(self, fixture_id: FixtureId, poll: SettlementPoll) -> None:
        try:
            grades = await self.ask(fixture_id)
        except (Refused, Unavailable) as error:
            _log.warning("no settlement from the feed", fixture_id=fixture_id, why=str(error))
            poll.failed(self._clock.now_ms())
            return
        if poll.told(grades, self._clock.now_ms()):
            self._tell_grades(fixture_id, grades)
        if poll.stage is Stage.GIVEN_UP:
            _log.warning("the feed never decided all outcomes", fixture_id=fixture_id)
