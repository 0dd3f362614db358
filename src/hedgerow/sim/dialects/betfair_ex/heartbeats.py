"""The dead-man's switch: an account that has asked for it and falls silent loses its unmatched bets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hedgerow.sim.clock import WorldClock

LEAST_S, MOST_S = 10, 300


class Heartbeats:
    """The armed accounts."""

    def __init__(self, clock: WorldClock, fire: Callable[[str], None]) -> None:
        """fire: cancels what rests for an account."""
        self._clock, self._fire = clock, fire
        self._armed: dict[str, object] = {}
        self._fired: set[str] = set()

    def clear(self) -> None:
        self._armed.clear()
        self._fired.clear()

    def beat(self, account: str, timeout_s: int) -> dict[str, Any]:
        """timeout_s: 0 takes the switch away; others are brought into the bounds. Tells whether it has acted since the
        last beat."""
        action = "ALL_BETS_CANCELLED" if account in self._fired else "NONE"
        self._fired.discard(account)
        if timeout_s == 0:
            self._armed.pop(account, None)
            return {"actualTimeoutSeconds": 0, "actionPerformed": action}
        actual_s = min(MOST_S, max(LEAST_S, timeout_s))
        mark = self._armed[account] = object()
        self._clock.later(actual_s, lambda: self._look(account, mark), f"betfair heartbeat of {account}", soft=True)
        return {"actualTimeoutSeconds": actual_s, "actionPerformed": action}

    def _look(self, account: str, mark: object) -> None:
        """Acts unless a later beat has come."""
        if self._armed.get(account) is mark:
            del self._armed[account]
            self._fired.add(account)
            self._fire(account)
