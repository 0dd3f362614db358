"""Pinnacle's times: UTC, ISO 8601, to the second in its answers; requests may give a day alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hedgerow.core.clock import datetime_of_ms
from hedgerow.sim.dialects.pinnacle.wire import invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(ms: int) -> str:
    """e.g. "2017-09-05T01:32:59Z"."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%SZ}"


def time_of(text: str, name: str) -> int:
    """Milliseconds of a day or a time; one without a zone is UTC. Raises Denial (400)."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name} must be an ISO 8601 date or time") from None
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
