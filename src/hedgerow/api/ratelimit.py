"""How many requests a minute somebody may make: a sliding window, exact to the request.

Each process counts for itself. Source: RFC 9110 section 10.2.3 (Retry-After), RFC 6585 section 4 (429).
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a request. Seconds; `retry_after_s` is None when the request may pass."""

    limit: int
    remaining: int
    reset_s: float
    retry_after_s: float | None = None

    def headers(self) -> dict[str, str]:
        """As the answer carries it; `X-RateLimit-Reset` is in seconds from now."""
        told = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset_s)),
        }
        return told if self.retry_after_s is None else told | {"Retry-After": str(math.ceil(self.retry_after_s))}


class RateLimiter:
    """Counts requests by name. A refused request is not counted. Holds at most `limit` times for each name."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic, window_s: float = WINDOW_S) -> None:
        """now_s: a monotonic reading; a limit on requests is not domain time."""
        self._now_s, self._window_s = now_s, window_s
        self._passed: dict[str, deque[float]] = {}

    def take(self, name: str, limit: int) -> Allowance:
        """Counts a request of `name`, who may make `limit` in each window. limit >= 1."""
        now = self._now_s()
        passed = self._passed.setdefault(name, deque())
        while passed and passed[0] <= now - self._window_s:
            passed.popleft()
        if len(passed) >= limit:
            # A lowered limit leaves more times than it allows: the request passes when enough of them have left.
            wait = passed[len(passed) - limit] + self._window_s - now
            return Allowance(limit, 0, passed[-1] + self._window_s - now, wait)
        passed.append(now)
        return Allowance(limit, limit - len(passed), passed[0] + self._window_s - now)
