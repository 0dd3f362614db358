"""A service's clock in a simulated world: it keeps the time that the world says, at the world's pace.

The world says over a WebSocket how its time runs, on connecting and on every change:

    {"type": "clock", "pace": "real" | "scaled" | "stepped", "nowNs": int, "speed": float}

In stepped time it asks for one step after another; each is answered when all that it brought is finished here:

    {"type": "step", "step": n, "nowNs": int}
    {"type": "settled", "step": n, "frames": {"<client port>-<server port>": count}, "nextWakeNs": int | null}

`frames` are the data frames handled on each open socket, by which the world knows that nothing is on its way to us.
When the world goes away its time goes on as it was, or stands, and the connection is made again.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

import msgspec
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from hedgerow.core.clock import NS_PER_S, Clock, ScaledClock, SteppedClock, SystemClock, _Reading
from hedgerow.core.tasks import Backoff, work

_log = structlog.get_logger(__name__)

FrameCounts = Callable[[], Mapping[str, int]]
"""Data frames handled on each open socket, by `socket_pair`."""


_CONNECT_S = 5.0
_LONGEST_PAUSE_S = 2.0


class Pace(StrEnum):
    """How a world's time runs."""

    REAL = "real"
    SCALED = "scaled"
    STEPPED = "stepped"


class ClockMessage(msgspec.Struct, frozen=True, tag="clock", rename="camel"):
    """How the world's time runs from now on. `speed`: world seconds in a second, where the pace is scaled."""

    pace: Pace
    now_ns: int
    speed: float


class StepMessage(msgspec.Struct, frozen=True, tag="step", rename="camel"):
    """Go to this time, and say when all that it brings is done."""

    step: int
    now_ns: int


class SettledMessage(msgspec.Struct, frozen=True, tag="settled", rename="camel"):
    """The answer to a step. `next_wake_ns`: when somebody here wants to be woken next."""

    step: int
    frames: Mapping[str, int]
    next_wake_ns: int | None


_decoder = msgspec.json.Decoder(ClockMessage | StepMessage)
_encoder = msgspec.json.Encoder()


@dataclass(order=True, slots=True)
class _Sleeper:
    at_ns: int
    sequence: int
    soft: bool = field(compare=False)
    wake: asyncio.Future[None] = field(compare=False)


class FollowedClock(_Reading):
    """A clock that changes its pace when it is told to. Whoever sleeps in it sleeps on over such a change."""

    def __init__(self) -> None:
        """The machine's time, until the first `follow`."""
        self.pace = Pace.REAL
        self._clock: Clock = SystemClock()
        self._speed = 1.0
        self._sleepers: list[_Sleeper] = []
        self._sequence = count()
        self._timer: asyncio.TimerHandle | None = None
        self._told = asyncio.Event()

    def now_ns(self) -> int:
        return self._clock.now_ns()

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = _Sleeper(self.now_ns() + int(seconds * NS_PER_S), next(self._sequence), soft, wake)
        heapq.heappush(self._sleepers, sleeper)
        self._set_timer()
        try:
            with work.resting():
                await wake
        except asyncio.CancelledError:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)
            raise

    async def told(self, timeout_s: float) -> bool:
        """Whether the world has said what time it is, waiting for it at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._told.wait()
        except TimeoutError:
            return False
        return True

    def next_wake_ns(self) -> int | None:
        """When the earliest sleeper that a step must stop for wants to wake; None when there is none."""
        return min((sleeper.at_ns for sleeper in self._sleepers if not sleeper.soft), default=None)

    def run(self, pace: Pace, now_ns: int, speed: float = 1.0) -> None:
        """Changes the pace. Where the same time only goes on, sleepers keep their hour; else what is left of it.

        now_ns: not used for the machine's own pace. speed > 0, used for the scaled pace.
        """
        before_ns, goes_on = self.now_ns(), pace is self.pace and now_ns >= self.now_ns()
        match pace:
            case Pace.REAL:
                self._clock, self._speed = SystemClock(), 1.0
            case Pace.SCALED:
                self._clock, self._speed = ScaledClock(now_ns, speed), speed
            case Pace.STEPPED:
                self._clock = SteppedClock(now_ns)
        self.pace = pace
        if not goes_on:
            shift_ns = self.now_ns() - before_ns
            for sleeper in self._sleepers:
                sleeper.at_ns += shift_ns  # all alike: the heap's order stays
        self._told.set()
        self._wake_sleepers()

    def step_to(self, now_ns: int) -> None:
        """Advances a stepped clock and wakes whose time has come, in order. Raises TypeError in another pace."""
        if not isinstance(self._clock, SteppedClock):
            raise TypeError("only a stepped clock is stepped")
        self._clock.advance_to(now_ns)
        self._wake_sleepers()

    def _wake_sleepers(self) -> None:
        now_ns = self.now_ns()
        while self._sleepers and self._sleepers[0].at_ns <= now_ns:
            sleeper = heapq.heappop(self._sleepers)
            if not sleeper.wake.done():
                sleeper.wake.set_result(None)
        self._set_timer()

    def _set_timer(self) -> None:
        """In running time the earliest sleeper is woken by the event loop."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._sleepers and self.pace is not Pace.STEPPED:
            left_s = (self._sleepers[0].at_ns - self.now_ns()) / NS_PER_S / self._speed
            self._timer = asyncio.get_running_loop().call_later(max(left_s, 0), self._wake_sleepers)


async def follow(url: str, clock: FollowedClock, frames: FrameCounts) -> None:
    """Keeps the clock with the world's at `url` until it is cancelled.

    frames: this process's counts, asked when a step has settled.
    """
    backoff = Backoff(0.05, _LONGEST_PAUSE_S)
    was_down = False
    while True:
        try:
            async with connect(url, open_timeout=_CONNECT_S, compression=None, proxy=None) as socket:
                if was_down:
                    _log.info("world clock up")
                was_down = False
                async for text in socket:
                    if answer := await _obey(_decoder.decode(text), clock, frames):
                        await socket.send(_encoder.encode(answer).decode())
                    backoff.reset()
            error = "closed"
        except (OSError, TimeoutError, WebSocketException, msgspec.MsgspecError, ValueError, TypeError) as failure:
            error = str(failure) or type(failure).__name__
        if not was_down:
            _log.warning("world clock down", error=error)
            was_down = True
        await asyncio.sleep(backoff.next_pause_s())


async def _obey(
    message: ClockMessage | StepMessage, clock: FollowedClock, frames: FrameCounts
) -> SettledMessage | None:
    match message:
        case ClockMessage(pace=pace, now_ns=now_ns, speed=speed):
            clock.run(pace, now_ns, speed)
            return None
        case StepMessage(step=step, now_ns=now_ns):
            clock.step_to(now_ns)
            await work.settled()
            return SettledMessage(step, frames(), clock.next_wake_ns())
