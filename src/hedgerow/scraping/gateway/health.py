"""How each agent fares with each domain: pure bookkeeping of outcomes, from which `selection` chooses.

An agent that is blocked is excluded for that domain: softly (`limited`, minutes at most) or, when it is blocked again
or for good, hard (`unavailable`, longer each time). An exclusion ends by itself in a trial: one request, which decides.
A target that fails for everybody excludes nobody; it only lowers scores.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

import msgspec

MOST_DOMAINS = 20_000
SOFT_FIRST_MS, SOFT_LONGEST_MS = 30_000, 15 * 60_000
HARD_FIRST_MS, HARD_LONGEST_MS = 10 * 60_000, 24 * 3_600_000
TRIAL_MS = 30_000
"""How long a trial may take before another is made."""

_WEIGHT = 0.15
"""Of the newest outcome in a smoothed figure."""
_UNKNOWN_SUCCESS = 0.9
_UNKNOWN_MS = 300.0
_LEAST_SCORE = 0.02
_STEADY = 20
"""Successes in a row after which earlier blocks are forgotten."""


class State(StrEnum):
    AVAILABLE = "available"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


_WELL = (State.AVAILABLE, None)


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the target was not reached, or broke off
    LIMITED = "limited"  # blocked for now
    BLOCKED = "blocked"  # blocked for good


SUCCEEDED = Outcome.SUCCEEDED
"""For what asks of every request: an attribute of an Enum's class costs more than a call."""


class Report(msgspec.Struct, frozen=True, array_like=True):
    """One outcome, as gateways tell each other. took_ms: None when there was no answer. retry_after_s: as the target
    asked."""

    slug: str
    domain: str
    outcome: Outcome
    took_ms: int | None = None
    retry_after_s: int | None = None


@dataclass(slots=True)
class Health:
    """One agent at one domain. Times are milliseconds since 1970."""

    success: float = _UNKNOWN_SUCCESS
    took_ms: float = _UNKNOWN_MS
    is_hard: bool = False
    strikes: int = 0
    steady: int = 0
    excluded_until_ms: int = 0
    is_on_trial: bool = False
    trial_until_ms: int = 0
    checked_ms: int | None = None

    @property
    def score(self) -> float:
        """0 to 1: often successful, and quick."""
        return max(_LEAST_SCORE, self.success**2 * 1000.0 / (1000.0 + self.took_ms))

    def state(self, now_ms: int) -> State:
        """On trial it counts as limited."""
        if now_ms < self.excluded_until_ms:
            return State.UNAVAILABLE if self.is_hard else State.LIMITED
        return State.LIMITED if self.is_on_trial else State.AVAILABLE

    def why_not(self, now_ms: int) -> str | None:
        """Why it is not to be chosen now; None when it may be."""
        if now_ms < self.excluded_until_ms:
            return "blocked by the target" if self.is_hard else "limited by the target"
        if self.is_on_trial and now_ms < self.trial_until_ms:
            return "on trial"
        return None

    def standing(self, now_ms: int) -> tuple[State, str | None]:
        """`state` and `why_not`, together."""
        if not self.is_on_trial and now_ms >= self.excluded_until_ms:
            return _WELL
        return self.state(now_ms), self.why_not(now_ms)

    def begin(self, now_ms: int) -> None:
        """It was chosen: on trial, nobody else tries it meanwhile."""
        if self.is_on_trial:
            self.trial_until_ms = now_ms + TRIAL_MS

    def note(self, report: Report, now_ms: int) -> None:
        """Takes an outcome into account."""
        self.checked_ms = now_ms
        if report.took_ms is not None:
            self.took_ms += _WEIGHT * (report.took_ms - self.took_ms)
        if report.outcome is SUCCEEDED:
            self.success += _WEIGHT * (1.0 - self.success)
            self._succeeded(now_ms)
            return
        self.success -= _WEIGHT * self.success
        match report.outcome:
            case Outcome.LIMITED:
                failed_trial = self.is_on_trial and now_ms >= self.excluded_until_ms
                self._exclude(now_ms, is_hard=failed_trial, retry_after_s=report.retry_after_s)
            case Outcome.BLOCKED:
                self._exclude(now_ms, is_hard=True, retry_after_s=report.retry_after_s)
            case Outcome.FAILED:
                self.steady = 0
                self.trial_until_ms = 0

    def _succeeded(self, now_ms: int) -> None:
        if now_ms < self.excluded_until_ms:
            return  # sent before the block
        self.is_on_trial = self.is_hard = False
        self.steady += 1
        if self.steady >= _STEADY:
            self.strikes = 0

    def _exclude(self, now_ms: int, *, is_hard: bool, retry_after_s: int | None) -> None:
        if now_ms < self.excluded_until_ms and self.is_hard >= is_hard:
            return  # requests that were under way together are one block
        first_ms, longest_ms = (HARD_FIRST_MS, HARD_LONGEST_MS) if is_hard else (SOFT_FIRST_MS, SOFT_LONGEST_MS)
        pause_ms = min(first_ms << min(self.strikes, 20), longest_ms)
        if retry_after_s is not None:
            pause_ms = min(max(pause_ms, retry_after_s * 1000), longest_ms)
        self.excluded_until_ms = now_ms + pause_ms
        self.is_hard, self.is_on_trial = is_hard, True
        self.strikes += 1
        self.steady = self.trial_until_ms = 0


class HealthBook:
    """All agents at all domains that were asked for lately."""

    def __init__(self) -> None:
        self._domains: OrderedDict[str, dict[str, Health]] = OrderedDict()

    def of(self, domain: str) -> dict[str, Health]:
        """Health by slug; an agent that is missing is new there."""
        return self._domains.get(domain, {})

    def entry(self, domain: str, slug: str) -> Health:
        """The agent's entry, made when it is new."""
        agents = self._domains.get(domain)
        if agents is None:
            agents = self._domains[domain] = {}
            if len(self._domains) > MOST_DOMAINS:
                self._domains.popitem(last=False)
        else:
            self._domains.move_to_end(domain)
        health = agents.get(slug)
        if health is None:
            health = agents[slug] = Health()
        return health

    def note(self, report: Report, now_ms: int) -> None:
        self.entry(report.domain, report.slug).note(report, now_ms)
