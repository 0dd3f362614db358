"""The dead-man's switch: beats that keep the venue from cancelling everything.

The first accepted beat arms it for every order of the API key; after ten seconds without an accepted beat the venue
cancels them all, as well as it can. Beats form a chain: each sends the id that the last answer gave. A wrong id is
refused with the one that is expected and keeps nothing alive, so it is sent again at once. There is no disarming.

Source: the official SDK's `send_order_heartbeat`, polymarket-client 0.14.0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.errors import answer_error
from hedgerow.venues.polymarket.parse import UnreadableError, read

BEAT_S = 5.0
LAPSE_S = 10.0
# After a beat that was not accepted the next comes at once, and none waits long for its answer, so that one that is
# lost costs no order.
RETRY_S = 1.0
ANSWER_WITHIN_S = 2.0

_log = structlog.get_logger(__name__)


class Chain:
    """The ids of the beats. Without I/O: `body` is sent, `answered` gets what came back."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = ""

    def body(self) -> bytes:
        return msgspec.json.encode({"heartbeat_id": self._next})

    def answered(self, answer: Answer) -> bool:
        """Takes the id of the answer. True: the beat was accepted; False: it must be sent again with that id.
        Raises a venue error for every other answer."""
        try:
            told = read(wire.Beat, answer.body).heartbeat_id
        except UnreadableError:
            told = None
        if answer.status not in (200, 400) or (answer.status == 400 and told is None):
            raise answer_error("heartbeat", answer, changes=False)
        self._next = told or ""
        return answer.status == 200


class Heartbeat:
    """Sends the beats of one API key, from the first order on until it is stopped."""

    def __init__(
        self, send: Callable[[bytes], Awaitable[Answer]], clock: Clock, lapsed: Callable[[float], None]
    ) -> None:
        """lapsed: called when a beat is accepted again after so many seconds without one, in which the venue may have
        cancelled everything."""
        self._send, self._clock, self._lapsed = send, clock, lapsed
        self._chain = Chain()
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
            self._task = spawn(self._run(), "polymarket heartbeat", is_vital=True)

    async def stop(self) -> None:
        """Ends the beats; the venue's deadline stays."""
        await stop(self._task)
        self._task = None

    async def _run(self) -> None:
        while True:
            is_accepted = await self.beat()
            await self._clock.sleep(BEAT_S if is_accepted else RETRY_S, soft=True)

    async def beat(self) -> bool:
        """One beat, sent again once with the id that the venue expects; whether it was accepted. The first failure in
        a row is logged. A lost answer may have been an accepted beat, which the next one's refusal shows."""
        failure = "refused twice; is another process beating with this API key?"
        try:
            for _ in range(2):
                if self._chain.answered(await self._send(self._chain.body())):
                    self._note_accepted()
                    return True
        except VenueError as error:
            failure = str(error)
        if not self._is_failing:
            self._is_failing = True
            _log.warning("heartbeat not accepted", error=failure)
        return False

    def _note_accepted(self) -> None:
        now_ms = self._clock.now_ms()
        silent_s = (now_ms - self._accepted_ms) / 1000 if self._accepted_ms is not None else 0.0
        self._accepted_ms = now_ms
        if self._is_failing:
            self._is_failing = False
            _log.info("heartbeat accepted again", silent_s=silent_s)
        if silent_s > LAPSE_S:
            self._lapsed(silent_s)
