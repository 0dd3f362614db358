"""What the market makers of a process follow of the feed together."""

from __future__ import annotations

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.feed.client import FeedClient
from hedgerow.mm.odds_feed import Needs, OddsFeed


class Follower:
    """Told of nothing."""

    def book_changed(self, *_: object) -> None: ...

    def connection_changed(self) -> None: ...

    def rates_changed(self, *_: object) -> None: ...

    def graded(self, *_: object) -> None: ...


def needs(bookmaker: str, tournament: int, fixture: str) -> Needs:
    return Needs(frozenset({VenueSlug(bookmaker)}), frozenset({tournament}), frozenset({FixtureId(fixture)}))


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> OddsFeed:
    """Connects to nothing."""
    monkeypatch.setattr(FeedClient, "start", lambda self: None)
    return OddsFeed(Settings(), SystemClock())


async def test_what_any_follower_needs_is_followed(feed: OddsFeed) -> None:
    feed.join(Follower(), needs("vertex", 17, "id1"))
    feed.join(Follower(), needs("pinnacle", 18, "id2"))
    scope = feed.client.scope
    assert (scope.bookmakers, scope.watched, scope.held) == (("pinnacle", "vertex"), {17, 18}, {"id1", "id2"})


async def test_what_only_a_follower_that_left_needed_is_not_followed_any_more(feed: OddsFeed) -> None:
    first, second = Follower(), Follower()
    feed.join(first, needs("vertex", 17, "id1"))
    feed.join(second, needs("pinnacle", 18, "id2"))
    await feed.leave(first)
    feed.need(first, needs("vertex", 17, "id1"))
    feed.need(second, needs("pinnacle", 18, "id3"))
    scope = feed.client.scope
    assert (scope.bookmakers, scope.watched, scope.held) == (("pinnacle",), {18}, {"id3"})
