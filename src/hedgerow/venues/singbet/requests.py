"""The bodies of a question and of a bet. Pure.

Source: the Web API's document (GetPlacementInfo, PlaceBet). Only Singbet is named, and odds are decimal.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.singbet import wire
from hedgerow.venues.singbet.line import Selection

BOOKIE = "SIN"
DECIMAL_ODDS = "00"
LIVE, TODAY, EARLY = range(3)
"""The broker's lists of matches."""

_BOOK_S = 5


def quote_question(selection: Selection, market_type: int) -> wire.AskQuote:
    return wire.AskQuote(
        game_id=selection.game_id,
        game_type=selection.game_type,
        is_full_time=int(selection.is_full_time),
        bookies=BOOKIE,
        market_type_id=market_type,
        odds_format=DECIMAL_ODDS,
        odds_name=selection.odds_name,
        sports_type=selection.sports_type,
        timeout=_BOOK_S,
    )


def placement(reference: str, selection: Selection, market_type: int, odds: Decimal, stake: Decimal) -> wire.PlaceBet:
    """A bet at the odds that were quoted."""
    return wire.PlaceBet(
        place_bet_id=reference,
        game_id=selection.game_id,
        game_type=selection.game_type,
        is_full_time=int(selection.is_full_time),
        market_type_id=market_type,
        odds_format=DECIMAL_ODDS,
        odds_name=selection.odds_name,
        sports_type=selection.sports_type,
        bookie_odds=f"{BOOKIE}:{odds:f}",
        amount=stake,
    )
