"""The dead-man's switch: beats that keep the venue from cancelling everything.

The first accepted beat arms it for every order of the API key; after ten seconds without an accepted beat the venue
cancels them all, as well as it can. Beats form a chain: each sends the id that the last answer gave. A wrong id is
refused with the one that is expected and keeps nothing alive, so it is sent again at once. There is no disarming.

Source: the official SDK's `send_order_heartbeat`, polymarket-client 0.14.0.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues import heartbeat as beating
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.errors import VENUE, answer_error
from hedgerow.venues.reading import UnreadableError, read

BEAT_S = 5.0
LAPSE_S = 10.0
# After a beat that was not accepted the next comes at once, and none waits long for its answer, so that one that is
# lost costs no order.
RETRY_S = 1.0
ANSWER_WITHIN_S = 2.0


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


class Heartbeat(beating.Heartbeat):
    """Sends the beats of one API key, from the first order on until it is stopped."""

    def __init__(
        self, send: Callable[[bytes], Awaitable[Answer]], clock: Clock, lapsed: Callable[[float], None]
    ) -> None:
        """lapsed: called when a beat is accepted again after so many seconds without one, in which the venue may have
        cancelled everything."""
        pace = beating.Pace(BEAT_S, RETRY_S, LAPSE_S)
        super().__init__(VENUE, self._send_chained, clock, lapsed, pace)
        self._post, self._chain = send, Chain()

    async def _send_chained(self) -> None:
        """One beat, sent again once with the id that the venue expects. A lost answer may have been an accepted beat,
        which the next one's refusal shows."""
        for _ in range(2):
            if self._chain.answered(await self._post(self._chain.body())):
                return
        raise Unavailable(VENUE, "heartbeat", "refused twice; is another process beating with this API key?")
