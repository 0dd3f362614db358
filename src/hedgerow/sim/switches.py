"""What dialects read their own switches with (`PATCH /sim/venues/{slug}`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def expect_only(switches: Mapping[str, Any], *known: str) -> None:
    """Raises ValueError that names the switches which a venue does not have."""
    if unknown := switches.keys() - set(known):
        raise ValueError(f"unknown switch {', '.join(sorted(unknown))}")


def seconds_of(switches: Mapping[str, Any], name: str, now_s: float, reset_s: float = 0) -> float:
    """The length of a delay, ≥ 0: as it is given, as it is now where it is not, and `reset_s` where nothing is given.
    Raises ValueError."""
    given = switches.get(name, now_s if switches else reset_s)
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal) or given < 0:
        raise ValueError(f"{name} must be a number of seconds")
    return float(given)
