"""Betslip windows: sixty seconds from the last asking, a client's own, bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.abp import betslip as module
from hedgerow.abp.betslip import SlipKey, Windows
from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, OutcomeId

ONE = SlipKey("acme", FixtureId("id1"), MarketId(121), OutcomeId(121), NO_PLAYER)
OTHER = replace(ONE, client="zenith")
SHOWN = {"odds": {"pinnacle": "1.8"}}
MOVED = {"odds": {"pinnacle": "1.85"}}


def test_a_window_lasts_sixty_seconds_from_the_last_asking(clock: SteppedClock) -> None:
    windows = Windows(clock)
    windows.open(ONE, SHOWN)
    clock.advance(30)
    windows.open(OTHER, SHOWN)
    assert windows.of(ONE.fixture_id) == [ONE, OTHER]
    windows.open(ONE, SHOWN)
    clock.advance(60)
    assert windows.of(ONE.fixture_id) == []


def test_asking_again_begins_the_time_anew(clock: SteppedClock) -> None:
    windows = Windows(clock)
    windows.open(ONE, SHOWN)
    clock.advance(59)
    windows.open(ONE, SHOWN)
    clock.advance(59)
    assert windows.of(ONE.fixture_id) == [ONE]
    assert windows.of(FixtureId("id2")) == []


def test_of_too_many_windows_the_oldest_closes(clock: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WINDOWS", 1)
    windows = Windows(clock)
    windows.open(ONE, SHOWN)
    windows.open(OTHER, SHOWN)
    assert windows.of(ONE.fixture_id) == [OTHER]


def test_a_betslip_is_news_once_and_never_as_it_was_shown(clock: SteppedClock) -> None:
    windows = Windows(clock)
    windows.open(ONE, SHOWN)
    slips = (dict(SHOWN), MOVED, dict(MOVED), SHOWN)
    assert [windows.is_news(ONE, slip) for slip in slips] == [False, True, False, True]


def test_an_answer_unlike_the_last_push_makes_the_next_betslip_news(clock: SteppedClock) -> None:
    windows = Windows(clock)
    assert [windows.open(ONE, slip) for slip in (SHOWN, SHOWN, MOVED)] == [False, False, True]
    assert [windows.is_news(ONE, MOVED) for _ in range(2)] == [True, False]
    clock.advance(60)
    assert not windows.open(ONE, SHOWN)


def test_nothing_is_news_when_the_window_is_over(clock: SteppedClock) -> None:
    windows = Windows(clock)
    assert not windows.is_news(ONE, SHOWN)
    windows.open(ONE, SHOWN)
    clock.advance(60)
    assert not windows.is_news(ONE, MOVED)
