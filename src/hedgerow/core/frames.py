"""Text messages of a WebSocket server as they go over the wire, and how a server lends its wire to who sends many.

A server passes each message through its event loop, its protocol's state and a copy or three, which is most of what a
message to a thousand subscribers costs. `api.server` therefore offers its connections as an ASGI extension to those
who have whole batches ready (`realtime.socket`).
Source: RFC 6455 section 5.2; ASGI specification, "Extensions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

EXTENSION = "hedgerow.frames"
"""Of a WebSocket's scope; its `writer` is a `FrameWriter`."""

_WHOLE_TEXT = 0x81


class FrameWriter(Protocol):
    """An open connection."""

    def write_texts(self, texts: Iterable[bytes]) -> bool:
        """Sends UTF-8 texts, each as a message, all or none. False: the client reads too slowly at the moment, or is
        going away; `on_room` is called when there is room."""
        ...

    def call_on_room(self, on_room: Callable[[], None]) -> None:
        """Sets what is called when texts can be written (again)."""
        ...


def text_header(size: int) -> bytes:
    """What stands before a text of so many bytes."""
    if size < 126:
        return bytes((_WHOLE_TEXT, size))
    if size < 1 << 16:
        return bytes((_WHOLE_TEXT, 126, size >> 8, size & 255))
    return bytes((_WHOLE_TEXT, 127)) + size.to_bytes(8)


def framed(texts: Iterable[bytes]) -> bytes:
    """Messages of texts, one behind the other."""
    parts: list[bytes] = []
    for text in texts:
        parts += (text_header(len(text)), text)
    return b"".join(parts)
