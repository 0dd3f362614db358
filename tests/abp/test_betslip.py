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


def test_a_window_lasts_sixty_seconds_from_the_last_asking(clock: SteppedClock) -> None:
    windows = Windows(clock)
    windows.open(ONE)
    clock.advance(30)
    windows.open(OTHER)
    assert windows.of(ONE.fixture_id) == [ONE, OTHER]
    windows.open(ONE)
    clock.advance(60)
    assert windows.of(ONE.fixture_id) == []


def test_asking_again_begins_the_time_anew(clock: SteppedClock) -> None:
    windows = Windows(clock)
    windows.open(ONE)
    clock.advance(59)
    windows.open(ONE)
    clock.advance(59)
    assert windows.of(ONE.fixture_id) == [ONE]
    assert windows.of(FixtureId("id2")) == []


def test_of_too_many_windows_the_oldest_closes(clock: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WINDOWS", 1)
    windows = Windows(clock)
    windows.open(ONE)
    windows.open(OTHER)
    assert windows.of(ONE.fixture_id) == [OTHER]
