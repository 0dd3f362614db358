"""What every session takes and gives. A session outlives its connections: it knows where to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.wire import convert, decode, encode
from hedgerow.core.decoding import UNREADABLE

T = TypeVar("T")

_FULL = "Connection limit exceeded"


@dataclass(frozen=True, slots=True)
class Message:
    """A change. payload: the whole row in the API's names, money as Decimals; old: what the changed fields were, where
    the API tells it. seq: its number in the subscription, ts: ms since 1970; None where there is none."""

    channel: str
    event: str
    payload: dict[str, Any]
    old: dict[str, Any] | None = None
    seq: int | None = None
    ts: int | None = None
    subscription: int = 0

    def read(self, kind: type[T]) -> T:
        """The payload as one of the API's models. Raises msgspec.ValidationError."""
        value: T = convert(self.payload, kind)
        return value


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes may have been missed here: what is known of the channels is to be read anew."""

    why: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reliable subscription can be taken up again, also by another process within five minutes. last_seq: all
    messages up to it are acknowledged; acknowledged: those above it that are, too."""

    subscription_id: int
    last_seq: int
    acknowledged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Say:
    """Send this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Give this to the program."""

    item: Message | Gap


@dataclass(frozen=True, slots=True)
class Ready:
    """The service has let us in."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It will not let us in, now or later."""

    error: StreamEndedError


Step = Say | Tell | Ready | Refuse


class Session(Protocol):
    """Times are seconds of the driver's monotonic clock."""

    @property
    def position(self) -> Position | None:
        """Where another session can go on; None where the service keeps nothing."""
        ...

    def opened(self, now_s: float) -> list[Step]:
        """A connection is there."""
        ...

    def receive(self, text: str | bytes, now_s: float) -> list[Step]:
        """A message came."""
        ...

    def on_time(self, now_s: float) -> list[Step]:
        """What the time brings."""
        ...

    def closed(self, code: int, reason: str) -> StreamEndedError | None:
        """The connection is gone. None: another one can go on."""
        ...

    def handled(self, message: Message, now_s: float) -> list[Step]:
        """The program is done with a message."""
        ...

    def acknowledge(self, messages: list[Message]) -> list[Step]:
        """The program says itself what it is done with."""
        ...


def say(message: dict[str, Any]) -> Say:
    """A message of ours."""
    return Say(encode(message).decode())


def read(text: str | bytes) -> Any:
    """A message of the service's; None for what is none."""
    try:
        return decode(text if isinstance(text, bytes) else text.encode())
    except UNREADABLE:
        return None


def refused(why: str) -> list[Step]:
    """What the service's error before it lets us in means. A full house is waited out: connections of a moment ago may
    still count."""
    if why == _FULL:
        return []
    return [Refuse(StreamEndedError(why, "correct the key or the channels, then open the stream again"))]
