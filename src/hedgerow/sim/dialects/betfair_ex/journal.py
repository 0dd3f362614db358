"""What one kind of stream has told, numbered: pictures for who comes new, the rest for who comes back.

The clocks are ours to choose: `initialClk` names the journal, `clk` the last change in it. Betfair's are opaque too.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

_KEPT = 20_000


class Journal:
    """Changes in their order, the latest of them kept."""

    def __init__(self, name: str) -> None:
        self.initial_clk = base64.b64encode(name.encode()).decode()
        self._changes: deque[tuple[int, Json]] = deque(maxlen=_KEPT)
        self._number = 0
        self._listeners: list[Callable[[Json, int], None]] = []

    @property
    def clk(self) -> str:
        return base64.b64encode(self._number.to_bytes(8)).decode()

    def on_change(self, listener: Callable[[Json, int], None]) -> Callable[[], None]:
        """The listener gets each change with the time it was published at, ms; calling the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, change: Json, at_ms: int) -> None:
        self._number += 1
        self._changes.append((self._number, change))
        for listener in list(self._listeners):
            listener(change, at_ms)

    def since(self, initial_clk: str, clk: str) -> list[Json] | None:
        """What came after a clock; None for one that is not of this journal, or too old."""
        try:
            number = int.from_bytes(base64.b64decode(clk, validate=True))
        except ValueError:
            return None
        oldest = self._changes[0][0] if self._changes else self._number + 1
        if initial_clk != self.initial_clk or not oldest - 1 <= number <= self._number:
            return None
        return [change for at, change in self._changes if at > number]
