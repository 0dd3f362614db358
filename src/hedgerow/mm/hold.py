"""A hold on new orders: after a refusal an account places nothing for a while, then is looked at again."""

from __future__ import annotations

from hedgerow.core.tasks import spawn
from hedgerow.mm.access import Access

SHORTEST_HOLD_S = 0.02
"""A budget that has its next token in a moment would otherwise be asked over and over within it."""


class Hold:
    """Of one account. until_ms: nothing is placed before; 0: it may be."""

    __slots__ = ("_access", "until_ms")

    def __init__(self, access: Access) -> None:
        self._access = access
        self.until_ms = 0

    def keep(self, seconds: float) -> None:
        """Nothing is placed for so long, and not for less than SHORTEST_HOLD_S; then the engine looks again."""
        seconds = max(seconds, SHORTEST_HOLD_S)
        until_ms = self._access.clock.now_ms() + int(seconds * 1000)
        if until_ms > self.until_ms:
            self.until_ms = until_ms
            spawn(self._look_again(until_ms, seconds), "lane retry")

    async def _look_again(self, until_ms: int, seconds: float) -> None:
        await self._access.clock.sleep(seconds)
        if self.until_ms == until_ms:
            # Not left to the comparison of times: a clock that is put back, for a recording, would hold the lane again.
            self.until_ms = 0
        self._access.on_free(None)
