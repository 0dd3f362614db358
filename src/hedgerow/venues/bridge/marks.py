"""From which revision on a time's changes are read.

The bridge lists changes by revision, the callers ask by time. Each reading leaves a mark: its last change's time and
revision. What is older than the oldest mark is read from the start.
"""

from __future__ import annotations

from collections import deque

EARLIER_MS = 60_000
"""Two clocks may differ by so much, and a change may be noted so much later than it was made."""

_KEPT = 1_000


class Marks:
    """Of one account. Bounded."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, int]] = deque(maxlen=_KEPT)

    @property
    def last(self) -> int:
        """The highest revision that was read; 0 before the first."""
        return self._marks[-1][1] if self._marks else 0

    def note(self, updated_ms: int, revision: int) -> None:
        if revision > self.last:
            self._marks.append((updated_ms, revision))

    def before(self, since_ms: int) -> int:
        """The highest known revision all of whose changes, and those before it, are older than the time."""
        older = [revision for updated_ms, revision in self._marks if updated_ms < since_ms - EARLIER_MS]
        return older[-1] if older else 0

    def clear(self) -> None:
        self._marks.clear()
