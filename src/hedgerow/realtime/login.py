"""The conversation of a socket that clients log in to, without I/O: login, acknowledgements, ping and pong.

Not for what a subscription keeps (`realtime.delivery`) nor for how it is resumed (`realtime.reliable`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.realtime.session import (
    LOGIN_WITHIN_S,
    NOT_ADMITTED,
    TOO_MANY,
    Acknowledge,
    Authenticate,
    End,
    Resume,
    Send,
    Step,
    error,
)

PING_EVERY_S = 30.0
PONG_WITHIN_S = 120.0
NO_PONG = 4005
_MOST_ACKNOWLEDGED = 1000


@dataclass(frozen=True, slots=True)
class Access:
    """The channels of a service: those that tell a client its own, and those that tell everybody the same."""

    own: tuple[str, ...]
    everybodys: tuple[str, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        return self.own + self.everybodys


class LoginSession:
    """One conversation. Times are seconds of the driver's monotonic clock."""

    def __init__(self, access: Access, now_s: float) -> None:
        self._access = access
        self._login_by_s: float | None = now_s + LOGIN_WITHIN_S
        self._ping_s, self._pong_by_s = now_s + PING_EVERY_S, now_s + PONG_WITHIN_S
        self._asked: Authenticate | None = None

    @property
    def due_s(self) -> float:
        """When `on_time` is to be called at the latest."""
        due = min(self._ping_s, self._pong_by_s)
        return due if self._login_by_s is None else min(due, self._login_by_s)

    def on_time(self, now_s: float) -> list[Step]:
        """What the time brings."""
        if self._login_by_s is not None and now_s >= self._login_by_s:
            return [End(NOT_ADMITTED, "login timeout")]
        if now_s >= self._pong_by_s:
            return [End(NO_PONG, "pong timeout")]
        if now_s < self._ping_s:
            return []
        self._ping_s = now_s + PING_EVERY_S
        return [Send({"type": "ping"})]

    def receive(self, text: str | bytes, now_s: float) -> list[Step]:
        """What the client's message asks for."""
        try:
            message = msgspec.json.decode(text)
        except UNREADABLE:
            return [error("Invalid JSON")]
        match message:
            case {"type": "ping"}:
                return [Send({"type": "pong"})]
            case {"type": "pong"}:
                self._pong_by_s = now_s + PONG_WITHIN_S
                return []
            case {"type": "login"}:
                return self._login(message)
            case {"type": "ack" | "batch_ack"}:
                return self._acknowledge(message)
            case {"type": str(kind)}:
                return [error(f"Unknown message type: {kind[:50]}")]
            case _:
                return [error("A message is an object with a type")]

    def _login(self, message: Mapping[str, Any]) -> list[Step]:
        if self._login_by_s is None:
            return [error("Already logged in")]
        channels = message.get("channels") or self._access.channels
        if not isinstance(channels, (list, tuple)):
            return [error("channels must be a list")]
        if unknown := [channel for channel in channels if channel not in self._access.channels]:
            return [error(f"Unknown channel: {str(unknown[0])[:50]}")]
        if not (key := message.get("apiKey")):
            return self._refuse("apiKey required")
        match message.get("resume"):
            case None:
                resume = None
            case {"subscriptionId": number, "lastSeq": last} if _is_number(number) and _is_number(last):
                resume = Resume(number, last)
            case _:
                return [error("resume needs subscriptionId and lastSeq")]
        is_reliable = message.get("reliableDelivery") is True or resume is not None
        self._login_by_s = None
        self._asked = Authenticate(key, tuple(dict.fromkeys(channels)), is_reliable, resume)
        return [self._asked]

    def _acknowledge(self, message: Mapping[str, Any]) -> list[Step]:
        if self._asked is None or not self._asked.is_reliable:
            return [error("There is nothing to acknowledge: log in with reliableDelivery")]
        match message:
            case {"type": "ack", "upTo": last} if _is_number(last):
                return [Acknowledge((), last)]
            case {"type": "ack", "seq": number} if _is_number(number):
                return [Acknowledge((number,))]
            case {"type": "batch_ack", "seqs": [*numbers]} if len(numbers) <= _MOST_ACKNOWLEDGED and all(
                map(_is_number, numbers)
            ):
                return [Acknowledge(tuple(numbers))]
        return [error("ack needs seq or upTo, batch_ack needs seqs")]

    def logged_in(self, client: str, subscription_id: int, channels: Sequence[str], *, is_resumed: bool) -> list[Step]:
        """The key is good, and the client is subscribed."""
        assert self._asked is not None
        is_reliable = self._asked.is_reliable
        told: dict[str, Any] = {
            "type": "login_ok",
            "clientName": client,
            "channels": list(channels),
            "subscriptionId": subscription_id,
            "access": {"clientFiltered": list(self._access.own), "global": list(self._access.everybodys)},
            "reliableDelivery": is_reliable,
            "features": {"messageOrdering": True, "acknowledgments": is_reliable, "batchAck": is_reliable},
        }
        if self._asked.resume is not None:
            told["resumed"] = is_resumed
        return [Send(told)]

    def refused_format(self) -> list[Step]:
        """What was given has not the form of a key."""
        return self._refuse("Invalid API key")

    def refused_key(self) -> list[Step]:
        """The key is unknown, or does not work now."""
        return self._refuse("Invalid API key")

    def refused_number(self) -> list[Step]:
        """The key has as many connections as it may have."""
        return [error("Connection limit exceeded"), End(TOO_MANY, "Connection limit exceeded")]

    def _refuse(self, text: str) -> list[Step]:
        return [error(text), End(NOT_ADMITTED, text)]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
