"""When a part of a page is loaded again."""

from __future__ import annotations

import pytest

from hedgerow.dashboard.freshness import Freshness


@pytest.fixture
def loaded() -> Freshness:
    """Loaded well at 100 s, every 10 s, not more often than every second."""
    fresh = Freshness(10, 1)
    assert fresh.is_due(100)
    fresh.begin(100)
    fresh.end(is_good=True)
    return fresh


def test_nobody_asks_and_it_waits_its_time(loaded: Freshness) -> None:
    assert not loaded.is_due(109.9)
    assert loaded.is_due(110)


def test_what_is_asked_for_comes_soon_but_not_at_once(loaded: Freshness) -> None:
    loaded.ask()
    assert not loaded.is_due(100.9)
    assert loaded.is_due(101)


def test_change_during_a_load_is_loaded_again(loaded: Freshness) -> None:
    loaded.begin(110)
    loaded.ask()
    assert not loaded.is_due(120)  # one at a time
    loaded.end(is_good=True)
    assert loaded.is_due(111)


def test_load_answers_what_was_asked_before_it(loaded: Freshness) -> None:
    loaded.ask()
    loaded.begin(101)
    loaded.end(is_good=True)
    assert not loaded.is_due(105)


def test_failures_are_tried_again_after_growing_pauses_with_a_bound(loaded: Freshness) -> None:
    now, pauses = 110.0, []
    for _ in range(5):
        loaded.begin(now)
        loaded.end(is_good=False)
        loaded.ask()  # a busy API is not asked more often for its own events
        pause = next(seconds for seconds in range(1000) if loaded.is_due(now + seconds))
        pauses.append(pause)
        now += pause
    assert pauses == [20, 40, 80, 80, 80]
    loaded.begin(now)
    loaded.end(is_good=True)
    assert loaded.is_due(now + 10)


def test_sign_of_life_ends_the_pause_after_failures_and_loads_nothing_else(loaded: Freshness) -> None:
    loaded.lives()
    assert not loaded.is_due(109.9)
    for now in (110, 130):
        loaded.begin(now)
        loaded.end(is_good=False)
    assert not loaded.is_due(169.9)
    loaded.lives()
    assert loaded.is_due(131)
