"""Tokens that are here, without a database."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from hedgerow.scraping.gateway.buckets import KEPT_S, Buckets
from hedgerow.scraping.gateway.repository import Lease, ScrapingRepository
from hedgerow.storage.accounts import ApiKey

KEY = ApiKey("prefix", "demo", "scraping", True, 0, Decimal(60), (), None, 1, None, (), ())


class Row:
    """Has plenty, and grants what is asked for."""

    async def take_tokens(self, key_id: int, rate: float, burst: int, wanted: int) -> Lease:
        return Lease(wanted, 50.0)


async def test_tokens_of_a_lease_are_taken_without_asking_until_they_are_used_or_old() -> None:
    now_s = 100.0
    buckets = Buckets(cast("ScrapingRepository", Row()), lambda: now_s)
    assert buckets.take_leased(KEY) is None
    await buckets.take(KEY)  # one of the three that are a twentieth of a second's
    left = [buckets.take_leased(KEY) for _ in range(3)]
    assert [told and told["X-RateLimit-Remaining"] for told in left] == ["51", "50", None]
    await buckets.take(KEY)
    now_s += KEPT_S
    assert buckets.take_leased(KEY) is None
