"""The world's one clock: the machine's, a scaled one, or one that stands until the player steps it.

Whoever sleeps through a change of pace sleeps on, for what was left, in the new time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from weakref import WeakKeyDictionary

from hedgerow.core.clock import NS_PER_S, Clock, ScaledClock, SteppedClock, SystemClock, _Reading
from hedgerow.core.tasks import spawn

_END_OF_TIME_NS = 2**63


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
        self._left_at_ns: WeakKeyDictionary[SteppedClock, int] = WeakKeyDictionary()
        self._due: set[asyncio.Task[None]] = set()

    def now_ns(self) -> int:
        return self._clock.now_ns()

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        while True:
            clock, until_ns = self._clock, self.now_ns() + int(seconds * NS_PER_S)
            await clock.sleep(seconds, soft=soft)
            if clock is self._clock or not isinstance(clock, SteppedClock):
                return
            seconds = (until_ns - self._left_at_ns[clock]) / NS_PER_S  # the pace changed under the sleeper
            if seconds <= 0:
                return

    def later(self, seconds: float, act: Callable[[], None], name: str, *, soft: bool = False) -> None:
        """Acts after so many seconds of world time (at once for none); soft as in `sleep`."""
        if seconds <= 0:
            act()
            return
        task = spawn(self._act_later(seconds, act, soft=soft), name)
        self._due.add(task)
        task.add_done_callback(self._due.discard)

    def forget(self) -> None:
        """What was to be done later will not be done."""
        for task in list(self._due):
            task.cancel()

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

    async def _act_later(self, seconds: float, act: Callable[[], None], *, soft: bool) -> None:
        await self.sleep(seconds, soft=soft)
        act()

    def _set(self, pace: Pace, speed: float, clock: Clock) -> None:
        left = self._clock
        self.pace, self.speed, self._clock = pace, speed, clock
        if isinstance(left, SteppedClock):
            self._left_at_ns[left] = left.now_ns()
            left.advance_to(_END_OF_TIME_NS)  # its sleepers wake, see the change and sleep on here
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
