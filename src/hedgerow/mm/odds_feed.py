"""The feed that the market makers of a process share: one connection of the key, one book, every change told to all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.core.money import Rates
from hedgerow.core.tape import TapeWriter
from hedgerow.feed.book import BookChange, PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits
from hedgerow.feed.scope import Scope
from hedgerow.feed.settlement import Grade

_log = structlog.get_logger(__name__)


class Follower(Protocol):
    """Who is told of the feed."""

    def book_changed(self, change: BookChange) -> None: ...

    def connection_changed(self) -> None: ...

    def rates_changed(self, rates: Rates) -> None: ...

    def graded(self, fixture_id: FixtureId, grades: tuple[Grade, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What one follower needs of the feed. bookmakers: that it prices from or hedges at; tournaments: of which every
    quote is kept right; fixtures: of which the same is true whatever their tournament."""

    bookmakers: frozenset[VenueSlug]
    tournaments: frozenset[int]
    fixtures: frozenset[FixtureId]


class OddsFeed:
    """Runs from the first follower to the last."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.book = PriceBook()
        self._clock = clock
        self._followers: dict[Follower, Needs] = {}
        self._tape = TapeWriter(settings.feed_tape, "feed", clock.now_ns()) if settings.feed_tape else None
        self.client = FeedClient(
            rest_url=settings.feed_rest_url,
            ws_url=settings.feed_ws_url,
            key=settings.feed_key,
            scope=Scope(watched=frozenset()),
            book=self.book,
            clock=clock,
            limits=Limits.of(settings),
            sink=self._changed,
            on_connection=lambda _: self._tell(lambda one: one.connection_changed()),
            on_rates=lambda rates: self._tell(lambda one: one.rates_changed(rates)),
            on_grades=lambda fixture_id, grades: self._tell(lambda one: one.graded(fixture_id, grades)),
            record=self._record if self._tape else None,
        )

    def join(self, follower: Follower, needs: Needs) -> None:
        """What is known already is in the book."""
        self._followers[follower] = needs
        self._follow()
        if len(self._followers) == 1:
            self.client.start()

    def need(self, follower: Follower, needs: Needs) -> None:
        """What the follower needs from now on, if it has not left."""
        if follower in self._followers:
            self._followers[follower] = needs
            self._follow()

    async def leave(self, follower: Follower) -> None:
        """What it alone needed is followed until another needs something else."""
        self._followers.pop(follower, None)
        if not self._followers:
            await self.client.stop()

    def _follow(self) -> None:
        """What any follower needs is followed."""
        every, before = self._followers.values(), self.client.scope
        scope = replace(
            before,
            bookmakers=tuple(sorted(frozenset[VenueSlug]().union(*(one.bookmakers for one in every)))),
            watched=frozenset[int]().union(*(one.tournaments for one in every)),
            held=frozenset[FixtureId]().union(*(one.fixtures for one in every)),
        )
        if scope != before:
            self.client.set_scope(scope)

    def close(self) -> None:
        """Nobody will follow it any more."""
        if self._tape is not None:
            self._tape.close()
            self._tape = None

    def _changed(self, change: BookChange, _: int) -> None:
        for follower in self._followers:
            follower.book_changed(change)

    def _tell(self, tell: Callable[[Follower], None]) -> None:
        for follower in list(self._followers):
            tell(follower)

    def _record(self, text: bytes) -> None:
        if self._tape is None:
            return
        try:
            self._tape.record(self._clock.now_ns(), "feed", text)
        except (OSError, ValueError) as error:
            _log.error("the feed is not recorded any more", error=str(error))
            self._tape = None
