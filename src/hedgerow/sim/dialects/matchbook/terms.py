"""What can be set about the simulated Matchbook: commission, session, switch, delay, pace of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.money import MICRO, micros
from hedgerow.sim.buckets import Budget
from hedgerow.sim.orders import Contract

SECURITY, ACCOUNT, EVENTS, READING, WRITING, REPORTS = (
    "security",
    "account",
    "events",
    "betting-read",
    "betting-write",
    "reports",
)
"""The groups in which the venue counts requests."""

_SHOWN = 10
_HALF = MICRO * _SHOWN // 2
"""Amounts have five decimals: whole multiples of ten micros."""


def _limits() -> dict[str, Budget]:
    return {
        SECURITY: Budget(1, 20),
        ACCOUNT: Budget(10, 100),
        EVENTS: Budget(20, 200),
        READING: Budget(20, 400),
        WRITING: Budget(20, 300),
        REPORTS: Budget(10, 100),
    }


@dataclass
class Terms:
    """The world's Matchbook. Rates are shares of the smaller of stake and liability of a matched bet, as the offers of
    a VOLUME account name them; the limits' numbers are not public."""

    originator_rate: Decimal = Decimal("0.0075")
    acceptor_rate: Decimal = Decimal("0.015")
    session_life_s: int = 6 * 3600
    heartbeat_s: int = 20
    """The longest that the switch is set for, whatever is asked."""
    live_delay_s: float = 0.0
    least_stake: Decimal = Decimal("0.1")
    limits: Mapping[str, Budget] = field(default_factory=_limits)

    def fee(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """Commission of a matched bet, to five decimals: the originator makes, the acceptor takes."""
        rate = micros(self.originator_rate if is_maker else self.acceptor_rate)
        smaller = min(contract.grid.at_risk(price, size, buys=buys) for buys in (True, False))
        return (smaller * rate + _HALF) // (2 * _HALF) * _SHOWN
