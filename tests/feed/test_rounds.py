"""What is asked next."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.core.states import FixtureStatus
from hedgerow.feed.catalogue import Catalogue
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.gate import Limits
from hedgerow.feed.rounds import OVERLAP_MS, Rounds
from hedgerow.feed.times import NEVER_MS

LIMITS = Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000)
NOW = 1_788_000_000_000
ALL = ((),)


def fixture(number, live=False):
    state = FixtureState(f"id10000017{number:08d}", Catalogue())
    state.status = FixtureStatus.LIVE if live else FixtureStatus.PREGAME
    return state


@pytest.fixture
def rounds():
    return Rounds(LIMITS)


def answer(rounds, asked, at_ms, told=None):
    return rounds.done(asked, at_ms, set(asked.query.fixtures) if told is None else told)


def cover_all(rounds, fixtures, at_ms, groups=ALL):
    """Answers rounds until nothing is due."""
    asked_of = []
    while asked := rounds.next(fixtures, groups, at_ms, NEVER_MS):
        asked_of.append(asked)
        answer(rounds, asked, at_ms)
    return asked_of


def test_new_fixtures_main_lines_come_first_and_fifty_at_once(rounds):
    fixtures = [fixture(number) for number in range(120)]
    asked = cover_all(rounds, fixtures, NOW)
    assert [len(each.query.fixtures) for each in asked[:3]] == [50, 50, 20]
    assert all(each.is_main and each.query.since_ms is None for each in asked[:3])
    assert {name for each in asked[:3] for name in each.query.fixtures} == {each.fixture_id for each in fixtures}


def test_then_each_fixture_is_asked_for_everything(rounds):
    asked = cover_all(rounds, [fixture(1), fixture(2)], NOW)
    assert [each.is_complete for each in asked] == [False, True, True]


def test_nothing_is_due_right_after(rounds):
    fixtures = [fixture(1)]
    cover_all(rounds, fixtures, NOW)
    assert rounds.next(fixtures, ALL, NOW + 29_999, NEVER_MS) is None
    assert rounds.next(fixtures, ALL, NOW + 30_000, NEVER_MS) is not None


def test_later_rounds_ask_for_changes_with_an_overlap(rounds):
    fixtures = [fixture(1)]
    cover_all(rounds, fixtures, NOW)
    asked = rounds.next(fixtures, ALL, NOW + 40_000, NEVER_MS)
    assert asked.is_main
    assert asked.query.since_ms == NOW - OVERLAP_MS


def test_everything_is_asked_for_again_after_ten_minutes(rounds):
    fixtures = [fixture(1)]
    cover_all(rounds, fixtures, NOW)
    later = cover_all(rounds, fixtures, NOW + 600_000)
    assert [each.is_complete for each in later if not each.is_main] == [False]
    assert any(each.is_complete for each in cover_all(rounds, fixtures, NOW + 640_001))


def test_live_fixtures_are_due_sooner(rounds):
    live, calm = fixture(1, live=True), fixture(2)
    cover_all(rounds, [live, calm], NOW)
    asked = rounds.next([live, calm], ALL, NOW + 5_000, NEVER_MS)
    assert asked.query.fixtures == (live.fixture_id,)


def test_round_that_goes_out_takes_others_along(rounds):
    live, calm = fixture(1, live=True), fixture(2)
    cover_all(rounds, [live, calm], NOW)
    asked = rounds.next([live, calm], ALL, NOW + 15_000, NEVER_MS)
    assert asked.query.fixtures == (live.fixture_id, calm.fixture_id)


def test_new_fixtures_and_known_ones_are_asked_for_apart(rounds):
    known, new = fixture(1), fixture(2)
    cover_all(rounds, [known], NOW)
    first = rounds.next([known, new], ALL, NOW + 40_000, NEVER_MS)
    assert (first.query.fixtures, first.query.since_ms) == ((new.fixture_id,), None)
    answer(rounds, first, NOW + 40_000)
    then = rounds.next([known, new], ALL, NOW + 40_000, NEVER_MS)
    assert then.query.fixtures == (known.fixture_id,)


def test_most_overdue_fixtures_come_first(rounds):
    fixtures = [fixture(number) for number in range(60)]
    for number, each in enumerate(fixtures):
        cover_all(rounds, [each], NOW - number)
    asked = rounds.next(fixtures, ALL, NOW + 40_000, NEVER_MS)
    assert set(asked.query.fixtures) == {each.fixture_id for each in fixtures[10:]}


def test_after_a_gap_everything_is_due_and_asks_since_the_last_answer(rounds):
    fixtures = [fixture(1)]
    cover_all(rounds, fixtures, NOW)
    asked = rounds.next(fixtures, ALL, NOW + 1_000, NOW + 500)
    assert asked.is_main
    assert asked.query.since_ms == NOW - OVERLAP_MS


def test_bookmakers_are_asked_for_in_groups(rounds):
    groups = (("a", "b", "c", "d", "e"), ("f",))
    asked = cover_all(rounds, [fixture(1)], NOW, groups)
    assert {each.query.bookmakers for each in asked if each.is_main} == set(groups)


def test_answer_to_changes_confirms_what_it_does_not_tell_of(rounds):
    fixtures = [fixture(1), fixture(2)]
    cover_all(rounds, fixtures, NOW)
    asked = rounds.next(fixtures, ALL, NOW + 40_000, NEVER_MS)
    assert set(answer(rounds, asked, NOW + 40_000, told=set())) == set(asked.query.fixtures)


def test_feed_that_tells_of_unmoved_fixtures_does_not_confirm_one_that_it_leaves_out(rounds):
    fixtures = [fixture(1), fixture(2)]
    cover_all(rounds, fixtures, NOW)
    asked = rounds.next(fixtures, ALL, NOW + 40_000, NEVER_MS)
    there, left_out = asked.query.fixtures
    assert rounds.done(asked, NOW + 40_000, {there}, unmoved={there}) == [there]
    later = rounds.next(fixtures, ALL, NOW + 80_000, NEVER_MS)
    assert rounds.done(later, NOW + 80_000, {there}, unmoved=()) == [there]
    assert left_out in later.query.fixtures


def test_first_answer_confirms_only_what_it_tells_of(rounds):
    fixtures = [fixture(1), fixture(2)]
    asked = rounds.next(fixtures, ALL, NOW, NEVER_MS)
    assert answer(rounds, asked, NOW, told={fixtures[0].fixture_id}) == [fixtures[0].fixture_id]
    silent = fixtures[1]
    following = cover_all(rounds, fixtures, NOW + 1)
    assert not any(each.is_main and silent.fixture_id in each.query.fixtures for each in following)


def test_whole_answer_that_proves_nothing_is_asked_for_again(rounds):
    fixtures = [fixture(1)]
    name = fixtures[0].fixture_id
    answer(rounds, rounds.next(fixtures, ALL, NOW, NEVER_MS), NOW)
    whole = rounds.next(fixtures, ALL, NOW, NEVER_MS)
    assert rounds.done(whole, NOW, {name}, unproven={name}) == [name]
    later = [each for each in cover_all(rounds, fixtures, NOW + 30_000) if not each.is_main]
    assert [each.is_complete for each in later] == [True]


def test_refused_fixtures_wait_and_the_others_go_on(rounds):
    fixtures = [fixture(1), fixture(2)]
    asked = rounds.next(fixtures, ALL, NOW, NEVER_MS)
    rounds.refused(asked, NOW)
    single = rounds.next(fixtures, ALL, NOW, NEVER_MS)
    assert not single.is_main
    rounds.refused(single, NOW)
    other = rounds.next(fixtures, ALL, NOW, NEVER_MS)
    assert other.query.fixtures != single.query.fixtures
    answer(rounds, other, NOW)
    assert rounds.next(fixtures, ALL, NOW + 29_999, NEVER_MS) is None
    assert single.query.fixtures[0] in rounds.next(fixtures, ALL, NOW + 30_000, NEVER_MS).query.fixtures


def test_fixtures_that_are_no_longer_followed_are_forgotten(rounds):
    fixtures = [fixture(1)]
    cover_all(rounds, fixtures, NOW)
    rounds.keep(set())
    assert rounds.next(fixtures, ALL, NOW + 1, NEVER_MS).query.since_ms is None


def test_started_fixture_is_asked_for_as_if_it_were_live(rounds):
    late = fixture(1)
    late.info.start_time = NOW // 1000 - 1
    cover_all(rounds, [late], NOW)
    assert rounds.next([late], ALL, NOW + 5_000, NEVER_MS) is not None


@settings(max_examples=15)
@given(st.integers(1, 300), st.integers(0, 40))
def test_two_requests_a_second_confirm_all_main_lines_in_time(calm, live):
    """The rate of the plan against fixtures at their own limits, for two minutes: no main line is ever too old."""
    rounds = Rounds(LIMITS)
    fixtures = [fixture(number) for number in range(calm)] + [
        fixture(1000 + number, live=True) for number in range(live)
    ]
    confirmed = {}
    for half_second in range(240):
        now_ms = NOW + half_second * 500
        if asked := rounds.next(fixtures, ALL, now_ms, NEVER_MS):
            confirmed |= dict.fromkeys(answer(rounds, asked, now_ms), now_ms)
        if half_second > 20:
            for each in fixtures:
                assert now_ms - confirmed[each.fixture_id] <= LIMITS.age_ms(each, now_ms)
