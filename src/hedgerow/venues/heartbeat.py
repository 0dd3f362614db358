"""A dead man's switch served: beats at a steady pace, the failed ones repeated soon, and a lapse announced.

What a beat is, and what the venue does when it misses one, belongs to the venue's folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: from one accepted beat to the next, from a failed one to its repetition, and the silence after which
    the venue cancels everything."""

    every_s: float
    retry_s: float
    lapse_s: float


class Heartbeat:
    """Sends the beats of one account, from the first order on until it is stopped."""

    def __init__(
        self,
        venue: str,
        send: Callable[[], Awaitable[None]],
        clock: Clock,
        lapsed: Callable[[float], None],
        pace: Pace,
    ) -> None:
        """send: one beat; raises a venue error when it was not accepted. lapsed: called when a beat is accepted again
        after so many seconds without one, in which the venue may have cancelled everything."""
        self._venue, self._send, self._clock, self._lapsed, self._pace = venue, send, clock, lapsed, pace
        self._task: asyncio.Task[None] | None = None
        self._accepted_ms: int | None = None
        self._is_failing = False

    @property
    def is_beating(self) -> bool:
        """Whether it was started: the venue counts, or will once a beat that is on its way arrives."""
        return self._task is not None

    def start(self) -> None:
        """Begins to beat, unless it does already."""
        if self._task is None:
            self._task = spawn(self._run(), f"{self._venue} heartbeat", is_vital=True)

    async def stop(self) -> None:
        """Ends the beats; the venue's deadline stays."""
        await stop(self._task)
        self._task = None

    async def _run(self) -> None:
        while True:
            is_accepted = await self.beat()
            await self._clock.sleep(self._pace.every_s if is_accepted else self._pace.retry_s, soft=True)

    async def beat(self) -> bool:
        """One beat; whether it was accepted. The first failure in a row is logged."""
        try:
            await self._send()
        except VenueError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.warning("heartbeat not accepted", venue=self._venue, error=str(error))
            return False
        self._note_accepted()
        return True

    def _note_accepted(self) -> None:
        now_ms = self._clock.now_ms()
        silent_s = (now_ms - self._accepted_ms) / 1000 if self._accepted_ms is not None else 0.0
        self._accepted_ms = now_ms
        if self._is_failing:
            self._is_failing = False
            _log.info("heartbeat accepted again", venue=self._venue, silent_s=silent_s)
        if silent_s > self._pace.lapse_s:
            self._lapsed(silent_s)
