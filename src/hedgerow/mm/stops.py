"""When a venue refuses too much to go on: its answers of the last minutes.

A venue that refuses most of what it is sent has another view of the account, the market or the prices than the engine
has, and whatever is sent on makes it worse. Quoting stops until the refusals are so long ago that they do not count.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

WINDOW_MS = 60_000
"""Older answers do not count, so that a stop ends by itself: what made it may have passed."""
LEAST_ANSWERS = 5
"""With fewer there is no share worth the name."""
MOST_ANSWERS = 1_000


class Answers:
    """The last answers of a venue."""

    __slots__ = ("_answers", "_refused")

    def __init__(self) -> None:
        self._answers: deque[tuple[int, bool]] = deque()
        self._refused = 0

    def add(self, now_ms: int, *, refused: bool) -> None:
        """An answer came."""
        self._answers.append((now_ms, refused))
        self._refused += refused
        if len(self._answers) > MOST_ANSWERS:
            self._forget_oldest()

    def exceed(self, max_share: Decimal | None, now_ms: int) -> bool:
        """Whether refusals are more than this share of the answers; None: they never are."""
        while self._answers and now_ms - self._answers[0][0] > WINDOW_MS:
            self._forget_oldest()
        count = len(self._answers)
        return max_share is not None and count >= LEAST_ANSWERS and self._refused > max_share * count

    def _forget_oldest(self) -> None:
        _, refused = self._answers.popleft()
        self._refused -= refused
