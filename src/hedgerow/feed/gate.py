"""Why a quote may not be traded on.

Two kinds of staleness are kept apart. The connection: no frame of any kind for too long, or none since the last gap
that confirmed the quote. The age: not the time since the odds moved, for an unmoved line can be hours old and right,
but the time since the feed last confirmed them, by a move or by an answer that covered the fixture and told of none
(docs/decisions/0020-feed-decimals.md has the rule in full).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.feed.book import PriceBook
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.offers import BookmakerState
from hedgerow.feed.quotes import Quote
from hedgerow.feed.times import NEVER_MS

# A move from further in the future than this is a fault of a clock, and its age cannot be told.
_AHEAD_MS = 60_000


class WhyNot(StrEnum):
    """Every reason there is, in the order in which they are looked for."""

    FEED_DOWN = "feed_down"  # not connected
    FEED_SILENT = "feed_silent"  # connected, and no frame for too long
    NO_FIXTURE = "no_fixture"  # the feed has not described the fixture
    QUARANTINED = "quarantined"  # the fixture contradicts itself
    OVER = "over"  # finished or cancelled
    NO_META = "no_meta"  # nothing is known yet of the bookmaker on this fixture
    NO_ODDS = "no_odds"  # the feed says that the bookmaker has none
    STALE_BOOK = "stale_book"  # the feed has lost the bookmaker
    SUSPENDED = "suspended"  # the bookmaker takes no bets on the fixture now
    ROTATED = "rotated"  # it lists the participants the other way round, and its rows are not proven to be turned
    NO_QUOTE = "no_quote"  # it has no row for the outcome, or one that cannot be read or names another market
    INACTIVE = "inactive"
    MARKET_INACTIVE = "market_inactive"
    NO_PRICE = "no_price"  # a placeholder
    AHEAD_OF_TIME = "ahead_of_time"  # it moved in the future: a clock is wrong
    UNCONFIRMED = "unconfirmed"  # not confirmed since frames were missed
    TOO_OLD = "too_old"  # not confirmed for too long


@dataclass(frozen=True, slots=True)
class Limits:
    """How old is too old, in milliseconds, and which bookmakers' rotated rows are proven to be turned already."""

    live_ms: int
    pregame_ms: int
    silence_ms: int
    rotation_proven: Collection[VenueSlug] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            int(settings.stale_live_s * 1000),
            int(settings.stale_pregame_s * 1000),
            int(settings.feed_silence_s * 1000),
        )

    def age_ms(self, fixture: FixtureState, now_ms: int) -> int:
        """The limit for this fixture now. One that should have started counts as live, whatever its status."""
        start_ms = fixture.start_ms
        has_started = start_ms is not None and now_ms >= start_ms
        return self.live_ms if fixture.is_live or has_started else self.pregame_ms


def why_not(
    book: PriceBook, fixture_id: FixtureId, bookmaker: VenueSlug, quote: Quote | None, limits: Limits, now_ms: int
) -> WhyNot | None:
    """Why a bookmaker's quote on a fixture may not be traded on; None when it may."""
    fixture = book.fixture(fixture_id)
    state = fixture.bookmakers.get(bookmaker) if fixture is not None else None
    reason = (
        why_not_feed(book.up_since_ms, book.heard_ms, limits, now_ms)
        or why_not_fixture(fixture)
        or why_not_bookmaker(state, limits, book.stale_bookmakers)
    )
    if reason is not None or fixture is None or state is None:
        return reason
    confirmed_ms = NEVER_MS if quote is None else state.confirmed_ms(quote)
    return why_not_quote(quote, confirmed_ms, book.up_since_ms or 0, limits.age_ms(fixture, now_ms), now_ms)


def why_not_feed(up_since_ms: int | None, heard_ms: int, limits: Limits, now_ms: int) -> WhyNot | None:
    """Why nothing at all may be traded on; None when the connection is well.

    up_since_ms: since when frames come without a gap, None while they do not; heard_ms: when the last one came.
    """
    if up_since_ms is None:
        return WhyNot.FEED_DOWN
    return WhyNot.FEED_SILENT if now_ms - heard_ms > limits.silence_ms else None


def why_not_fixture(fixture: FixtureState | None) -> WhyNot | None:
    """Why nothing of the fixture may be traded on; None when it may."""
    if fixture is None or not fixture.is_known or fixture.status is None:
        return WhyNot.NO_FIXTURE
    if fixture.quarantine is not None:
        return WhyNot.QUARANTINED
    return WhyNot.OVER if fixture.is_over else None


def why_not_bookmaker(
    state: BookmakerState | None, limits: Limits, stale_bookmakers: Collection[str] = ()
) -> WhyNot | None:
    """Why none of a bookmaker's quotes on a fixture may be traded on; None when they may."""
    if state is None or state.meta is None:
        return WhyNot.NO_META
    meta = state.meta
    if not meta.has_odds:
        return WhyNot.NO_ODDS
    if meta.is_stale or state.bookmaker in stale_bookmakers:
        return WhyNot.STALE_BOOK
    if meta.is_suspended:
        return WhyNot.SUSPENDED
    if meta.is_rotated and state.bookmaker not in limits.rotation_proven:
        return WhyNot.ROTATED
    return None


def why_not_quote(
    quote: Quote | None, confirmed_ms: int, up_since_ms: int, oldest_ms: int, now_ms: int
) -> WhyNot | None:
    """Why the quote itself may not be traded on; None when it may.

    confirmed_ms: when the feed last confirmed it (`BookmakerState.confirmed_ms`); oldest_ms: the age limit.
    """
    if quote is None:
        return WhyNot.NO_QUOTE
    if not quote.is_active:
        return WhyNot.INACTIVE
    if not quote.is_market_active:
        return WhyNot.MARKET_INACTIVE
    if quote.odds is None:
        return WhyNot.NO_PRICE
    if quote.changed_ms - now_ms > _AHEAD_MS:
        return WhyNot.AHEAD_OF_TIME
    if confirmed_ms < up_since_ms:
        return WhyNot.UNCONFIRMED
    return WhyNot.TOO_OLD if now_ms - confirmed_ms > oldest_ms else None
