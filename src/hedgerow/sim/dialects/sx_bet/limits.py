"""How many requests an API key may make in a minute of the world, by group of routes.

V3's own limits are not published; these are the ones that the venue documents for V2 (SX sheet, section 4).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

ORDERS: Final = "orders"
READ_ORDERS: Final = "read orders"
TRADES: Final = "trades"
OTHERS: Final = "others"

PER_MINUTE = {ORDERS: 5_500, READ_ORDERS: 5_500, TRADES: 200, OTHERS: 500}

_MINUTE_MS = 60_000


class Limits:
    """Counts the requests of the minute that runs."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def take(self, caller: str, group: str, now_ms: int) -> int | None:
        """Counts a request. None: it is allowed; else the whole seconds until one is again."""
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._counts = minute, Counter()
        if self._counts[caller, group] >= PER_MINUTE[group]:
            return -(-((minute + 1) * _MINUTE_MS - now_ms) // 1_000)
        self._counts[caller, group] += 1
        return None
