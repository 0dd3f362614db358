"""Which matches of the feed a contract can be about: names first, then the time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from hedgerow.core.ids import FixtureId
from hedgerow.execution.mapping.clubs import is_city, league_of, teams_of
from hedgerow.execution.mapping.evidence import Candidate, NameEvidence, NameRule
from hedgerow.execution.mapping.facts import FixtureFacts
from hedgerow.execution.mapping.marks import Mark, marks_of_name, marks_of_tournament
from hedgerow.execution.mapping.names import PARTIAL, STRENGTH, compare, hooks, hooks_of, similar
from hedgerow.execution.mapping.sports import PEOPLE, WINDOW_S, tolerance_s
from hedgerow.venues.base import Listing


class Schedule:
    """The feed's matches by sport and by what their participants' names can be found by (`names.hooks`)."""

    def __init__(self, fixtures: Iterable[FixtureFacts]) -> None:
        self._by_hook: dict[tuple[str, Hashable], list[FixtureFacts]] = {}
        self.sports: set[str] = set()
        for fixture in sorted(fixtures, key=lambda one: one.fixture_id):
            self.sports.add(fixture.sport)
            one, other = fixture.participants
            for hook in hooks_of(one, fixture.sport) | hooks_of(other, fixture.sport):
                self._by_hook.setdefault((fixture.sport, hook), []).append(fixture)

    def around(self, sport: str, names: Iterable[str], at_ms: int | None) -> list[FixtureFacts]:
        """The sport's matches in which one of the names may stand and which start within the window around a time; a
        start that is not known is within every window."""
        wanted = frozenset().union(*(hooks(name, sport) for name in names))
        found = {
            fixture.fixture_id: fixture
            for hook in wanted
            for fixture in self._by_hook.get((sport, hook), ())
            if at_ms is None or fixture.starts_at_ms is None or abs(at_ms - fixture.starts_at_ms) <= WINDOW_S * 1000
        }
        return [found[fixture_id] for fixture_id in sorted(found)]


def candidates(
    listing: Listing, participants: tuple[str, ...], schedule: Schedule, may_be: Callable[[FixtureId], bool]
) -> list[Candidate]:
    """The two best matches that at least one participant fits, best first; fewer where there are not so many.

    participants: one or two names. may_be: whether an operator's word leaves a match open.
    """
    sports = schedule.sports if listing.sport is None else {listing.sport}
    found = [
        candidate
        for sport in sorted(sports)
        for fixture in schedule.around(sport, participants, listing.starts_at_ms)
        if may_be(fixture.fixture_id) and (candidate := _candidate(listing, participants, fixture)) is not None
    ]
    return sorted(found, key=_rank)[:2]


def is_near(candidate: Candidate) -> bool:
    """Whether both starts are known and lie within the tolerance."""
    difference = candidate.time_difference_s
    return difference is not None and abs(difference) <= candidate.tolerance_s


def weakest(candidate: Candidate) -> int:
    return min((name.score for name in candidate.names), default=0)


def strongest(candidate: Candidate) -> int:
    return max((name.score for name in candidate.names), default=0)


def could_be_then(candidate: Candidate) -> bool:
    """Whether its start does not speak against it: near, or not known."""
    return candidate.time_difference_s is None or is_near(candidate)


def _rank(candidate: Candidate) -> tuple[bool, bool, bool, int, int, FixtureId]:
    """Both names before one, near before unknown before far, then the better names, then the nearer start."""
    difference = abs(candidate.time_difference_s) if candidate.time_difference_s is not None else WINDOW_S
    return (
        weakest(candidate) < PARTIAL,
        not could_be_then(candidate),
        not is_near(candidate),
        -candidate.score,
        difference,
        candidate.fixture_id,
    )


def _candidate(listing: Listing, participants: tuple[str, ...], fixture: FixtureFacts) -> Candidate | None:
    """The match held against the contract; None where no name fits."""
    straight = _names(participants, fixture, rotated=False)
    crossed = _names(participants, fixture, rotated=True)
    fit, cross_fit = _fit(straight), _fit(crossed)
    is_rotated = cross_fit > fit
    names = _with_doubtful_cities(crossed if is_rotated else straight, fixture, listing.competition)
    if max(name.score for name in names) < PARTIAL:
        return None
    if len(names) > 1:
        names = _with_similar(names, fixture, is_rotated=is_rotated)
    known = [participant.name for participant in fixture.participants]
    difference = None
    if listing.starts_at_ms is not None and fixture.starts_at_ms is not None:
        difference = round((listing.starts_at_ms - fixture.starts_at_ms) / 1000)
    return Candidate(
        fixture_id=fixture.fixture_id,
        sport=fixture.sport,
        tournament=fixture.tournament,
        status=fixture.status,
        names=names,
        is_rotated=is_rotated,
        fits_both_ways=_fits_both_ways(fit[0], cross_fit[0]),
        starts_at_ms=fixture.starts_at_ms,
        time_difference_s=difference,
        tolerance_s=tolerance_s(fixture.sport),
        listed_marks=_marks(participants, fixture.sport, listing.competition, *_leagues(participants, fixture.sport)),
        known_marks=_marks(known, fixture.sport, fixture.tournament, fixture.category),
        score=sum(name.score for name in names) // len(names),
    )


def _names(participants: tuple[str, ...], fixture: FixtureFacts, *, rotated: bool) -> tuple[NameEvidence, ...]:
    """Each listed name against its place; a single name against that place which fits it better."""
    league = league_of(fixture.tournament, fixture.category)
    known = fixture.participants[::-1] if rotated else fixture.participants
    return tuple(
        compare(listed, participant, fixture.sport, league)
        for listed, participant in zip(participants, known, strict=False)
    )


def _with_doubtful_cities(
    names: tuple[NameEvidence, ...], fixture: FixtureFacts, competition: str | None
) -> tuple[NameEvidence, ...]:
    """A city names its team only within a league, and the venue has to say that it is this one."""
    if league_of(competition) is not None:
        return names
    return tuple(
        replace(name, rule=NameRule.CITY, score=STRENGTH[NameRule.CITY])
        if name.rule is NameRule.TEAM and is_city(name.listed, fixture.sport)
        else name
        for name in names
    )


def _fit(names: tuple[NameEvidence, ...]) -> tuple[int, int]:
    """How well an order of participants fits: by its weaker name, then by both."""
    return min(name.score for name in names), sum(name.score for name in names)


def _fits_both_ways(straight: int, crossed: int) -> bool:
    """Whether the names may stand in either order. Equal letter for letter one way, and only alike the other, is one
    way: sisters share their surname."""
    worse, better = sorted((straight, crossed))
    return worse >= PARTIAL and not worse < STRENGTH[NameRule.EXACT] == better


def _with_similar(
    names: tuple[NameEvidence, ...], fixture: FixtureFacts, *, is_rotated: bool
) -> tuple[NameEvidence, ...]:
    """Where one name fits and no rule knows the other: whether it is at least alike."""
    known = fixture.participants[::-1] if is_rotated else fixture.participants
    return tuple(
        similar(name.listed, participant) if name.rule is NameRule.NONE else name
        for name, participant in zip(names, known, strict=True)
    )


def _marks(names: Iterable[str], sport: str, *tournament: str | None) -> tuple[str, ...]:
    """The marks of both sides and their tournament. People are known by their names: of them only pairs are marked."""
    marks = frozenset().union(*(marks_of_name(name) for name in names)) | marks_of_tournament(*tournament)
    return tuple(sorted(marks & {Mark.DOUBLES} if sport in PEOPLE else marks))


def _leagues(names: Iterable[str], sport: str) -> Iterator[str]:
    """The leagues that the venue's names speak of: "Fever" is a team of one league only, "Indiana" of two."""
    for name in names:
        teams = teams_of(name, sport)
        if len(teams) == 1:
            yield from (team.league for team in teams)
