"""A token bucket in the world's time: what simulated venues count requests with."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.core.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens: how many a second, and how many the bucket holds."""

    rate: int
    capacity: int


class Bucket:
    """Fills continuously up to its capacity. Counts in token-nanoseconds, so that nothing is lost to rounding."""

    def __init__(self, budget: Budget, now_ns: int) -> None:
        self._budget, self._filled_ns = budget, now_ns
        self._level = budget.capacity * NS_PER_S

    def take(self, tokens: int, now_ns: int) -> bool:
        """Takes the tokens when the bucket holds them all."""
        filled = self._level + max(0, now_ns - self._filled_ns) * self._budget.rate
        self._level, self._filled_ns = min(filled, self._budget.capacity * NS_PER_S), now_ns
        if self._level < tokens * NS_PER_S:
            return False
        self._level -= tokens * NS_PER_S
        return True
