"""Numbers and times of the venue's messages, exactly, or UnreadableError. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from hedgerow.core.money import MICRO, Micros
from hedgerow.venues.reading import UnreadableError

ODDS_ONE = 10**20
"""A probability of 1 in the venue's unit."""

ODDS_PER_MICRO = ODDS_ONE // MICRO

_MOST_DIGITS = 30  # beyond it no amount is meant


def whole(text: str | int) -> int:
    """A whole number that is not negative. Raises UnreadableError."""
    digits = str(text)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise UnreadableError(f"{digits[:40]!r} is no whole number")
    return int(digits)


def probability(odds: str) -> Micros:
    """Odds of the venue in micros of (0, 1). Raises UnreadableError, also for odds between two micros, which no ladder
    of the venue has."""
    micros, rest = divmod(whole(odds), ODDS_PER_MICRO)
    if rest or not 0 < micros < MICRO:
        raise UnreadableError(f"{odds[:40]!r} are no odds of the ladder")
    return Micros(micros)


def odds_text(price: int) -> str:
    """A price in micros as the venue's odds."""
    return str(price * ODDS_PER_MICRO)


def epoch_ms(text: str) -> int:
    """A time of ISO 8601 in milliseconds since 1970. Raises UnreadableError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableError(f"{text[:40]!r} is no time") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at - _EPOCH) // _MILLISECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = datetime.resolution * 1000
