"""The walk of settled bets: every settlement in its order, a corrected one again, in pages of a hundred.

Source: the venue's OpenAPI document, `getGradedSince`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hedgerow.sim.dialects._4casters.door import Denial, time_ms
from hedgerow.sim.orders import Match, Order

_PAGE = 100
_CURSOR = re.compile(r"walk-(\d{1,9})", re.ASCII)

Row = tuple[Order, Match]


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    cursor: str
    through_ms: int
    has_more: bool


class Journal:
    """Of all accounts."""

    def __init__(self) -> None:
        self._walk: list[tuple[int, Order, Match]] = []

    def clear(self) -> None:
        self._walk.clear()

    def add(self, order: Order, now_ms: int) -> None:
        """The order was decided, or decided anew."""
        self._walk += [(now_ms, order, match) for match in order.fills]

    def page(self, account: str, since: str | None, cursor: str | None) -> Page:
        """Raises Denial (400) for a cursor of nobody's, and without both."""
        start = self._start(since, cursor)
        own = [(at, place) for place, (at, order, _) in enumerate(self._walk) if order.account == account]
        ahead = [(at, place) for at, place in own if place >= start]
        taken = ahead[:_PAGE]
        rows = [(self._walk[place][1], self._walk[place][2]) for _, place in taken]
        position = taken[-1][1] + 1 if taken else start
        through_ms = taken[-1][0] - 1 if taken else 0
        return Page(rows, f"walk-{position}", through_ms, len(ahead) > len(taken))

    def _start(self, since: str | None, cursor: str | None) -> int:
        if cursor is not None:
            found = _CURSOR.fullmatch(cursor)
            if found is None:
                raise Denial(400, "cursor is not valid")
            return int(found[1])
        if since is None:
            raise Denial(400, "since or cursor is required")
        since_ms = time_ms(since)
        return next((place for place, (at, *_) in enumerate(self._walk) if at > since_ms), len(self._walk))
