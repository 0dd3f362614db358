"""The feed that the market makers of a process share: one connection of the key, one book, every change told to all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId
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


class OddsFeed:
    """Runs from the first follower to the last."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.book = PriceBook()
        self._clock = clock
        self._followers: list[Follower] = []
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

    def join(self, follower: Follower) -> None:
        """What is known already is in the book; the scope is set before."""
        self._followers.append(follower)
        if len(self._followers) == 1:
            self.client.start()

    async def leave(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)
        if not self._followers:
            await self.client.stop()

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
