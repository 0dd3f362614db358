"""What can be set about the simulated Polymarket US: fees, ticks, the smallest trade, the pace of requests.

Source: the venue's fee schedule of 25 September 2026 and its page "Rate Limits".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.money import MICRO
from hedgerow.sim.buckets import Budget
from hedgerow.sim.orders import Contract

LOWEST, HIGHEST = 10_000, 990_000
"""Prices are between one cent and ninety-nine, whatever the tick."""

_CENT = 10_000
_RATE_UNIT = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """The world's Polymarket US. Fees in ten-thousandths of contracts × p × (1 − p); tick and lot in micros."""

    taker_rate: int = 695
    maker_rebate: int = 125
    tick: int = 10_000
    lot: int = 10_000
    requests: Budget = field(default_factory=lambda: Budget(20, 20))
    timestamp_window_ms: int = 30_000
    heartbeat_s: float = 10.0

    def fee(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """A fill's commission in whole cents, half to even; a maker's is a rebate, below zero."""
        rate = self.maker_rebate if is_maker else self.taker_rate
        amount = _cents(rate * size * price * (MICRO - price), _RATE_UNIT * MICRO * MICRO * _CENT) * _CENT
        return -amount if is_maker else amount


def _cents(numerator: int, denominator: int) -> int:
    """The nearest whole number, half to even."""
    whole, rest = divmod(numerator, denominator)
    is_up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole + is_up
