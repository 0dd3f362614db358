"""What of the feed is followed: sports, tournaments, bookmakers, and how far ahead."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.rest import MOST_BOOKMAKERS

LOWEST_SPORT = 10
"""The feed has no sport below it: 1 for soccer is another product's number."""

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Scope:
    """Sports by the feed's ids; no sports, tournaments or bookmakers named means all that the key may see.

    `watched`: the tournaments whose odds are asked for round after round, so that they can be traded on; the odds of
    others are only heard. None: all. `held`: fixtures whose odds are asked for whatever their tournament.
    """

    sports: tuple[int, ...] = ()
    bookmakers: tuple[VenueSlug, ...] = ()
    tournaments: tuple[int, ...] = ()
    ahead_s: int = 3 * _DAY_S  # fixtures that start later are not asked for
    behind_s: int = _DAY_S  # nor those that started earlier
    watched: frozenset[int] | None = None
    held: frozenset[FixtureId] = frozenset()

    def __post_init__(self) -> None:
        if self.sports and min(self.sports) < LOWEST_SPORT:
            raise ValueError(f"the feed's sports are numbered from {LOWEST_SPORT} on, not {self.sports}")

    def bookmaker_groups(self, visible: Collection[VenueSlug]) -> tuple[tuple[VenueSlug, ...], ...]:
        """The bookmakers, as many in a group as one request takes; one empty group when all are followed.

        visible: those that the key may see. One of the others would have the whole request refused.
        """
        if not self.bookmakers:
            return ((),)
        chosen = tuple(sorted(set(self.bookmakers) & set(visible)))
        return tuple(chosen[i : i + MOST_BOOKMAKERS] for i in range(0, len(chosen), MOST_BOOKMAKERS))

    def window_s(self, now_ns: int) -> tuple[int, int]:
        """Between which starts, in epoch seconds, fixtures are asked for."""
        now_s = now_ns // NS_PER_S
        return now_s - self.behind_s, now_s + self.ahead_s

    def wants(self, fixture: FixtureState) -> bool:
        """Whether the fixture's quotes are to be kept right: it is in the selection, watched or held, and not over."""
        if not fixture.is_known or fixture.is_over:
            return False
        is_in_sport = not self.sports or fixture.sport_id in self.sports
        is_in_tournament = not self.tournaments or fixture.tournament_id in self.tournaments
        is_watched = self.watched is None or fixture.tournament_id in self.watched
        return is_in_sport and is_in_tournament and (is_watched or fixture.fixture_id in self.held)
