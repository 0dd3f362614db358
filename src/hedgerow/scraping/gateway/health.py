"""How each agent fares with each domain: pure bookkeeping of outcomes, from which `selection` chooses.

An agent that is blocked is excluded for that domain. A block for good is the agent's and counts for everybody. A block
for now may be a key's own, which asked too often or for a thing with a limit of its own: what one key has met holds for
that key alone, what a second one meets meanwhile holds for all. So no key can shut a domain for the others.
A target that fails for everybody excludes nobody; it only lowers scores. Source: docs/decisions/0295.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from hedgerow.scraping.gateway.exclusion import Exclusion, State

MOST_DOMAINS = 20_000

_WEIGHT = 0.15
"""Of the newest outcome in a smoothed figure."""
_UNKNOWN_SUCCESS = 0.9
_UNKNOWN_MS = 300.0
_LEAST_SCORE = 0.02
_WELL = (State.AVAILABLE, None)
_SEVERITY = list(State)


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the target was not reached, or broke off
    LIMITED = "limited"  # blocked for now
    BLOCKED = "blocked"  # blocked for good


SUCCEEDED = Outcome.SUCCEEDED
"""For what asks of every request: an attribute of an Enum's class costs more than a call."""


class Report(msgspec.Struct, frozen=True, array_like=True):
    """One outcome, as gateways tell each other. took_ms: None when there was no answer. retry_after_s: as the target
    asked. key_id: whose request it was; None where nobody in particular asked."""

    slug: str
    domain: str
    outcome: Outcome
    took_ms: int | None = None
    retry_after_s: int | None = None
    key_id: int | None = None


@dataclass(slots=True)
class Health:
    """One agent at one domain. Times are milliseconds since 1970."""

    success: float = _UNKNOWN_SUCCESS
    took_ms: float = _UNKNOWN_MS
    checked_ms: int | None = None
    everyones: Exclusion = field(default_factory=Exclusion)
    ones: Exclusion | None = None
    """The exclusion for one key alone, that which was limited last."""
    one_key: int | None = None

    @property
    def score(self) -> float:
        """0 to 1: often successful, and quick."""
        return max(_LEAST_SCORE, self.success**2 * 1000.0 / (1000.0 + self.took_ms))

    def state(self, now_ms: int) -> State:
        """The worst there is, be it for one key alone."""
        states = [exclusion.state(now_ms) for exclusion in (self.everyones, self.ones) if exclusion is not None]
        return max(states, key=_SEVERITY.index)

    def standing(self, now_ms: int, key_id: int | None = None) -> tuple[State, str | None]:
        """The state for a key, and why the agent is not to be chosen for it now; None when it may be."""
        everyones = self.everyones
        own = self._of(key_id) if self.ones is not None else None
        if own is None:
            if not everyones.is_on_trial and now_ms >= everyones.until_ms:
                return _WELL
            return everyones.state(now_ms), everyones.why_not(now_ms)
        if (reason := everyones.why_not(now_ms)) is not None:
            return everyones.state(now_ms), reason
        reason = own.why_not(now_ms)
        return own.state(now_ms), f"{reason}, for this key alone" if reason is not None else None

    def excluded_until_ms(self, key_id: int | None = None) -> int:
        """For the key; a time that has passed where it is not excluded."""
        own = self._of(key_id)
        return self.everyones.until_ms if own is None else max(self.everyones.until_ms, own.until_ms)

    def begin(self, now_ms: int, key_id: int | None = None) -> None:
        """It was chosen for the key: on trial, nobody else tries it meanwhile."""
        for exclusion in self._met_by(key_id):
            exclusion.begin(now_ms)

    def note(self, report: Report, now_ms: int) -> None:
        """Takes an outcome into account."""
        self.checked_ms = now_ms
        if report.took_ms is not None:
            self.took_ms += _WEIGHT * (report.took_ms - self.took_ms)
        if report.outcome is SUCCEEDED:
            self.success += _WEIGHT * (1.0 - self.success)
            for exclusion in self._met_by(report.key_id):
                exclusion.succeed(now_ms)
            return
        self.success -= _WEIGHT * self.success
        match report.outcome:
            case Outcome.LIMITED:
                whose = self._whose(report.key_id, now_ms)
                whose.limit(now_ms, report.retry_after_s)
                if whose is not self.everyones:
                    self.everyones.fail()  # where that was on trial, another key decides
            case Outcome.BLOCKED:
                self.everyones.block(now_ms, report.retry_after_s)
            case Outcome.FAILED:
                for exclusion in self._met_by(report.key_id):
                    exclusion.fail()

    def _whose(self, key_id: int | None, now_ms: int) -> Exclusion:
        """What a block for now counts for: everybody where another key's is not over, or everybody is excluded."""
        if key_id is None or self.everyones.holds(now_ms):
            return self.everyones
        if self.ones is not None and self.one_key == key_id:
            return self.ones
        if self.ones is not None and self.ones.holds(now_ms):
            return self.everyones
        self.ones, self.one_key = Exclusion(), key_id
        return self.ones

    def _of(self, key_id: int | None) -> Exclusion | None:
        """For the key alone."""
        return self.ones if self.ones is not None and self.one_key == key_id else None

    def _met_by(self, key_id: int | None) -> tuple[Exclusion, ...]:
        own = self._of(key_id)
        return (self.everyones,) if own is None else (self.everyones, own)


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
