"""Leagues are read when they are needed, once, and not more than once an hour."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import Unavailable
from hedgerow.venues.pinnacle.leagues import READ_AGAIN_S, Leagues


class Venue:
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.leagues = {1980: True, 487: False}
        self.is_away = False

    async def read(self, sport_id: int) -> dict[int, bool]:
        self.asked.append(sport_id)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("pinnacle", "leagues", "away")
        return dict(self.leagues)


async def test_many_bets_ask_once() -> None:
    venue = Venue()
    leagues = Leagues("pinnacle", venue.read, SteppedClock())
    asked = [leagues.home_is_first("place", 29, league) for league in (1980, 487, 1980)]
    assert await asyncio.gather(*asked) == [True, False, True]
    assert venue.asked == [29]


async def test_each_sport_has_its_own_list() -> None:
    venue = Venue()
    leagues = Leagues("pinnacle", venue.read, SteppedClock())
    await leagues.home_is_first("place", 29, 1980)
    await leagues.home_is_first("place", 4, 487)
    assert venue.asked == [29, 4]


async def test_a_new_league_is_looked_for_after_an_hour() -> None:
    venue, clock = Venue(), SteppedClock()
    leagues = Leagues("pinnacle", venue.read, clock)
    await leagues.home_is_first("place", 29, 1980)
    venue.leagues[2] = False
    with pytest.raises(Unavailable, match="league 2 of sport 29"):
        await leagues.home_is_first("place", 29, 2)
    clock.advance(READ_AGAIN_S)
    assert await leagues.home_is_first("place", 29, 2) is False
    assert venue.asked == [29, 29]


async def test_a_failed_reading_is_tried_again() -> None:
    venue = Venue()
    venue.is_away = True
    leagues = Leagues("pinnacle", venue.read, SteppedClock())
    with pytest.raises(Unavailable, match="away"):
        await leagues.home_is_first("place", 29, 1980)
    venue.is_away = False
    assert await leagues.home_is_first("place", 29, 1980) is True
