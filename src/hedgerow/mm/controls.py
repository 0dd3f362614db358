"""Starting and stopping: what a client's switches and the operator's do, and what the API answers.

`pause` keeps resting orders and posts no new ones; `stop` cancels every open order, then stays stopped; after a stop
only `start` goes on. State, reason and time are in the database, so they survive a restart; repeating a switch changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import Micros, micros_floor


@dataclass(frozen=True, slots=True)
class Controls:
    """Who stopped what: a client's own switches, and whether the operator lets it trade at all."""

    client: ClientName
    bookmaker: VenueSlug
    paused_at: datetime | None
    pause_reason: str | None
    stopped_at: datetime | None
    stop_reason: str | None
    is_active: bool = True
    has_something_open: bool = False
    """Told of an inactive client alone: what rests in its name is to be taken away, what was filled is hedged and
    settled."""


@dataclass(frozen=True, slots=True)
class SystemState:
    """The operator's switches over the whole deployment."""

    soft_paused: bool
    stopped: bool
    emergency: bool
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class TournamentSettings:
    """Of one client. limit_share: the ratio in micros, rounded down, since every tick multiplies by it."""

    tournament_id: int
    is_active: bool
    limit_ratio: Decimal
    price_ticks: int
    limit_share: Micros = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit_share", micros_floor(self.limit_ratio))


class TradingState(StrEnum):
    """Of one client, as the API shows it; the strongest switch wins."""

    LIVE = "live"
    MANUAL_PAUSED = "manual_paused"
    MANUAL_STOPPED = "manual_stopped"
    SOFT_PAUSED = "soft_paused"
    SYSTEM_STOPPED = "system_stopped"
    EMERGENCY = "emergency"

    @property
    def posts(self) -> bool:
        """Whether new orders may be posted."""
        return self is TradingState.LIVE

    @property
    def keeps(self) -> bool:
        """Whether resting orders stay: only a pause keeps them; every other switch takes them away."""
        return self in (TradingState.LIVE, TradingState.MANUAL_PAUSED)


def trading_state(controls: Controls, system: SystemState) -> TradingState:
    """The state that all switches together make."""
    if system.emergency:
        return TradingState.EMERGENCY
    if system.stopped or not controls.is_active:
        return TradingState.SYSTEM_STOPPED
    if controls.stopped_at is not None:
        return TradingState.MANUAL_STOPPED
    if system.soft_paused:
        return TradingState.SOFT_PAUSED
    return TradingState.MANUAL_PAUSED if controls.paused_at is not None else TradingState.LIVE


class Switch(StrEnum):
    """A client's own switches."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    START = "start"


class Result(StrEnum):
    """What a switch did."""

    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    STARTED = "started"
    ALREADY_PAUSED = "already_paused"
    ALREADY_STOPPED = "already_stopped"
    ALREADY_LIVE = "already_live"
    START_REQUIRED = "start_required"


def turn(controls: Controls, switch: Switch, now: datetime, reason: str | None) -> tuple[Controls, Result]:
    """The client's switches after one of them was turned, and the answer. The same controls come back when nothing
    changes."""
    paused, stopped = controls.paused_at is not None, controls.stopped_at is not None
    match switch:
        case Switch.PAUSE if stopped:
            return controls, Result.ALREADY_STOPPED
        case Switch.PAUSE if paused:
            return controls, Result.ALREADY_PAUSED
        case Switch.PAUSE:
            return replace(controls, paused_at=now, pause_reason=reason), Result.PAUSED
        case Switch.RESUME if stopped:
            return controls, Result.START_REQUIRED
        case Switch.RESUME if not paused:
            return controls, Result.ALREADY_LIVE
        case Switch.RESUME:
            return replace(controls, paused_at=None, pause_reason=None), Result.RESUMED
        case Switch.STOP if stopped:
            return controls, Result.ALREADY_STOPPED
        case Switch.STOP:
            stopped_now = replace(controls, stopped_at=now, stop_reason=reason)
            return replace(stopped_now, paused_at=None, pause_reason=None), Result.STOPPED
        case Switch.START if not (stopped or paused):
            return controls, Result.ALREADY_LIVE
        case _:
            live = replace(controls, stopped_at=None, stop_reason=None, paused_at=None, pause_reason=None)
            return live, Result.STARTED


class SystemSwitch(StrEnum):
    """The operator's switches over the whole deployment."""

    SOFT_PAUSE = "soft-pause"
    STOP = "stop"
    EMERGENCY = "emergency"
    CLEAR = "clear"


def turn_system(system: SystemState, switch: SystemSwitch, now: datetime, reason: str | None) -> SystemState:
    """The deployment's switches after the operator turned one; `clear` releases all of them."""
    if switch is SystemSwitch.CLEAR:
        return SystemState(soft_paused=False, stopped=False, emergency=False, reason=None, since=None)
    since = system.since or now
    match switch:
        case SystemSwitch.SOFT_PAUSE:
            return replace(system, soft_paused=True, reason=reason, since=since)
        case SystemSwitch.STOP:
            return replace(system, stopped=True, reason=reason, since=since)
        case _:
            return replace(system, emergency=True, reason=reason, since=since)
