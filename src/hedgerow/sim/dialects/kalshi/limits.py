"""Token buckets: what requests cost, what tiers have, and when a request is one too many.

Each account has a read and a write bucket that fill continuously. Source: Kalshi's page "Rate limits" (August 2026)
and `GET /account/endpoint_costs`. Unsigned requests cost nothing: the page speaks of authenticated ones. Shards have
no buckets of their own here, because the world has one shard.
"""

from __future__ import annotations

from typing import Any

from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.kalshi.errors import too_many_requests

DEFAULT_COST = 10
CANCEL_COST = 2

_ORDERS = "/trade-api/v2/portfolio/events/orders"
ENDPOINT_COSTS = (
    ("DELETE", f"{_ORDERS}/:order_id", CANCEL_COST),
    ("DELETE", f"{_ORDERS}/batched", CANCEL_COST),
    ("GET", "/trade-api/v2/portfolio/orders/:order_id", 2),
)
"""(method, path, tokens) of what does not cost the default; a batch costs so much for each of its items."""


TIERS = {
    "basic": (Budget(200, 400), Budget(100, 100)),
    "advanced": (Budget(300, 600), Budget(300, 600)),
    "expert": (Budget(600, 600), Budget(600, 1_200)),
    "premier": (Budget(1_000, 1_000), Budget(1_000, 2_000)),
    "paragon": (Budget(2_000, 2_000), Budget(2_000, 4_000)),
    "prime": (Budget(4_000, 4_000), Budget(4_000, 8_000)),
    "prestige": (Budget(10_000, 10_000), Budget(8_000, 16_000)),
}
"""Read and write budget by tier. Basic and Advanced reads and writes above Basic hold two seconds of budget."""


class Limits:
    """The buckets of all accounts."""

    def __init__(self, clock: WorldClock, tier: str) -> None:
        self._clock, self._tier = clock, tier
        self._buckets: dict[tuple[str, bool], Bucket] = {}

    @property
    def tier(self) -> str:
        return self._tier

    def set_tier(self, tier: str) -> None:
        """All accounts get this tier, with full buckets. Raises ValueError for an unknown one."""
        if tier not in TIERS:
            raise ValueError(f"unknown tier {tier!r}, known are {', '.join(TIERS)}")
        self._tier = tier
        self._buckets.clear()

    def spend(self, account: str, tokens: int, *, writes: bool) -> None:
        """Raises Denial (429) when the bucket does not hold so many."""
        now_ns = self._clock.now_ns()
        bucket = self._buckets.get((account, writes))
        if bucket is None:
            bucket = self._buckets[account, writes] = Bucket(TIERS[self._tier][writes], now_ns)
        if not bucket.take(tokens, now_ns):
            raise too_many_requests()

    def shape(self) -> dict[str, Any]:
        """The answer of `GET /account/limits`."""
        read, write = TIERS[self._tier]
        return {
            "usage_tier": self._tier,
            "read": {"refill_rate": read.rate, "bucket_capacity": read.capacity},
            "write": {"refill_rate": write.rate, "bucket_capacity": write.capacity},
            "grants": [],
        }


def costs_shape() -> dict[str, Any]:
    """The answer of `GET /account/endpoint_costs`."""
    listed = [{"method": method, "path": path, "cost": cost} for method, path, cost in ENDPOINT_COSTS]
    return {"default_cost": DEFAULT_COST, "endpoint_costs": listed}
