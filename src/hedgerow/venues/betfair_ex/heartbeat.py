"""The dead-man's switch: calls that keep the venue from cancelling every unmatched bet of the account.

The first arms it; after `LAPSE_S` without one the venue cancels, as well as it can, and the next answer says so. It is
account-wide: with several processes on one account every one of them beats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop
from hedgerow.venues.betfair_ex import wire
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.rest import Rest

_log = structlog.get_logger(__name__)

LAPSE_S = 10
"""The shortest that the venue takes."""
BEAT_S, RETRY_S = 4.0, 1.0

METHOD = "HeartbeatAPING/v1.0/heartbeat"


class Heartbeat:
    """Beats from the first order on until it is stopped."""

    def __init__(self, rest: Rest, clock: Clock, lapsed: Callable[[str], None]) -> None:
        """lapsed: called with what the venue says that it did to our bets."""
        self._rest, self._clock, self._lapsed = rest, clock, lapsed
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    @property
    def is_beating(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Begins to beat, unless it does already."""
        if self._task is None:
            self._task = spawn(self._run(), "betfair heartbeat", is_vital=True)

    async def stop(self) -> None:
        """Ends the beats; the venue's deadline stays."""
        await stop(self._task)
        self._task = None

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(BEAT_S if await self._beat() else RETRY_S, soft=True)

    async def _beat(self) -> bool:
        try:
            told = await self._rest.read("heartbeat", METHOD, {"preferredTimeoutSeconds": LAPSE_S}, wire.Beat)
        except VenueError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.warning("heartbeat not accepted", venue=VENUE, error=str(error))
            return False
        self._is_failing = False
        if told.action_performed != "NONE":
            self._lapsed(told.action_performed)
        return True
