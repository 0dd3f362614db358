"""Server-sent events out of bytes, without I/O. Source: WHATWG HTML, section 9.2 (event streams)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.wire import decode
from hedgerow.core.decoding import UNREADABLE

MOST_EVENT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """data: the JSON that came with it, numbers with a point as Decimals; its text where it is no JSON."""

    name: str
    data: Any


class EventParser:
    """Bytes as they come in, whole events out. Our gateways end lines with a line feed alone."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, part: bytes) -> list[Event]:
        """Raises StreamEndedError for an event that is larger than any of ours."""
        self._rest += part
        if len(self._rest) > MOST_EVENT_BYTES:
            raise StreamEndedError(f"an event is larger than {MOST_EVENT_BYTES} bytes", "is it a gateway's address?")
        *whole, rest = self._rest.split(b"\n\n")
        self._rest = bytearray(rest)
        return [event for block in whole if (event := _event(block.decode(errors="replace"))) is not None]


def _event(block: str) -> Event | None:
    """None for a block of comments alone."""
    name, data = "message", []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return Event(name, _value("\n".join(data))) if data else None


def _value(text: str) -> Any:
    try:
        return decode(text)
    except UNREADABLE:
        return text
