"""Which matches a contract can be about, and in which order."""

from __future__ import annotations

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.execution.mapping.candidates import Schedule, candidates, could_be_then, is_near, strongest, weakest
from hedgerow.execution.mapping.evidence import Candidate, NameRule
from hedgerow.execution.mapping.facts import FixtureFacts
from hedgerow.venues.base import Listing

from .mappingkit import START_MS, Known, Listed

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def found(listing: Listing, *fixtures: FixtureFacts) -> list[Candidate]:
    return candidates(listing, listing.participants, Schedule(fixtures), lambda _: True)


def ids(listing: Listing, *fixtures: FixtureFacts) -> list[str]:
    return [candidate.fixture_id for candidate in found(listing, *fixtures)]


def test_everything_about_a_match_is_told(listed: Listed, known: Known) -> None:
    (candidate,) = found(listed(starts_at_ms=START_MS + 5 * MINUTE_MS), known())
    assert (candidate.fixture_id, candidate.sport, candidate.tournament) == ("id1", "tennis", "ATP Finals")
    assert [name.rule for name in candidate.names] == [NameRule.NORMALISED] * 2
    assert (candidate.time_difference_s, candidate.tolerance_s) == (300, 6 * 3600)
    assert (weakest(candidate), strongest(candidate), candidate.score) == (98, 98, 98)
    assert (candidate.is_rotated, candidate.fits_both_ways) == (False, False)
    assert is_near(candidate)


def test_nobody_is_found_in_another_sport(listed: Listed, known: Known) -> None:
    assert found(listed(), known(sport="padel")) == []


def test_a_contract_without_a_sport_is_looked_for_in_all(listed: Listed, known: Known) -> None:
    here, there = known(), known(sport="padel", fixture_id=FixtureId("id2"))
    assert ids(listed(sport=None), here, there) == ["id1", "id2"]


@pytest.mark.parametrize(("hours", "is_seen"), [(36, True), (-36, True), (37, False), (-37, False)])
def test_the_window_is_a_day_and_a_half(listed: Listed, known: Known, hours: int, is_seen: object) -> None:
    assert bool(found(listed(), known(starts_at_ms=START_MS + hours * HOUR_MS))) is is_seen


def test_a_start_that_is_not_known_is_in_every_window(listed: Listed, known: Known) -> None:
    (candidate,) = found(listed(), known(starts_at_ms=None))
    assert candidate.time_difference_s is None
    assert not is_near(candidate)
    assert could_be_then(candidate)


def test_near_goes_before_unknown_and_unknown_before_far(listed: Listed, known: Known) -> None:
    far = known(fixture_id=FixtureId("id1"), starts_at_ms=START_MS + 24 * HOUR_MS)
    unknown = known(fixture_id=FixtureId("id2"), starts_at_ms=None)
    near = known(fixture_id=FixtureId("id3"))
    assert ids(listed(), far, unknown, near) == ["id3", "id2"]


def test_both_names_go_before_one_that_is_nearer(listed: Listed, known: Known) -> None:
    both = known(fixture_id=FixtureId("id2"), starts_at_ms=START_MS + 20 * HOUR_MS)
    one = known(other="Zverev, Alexander", fixture_id=FixtureId("id1"))
    assert ids(listed(), one, both) == ["id2", "id1"]


def test_the_nearer_of_two_alike_is_first(listed: Listed, known: Known) -> None:
    later = known(fixture_id=FixtureId("id1"), starts_at_ms=START_MS + 3 * HOUR_MS)
    sooner = known(fixture_id=FixtureId("id2"), starts_at_ms=START_MS - HOUR_MS)
    assert ids(listed(), later, sooner) == ["id2", "id1"]


def test_the_order_of_the_schedule_makes_no_difference(listed: Listed, known: Known) -> None:
    fixtures = [known(fixture_id=FixtureId(f"id{number}")) for number in range(5)]
    assert found(listed(), *fixtures) == found(listed(), *reversed(fixtures))


def test_crossed_names_are_seen_as_rotated(listed: Listed, known: Known) -> None:
    (candidate,) = found(listed(), known("Alcaraz, Carlos", "Sinner, Jannik"))
    assert candidate.is_rotated
    assert [(name.listed, name.known) for name in candidate.names] == [
        ("Jannik Sinner", "Sinner, Jannik"),
        ("Carlos Alcaraz", "Alcaraz, Carlos"),
    ]


def test_namesakes_fit_both_ways(listed: Listed, known: Known) -> None:
    (candidate,) = found(listed("Williams", "V. Williams"), known("Williams, Venus", "Williams, Vera"))
    assert candidate.fits_both_ways


def test_the_name_that_does_not_fit_may_be_alike(listed: Listed, known: Known) -> None:
    (candidate,) = found(listed("Jannik Sinner", "Alexander Zverev"), known(other="Zverev, Aleksander"))
    assert [name.rule for name in candidate.names] == [NameRule.NORMALISED, NameRule.SIMILAR]


def test_an_operators_no_leaves_a_match_out(listed: Listed, known: Known) -> None:
    listing = listed()
    assert candidates(listing, listing.participants, Schedule([known()]), lambda _: False) == []


def test_a_city_is_a_team_where_the_venue_says_the_league(listed: Listed, known: Known) -> None:
    fixture = known("Memphis Grizzlies", "Utah Jazz", sport="basketball", tournament="NBA")
    (told,) = found(listed("Memphis", "Utah", sport="basketball", competition="Pro Basketball (M)"), fixture)
    (untold,) = found(listed("Memphis", "Utah", sport="basketball"), fixture)
    assert [name.rule for name in told.names] == [NameRule.TEAM] * 2
    assert [name.rule for name in untold.names] == [NameRule.CITY] * 2


def test_a_nickname_of_one_league_says_its_marks(listed: Listed, known: Known) -> None:
    fixture = known("Indiana Fever", "Chicago Sky", sport="basketball", tournament="WNBA")
    (candidate,) = found(listed("Fever", "Sky", sport="basketball"), fixture)
    assert candidate.listed_marks == candidate.known_marks == ("women",)
