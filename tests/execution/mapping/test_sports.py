"""What differs between sports."""

from __future__ import annotations

import pytest

from hedgerow.execution.mapping.sports import WINDOW_S, may_be_drawn, tolerance_s
from hedgerow.execution.mapping.text import words
from hedgerow.sim.markets import SPORTS


@pytest.mark.parametrize(
    ("title", "answer"),
    [
        ("Test Series England vs India", True),
        ("The Ashes", True),
        ("Sheffield Shield", True),
        ("County Championship, Division 1", True),
        ("Indian Premier League", False),
        ("ODI Series", False),
    ],
)
def test_cricket_of_several_days_may_be_drawn(title: str, answer: object) -> None:
    assert may_be_drawn("cricket", words(title)) is answer


def test_no_other_sport_takes_a_test_for_a_draw() -> None:
    assert not may_be_drawn("tennis", words("Test Event"))


@pytest.mark.parametrize("sport", [sport.slug for sport in SPORTS] + ["chess"])
def test_what_is_near_is_well_within_what_is_looked_at(sport: str) -> None:
    assert 0 < tolerance_s(sport) <= WINDOW_S // 6


def test_players_who_meet_several_times_a_day_have_the_narrowest_tolerance() -> None:
    assert tolerance_s("table-tennis") < tolerance_s("baseball") < tolerance_s("soccer") < tolerance_s("tennis")
