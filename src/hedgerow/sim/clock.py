"""The world's one clock: the machine's, a scaled one, or one that stands until the player steps it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from hedgerow.core.clock import Clock, ScaledClock, SteppedClock, SystemClock, _Reading
from hedgerow.core.tasks import spawn


class Pace(StrEnum):
    REAL = "real"
    SCALED = "scaled"
    STEPPED = "stepped"


class WorldClock(_Reading):
    """Delegates to the clock of the present pace; those who follow it are told of every change."""

    def __init__(self) -> None:
        self.pace = Pace.REAL
        self.speed = 1.0
        self._clock: Clock = SystemClock()
        self._listeners: list[Callable[[], None]] = []

    def now_ns(self) -> int:
        return self._clock.now_ns()

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        await self._clock.sleep(seconds, soft=soft)

    def later(self, seconds: float, act: Callable[[], None], name: str) -> None:
        """Acts after so many seconds of world time (at once for none)."""
        if seconds <= 0:
            act()
            return
        spawn(self._act_later(seconds, act), name)

    def on_change(self, listener: Callable[[], None]) -> None:
        """The listener is called when the pace or a stepped time changes."""
        self._listeners.append(listener)

    def run_real(self) -> None:
        """The machine's time, second by second."""
        self._set(Pace.REAL, 1.0, SystemClock())

    def run_scaled(self, start_ns: int, speed: float) -> None:
        """A time of its own from `start_ns` on, `speed` times as fast as the machine's."""
        self._set(Pace.SCALED, speed, ScaledClock(start_ns, speed))

    def run_stepped(self, start_ns: int) -> None:
        """Stands at `start_ns` until it is stepped."""
        self._set(Pace.STEPPED, 0.0, SteppedClock(start_ns))

    def step_to(self, now_ns: int) -> None:
        """Advances a stepped clock. Raises TypeError in another pace."""
        if not isinstance(self._clock, SteppedClock):
            raise TypeError("only a stepped clock is stepped")
        self._clock.advance_to(now_ns)
        self._tell()

    def next_wake_ns(self) -> int | None:
        """When the world itself next wants to act in stepped time."""
        return self._clock.next_wake_ns() if isinstance(self._clock, SteppedClock) else None

    async def _act_later(self, seconds: float, act: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        act()

    def _set(self, pace: Pace, speed: float, clock: Clock) -> None:
        self.pace, self.speed, self._clock = pace, speed, clock
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
