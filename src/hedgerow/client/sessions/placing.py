"""The conversation of `/ws` of bet placing: login, numbered messages, acknowledgements, resumption.

Each message is told once, in order: what is sent again after a lost connection or acknowledgement is known by its
number. Source: the published contract, "WebSocket `/ws`".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.sessions.session import Gap, Message, Position, Ready, Step, Tell, read, refused, say
from hedgerow.core.hidden import Secret

Channel = Literal[
    "orders", "bets", "settlements", "accounts", "balance", "betslip", "fixtures", "currencies", "status", "emergency"
]

_MOST_WAITING = 20
"""Messages that are done with before they are acknowledged; the service sends on until a hundred are not."""
_ACKNOWLEDGED_WITHIN_S = 1.0
_MOST_IN_ONE = 1000


class PlacingSession:
    """One subscription. Without reliable delivery there is nothing to acknowledge, and a lost connection is a gap."""

    def __init__(
        self, key: Secret, channels: Sequence[Channel] = (), *, is_reliable: bool = True, resume: Position | None = None
    ) -> None:
        """channels: none for all. resume: an earlier subscription, to be gone on with."""
        self._key, self._channels, self._is_reliable = key, tuple(channels), is_reliable
        self._number: int | None = None if resume is None else resume.subscription_id
        self._received = self._floor = 0 if resume is None else resume.last_seq
        self._done = set[int]() if resume is None else set(resume.acknowledged)  # above the floor
        self._told_floor = self._floor
        self._waiting_since_s = math.inf
        self._is_open = False

    @property
    def position(self) -> Position | None:
        """None before the first login, and where delivery is not reliable."""
        if self._number is None or not self._is_reliable:
            return None
        return Position(self._number, self._floor, frozenset(self._done))

    def opened(self, now_s: float) -> list[Step]:
        login: dict[str, Any] = {"type": "login", "apiKey": self._key, "channels": list(self._channels)}
        if self._is_reliable:
            login["reliableDelivery"] = True
        if (position := self.position) is not None:
            login["resume"] = {"subscriptionId": position.subscription_id, "lastSeq": position.last_seq}
        return [say(login)]

    def receive(self, text: str | bytes, now_s: float) -> list[Step]:
        message = read(text)
        match message:
            case {"type": "data", "seq": int(seq)}:
                return self._data(message, seq)
            case {"type": "ping"}:
                return [say({"type": "pong"})]
            case {"type": "login_ok", "subscriptionId": int(number)}:
                return self._logged_in(number, is_resumed=message.get("resumed") is True)
            case {"type": "error", "message": str(why)} if not self._is_open:
                return refused(why)
        return []

    def _logged_in(self, number: int, *, is_resumed: bool) -> list[Step]:
        self._is_open = True
        self._told_floor = self._floor
        self._waiting_since_s = math.inf
        if is_resumed:
            return [Ready()]
        had = self._number
        self._number = number
        self._received = self._floor = self._told_floor = 0
        self._done.clear()
        gap = [] if had is None else [Tell(Gap(f"subscription {had} could not be resumed after a lost connection"))]
        return [Ready(), *gap]

    def _data(self, message: dict[str, Any], seq: int) -> list[Step]:
        is_done = seq <= self._floor or seq in self._done
        if is_done or seq <= self._received:
            self._received = max(self._received, seq)
            return [say({"type": "ack", "seq": seq})] if is_done and self._is_reliable else []
        steps: list[Step] = []
        passed_over = sum(1 for number in self._done if self._received < number < seq)
        if seq - self._received - 1 > passed_over:
            steps.append(Tell(Gap(f"messages from {self._received + 1} to {seq - 1} did not come")))
        self._received = seq
        told = Message(
            str(message.get("channel")),
            str(message.get("event")),
            message.get("payload") or {},
            message.get("old"),
            seq,
            message.get("ts"),
            self._number or 0,
        )
        return [*steps, Tell(told)]

    def handled(self, message: Message, now_s: float) -> list[Step]:
        if not self._take([message]):
            return []
        self._waiting_since_s = min(self._waiting_since_s, now_s)
        is_enough = self._floor - self._told_floor >= _MOST_WAITING or self._floor == self._received
        return self._tell_floor() if is_enough else self.on_time(now_s)

    def on_time(self, now_s: float) -> list[Step]:
        return self._tell_floor() if now_s >= self._waiting_since_s + _ACKNOWLEDGED_WITHIN_S else []

    def acknowledge(self, messages: list[Message]) -> list[Step]:
        numbers = self._take(messages)
        if not numbers or not self._is_open:
            return []  # what is told with the next login, or again when it is sent again
        if len(numbers) == 1:
            return [say({"type": "ack", "seq": numbers[0]})]
        batches = (numbers[start : start + _MOST_IN_ONE] for start in range(0, len(numbers), _MOST_IN_ONE))
        return [say({"type": "batch_ack", "seqs": batch}) for batch in batches]

    def closed(self, code: int, reason: str) -> StreamEndedError | None:
        self._is_open = False
        self._waiting_since_s = math.inf
        match code:
            case 4001:
                return StreamEndedError(f"not admitted: {reason}", "send a key of this service that works", code)
            case 4006:
                remedy = "one subscription has one reader: stop the other one, or open a subscription of its own"
                return StreamEndedError("the subscription was resumed over another connection", remedy, code)
        return None

    def _take(self, messages: list[Message]) -> list[int]:
        """Notes that messages of this subscription are done with, and answers the numbers that are news."""
        numbers = [
            one.seq
            for one in messages
            if one.seq is not None and one.subscription == self._number and one.seq > self._floor
        ]
        news = sorted(set(numbers) - self._done)
        if not self._is_reliable:
            return []
        self._done.update(news)
        while self._floor + 1 in self._done:
            self._floor += 1
            self._done.discard(self._floor)
        return news

    def _tell_floor(self) -> list[Step]:
        self._waiting_since_s = math.inf
        if not self._is_open or self._floor == self._told_floor:
            return []
        self._told_floor = self._floor
        return [say({"type": "ack", "upTo": self._floor})]
