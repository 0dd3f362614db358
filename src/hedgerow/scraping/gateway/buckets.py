"""The limit of each key, a token bucket that all gateways of a deployment share.

The bucket is a row of the database. A gateway takes tokens out in small leases and hands them to requests, so that a
fast key costs a few statements a second and a slow one is exact to the request; what it does not use within a second
is lost to the key. An empty bucket is not asked again before it can have a token.
Source: RFC 6585 section 4 (429); docs/decisions/0132.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.accounts import ApiKey

LEASE_S = 0.05
"""So many seconds of a key's rate are taken at once."""
KEPT_S = 1.0
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Bucket:
    """A key's tokens in this process."""

    leased: int = 0
    leased_until_s: float = 0.0
    left: float = 0.0  # in the row, as last seen
    empty_until_s: float = 0.0
    waiting: int = 0
    rate: Decimal | None = None  # of the key as last seen
    limit: str = ""  # as it is told: of that rate
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Buckets:
    """Tokens by key."""

    def __init__(self, repository: ScrapingRepository, now_s: Callable[[], float]) -> None:
        """now_s: monotonic."""
        self._repository, self._now_s = repository, now_s
        self._buckets: OrderedDict[int, _Bucket] = OrderedDict()

    async def take(self, key: ApiKey) -> dict[str, str]:
        """Takes one token; answers what the client is told. Raises ApiError 429, StorageError."""
        if (told := self.take_leased(key)) is not None:
            return told
        bucket = self._bucket(key.key_id)
        bucket.waiting += 1
        try:
            async with bucket.lock:
                await self._lease(key, bucket)
        finally:
            bucket.waiting -= 1
        bucket.leased -= 1
        return self._told(key, bucket)

    def take_leased(self, key: ApiKey) -> dict[str, str] | None:
        """`take` of a token that is here; None where the row is to be asked."""
        bucket = self._bucket(key.key_id)
        if not bucket.leased or self._now_s() >= bucket.leased_until_s:
            return None
        bucket.leased -= 1
        return self._told(key, bucket)

    def remaining(self, key: ApiKey) -> float:
        """Tokens that the key had when it was last seen here, and what has come since at most."""
        bucket = self._buckets.get(key.key_id)
        return float(burst_of(key)) if bucket is None else min(burst_of(key), bucket.left + bucket.leased)

    async def look(self, key: ApiKey) -> float:
        """Tokens that the key has now, without taking one. Raises StorageError."""
        lease = await self._repository.take_tokens(key.key_id, float(key.per_second), burst_of(key), 0)
        bucket = self._bucket(key.key_id)
        bucket.left = lease.left
        return self.remaining(key)

    async def _lease(self, key: ApiKey, bucket: _Bucket) -> None:
        """Until a token is leased. Raises ApiError 429."""
        now_s = self._now_s()
        if bucket.leased and now_s < bucket.leased_until_s:
            return
        bucket.leased = 0
        if now_s < bucket.empty_until_s:
            raise self._refusal(key, bucket.empty_until_s - now_s)
        rate, burst = float(key.per_second), burst_of(key)
        wanted = min(burst, max(bucket.waiting, int(rate * LEASE_S), 1))
        lease = await self._repository.take_tokens(key.key_id, rate, burst, wanted)
        now_s = self._now_s()
        bucket.left = lease.left
        if lease.granted == 0:
            wait_s = max(0.0, 1.0 - lease.left) / rate
            bucket.empty_until_s = now_s + wait_s
            raise self._refusal(key, wait_s)
        bucket.leased, bucket.leased_until_s = lease.granted, now_s + KEPT_S

    def _bucket(self, key_id: int) -> _Bucket:
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = _Bucket()
            if len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
        return bucket

    def _told(self, key: ApiKey, bucket: _Bucket) -> dict[str, str]:
        if bucket.rate is not key.per_second:
            bucket.rate, bucket.limit = key.per_second, str(burst_of(key))
        remaining = int(bucket.left) + bucket.leased
        return {"X-RateLimit-Limit": bucket.limit, "X-RateLimit-Remaining": str(remaining if remaining > 0 else 0)}

    def _refusal(self, key: ApiKey, wait_s: float) -> ApiError:
        headers = {
            "Retry-After": str(max(1, math.ceil(wait_s))),
            "X-RateLimit-Limit": str(burst_of(key)),
            "X-RateLimit-Remaining": "0",
        }
        return ApiError(429, "Rate limit exceeded", headers)


def burst_of(key: ApiKey) -> int:
    """As many tokens as the bucket holds: a second's worth, at least one."""
    return max(1, math.ceil(key.per_second))
