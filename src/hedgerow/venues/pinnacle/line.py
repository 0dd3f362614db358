"""What a bet is on: from the feed's references of a Pinnacle line to the words of a request.

A `bookmakerMarketId` is one of

    line/{sport}/{league}/{event}/{lineId}/{period}/{type}
    altLine/{sport}/{league}/{event}/{lineId}/{altLineId}/{period}/{type}

and a `bookmakerOutcomeId` is `home`, `away` or `draw` of a moneyline, `-3.0/home` of a spread (always the home team's
line), `2.5/over` of a total, `home/1.5/over` of a team total.

Rows of the feed from 2025 name an alternative line in the first form, with its altLineId in the place of the lineId;
nothing in the reference tells the two apart (`Line.may_be_alternative`).

Sources: recorded feed rows of 2025-09-30 and rows of 2026-09-09 that others published; team totals: field notes of
another user of the feed. Pinnacle's documents "Getting Started" (which ids a bet needs) and linesapi (spelling).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class BetType(StrEnum):
    """As both APIs of the venue spell it."""

    MONEYLINE = "MONEYLINE"
    SPREAD = "SPREAD"
    TOTAL = "TOTAL_POINTS"
    TEAM_TOTAL = "TEAM_TOTAL_POINTS"


class Team(StrEnum):
    """Who a moneyline, a spread or a team total is bet on, in the feed's words."""

    HOME = "home"
    AWAY = "away"
    DRAW = "draw"


class OverUnder(StrEnum):
    """The side of a total, in the feed's words."""

    OVER = "over"
    UNDER = "under"


class NotUnderstoodError(ValueError):
    """A reference that is not of a form that is known; the message names it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the venue with its present price. `alt_line_id` is None in the first of the two forms."""

    sport_id: int
    league_id: int
    event_id: int
    line_id: int
    alt_line_id: int | None
    period: int
    bet_type: BetType

    @property
    def may_be_alternative(self) -> bool:
        """Whether `line_id` could be an alternative's, as older rows have it. A moneyline has no alternatives."""
        return self.alt_line_id is None and self.bet_type is not BetType.MONEYLINE

    def __str__(self) -> str:
        """The feed's `bookmakerMarketId`."""
        ids = f"{self.line_id}" if self.alt_line_id is None else f"{self.line_id}/{self.alt_line_id}"
        form = "line" if self.alt_line_id is None else "altLine"
        return (
            f"{form}/{self.sport_id}/{self.league_id}/{self.event_id}/{ids}/{self.period}/{_FEED_WORD[self.bet_type]}"
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """One outcome of a line. `points`: the home team's handicap of a spread, the total; None where none was named."""

    line: Line
    team: Team | None
    over_under: OverUnder | None
    points: Decimal | None

    @property
    def needs_league(self) -> bool:
        """Whether it takes the league's order of teams to say which team is meant."""
        return self.team in (Team.HOME, Team.AWAY)


_FEED_WORD: Final = {
    BetType.MONEYLINE: "moneyline",
    BetType.SPREAD: "spreads",
    BetType.TOTAL: "totals",
    BetType.TEAM_TOTAL: "teamTotal",
}
_BET_TYPES: Final = {word: bet_type for bet_type, word in _FEED_WORD.items()}

_ID = r"(\d{1,18})"
_LINE = re.compile(rf"line/{_ID}/{_ID}/{_ID}/{_ID}/(\d{{1,3}})/(\w+)", re.ASCII)
_ALT_LINE = re.compile(rf"altLine/{_ID}/{_ID}/{_ID}/{_ID}/{_ID}/(\d{{1,3}})/(\w+)", re.ASCII)

_POINTS = r"(?P<points>-?\d{1,4}(?:\.\d{1,2})?)"
_OUTCOMES: Final = {
    BetType.MONEYLINE: re.compile(r"(?P<team>home|away|draw)", re.ASCII),
    BetType.SPREAD: re.compile(rf"(?:{_POINTS}/)?(?P<team>home|away)", re.ASCII),
    BetType.TOTAL: re.compile(rf"(?:{_POINTS}/)?(?P<over_under>over|under)", re.ASCII),
    BetType.TEAM_TOTAL: re.compile(rf"(?P<team>home|away)/{_POINTS}/(?P<over_under>over|under)", re.ASCII),
}


def line_of(market_ref: str) -> Line:
    """The line of a `bookmakerMarketId`. Raises NotUnderstoodError."""
    if match := _LINE.fullmatch(market_ref):
        *ids, period, word = match.groups()
        sport_id, league_id, event_id, line_id = map(int, ids)
        alt_line_id = None
    elif match := _ALT_LINE.fullmatch(market_ref):
        *ids, period, word = match.groups()
        sport_id, league_id, event_id, line_id, alt_line_id = map(int, ids)
    else:
        raise NotUnderstoodError(f"market reference {market_ref!r} has an unknown form")
    bet_type = _BET_TYPES.get(word)
    if bet_type is None or (bet_type is BetType.MONEYLINE and alt_line_id is not None):
        raise NotUnderstoodError(f"market reference {market_ref!r} names an unknown bet type")
    return Line(sport_id, league_id, event_id, line_id, alt_line_id, int(period), bet_type)


def selection_of(market_ref: str, outcome_ref: str) -> Selection:
    """The outcome that a `bookmakerMarketId` and a `bookmakerOutcomeId` name. Raises NotUnderstoodError."""
    line = line_of(market_ref)
    match = _OUTCOMES[line.bet_type].fullmatch(outcome_ref)
    if match is None:
        raise NotUnderstoodError(f"outcome reference {outcome_ref!r} is none of {market_ref!r}")
    named = match.groupdict()
    team, over_under, points = named.get("team"), named.get("over_under"), named.get("points")
    return Selection(
        line,
        Team(team) if team else None,
        OverUnder(over_under) if over_under else None,
        Decimal(points) if points else None,
    )


def team_number(selection: Selection, *, home_is_first: bool) -> str | None:
    """TEAM1, TEAM2 or DRAW; None for a total. home_is_first: the league's homeTeamType is Team1."""
    match selection.team:
        case None:
            return None
        case Team.DRAW:
            return "DRAW"
        case team:
            return "TEAM1" if (team is Team.HOME) == home_is_first else "TEAM2"
