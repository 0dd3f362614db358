"""What an outcome is, in words: for a person who bets by hand, and for the audit of a bet. Pure.

Source: the feed's document, "Markets": outcomes 1 and 2 are the participants, the line of a spread is participant 1's,
and outcome 2 has it negated.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.ids import OutcomeKey
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Market

Words = Mapping[str, str | Decimal]
"""`handicap` is a number; what is not known is left out."""

_SPREADS = "spreads"
_WITH_LINE = (_SPREADS, "totals")
_FIRST, _SECOND, _DRAW = "1", "2", "X"


def described(fixture: wire.Fixture | None, market: Market | None, outcome: OutcomeKey) -> Words:
    """The outcome's own line, names instead of numbers."""
    words = {} if fixture is None else _match(fixture)
    if market is not None and outcome.outcome_id in market.outcomes:
        name = market.outcome_names[market.outcomes.index(outcome.outcome_id)]
        words |= {
            "market": market.name,
            "period": market.period,
            "handicap": _line(market, name),
            "outcome": _named(name, words),
        }
    return {name: word for name, word in words.items() if word is not None and word != ""}


def _match(fixture: wire.Fixture) -> dict[str, str | Decimal | None]:
    sport, tournament, sides = fixture.sport, fixture.tournament, fixture.participants
    return {
        "sport": sport.sport_name if sport else None,
        "tournament": tournament.tournament_name if tournament else None,
        "participant1": sides.participant1_name if sides else None,
        "participant2": sides.participant2_name if sides else None,
        "startTime": None if fixture.start_time is None else iso_of_ms(fixture.start_time * 1000),
    }


def _line(market: Market, name: str) -> Decimal | None:
    """Of the outcome; None for a market without lines."""
    if market.handicap is None or not market.market_type.startswith(_WITH_LINE):
        return None
    is_negated = market.market_type.startswith(_SPREADS) and name == _SECOND
    return -market.handicap if is_negated else market.handicap


def _named(name: str, words: Mapping[str, str | Decimal | None]) -> str:
    known = {_FIRST: words.get("participant1"), _SECOND: words.get("participant2"), _DRAW: "Draw"}
    return str(known.get(name) or name)
