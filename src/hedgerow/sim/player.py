"""Plays a recording on the world: in real, scaled or stepped time.

In real and scaled time events happen when their hour comes. In stepped time the world goes from one moment to the
next (an event, or whatever the world or a follower wants to wake for) and each is finished everywhere before the
next begins. While somebody follows, no step is longer than a stride, so that whatever he does every few seconds is
done; only a long quiet time before play is leapt over (docs/decisions/0010). After the last event the world's time
goes on for a while, so that the result can be picked up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain, groupby
from typing import Any

from hedgerow.core.clock import NS_PER_MS, NS_PER_S, SystemClock, datetime_of_ms
from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import spawn, stop
from hedgerow.sim.events import Recording, ReplayEvent, starting_at
from hedgerow.sim.stage import Stage
from hedgerow.sim.stepping import Stepper
from hedgerow.sim.takers import Action, TakerRules, Takers, with_takers
from hedgerow.sim.world import World

FASTEST = Decimal(10_000)
# How long the world's time goes on after the last event: the feed's grades are asked for a quarter of an hour after
# the end, which costs nothing in stepped time and is too long to wait for otherwise.
SETTLE_STEPPED_S, SETTLE_RUNNING_S = 1_800, 60
# The longest step while somebody follows. The feed is taken for dead after 10 s without a frame and says something
# every 5.5 s, an exchange's dead-man's switch is fed every 5 s and fires after 10: strides of up to 4.5 s keep both.
STRIDE_NS = 4 * NS_PER_S
# Before play, a longer time without an event is leapt over, but for the last of it: in these strides a follower finds
# back to what he does all the time, before the next event.
_LONGEST_WALK_NS = 300 * NS_PER_S
_LANDING_NS = 60 * NS_PER_S
# A recording that begins so near to the machine's time, at its own pace, is played in the machine's time.
_SAME_TIME_NS = 5 * NS_PER_S
_MOST_STEPS_AT_ONE_TIME = 10_000


class PlayState(StrEnum):
    PLAYING = "playing"
    SETTLING = "settling"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Playing:
    """How a recording is played."""

    speed: Decimal  # world seconds in a second; 0: stepped time
    exchanges: Sequence[str] = ()  # where takers go
    seed: int = 1
    start_ns: int | None = None  # where in the recording to begin; None: at its start
    from_live: bool = False  # begin where the first fixture goes live
    settle_s: int | None = None  # world seconds after the last event; None: by the pace
    takers: TakerRules = field(default_factory=TakerRules)


class StuckError(HedgerowError):
    """Somebody wants to wake again and again at one time."""


class Player:
    """One replay."""

    def __init__(self, world: World, stepper: Stepper, recording: Recording, playing: Playing) -> None:
        self._world, self._stepper, self._recording, self._playing = world, stepper, recording, playing
        self._stage = Stage(world)
        self._task: asyncio.Task[None] | None = None
        self._state = PlayState.PLAYING
        self._error: str | None = None

    @property
    def is_playing(self) -> bool:
        return self._state in (PlayState.PLAYING, PlayState.SETTLING)

    async def start(self) -> None:
        """Sets the world's clock and plays in the background. Raises InputError when it cannot even begin."""
        first_ns, actions = await asyncio.to_thread(self._actions)  # passing over a long start takes seconds
        self._set_clock(first_ns)
        self._task = spawn(self._run(actions), "replay")

    async def stop(self) -> None:
        """Ends the replay where it is; a second time, or after its end, does nothing."""
        if self.is_playing:
            self._state = PlayState.STOPPED
        await stop(self._task)

    async def ended(self) -> None:
        """Waits until the replay has ended, whichever way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def _actions(self) -> tuple[int, Iterator[Action]]:
        playing = self._playing
        events: Iterator[ReplayEvent] = self._recording.events()
        first_ns = self._recording.summary.first_ns
        if playing.from_live or playing.start_ns is not None:
            events = starting_at(events, None if playing.from_live else playing.start_ns)
        first = next(events, None)
        if first is not None:
            first_ns = first.at_ns
            events = chain((first,), events)
        return first_ns, with_takers(events, Takers(playing.exchanges, playing.seed, playing.takers))

    def _set_clock(self, first_ns: int) -> None:
        clock, speed = self._world.clock, self._playing.speed
        if not speed:
            clock.run_stepped(first_ns)
            return
        if speed == 1 and abs(SystemClock().now_ns() - first_ns) < _SAME_TIME_NS:
            clock.run_real()
        else:
            clock.run_scaled(first_ns, float(speed))

    async def _run(self, actions: Iterator[Action]) -> None:
        try:
            await (self._run_stepped(actions) if not self._playing.speed else self._run_in_time(actions))
        except HedgerowError as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise
        else:
            self._state = PlayState.FINISHED

    def _fail(self, error: str) -> None:
        self._state, self._error = PlayState.FAILED, error

    # --- running time ----------------------------------------------------------------------------------------

    async def _run_in_time(self, actions: Iterator[Action]) -> None:
        for action in actions:
            left_ns = action.at_ns - self._world.clock.now_ns()
            await self._world.clock.sleep(max(0, left_ns) / NS_PER_S)  # late or not, others get their turn
            self._stage.apply(action)
        self._state = PlayState.SETTLING
        await self._world.clock.sleep(self._settle_s(SETTLE_RUNNING_S))

    # --- stepped time ----------------------------------------------------------------------------------------

    async def _run_stepped(self, actions: Iterator[Action]) -> None:
        for at_ns, moment in groupby(actions, key=lambda action: action.at_ns):
            await self._go_until(at_ns)
            together = list(moment)
            await self._stepper.step_to(at_ns, lambda together=together: self._apply(together))  # type: ignore[misc]
        self._state = PlayState.SETTLING
        await self._walk_until(self._world.clock.now_ns() + self._settle_s(SETTLE_STEPPED_S) * NS_PER_S)

    def _apply(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._stage.apply(action)

    async def _go_until(self, end_ns: int) -> None:
        """Goes to just before a time, over a long quiet time in one leap."""
        if end_ns - self._world.clock.now_ns() > _LONGEST_WALK_NS and not self._world.is_live:
            await self._step_until(end_ns - _LANDING_NS, stride_ns=None)
            await self._stepper.step_to(end_ns - _LANDING_NS)
        await self._walk_until(end_ns)

    async def _walk_until(self, end_ns: int) -> None:
        await self._step_until(end_ns, stride_ns=STRIDE_NS)

    async def _step_until(self, end_ns: int, stride_ns: int | None) -> None:
        """Steps to everything that somebody wants to wake for before a time, and at least once in a stride."""
        steps_here, here_ns = 0, -1
        while (next_ns := self._next_ns(stride_ns)) is not None and next_ns < end_ns:
            await self._stepper.step_to(next_ns)
            now_ns = self._world.clock.now_ns()
            steps_here, here_ns = (steps_here + 1 if now_ns == here_ns else 1), now_ns
            if steps_here > _MOST_STEPS_AT_ONE_TIME:
                raise StuckError(f"somebody wants to wake at {next_ns} for ever; it is {now_ns} already")

    def _next_ns(self, stride_ns: int | None) -> int | None:
        wake_ns = self._stepper.next_wake_ns()
        if stride_ns is None or not self._stepper.is_followed:
            return wake_ns
        stride_end_ns = self._world.clock.now_ns() + stride_ns
        return stride_end_ns if wake_ns is None else min(wake_ns, stride_end_ns)

    def _settle_s(self, usual_s: int) -> int:
        return usual_s if self._playing.settle_s is None else self._playing.settle_s

    # --- what is told ----------------------------------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """How far the replay is, as `GET /sim/replay` tells it."""
        summary, stage, playing = self._recording.summary, self._stage, self._playing
        return {
            "state": self._state.value,
            "file": summary.file,
            "kind": summary.kind,
            "title": summary.title,
            "market": summary.market or None,
            "fixtures": [self._fixture(fixture_id) for fixture_id in summary.fixture_ids],
            "speed": playing.speed,
            "seed": playing.seed,
            "exchanges": list(playing.exchanges),
            "messages": self._recording.messages_read,
            "messagesTotal": summary.messages,
            "fraction": _fraction(self._recording.messages_read, summary.messages),
            "events": stage.events,
            "ticks": stage.ticks,
            "takers": stage.takers,
            "takerFills": stage.taker_fills,
            "settled": sorted(stage.settled),
            "now": self._world.clock.now().isoformat(),
            "from": _iso(summary.first_ns),
            "to": _iso(summary.last_ns),
            "warnings": list(summary.warnings),
            "error": self._error,
        }

    def _fixture(self, fixture_id: str) -> dict[str, Any]:
        known = next((f for f in self._world.fixtures.values() if f.fixture_id == fixture_id), None)
        return {
            "fixtureId": fixture_id,
            "sportId": known.sport_id if known else None,
            "tournamentId": known.tournament_id if known else None,
            "statusId": known.status_id if known else None,
        }


def _fraction(part: int, whole: int) -> Decimal:
    return (Decimal(part) / max(whole, 1)).quantize(Decimal("0.0001"))


def _iso(ns: int) -> str:
    return datetime_of_ms(ns // NS_PER_MS).isoformat()
