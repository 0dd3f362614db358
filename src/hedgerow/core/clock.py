"""Time. Nothing else in the product reads it.

Domain time (when a price moved, how old a quote is, when a fixture starts) always comes from a Clock that is handed
in, so that a recorded match can be played with the time of its day: at its own pace, faster, or in steps that
advance only when every process has finished what the step brought. Socket timeouts are not domain time; they use
the event loop's own clock.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """The time of day, and waiting in it."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, the feed's and the venues' unit."""
        ...

    def now(self) -> datetime:
        """An aware UTC datetime."""
        ...

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        """Waits in this clock's time. A soft wait (housekeeping) never makes a stepped clock stop for it: it ends
        at the first step that lies at or beyond its time."""
        ...


_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # of the years 1 and 9999


def is_moment(ms: int) -> bool:
    """Whether there is a datetime for milliseconds since 1970 that somebody else told."""
    return _FIRST_MS <= ms <= _LAST_MS


def datetime_of_ms(ms: int) -> datetime:
    """The aware UTC datetime of milliseconds since 1970, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=ms)


def iso_of_ms(ms: int) -> str:
    """The same in ISO 8601 with three decimals and a Z: 2026-07-31T18:47:09.586Z."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def ms_of_iso(text: str) -> int:
    """Milliseconds since 1970 of a time in ISO 8601; one without a zone is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)


class _Reading(ABC):
    """The forms of one reading, shared by the clocks."""

    @abstractmethod
    def now_ns(self) -> int: ...

    def now_ms(self) -> int:
        return self.now_ns() // NS_PER_MS

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.now_ns() // 1000)


class SystemClock(_Reading):
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def now_ms(self) -> int:
        return time.time_ns() // NS_PER_MS  # asked for several times on the way from a tick to an order

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        await asyncio.sleep(seconds)


class ScaledClock(_Reading):
    """A time of its own that runs `speed` times as fast as the machine's, from `start_ns` on."""

    def __init__(self, start_ns: int, speed: float) -> None:
        self.set(start_ns, speed)

    def set(self, now_ns: int, speed: float) -> None:
        """Puts the clock to a time and pace. speed > 0."""
        if speed <= 0:
            raise ValueError(f"speed must be positive, not {speed}")
        self._anchor_ns, self._anchor_mono, self._speed = now_ns, time.monotonic_ns(), speed

    def now_ns(self) -> int:
        return self._anchor_ns + int((time.monotonic_ns() - self._anchor_mono) * self._speed)

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        await asyncio.sleep(seconds / self._speed)


class SteppedClock(_Reading):
    """A clock that stands still until it is advanced. Tests and stepped replay use it."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns
        self._sleepers: list[tuple[int, int, bool, asyncio.Future[None]]] = []
        self._sequence = count()

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        at = self._now_ns + int(seconds * NS_PER_S)
        heapq.heappush(self._sleepers, (at, next(self._sequence), soft, wake))
        await wake

    def advance_to(self, now_ns: int) -> None:
        """Moves the time forward and wakes, in order, all whose time has come. Time never goes back."""
        self._now_ns = max(self._now_ns, now_ns)
        while self._sleepers and self._sleepers[0][0] <= self._now_ns:
            *_, wake = heapq.heappop(self._sleepers)
            if not wake.done():
                wake.set_result(None)

    def advance(self, seconds: float) -> None:
        """Moves the time forward by so much."""
        self.advance_to(self._now_ns + int(seconds * NS_PER_S))

    def next_wake_ns(self) -> int | None:
        """When the earliest waiter that a step must stop for wants to wake; None when there is none."""
        return min((at for at, _, soft, wake in self._sleepers if not soft and not wake.done()), default=None)
