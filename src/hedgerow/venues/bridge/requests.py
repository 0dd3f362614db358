"""The bodies of a bet and of a question after an offer. Pure. Source: BetRequest, QuoteRequest, Selection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import decimal_of
from hedgerow.venues.base import BetIntent
from hedgerow.venues.bridge import wire

# The ids are the bookmaker's, in whatever form the feed gives them; one that begins or ends with a separator was cut.
_REF = re.compile(r"[\w+-](?:[\w+:./|=, -]{0,198}\w)?", re.ASCII)


class NotUnderstoodError(ValueError):
    """The feed's reference cannot be a bookmaker's id."""


def selection_of(
    market_ref: str, outcome_ref: str, outcome: OutcomeKey, words: Mapping[str, str | Decimal]
) -> wire.Selection:
    """words: for a person, or a matcher. Raises NotUnderstoodError."""
    for ref in (market_ref, outcome_ref):
        if not _REF.fullmatch(ref):
            raise NotUnderstoodError(f"{ref!r} is no id of a bookmaker's")
    # A line is a JSON number in the protocol, and no price: a float holds its quarters exactly.
    description = {name: float(word) if isinstance(word, Decimal) else word for name, word in words.items()}
    ids = outcome.fixture_id, outcome.outcome_id, outcome.player_id
    return wire.Selection(*ids, market_ref, outcome_ref, description)


def bet_request(
    bet: BetIntent, selection: wire.Selection, stake: Decimal, not_after: str, *, takes_part: bool
) -> wire.BetRequest:
    """takes_part: the bridge can place less than the stake."""
    return wire.BetRequest(
        selection,
        side="back" if bet.is_back else "lay",
        stake=f"{stake:f}",
        currency=bet.currency,
        limit_price=f"{decimal_of(bet.odds):f}",
        accept_better=bet.accept_better,
        fill="up_to" if bet.accept_partial and takes_part else "all_or_nothing",
        not_after=not_after,
    )


def quote_request(selection: wire.Selection) -> wire.QuoteRequest:
    return wire.QuoteRequest(selection, side="back")
