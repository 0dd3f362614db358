"""A bookmaker's offer for one outcome, in the product's units."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec

from hedgerow.core.ids import MarketId, OutcomeId, PlayerId
from hedgerow.core.money import MICRO, Micros, micros_floor, plain_micros
from hedgerow.core.odds import OddsMicros, odds_micros
from hedgerow.feed.wire import OddsRow

# Above this a limit is no amount but a way to say "none": more than any bookmaker takes in any currency.
_HIGHEST_LIMIT = 10**12


class Quote(msgspec.Struct, frozen=True, gc=False):
    """An offer as the feed last told it. Whether it may be traded on is `gate.why_not`'s to say.

    A struct, because it is made on the way from a tick to an order: a frozen dataclass takes ten times as long.
    """

    outcome_id: OutcomeId
    player_id: PlayerId
    market_id: MarketId | None
    odds: OddsMicros | None  # None: a placeholder, not a price
    limit: Micros | None  # highest stake in the bookmaker's limit currency; None: not told
    is_active: bool
    is_market_active: bool
    is_main_line: bool
    changed_ms: int  # when it last moved
    told_ms: int  # the moment for which the feed's message about it is true
    market_ref: str | None  # the bookmaker's own ids
    outcome_ref: str | None
    meta: bytes | None  # order book and other extras, JSON as the bookmaker's page of the feed has it


def quote_of(row: OddsRow, told_ms: int) -> Quote:
    """The offer that a row of the feed states, in a message that is true for that moment.

    `marketActive` counts as given unless it is false; `active` and `mainLine` only when they are true.
    """
    market_ref, outcome_ref, meta = row.bookmaker_market_id, row.bookmaker_outcome_id, bytes(row.meta)
    return Quote(
        row.outcome_id,
        row.player_id,
        row.market_id,
        _odds_of(bytes(row.price)),
        limit_micros(bytes(row.limit)),
        row.active is True,
        row.market_active is not False,
        row.main_line is True,
        row.changed_at,
        told_ms,
        None if market_ref is None else str(market_ref),
        None if outcome_ref is None else str(outcome_ref),
        None if meta in (b"", b"null") else meta,
    )


_odds_of = lru_cache(maxsize=1 << 14)(odds_micros)
"""Odds come back: a market walks up and down the same ladder."""


@lru_cache(maxsize=1 << 14)
def limit_micros(text: bytes) -> Micros | None:
    """A limit from its JSON text, what is smaller than a micro dropped; None for null, "", or no amount at all."""
    raw = text.decode(errors="replace")
    micros = plain_micros(raw)
    if micros is None:
        try:
            limit = Decimal(raw.strip('" '))
        except InvalidOperation:  # null, "", words
            return None
        if not limit.is_finite() or limit.is_signed() or limit > _HIGHEST_LIMIT:
            return None
        micros = micros_floor(limit)
    return micros if micros <= _HIGHEST_LIMIT * MICRO else None
