"""Looks at the book before an order that must not trade, shared: the venue answers few of them a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hedgerow.core.clock import Clock
from hedgerow.venues.smarkets import reads, wire
from hedgerow.venues.smarkets.rest import Rest

FRESH_MS = 1_500
"""A look serves all orders for so long, where the account has one connector: forty a minute, of the fifty that the
venue answers."""

_MARKETS_AT_ONCE = 200


class Books:
    """The books of the markets that are watched, and of those that are asked for."""

    def __init__(self, rest: Rest, clock: Clock, fresh_ms: int) -> None:
        self._rest, self._clock, self._fresh_ms = rest, clock, fresh_ms
        self._watched: list[str] = []
        self._markets: set[str] = set()
        self._books: dict[str, wire.Book] = {}
        self._looked_ms = 0
        self._looking = asyncio.Lock()

    def watch(self, market_ids: Sequence[str]) -> None:
        self._watched = list(market_ids)

    async def look(self, market_id: str, contract_id: str) -> wire.Book | None:
        """A contract's book, at most `fresh_ms` old. Raises the venue's errors."""
        async with self._looking:
            is_old = self._clock.now_ms() - self._looked_ms >= self._fresh_ms
            if is_old or market_id not in self._markets:
                kept = [] if is_old else sorted(self._markets)
                wanted = list(dict.fromkeys([market_id, *kept, *self._watched]))[:_MARKETS_AT_ONCE]
                asked_ms = self._clock.now_ms()
                self._books = await reads.books(self._rest, wanted)
                self._markets, self._looked_ms = set(wanted), asked_ms
            return self._books.get(contract_id)
