"""Identifiers: one type each, and the little that can be read out of them.

Sport, tournament, fixture, market and outcome ids are the odds feed's own (OddsPapi v5). They are opaque to the
product but for one sanity rule: a fixture id that contradicts its fixture's fields is quarantined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, NewType

VenueSlug = NewType("VenueSlug", str)
FixtureId = NewType("FixtureId", str)
MarketId = NewType("MarketId", int)
OutcomeId = NewType("OutcomeId", int)
PlayerId = NewType("PlayerId", int)
ClientName = NewType("ClientName", str)

NO_PLAYER = PlayerId(0)


class OutcomeKey(NamedTuple):
    """One result that can be bet on: the smallest thing that has a price."""

    fixture_id: FixtureId
    outcome_id: OutcomeId
    player_id: PlayerId = NO_PLAYER


class MarketKey(NamedTuple):
    """One market of one fixture: its outcomes are the complete space of results."""

    fixture_id: FixtureId
    market_id: MarketId
    player_id: PlayerId = NO_PLAYER


@dataclass(frozen=True, slots=True)
class FixtureIdParts:
    """What a fixture id says of itself."""

    source: str
    sport_id: int
    tournament_id: int
    native: str


_FIXTURE_ID = re.compile(r"(id|pm|ks)(\d{2})(\d{6})(\w+)", re.ASCII)


def fixture_id_parts(fixture_id: str) -> FixtureIdParts | None:
    """The parts of a feed fixture id, e.g. id1000002361061419 -> id, 10, 23, 61061419; None for another form.

    Source: the feed sheet's rule `prefix + sport (2 digits) + tournament (6 digits) + native id`.
    """
    match = _FIXTURE_ID.fullmatch(fixture_id)
    if match is None:
        return None
    source, sport, tournament, native = match.groups()
    return FixtureIdParts(source, int(sport), int(tournament), native)


def fixture_id_contradiction(fixture_id: str, sport_id: int, tournament_id: int) -> str | None:
    """Why the id cannot belong to a fixture with these fields, in words; None when it agrees."""
    parts = fixture_id_parts(fixture_id)
    if parts is None:
        return f"fixture id {fixture_id} is not of the feed's form"
    if parts.sport_id != sport_id:
        return f"fixture id {fixture_id} says sport {parts.sport_id}, the fixture says {sport_id}"
    if parts.tournament_id != tournament_id:
        return f"fixture id {fixture_id} says tournament {parts.tournament_id}, the fixture says {tournament_id}"
    return None


def odds_id(fixture_id: str, bookmaker: str, outcome_id: int, player_id: int) -> str:
    """The feed's key of one quote: `fixture:bookmaker:outcome:player`."""
    return f"{fixture_id}:{bookmaker}:{outcome_id}:{player_id}"
