"""What of the feed is followed."""

from __future__ import annotations

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.states import FixtureStatus
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.scope import Scope


def fixture(sport=10, tournament=17, status=FixtureStatus.PREGAME, known=True):
    state = FixtureState("id1000001700000001", Catalogue())
    state.info = wire.Fixture(
        fixture_id=state.fixture_id,
        sport=wire.Sport(sport_id=sport),
        tournament=wire.Tournament(tournament_id=tournament),
    )
    state.status, state.info_as_of_ms = status, 0 if known else -1
    return state


@pytest.mark.parametrize("sports", [(1,), (10, 2)])
def test_sports_are_the_feeds_own(sports):
    with pytest.raises(ValueError, match="numbered from 10"):
        Scope(sports)


def test_no_sports_named_means_all():
    assert Scope().wants(fixture(sport=27))


def test_only_watched_tournaments_are_kept_right():
    assert Scope(watched=frozenset({17})).wants(fixture(tournament=17))
    assert not Scope(watched=frozenset()).wants(fixture(tournament=17))


def test_held_fixture_is_kept_right_whatever_its_tournament():
    held = frozenset({fixture().fixture_id})
    assert Scope(watched=frozenset(), held=held).wants(fixture())
    assert not Scope(watched=frozenset(), held=held).wants(fixture(status=FixtureStatus.FINISHED))


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (fixture(), True),
        (fixture(sport=11), False),
        (fixture(tournament=8), False),
        (fixture(status=FixtureStatus.LIVE), True),
        (fixture(status=FixtureStatus.FINISHED), False),
        (fixture(status=FixtureStatus.CANCELLED), False),
        (fixture(known=False), False),
    ],
)
def test_fixture_is_wanted_by_sport_tournament_and_status(state, wanted):
    assert Scope((10,), tournaments=(17,)).wants(state) is wanted


def test_no_tournaments_named_means_all():
    assert Scope((10,)).wants(fixture(tournament=8))


def test_bookmakers_come_in_groups_of_five():
    assert Scope((10,), tuple("gfedcba")).bookmaker_groups("abcdefghij") == (tuple("abcde"), tuple("fg"))
    assert Scope((10,)).bookmaker_groups("abc") == ((),)


def test_bookmakers_that_the_key_may_not_see_are_not_asked_for():
    scope = Scope((10,), tuple("abc"))
    assert scope.bookmaker_groups("bcd") == (("b", "c"),)
    assert scope.bookmaker_groups("xyz") == ()


def test_window_is_in_seconds():
    assert Scope((10,), ahead_s=50, behind_s=20).window_s(1_000 * NS_PER_S + 999) == (980, 1_050)
