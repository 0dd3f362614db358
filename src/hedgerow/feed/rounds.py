"""What to ask the REST side next, so that every quote is confirmed in time.

The stream tells moves and nothing else; what did not move is confirmed by asking what has changed since the last
answer. One round over main lines takes 50 fixtures; the other lines cost one request a fixture, so they take what the
rate leaves, the most overdue first. Lines that the rate does not reach grow too old and are then not traded on, which
is the safe side. From time to time a round asks for everything, which is how lost lines are found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.gate import Limits
from hedgerow.feed.rest import MOST_FIXTURES, OddsQuery
from hedgerow.feed.times import NEVER_MS

OVERLAP_MS = 5_000
"""How far a round reaches back before the last: a move is stamped up to a second before it can be read, and the
feed's clock is not ours."""

_DUE = 0.5  # share of the age limit after which a confirmation is asked for
_WORTH_A_SEAT = 0.25  # share from which a fixture fills up a round over main lines that goes out anyway
_OVERDUE = 1_000.0  # of what was never confirmed, or not since frames were missed
_EVERYTHING_AGAIN_MS = 600_000
_HOLD_MS = 30_000

Group = tuple[VenueSlug, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One request. A complete one asks for every quote and so tells which are gone."""

    query: OddsQuery
    is_main: bool

    @property
    def is_complete(self) -> bool:
        return not self.is_main and self.query.since_ms is None


@dataclass(slots=True)
class _Cover:
    """When a fixture's quotes at a group of bookmakers were last known to be right, and what waits for how long."""

    main_ms: int = NEVER_MS
    full_ms: int = NEVER_MS
    everything_ms: int = NEVER_MS
    no_main_before_ms: int = NEVER_MS
    no_full_before_ms: int = NEVER_MS

    @property
    def main_lines_ms(self) -> int:
        return max(self.main_ms, self.full_ms)


@dataclass(frozen=True, slots=True)
class _Seat:
    """A fixture and group that may be asked about. need: 1 where the age limit is reached."""

    need: float
    fixture_id: FixtureId
    group: Group
    cover: _Cover


class Rounds:
    """Chooses the requests, and notes what their answers covered."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._covers: dict[tuple[FixtureId, Group], _Cover] = {}
        self._tells_unmoved = False

    def next(
        self, fixtures: Collection[FixtureState], groups: Iterable[Group], now_ms: int, up_since_ms: int
    ) -> Round | None:
        """The request that is needed most; None while nothing is due.

        fixtures: those whose quotes matter. up_since_ms: what was confirmed before it has to be confirmed anew.
        """
        main, full = [], []
        for group in groups:
            for fixture in fixtures:
                fixture_id = fixture.fixture_id
                cover, limit_ms = self._cover(fixture_id, group), self._limits.age_ms(fixture, now_ms)
                need = _need(cover.main_lines_ms, now_ms, limit_ms, up_since_ms)
                if need >= _WORTH_A_SEAT and now_ms >= cover.no_main_before_ms:
                    main.append(_Seat(need, fixture_id, group, cover))
                need = _need(cover.full_ms, now_ms, limit_ms, up_since_ms)
                if need >= _DUE and now_ms >= cover.no_full_before_ms:
                    full.append(_Seat(need, fixture_id, group, cover))
        return _main_round(main) or _full_round(full, now_ms)

    def done(
        self,
        asked: Round,
        asked_ms: int,
        told: Collection[FixtureId],
        unmoved: Collection[FixtureId] = (),
        unproven: Collection[FixtureId] = (),
    ) -> list[FixtureId]:
        """Notes an answer; gives the fixtures whose quotes it confirms.

        told: those that the answer has; unmoved: those of them without a quote; unproven: those of which everything
        was asked for and a bookmaker that is known to quote was left out. A round that asked for changes confirms
        every fixture it asked for, told of or not, unless the feed is known to tell of those that have not changed as
        well: then one that is left out is no longer there. A round that asked for all main lines confirms only those
        that it tells of: an empty answer may also mean that the key sees no more.
        """
        asks_changes = asked.query.since_ms is not None
        self._tells_unmoved = self._tells_unmoved or (asks_changes and asked.is_main and bool(unmoved))
        needs_telling = asked.is_main and (self._tells_unmoved or not asks_changes)
        confirmed = []
        for fixture_id in asked.query.fixtures:
            cover = self._cover(fixture_id, asked.query.bookmakers)
            if needs_telling and fixture_id not in told:
                cover.no_main_before_ms = asked_ms + _HOLD_MS
                continue
            confirmed.append(fixture_id)
            if asked.is_main:
                cover.main_ms = asked_ms
            else:
                cover.full_ms = asked_ms
                if asked.is_complete and fixture_id not in unproven:
                    cover.everything_ms = asked_ms
        return confirmed

    def refused(self, asked: Round, now_ms: int) -> None:
        """Notes a refusal: these fixtures wait before they are asked for in this way again, so that one which the
        server does not like does not stand in the way of the others."""
        for fixture_id in asked.query.fixtures:
            cover = self._cover(fixture_id, asked.query.bookmakers)
            if asked.is_main:
                cover.no_main_before_ms = now_ms + _HOLD_MS
            else:
                cover.no_full_before_ms = now_ms + _HOLD_MS

    def keep(self, fixtures: Collection[FixtureId]) -> None:
        """Forgets all other fixtures."""
        self._covers = {key: cover for key, cover in self._covers.items() if key[0] in fixtures}

    def _cover(self, fixture_id: FixtureId, group: Group) -> _Cover:
        return self._covers.setdefault((fixture_id, group), _Cover())


def _need(covered_ms: int, now_ms: int, limit_ms: int, up_since_ms: int) -> float:
    return _OVERDUE if covered_ms < max(up_since_ms, 0) else (now_ms - covered_ms) / limit_ms


def _main_round(seats: list[_Seat]) -> Round | None:
    """A round for the fixture that needs it most, filled up with others that can be asked for in the same way."""
    first = max(seats, key=lambda seat: seat.need, default=None)
    if first is None or first.need < _DUE:
        return None
    is_new = first.cover.main_lines_ms == NEVER_MS
    alike = [seat for seat in seats if seat.group == first.group and (seat.cover.main_lines_ms == NEVER_MS) == is_new]
    alike.sort(key=lambda seat: seat.need, reverse=True)
    taken = alike[:MOST_FIXTURES]
    since_ms = None if is_new else min(seat.cover.main_lines_ms for seat in taken) - OVERLAP_MS
    return Round(OddsQuery(tuple(seat.fixture_id for seat in taken), first.group, since_ms), is_main=True)


def _full_round(seats: list[_Seat], now_ms: int) -> Round | None:
    """A round for the one fixture that needs it most."""
    first = max(seats, key=lambda seat: seat.need, default=None)
    if first is None:
        return None
    cover = first.cover
    asks_everything = cover.everything_ms == NEVER_MS or now_ms - cover.everything_ms > _EVERYTHING_AGAIN_MS
    since_ms = None if asks_everything else cover.full_ms - OVERLAP_MS
    return Round(OddsQuery((first.fixture_id,), first.group, since_ms), is_main=False)
