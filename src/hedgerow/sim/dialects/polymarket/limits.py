"""How many orders and cancellations a signer may send: two token buckets, in the world's time.

Source: "CLOB Trading Rate Limits" in the venue's documentation (per-signer buckets, headers, the debt that a
cancel-all can leave). The limits per network address, which delay instead of refusing, are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hedgerow.core.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class Tier:
    """A volume tier: tokens a second and the most that a bucket holds, for orders and for cancellations."""

    name: str
    order_rate: int
    order_burst: int
    cancel_rate: int
    cancel_burst: int


ELITE = Tier("elite", 600, 900, 1_200, 1_800)


class Bucket:
    """Tokens that come back with time. The level may fall below zero after `debit`."""

    def __init__(self, rate: int, burst: int, now_ns: int) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at_ns = Decimal(burst), now_ns

    def take(self, cost: int, now_ns: int) -> bool:
        """Takes the tokens of a request, all or none."""
        self._refill(now_ns)
        if self._level < cost:
            return False
        self._level -= cost
        return True

    def debit(self, cost: int) -> None:
        """Takes tokens for what a request turned out to do."""
        self._level -= cost

    @property
    def remaining(self) -> int:
        return int(self._level)

    def wait_s(self, cost: int) -> int:
        """Whole seconds until the tokens are there."""
        missing = max(Decimal(0), cost - self._level)
        return int((missing / self._rate).to_integral_value(ROUND_CEILING))

    def _refill(self, now_ns: int) -> None:
        # The world's time goes back when a recording starts; nothing is gained then.
        gained = Decimal(max(0, now_ns - self._at_ns)) * self._rate / NS_PER_S
        self._level = min(Decimal(self._burst), self._level + gained)
        self._at_ns = now_ns


class TradingLimits:
    """The buckets of every signer."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._orders: dict[str, Bucket] = {}
        self._cancels: dict[str, Bucket] = {}

    def clear(self) -> None:
        self._orders.clear()
        self._cancels.clear()

    def orders(self, signer: str, now_ns: int) -> Bucket:
        tier = self._tier
        return self._orders.setdefault(signer, Bucket(tier.order_rate, tier.order_burst, now_ns))

    def cancels(self, signer: str, now_ns: int) -> Bucket:
        tier = self._tier
        return self._cancels.setdefault(signer, Bucket(tier.cancel_rate, tier.cancel_burst, now_ns))

    def headers(self, bucket: Bucket, missing: int, now_ns: int) -> dict[str, str]:
        """What the venue says of a bucket with every answer. missing: the tokens that a refused request waits for."""
        return {
            "Poly-RateLimit-Remaining": str(bucket.remaining),
            "Poly-RateLimit-Reset": str(now_ns // NS_PER_S + bucket.wait_s(missing)),
            "Poly-RateLimit-Tier": self._tier.name,
        }
