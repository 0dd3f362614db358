"""The ids of placement requests: for half an hour a repeated one is refused, and a bet can be found by it.

Only bets that were taken (or wait) are remembered. Afterwards the venue would take the same id again as a new bet.
Source: README, deduplication; Bets OpenAPI, `uniqueRequestIds`.
"""

from __future__ import annotations

from collections import OrderedDict

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.bookmaker import Bet, Bookmaker
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.pinnacle.terms import Terms


class Memory:
    """Bets by account and request id, oldest first. UUIDs are compared without their case."""

    def __init__(self, book: Bookmaker, terms: Terms, clock: WorldClock) -> None:
        self._book, self._terms, self._clock = book, terms, clock
        self._kept: OrderedDict[tuple[str, str], tuple[int, Bet]] = OrderedDict()

    def clear(self) -> None:
        self._kept.clear()

    def keep(self, account: str, request_id: str, bet: Bet) -> None:
        self._kept[account, request_id.lower()] = self._clock.now_ns(), bet

    def bet(self, account: str, request_id: str) -> Bet | None:
        self.forget_old()
        kept = self._kept.get((account, request_id.lower()))
        return None if kept is None else kept[1]

    def forget_old(self) -> None:
        """Drops what is older than the memory goes back, in the engine too."""
        oldest_ns = self._clock.now_ns() - int(self._terms.remembers_ids_s * NS_PER_S)
        while self._kept:
            key, (kept_ns, bet) = next(iter(self._kept.items()))
            if kept_ns > oldest_ns:
                return
            del self._kept[key]
            self._book.forget(bet.account, bet.reference)
