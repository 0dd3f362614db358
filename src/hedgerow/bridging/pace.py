"""How many requests of one kind an account may make in a minute."""

from __future__ import annotations

from collections import deque

from hedgerow.core.clock import NS_PER_S, Clock

_MINUTE_NS = 60 * NS_PER_S


class Pace:
    """Of one kind of requests. Bounded by the pace itself."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock, self._most = clock, per_minute
        self._asked_ns: dict[str, deque[int]] = {}

    def wait_s(self, account: str) -> float:
        """0 where the request may be made, which counts it; else how long it has to wait, and it does not count."""
        asked, now_ns = self._asked_ns.setdefault(account, deque()), self._clock.now_ns()
        while asked and asked[0] <= now_ns - _MINUTE_NS:
            asked.popleft()
        if len(asked) >= self._most:
            return (asked[0] + _MINUTE_NS - now_ns) / NS_PER_S
        asked.append(now_ns)
        return 0.0
