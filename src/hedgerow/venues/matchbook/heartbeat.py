"""The dead-man's switch: beats that keep the venue from cancelling all open offers of the account.

The first offer arms it. The venue decides on the time, and a third of it is the pace; other requests are not counted
on. Source: the venue's reference of /edge/rest/v1/heartbeat, matchbook-sdk 0.1.2.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.rest import Rest, certain

ASKED_S = 20
_BEATS_IN_TIME = 3

_log = structlog.get_logger(__name__)


class Heartbeat:
    """The beats of one account, each when it is due; who turns the wheel is the connector."""

    def __init__(self, rest: Rest, clock: Clock, lapsed: Callable[[float], None]) -> None:
        """lapsed: called when a beat is accepted after so many seconds without one, in which the venue may have
        cancelled everything."""
        self._rest, self._clock, self._lapsed = rest, clock, lapsed
        self.is_armed = False
        self._is_failing = False
        self._lives_ms = ASKED_S * 1000
        self._accepted_ms: int | None = None

    def arm(self) -> None:
        """From now on the beats are sent."""
        self.is_armed = True

    async def turn(self) -> None:
        """A beat, where one is due. The first failure in a row is logged."""
        now_ms = self._clock.now_ms()
        since_ms = None if self._accepted_ms is None else now_ms - self._accepted_ms
        if not self.is_armed or (since_ms is not None and since_ms * _BEATS_IN_TIME < self._lives_ms):
            return
        try:
            told = certain("heartbeat", await self._rest.beat(ASKED_S), wire.Beaten, lambda answer: answer)
        except VenueError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.warning("heartbeat not accepted", venue=VENUE, error=str(error))
            return
        self._is_failing = False
        self._accepted_ms = now_ms
        if since_ms is not None and since_ms > self._lives_ms:
            self._lapsed(since_ms / 1000)
        if told.actual_timeout:
            self._lives_ms = told.actual_timeout * 1000
