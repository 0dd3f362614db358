"""Switches: what each does in each state, and that repeating one changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.mm.controls import (
    Controls,
    Result,
    Switch,
    SystemState,
    SystemSwitch,
    TradingState,
    trading_state,
    turn,
    turn_system,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
LIVE = Controls(ClientName("demo"), VenueSlug("pinnacle"), None, None, None, None)
QUIET = SystemState(soft_paused=False, stopped=False, emergency=False, reason=None, since=None)
PAUSED, _ = turn(LIVE, Switch.PAUSE, NOW, "lunch")
STOPPED, _ = turn(LIVE, Switch.STOP, NOW, "news")


def test_client_whom_the_operator_has_taken_out_is_stopped() -> None:
    assert trading_state(replace(LIVE, is_active=False), QUIET) is TradingState.SYSTEM_STOPPED


@pytest.mark.parametrize(
    ("controls", "switch", "result"),
    [
        (LIVE, Switch.PAUSE, Result.PAUSED),
        (PAUSED, Switch.PAUSE, Result.ALREADY_PAUSED),
        (STOPPED, Switch.PAUSE, Result.ALREADY_STOPPED),
        (LIVE, Switch.RESUME, Result.ALREADY_LIVE),
        (PAUSED, Switch.RESUME, Result.RESUMED),
        (STOPPED, Switch.RESUME, Result.START_REQUIRED),
        (LIVE, Switch.STOP, Result.STOPPED),
        (PAUSED, Switch.STOP, Result.STOPPED),
        (STOPPED, Switch.STOP, Result.ALREADY_STOPPED),
        (LIVE, Switch.START, Result.ALREADY_LIVE),
        (PAUSED, Switch.START, Result.STARTED),
        (STOPPED, Switch.START, Result.STARTED),
    ],
)
def test_every_switch_in_every_state(controls: Controls, switch: Switch, result: Result) -> None:
    assert turn(controls, switch, LATER, None)[1] is result


def test_repeating_a_switch_keeps_its_time_and_reason() -> None:
    again, _ = turn(PAUSED, Switch.PAUSE, LATER, "other")
    assert (again.paused_at, again.pause_reason) == (NOW, "lunch")


def test_strongest_switch_is_shown() -> None:
    assert trading_state(LIVE, QUIET) is TradingState.LIVE
    assert trading_state(PAUSED, QUIET) is TradingState.MANUAL_PAUSED
    assert trading_state(PAUSED, turn_system(QUIET, SystemSwitch.SOFT_PAUSE, NOW, None)) is TradingState.SOFT_PAUSED
    assert trading_state(STOPPED, turn_system(QUIET, SystemSwitch.STOP, NOW, None)) is TradingState.SYSTEM_STOPPED
    assert trading_state(LIVE, turn_system(QUIET, SystemSwitch.EMERGENCY, NOW, None)) is TradingState.EMERGENCY


def test_only_a_pause_keeps_resting_orders() -> None:
    assert {state for state in TradingState if state.keeps} == {TradingState.LIVE, TradingState.MANUAL_PAUSED}


def test_clear_releases_every_operator_switch() -> None:
    ordered = turn_system(turn_system(QUIET, SystemSwitch.STOP, NOW, "x"), SystemSwitch.EMERGENCY, LATER, "y")
    assert ordered.since == NOW
    assert turn_system(ordered, SystemSwitch.CLEAR, LATER, None) == QUIET
