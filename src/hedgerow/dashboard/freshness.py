"""When a part of a page is loaded again. Pure: the time is handed in."""

from __future__ import annotations

_NEVER = float("-inf")


class Freshness:
    """Every so often, and sooner when somebody asks; one load at a time. A load that failed is tried again after a
    pause that grows to eight times the usual one, for the API may be the one that is too busy."""

    def __init__(self, every_s: float, least_s: float) -> None:
        """every_s: between loads that nobody asks for. least_s: between loads, whoever asks."""
        self._every_s, self._least_s = every_s, least_s
        self._began_s = _NEVER
        self._is_asked = self._is_loading = False
        self._failures = 0

    def ask(self) -> None:
        """Something has changed."""
        self._is_asked = True

    def lives(self) -> None:
        """The API has given a sign of life: what failed is loaded again without the long pause."""
        if self._failures:
            self._failures, self._is_asked = 0, True

    def is_due(self, now_s: float) -> bool:
        """Whether to begin a load now."""
        pause_s = self._least_s if self._is_asked and not self._failures else self._every_s
        return not self._is_loading and now_s - self._began_s >= pause_s * min(2**self._failures, 8)

    def begin(self, now_s: float) -> None:
        """A load begins; what is asked for from here on is not in it."""
        self._began_s, self._is_loading, self._is_asked = now_s, True, False

    def end(self, *, is_good: bool) -> None:
        """It has ended."""
        self._is_loading = False
        self._failures = 0 if is_good else min(self._failures + 1, 3)
