"""For how long an agent is not chosen for a domain: pure bookkeeping of blocks, whoever met them.

An exclusion is soft (`limited`, minutes at most) or, after a block for good or one on trial, hard (`unavailable`,
longer each time). It ends by itself in a trial: one request, which decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SOFT_FIRST_MS, SOFT_LONGEST_MS = 30_000, 15 * 60_000
HARD_FIRST_MS, HARD_LONGEST_MS = 10 * 60_000, 24 * 3_600_000
TRIAL_MS = 30_000
"""How long a trial may take before another is made."""

_STEADY = 20
"""Successes in a row after which earlier blocks are forgotten."""


class State(StrEnum):
    AVAILABLE = "available"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


@dataclass(slots=True)
class Exclusion:
    """That holds now, or did. Times are milliseconds since 1970."""

    is_hard: bool = False
    strikes: int = 0
    steady: int = 0
    until_ms: int = 0
    is_on_trial: bool = False
    trial_until_ms: int = 0

    def holds(self, now_ms: int) -> bool:
        """Whether it has not ended, in a trial or before it."""
        return now_ms < self.until_ms

    def state(self, now_ms: int) -> State:
        """On trial it counts as limited."""
        if now_ms < self.until_ms:
            return State.UNAVAILABLE if self.is_hard else State.LIMITED
        return State.LIMITED if self.is_on_trial else State.AVAILABLE

    def why_not(self, now_ms: int) -> str | None:
        """Why the agent is not to be chosen now; None when it may be."""
        if now_ms < self.until_ms:
            return "blocked by the target" if self.is_hard else "limited by the target"
        if self.is_on_trial and now_ms < self.trial_until_ms:
            return "on trial"
        return None

    def begin(self, now_ms: int) -> None:
        """The agent was chosen: on trial, nobody else tries it meanwhile."""
        if self.is_on_trial:
            self.trial_until_ms = now_ms + TRIAL_MS

    def succeed(self, now_ms: int) -> None:
        if now_ms < self.until_ms:
            return  # sent before the block
        self.is_on_trial = self.is_hard = False
        self.steady += 1
        if self.steady >= _STEADY:
            self.strikes = 0

    def fail(self) -> None:
        """The target was not reached, which decides nothing."""
        self.steady = self.trial_until_ms = 0

    def limit(self, now_ms: int, retry_after_s: int | None) -> None:
        """A block for now; on trial it is one for good. retry_after_s: as the target asked."""
        self._exclude(now_ms, retry_after_s, is_hard=self.is_on_trial and now_ms >= self.until_ms)

    def block(self, now_ms: int, retry_after_s: int | None) -> None:
        """A block for good."""
        self._exclude(now_ms, retry_after_s, is_hard=True)

    def _exclude(self, now_ms: int, retry_after_s: int | None, *, is_hard: bool) -> None:
        if now_ms < self.until_ms and self.is_hard >= is_hard:
            return  # requests that were under way together are one block
        first_ms, longest_ms = (HARD_FIRST_MS, HARD_LONGEST_MS) if is_hard else (SOFT_FIRST_MS, SOFT_LONGEST_MS)
        pause_ms = min(first_ms << min(self.strikes, 20), longest_ms)
        if retry_after_s is not None:
            pause_ms = min(max(pause_ms, retry_after_s * 1000), longest_ms)
        self.until_ms = now_ms + pause_ms
        self.is_hard, self.is_on_trial = is_hard, True
        self.strikes += 1
        self.steady = self.trial_until_ms = 0
