"""What waits to be sent to one client: bounded, so that a client that falls behind costs nobody else anything."""

from __future__ import annotations

import asyncio
from collections import deque
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
    """A queue of messages of which the last may be a `Close`."""

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._waiting: deque[str] = deque()
        self._bytes = 0
        self._close: Close | None = None
        self._wake = asyncio.Event()
        self.closing = asyncio.Event()

    def put(self, message: str) -> None:
        """Adds a message. Beyond the bounds all that waits is dropped, and the connection ends with 4002: a client that
        has missed something must know it."""
        if self._close is not None:
            return
        self._waiting.append(message)
        self._bytes += len(message)
        if len(self._waiting) > self._most_messages or self._bytes > self._most_bytes:
            self.cut(FELL_BEHIND, "fell behind")
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Ends after what waits."""
        if self._close is None:
            self._close = Close(code, reason)
        self.closing.set()
        self._wake.set()

    def cut(self, code: int, reason: str) -> None:
        """Ends at once; what waits is dropped."""
        self._waiting.clear()
        self._bytes = 0
        self.close(code, reason)

    async def take(self) -> str | Close:
        """The next thing to send; after a Close there is nothing more."""
        while not self._waiting and self._close is None:
            self._wake.clear()
            await self._wake.wait()
        if self._waiting:
            message = self._waiting.popleft()
            self._bytes -= len(message)
            return message
        assert self._close is not None
        return self._close
