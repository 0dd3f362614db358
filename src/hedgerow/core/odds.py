"""Decimal odds and probabilities as whole numbers of millionths.

Odds arrive as decimal text. `odds_micros` keeps up to six decimals exactly and drops what lies beyond downwards:
lower odds pay less, so every break-even computed from them errs to the safe side.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NewType

from hedgerow.core.money import MICRO, Micros, micros_floor, plain_micros

OddsMicros = NewType("OddsMicros", int)

# Above this a price is a placeholder, not an offer: the highest rung of any venue's ladder is 10,000.
_HIGHEST_ODDS = 100_000


def odds_micros(text: str | bytes | memoryview) -> OddsMicros | None:
    """Decimal odds from their JSON text, or None for a placeholder (null, "", 0, anything not above 1).

    Source: the feed's convention that price 0, "" and <= 1 are not tradeable.
    """
    raw = text if isinstance(text, str) else bytes(text).decode(errors="replace")
    micros = plain_micros(raw)
    if micros is None:
        try:
            odds = Decimal(raw.strip('" '))
        except InvalidOperation:  # null, "", words
            return None
        return odds_of(odds)
    return OddsMicros(micros) if MICRO < micros <= _HIGHEST_ODDS * MICRO else None


def odds_of(odds: Decimal) -> OddsMicros | None:
    """Decimal odds from a number, or None for what is none: not a number, not above 1 when what lies beyond six
    decimals is dropped, or a placeholder."""
    if not odds.is_finite() or not 1 < odds <= _HIGHEST_ODDS:
        return None
    micros = micros_floor(odds)
    return OddsMicros(micros) if micros > MICRO else None


def inverse_ceil(odds: int) -> Micros:
    """1/odds in micros, rounded up. odds: decimal odds in micros, > 1,000,000."""
    return Micros(-(-MICRO * MICRO // odds))


def payout_floor(stake: int, odds: int) -> Micros:
    """stake × odds in micros, rounded down: what a winning back bet surely pays."""
    return Micros(stake * odds // MICRO)
