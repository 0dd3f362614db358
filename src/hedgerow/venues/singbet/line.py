"""What a bet is on: from the feed's references to the words of a request. Pure.

A `bookmakerMarketId` is `{sport}/{game}/{FT or HT}/{H, O or X}` and a `bookmakerOutcomeId` the name of its odds. That
form is this project's own: no recorded row of the feed shows how it names Singbet's lines, so nothing else is taken.
Source of the words: the Web API's document (GetPlacementInfo); DrawOdds: public clients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ODDS_NAMES: Final = {
    "H": ("HomeOdds", "AwayOdds"),
    "O": ("OverOdds", "UnderOdds"),
    "X": ("HomeOdds", "DrawOdds", "AwayOdds"),
}
_MARKET = re.compile(r"(\d{1,3})/(\d{1,18})/(FT|HT)/([HOX])", re.ASCII)


class NotUnderstoodError(ValueError):
    """A reference that is not of the known form; the message names it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One outcome of a game."""

    sports_type: int
    game_id: int
    is_full_time: bool
    game_type: str
    odds_name: str


def selection_of(market_ref: str, outcome_ref: str) -> Selection:
    """The outcome that the references name. Raises NotUnderstoodError."""
    match = _MARKET.fullmatch(market_ref)
    if match is None:
        raise NotUnderstoodError(f"market reference {market_ref!r} has an unknown form")
    sport, game, half, game_type = match.groups()
    if outcome_ref not in _ODDS_NAMES[game_type]:
        raise NotUnderstoodError(f"outcome reference {outcome_ref!r} is none of {market_ref!r}")
    return Selection(int(sport), int(game), half == "FT", game_type, outcome_ref)
