"""One client's conversation on a WebSocket, without I/O: text and time go in, steps to take come out.

Not for who the client is, which the driver finds out (`Authenticate`), nor for the changes that are sent to it, which
`realtime.hub` brings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

import msgspec

from hedgerow.core.decoding import UNREADABLE

LOGIN_WITHIN_S = 30.0
HEARTBEAT_EVERY_S = 60.0

# Close codes: 4000-4999 are the application's. Source: RFC 6455 section 7.4.2.
NOT_ADMITTED = 4001
FELL_BEHIND = 4002
TOO_MANY = 4003
MISSED_CHANGES = 4004
RESUMED_ELSEWHERE = 4006


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a client writes the names of the conversation; it is answered, errors included, in the same way."""

    api_key: str
    subscription_id: str


CAMEL = Spelling("apiKey", "subscriptionId")
SNAKE = Spelling("api_key", "subscription_id")


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message."""

    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with an earlier subscription, of which the client has all up to `last_seq`."""

    subscription_id: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find out whose key it is; then tell the session what was found. is_reliable: messages are kept until they are
    acknowledged."""

    key: object
    channels: tuple[str, ...]
    is_reliable: bool = False
    resume: Resume | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The client has these messages, and all up to `up_to`."""

    numbers: tuple[int, ...]
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """The client wants no more changes."""


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection after what was sent before."""

    code: int
    reason: str


Step = Send | Authenticate | Acknowledge | Leave | End


class Conversation(Protocol):
    """What a driver asks of a session."""

    @property
    def due_s(self) -> float:
        """When `on_time` is to be called at the latest."""
        ...

    def on_time(self, now_s: float) -> list[Step]:
        """What the time brings."""
        ...

    def receive(self, text: str | bytes, now_s: float) -> list[Step]:
        """What the client's message asks for."""
        ...

    def refused_format(self) -> list[Step]:
        """What was given has not the form of a key."""
        ...

    def refused_key(self) -> list[Step]:
        """The key is unknown, or does not work now."""
        ...

    def refused_number(self) -> list[Step]:
        """The key has as many connections as it may have."""
        ...


class _State(Enum):
    WAITING = auto()  # for a subscription
    ASKED = auto()  # the driver finds out whose key it is
    SUBSCRIBED = auto()
    ENDED = auto()


class Session:
    """The conversation of the market making socket: subscribe, ping, unsubscribe, heartbeat. Times are seconds of the
    driver's monotonic clock."""

    def __init__(self, channels: Sequence[str], now_s: float) -> None:
        """channels: all that can be subscribed to."""
        self._known = tuple(channels)
        self._state = _State.WAITING
        self._spelling = CAMEL
        self._login_by_s = now_s + LOGIN_WITHIN_S
        self._heartbeat_s = now_s + HEARTBEAT_EVERY_S

    @property
    def due_s(self) -> float:
        """When `on_time` is to be called at the latest."""
        return min(self._login_by_s, self._heartbeat_s) if self._state is _State.WAITING else self._heartbeat_s

    def on_time(self, now_s: float) -> list[Step]:
        """What the time brings."""
        if self._state is _State.WAITING and now_s >= self._login_by_s:
            return [self._end(NOT_ADMITTED, "subscribe timeout")]
        if now_s < self._heartbeat_s:
            return []
        self._heartbeat_s = now_s + HEARTBEAT_EVERY_S
        return [Send({"type": "heartbeat"})]

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
                return []
            case {"type": "subscribe"}:
                return self._subscribe(message)
            case {"type": "unsubscribe"}:
                return self._unsubscribe(now_s)
            case {"type": str(kind)}:
                return [error(f"Unknown message type: {kind[:50]}")]
            case _:
                return [error("A message is an object with a type")]

    def _subscribe(self, message: Mapping[str, Any]) -> list[Step]:
        if self._state is not _State.WAITING:
            return [error("Already subscribed")]
        self._spelling = SNAKE if "api_key" in message and "apiKey" not in message else CAMEL
        channels = message.get("channels")
        if not channels:
            channels = self._known
        if not isinstance(channels, (list, tuple)):
            return [error("channels must be a list")]
        if unknown := [channel for channel in channels if channel not in self._known]:
            return [error(f"Unknown channel: {str(unknown[0])[:50]}")]
        key = message.get(self._spelling.api_key)
        if not key:
            return [*self._refuse(f"{self._spelling.api_key} required")]
        self._state = _State.ASKED
        return [Authenticate(key, tuple(dict.fromkeys(channels)))]

    def accepted(self, subscription_id: int, channels: Sequence[str]) -> list[Step]:
        """The key is good, and the client is subscribed."""
        self._state = _State.SUBSCRIBED
        name = self._spelling.subscription_id
        return [Send({"type": "subscribed", name: subscription_id, "channels": list(channels)})]

    def refused_format(self) -> list[Step]:
        """What was given has not the form of a key."""
        return self._refuse(f"Invalid {self._spelling.api_key} format")

    def refused_key(self) -> list[Step]:
        """The key is unknown, or does not work now."""
        return self._refuse("Invalid API key")

    def refused_number(self) -> list[Step]:
        """The key has as many connections as it may have."""
        return [error("Connection limit exceeded"), self._end(TOO_MANY, "Connection limit exceeded")]

    def _refuse(self, text: str) -> list[Step]:
        return [error(text), self._end(NOT_ADMITTED, text)]

    def _unsubscribe(self, now_s: float) -> list[Step]:
        if self._state is not _State.SUBSCRIBED:
            return [error("Not subscribed")]
        self._state = _State.WAITING
        self._login_by_s = now_s + LOGIN_WITHIN_S
        return [Leave(), Send({"type": "unsubscribed"})]

    def _end(self, code: int, reason: str) -> End:
        self._state = _State.ENDED
        return End(code, reason)


def error(text: str) -> Send:
    """Tells the client what was wrong."""
    return Send({"type": "error", "message": text, "error": text})
