"""What waits to be sent to one client: bounded, so that a client that falls behind costs nobody else anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hedgerow.realtime.session import FELL_BEHIND

MOST_MESSAGES = 2000
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Close:
    """The last thing that is sent."""

    code: int
    reason: str


class Output:
    """A queue of messages, behind which there may be a `Close`."""

    def __init__(
        self,
        most_messages: int = MOST_MESSAGES,
        most_bytes: int = MOST_BYTES,
        on_first: Callable[[], None] = lambda: None,
    ) -> None:
        """on_first: called when a message waits where none did before."""
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._on_first = on_first
        self._waiting: list[bytes] = []
        self._bytes = 0
        self.ending: Close | None = None
        self.closing = asyncio.Event()

    @property
    def waiting(self) -> list[bytes]:
        """The messages, oldest first. Not to be changed."""
        return self._waiting

    def put(self, message: bytes) -> None:
        """Adds a message. Beyond the bounds all that waits is dropped, and the connection ends with 4002: a client that
        has missed something must know it."""
        if self.ending is not None:
            return
        waiting = self._waiting
        waiting.append(message)
        self._bytes += len(message)
        if len(waiting) == 1:
            self._on_first()
        if len(waiting) > self._most_messages or self._bytes > self._most_bytes:
            self.cut(FELL_BEHIND, "fell behind")

    def forget(self) -> None:
        """What waits has been sent."""
        self._waiting = []
        self._bytes = 0

    def close(self, code: int, reason: str) -> None:
        """Ends after what waits."""
        if self.ending is None:
            self.ending = Close(code, reason)
        self.closing.set()

    def cut(self, code: int, reason: str) -> None:
        """Ends at once; what waits is dropped."""
        self.forget()
        self.close(code, reason)
