"""The dead-man's switch: an account that set it and is not heard of in time loses its open offers.

Source: the venue's sheet and the recorded answers; the time that is set is the venue's, not the one asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.matchbook.terms import Terms
from hedgerow.sim.dialects.matchbook.wire import Denial, time_text

_ACTIVATED, _TERMINATED = "HEARTBEAT_ACTIVATED", "HEARTBEAT_TERMINATED"


class Heartbeats:
    """The switches of all accounts."""

    def __init__(self, clock: WorldClock, terms: Terms, expired: Callable[[str], None]) -> None:
        """expired: cancels the open offers of an account."""
        self._clock, self._terms, self._expired = clock, terms, expired
        self._ends_ms: dict[str, int] = {}

    def clear(self) -> None:
        self._ends_ms.clear()

    def set(self, account: str, timeout_s: int) -> dict[str, Any]:
        """Raises Denial (400) for a time that is none."""
        if timeout_s <= 0:
            raise Denial(400, f"{timeout_s} is not a valid timeout", field="timeout")
        lives_s = min(timeout_s, self._terms.heartbeat_s)
        ends_ms = self._clock.now_ms() + lives_s * 1000
        self._ends_ms[account] = ends_ms
        self._clock.later(lives_s, lambda: self._end(account, ends_ms), f"matchbook heartbeat of {account}", soft=True)
        return {"action-performed": _ACTIVATED, "actual-timeout": lives_s, "timeout-time": time_text(ends_ms)}

    def get(self, account: str) -> dict[str, Any]:
        """Raises Denial (404) where none is set."""
        ends_ms = self._ends_ms.get(account)
        if ends_ms is None:
            raise Denial(404, "No active heartbeat.")
        return {"action-performed": _ACTIVATED, "timeout-time": time_text(ends_ms)}

    def end(self, account: str) -> dict[str, Any]:
        self._ends_ms.pop(account, None)
        return {"action-performed": _TERMINATED}

    def _end(self, account: str, ends_ms: int) -> None:
        if self._ends_ms.get(account) == ends_ms:
            del self._ends_ms[account]
            self._expired(account)
