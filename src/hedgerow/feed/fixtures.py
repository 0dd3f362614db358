"""One fixture: what the feed says of it, merged forward, and whether that hangs together.

Written by `book.PriceBook` alone; everyone else only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hedgerow.core.ids import FixtureId, VenueSlug, fixture_id_contradiction
from hedgerow.core.states import FixtureStatus
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue
from hedgerow.feed.offers import BookmakerState
from hedgerow.feed.times import NEVER_MS, microseconds

_FORWARD = (FixtureStatus.PREGAME, FixtureStatus.LIVE, FixtureStatus.FINISHED, FixtureStatus.CANCELLED)


class FixtureState:
    """One fixture. `info` is the feed's own entity, scores and clock included; any of its parts may be missing."""

    __slots__ = ("_catalogue", "bookmakers", "heard_ms", "info", "info_as_of_ms", "quarantine", "status")

    def __init__(self, fixture_id: FixtureId, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.info = wire.Fixture(fixture_id=fixture_id)
        self.info_as_of_ms = NEVER_MS
        self.heard_ms = NEVER_MS  # when a message last spoke of it
        self.status: FixtureStatus | None = None
        self.quarantine: str | None = None  # why nothing of it may be traded
        self.bookmakers: dict[VenueSlug, BookmakerState] = {}

    @property
    def fixture_id(self) -> FixtureId:
        return FixtureId(self.info.fixture_id)

    @property
    def is_known(self) -> bool:
        """Whether the feed has described it, and not only quoted on it."""
        return self.info_as_of_ms != NEVER_MS

    @property
    def is_live(self) -> bool:
        return self.status is FixtureStatus.LIVE or (self.info.status is not None and self.info.status.live is True)

    @property
    def is_over(self) -> bool:
        return self.status is not None and self.status.is_over

    @property
    def sport_id(self) -> int | None:
        return None if self.info.sport is None else self.info.sport.sport_id

    @property
    def tournament_id(self) -> int | None:
        return None if self.info.tournament is None else self.info.tournament.tournament_id

    @property
    def start_ms(self) -> int | None:
        return None if self.info.start_time is None else self.info.start_time * 1000

    @property
    def ended_ms(self) -> int | None:
        """When it ended, as the feed says."""
        ended_us = microseconds(self.info.true_end_time)
        return None if ended_us is None else ended_us // 1000

    def bookmaker(self, slug: VenueSlug) -> BookmakerState:
        """The bookmaker's state, made when it is first asked for."""
        state = self.bookmakers.get(slug)
        if state is None:
            state = self.bookmakers[slug] = BookmakerState(self.fixture_id, slug, self._catalogue)
        return state

    def describe(self, described: wire.Fixture, as_of_ms: int) -> None:
        """Takes a description in place of an older one. A part that it leaves out keeps its last value, the status
        never goes back, and scores are left to `score`, which has times to go by."""
        if as_of_ms >= self.info_as_of_ms:
            self.info_as_of_ms = as_of_ms
            parts = {name: getattr(described, name) for name in wire.Fixture.__struct_fields__}
            parts |= {"status": None, "scores": None, "clock": _told(described.clock)}
            self._replace(**{name: part for name, part in parts.items() if part is not None})
        if described.status is not None and described.status.status_id is not None:
            self._advance(described.status, described.status.status_id)
        self.quarantine = self._contradiction()

    def lose(self) -> None:
        """The feed does not know the fixture any more. A new description ends that."""
        self.quarantine = "the feed does not know the fixture any more"

    def score(self, scores: Mapping[str, wire.Score | None]) -> bool:
        """Takes the periods whose score is the later word; answers whether any differs."""
        before = self.info.scores or {}
        later = {
            period: score
            for period, score in scores.items()
            if score is not None and _is_later(score, before.get(period))
        }
        self._replace(scores={**before, **later})
        return self.info.scores != before

    def set_clock(self, clock: wire.GameClock) -> bool:
        """Takes the clock; answers whether it differs."""
        before = self.info.clock
        self._replace(clock=clock)
        return clock != before

    def _replace(self, **parts: Any) -> None:
        self.info = msgspec.structs.replace(self.info, **parts)

    def _advance(self, told: wire.Status, status_id: int) -> None:
        if not _is_known(status_id):
            self._replace(status=told)
        elif self.status is None or status_id >= _FORWARD.index(self.status):
            self.status = _FORWARD[status_id]
            self._replace(status=told)

    def _contradiction(self) -> str | None:
        status_id = self.info.status.status_id if self.info.status is not None else None
        if status_id is not None and not _is_known(status_id):
            return f"status {status_id} is not known"
        if self.sport_id is None or self.tournament_id is None:
            return "the feed does not name its sport and tournament"
        return fixture_id_contradiction(self.fixture_id, self.sport_id, self.tournament_id)


def _is_known(status_id: int) -> bool:
    return 0 <= status_id < len(_FORWARD)


def _told(clock: wire.GameClock | None) -> wire.GameClock | None:
    """The clock, or None for one that says nothing: descriptions often carry an empty one while a match is on."""
    return None if clock == wire.GameClock() else clock


def _is_later(score: wire.Score, known: wire.Score | None) -> bool:
    if known is None:
        return True
    at_us, known_us = microseconds(score.updated_at), microseconds(known.updated_at)
    return at_us is None or known_us is None or at_us >= known_us
