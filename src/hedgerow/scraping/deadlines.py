"""Times that nearly always are done with before they are over: every piece of work has one on each side of a link.

They are kept by the tick that they end in, all on one timer of the loop: a timer of its own for each costs several
times what setting and forgetting one costs here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)

TICK_S = 0.05
"""What ends within one tick ends together, at its end."""
_RESOLUTION_S = 0.001


class Deadline:
    """One time. Whoever is done before cancels it."""

    __slots__ = ("_ends_together", "do")

    def __init__(self, ends_together: set[Deadline], do: Callable[[], object]) -> None:
        self._ends_together, self.do = ends_together, do

    def cancel(self) -> None:
        """Nothing happens at its end, nor if it is over."""
        self._ends_together.discard(self)


class Deadlines:
    """Those of one loop that are set here."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._by_tick: dict[int, set[Deadline]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timed_for = 0  # the tick, while there is a timer

    def set(self, seconds: float, do: Callable[[], object]) -> Deadline:
        """Calls `do` when the seconds are over, never before and about a tick later at most."""
        tick = math.ceil((self._loop.time() + seconds) / TICK_S)
        ends_together = self._by_tick.get(tick)
        if ends_together is None:
            ends_together = self._by_tick[tick] = set()
            if self._timer is None or tick < self._timed_for:
                self._time(tick)
        deadline = Deadline(ends_together, do)
        ends_together.add(deadline)
        return deadline

    def stop(self) -> None:
        """None of them comes any more."""
        self._by_tick.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time(self, tick: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timed_for = tick
        # Timers of a loop are exact to the millisecond; one that came before its tick would be set again at once.
        self._timer = self._loop.call_at(tick * TICK_S + _RESOLUTION_S, self._end)

    def _end(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        over = [tick for tick in sorted(self._by_tick) if tick * TICK_S <= now_s]
        for ends_together in [self._by_tick.pop(tick) for tick in over]:
            while ends_together:
                try:
                    ends_together.pop().do()
                except Exception:  # the others' times are over all the same
                    _log.exception("the end of a time failed")
        if self._by_tick:
            self._time(min(self._by_tick))
