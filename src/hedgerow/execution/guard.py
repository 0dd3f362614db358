"""Circuit breakers: an account that keeps failing is left alone for a while, then tried once.

Closed → open after five failures in a row → after thirty seconds half-open: one trial → closed on success, open again
on failure. A bookmaker's business decline (price, limit, closed market) is no failure. Source: contract, Resilience.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hedgerow.core.clock import NS_PER_S, Clock

FAILURES_TO_OPEN = 5
OPEN_FOR_S = 30


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class _State:
    failures: int = 0
    opened_ns: int | None = None
    on_trial: bool = False


class Breakers:
    """One breaker per account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[int, _State] = {}

    def state(self, account_id: int) -> Circuit:
        state = self._states.get(account_id)
        if state is None or state.opened_ns is None:
            return Circuit.CLOSED
        waited = self._clock.now_ns() - state.opened_ns
        return Circuit.HALF_OPEN if waited >= OPEN_FOR_S * NS_PER_S else Circuit.OPEN

    def allows(self, account_id: int) -> bool:
        """Whether a bet may be sent now. In the half-open state the first to ask is the trial; others wait until it is
        over (`end_trial`)."""
        match self.state(account_id):
            case Circuit.CLOSED:
                return True
            case Circuit.OPEN:
                return False
            case Circuit.HALF_OPEN:
                state = self._states[account_id]
                first, state.on_trial = not state.on_trial, True
                return first

    def succeeded(self, account_id: int) -> None:
        """The venue answered, if only to decline."""
        self._states.pop(account_id, None)

    def failed(self, account_id: int) -> None:
        """The venue did not do its part: unreachable, no answer, an error of its own."""
        state = self._states.setdefault(account_id, _State())
        state.failures += 1
        if state.opened_ns is not None or state.failures >= FAILURES_TO_OPEN:
            state.opened_ns = self._clock.now_ns()
            state.on_trial = False

    def end_trial(self, account_id: int) -> None:
        """The bet that was let through is over, also where the venue was not asked: the next may be the trial."""
        if (state := self._states.get(account_id)) is not None:
            state.on_trial = False
