"""Which of a league's teams is TEAM1: the venue's bets number the teams, its prices call them home and away.

Source: FAQ "Is home team always team1?" (no), and the README's rule that such lists are read at most once an hour.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from hedgerow.core.clock import NS_PER_S, Clock
from hedgerow.core.errors import Unavailable

READ_AGAIN_S = 3600.0

Read = Callable[[int], Awaitable[Mapping[int, bool]]]
"""Asks the venue for a sport's leagues; by league, whether the home team is TEAM1."""


class Leagues:
    """The leagues of the sports that were bet on, each sport read when it is first needed and once an hour at most."""

    def __init__(self, venue: str, read: Read, clock: Clock) -> None:
        self._venue, self._read, self._clock = venue, read, clock
        self._leagues: dict[int, Mapping[int, bool]] = {}
        self._read_ns: dict[int, int] = {}
        self._reading: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def home_is_first(self, operation: str, sport_id: int, league_id: int) -> bool:
        """Whether TEAM1 is the league's home team. Raises Unavailable for a league that the venue does not list."""
        async with self._reading[sport_id]:
            leagues = self._leagues.get(sport_id)
            if leagues is None or (league_id not in leagues and self._is_old(sport_id)):
                leagues = self._leagues[sport_id] = await self._read(sport_id)
                self._read_ns[sport_id] = self._clock.now_ns()
        if league_id not in leagues:
            raise Unavailable(self._venue, operation, f"the venue does not list league {league_id} of sport {sport_id}")
        return leagues[league_id]

    def known(self, sport_id: int, league_id: int) -> bool | None:
        """The same without asking; None for a league that has not been read yet."""
        return self._leagues.get(sport_id, {}).get(league_id)

    def _is_old(self, sport_id: int) -> bool:
        return self._clock.now_ns() - self._read_ns[sport_id] >= READ_AGAIN_S * NS_PER_S
