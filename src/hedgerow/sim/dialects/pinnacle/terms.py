"""What can be set about the simulated Pinnacle: paces, delays, limits, and who may bet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class BettingStatus(StrEnum):
    """Of the whole venue."""

    ENABLED = "ALL_BETTING_ENABLED"
    LIVE_CLOSED = "ALL_LIVE_BETTING_CLOSED"
    CLOSED = "ALL_BETTING_CLOSED"


@dataclass(slots=True)
class Terms:
    """Changeable while the world runs. Times are seconds of the world's clock."""

    odds_interval_s: float = 120.0
    """One request of an odds endpoint per sport in so long; 0 switches the rule off. Source: README."""
    snapshot_cache_s: float = 60.0
    """Snapshots of odds and fixtures are as old as this at most, deltas are new. Source: FAQ."""
    live_delay_s: float = 0.0
    """How long bets on live matches are pending. Pinnacle's is about 6 s; none here, so that demos answer at once."""
    remembers_ids_s: float = 1800.0
    """For so long a uniqueRequestId is refused again, and a bet is found by it. Source: README, deduplication."""
    least_stake: Decimal = Decimal("1.00")
    """Where a quote has no lowest stake of its own."""
    has_line_maximum: bool = False
    """Whether bets on one line lower what is left of it (ABOVE_EVENT_MAX)."""
    betting: BettingStatus = BettingStatus.ENABLED
    has_api_access: bool = True
    knows_address: bool = True
    """Whether a partner calls from an address of its list."""
