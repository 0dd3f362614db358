"""The feed's ways of writing a time, as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NEVER_MS = -1
"""Before every time that the feed can name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# Epoch seconds stay below this until the year 5138, epoch milliseconds have been above it since 1973.
_SECONDS_BELOW = 10**11


def moment_ms(told: str | int | None) -> int | None:
    """Milliseconds since 1970 of a moment whose form the feed does not document: ISO 8601, or a number of seconds or
    milliseconds."""
    if isinstance(told, int):
        return told * 1000 if abs(told) < _SECONDS_BELOW else told
    at_us = microseconds(told)
    return None if at_us is None else at_us // 1000


def microseconds(iso: str | None) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time, UTC where it names no zone; None for none, or another form."""
    if not iso:
        return None
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
