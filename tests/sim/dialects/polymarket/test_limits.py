"""Token buckets: what they hold, how they refill, and what a debt means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.dialects.polymarket.limits import Bucket, Tier, TradingLimits


def test_a_bucket_is_full_at_first_and_gives_all_or_nothing() -> None:
    bucket = Bucket(rate=2, burst=10, now_ns=0)
    assert not bucket.take(11, 0)
    assert bucket.take(10, 0)
    assert not bucket.take(1, 0)
    assert bucket.remaining == 0


def test_tokens_come_back_with_time_up_to_the_burst() -> None:
    bucket = Bucket(rate=2, burst=10, now_ns=0)
    bucket.take(10, 0)
    assert not bucket.take(1, NS_PER_S // 2 - 1)
    assert bucket.take(1, NS_PER_S // 2)
    assert bucket.take(10, 100 * NS_PER_S)
    assert not bucket.take(1, 100 * NS_PER_S)


def test_a_debt_is_waited_for() -> None:
    bucket = Bucket(rate=2, burst=10, now_ns=0)
    bucket.debit(15)
    assert (bucket.remaining, bucket.wait_s(1), bucket.wait_s(0)) == (-5, 3, 3)
    assert not bucket.take(1, 2 * NS_PER_S)
    assert bucket.take(1, 3 * NS_PER_S)


def test_nothing_is_gained_when_the_clock_goes_back() -> None:
    bucket = Bucket(rate=1, burst=1, now_ns=100 * NS_PER_S)
    bucket.take(1, 100 * NS_PER_S)
    assert not bucket.take(1, 0)
    assert bucket.take(1, NS_PER_S)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3 * NS_PER_S)), max_size=40))
def test_no_more_is_taken_than_the_burst_and_what_came_since(requests: list[tuple[int, int]]) -> None:
    bucket, now_ns, taken = Bucket(rate=3, burst=7, now_ns=0), 0, 0
    for cost, wait_ns in requests:
        now_ns += wait_ns
        taken += cost if bucket.take(cost, now_ns) else 0
    assert taken <= 7 + 3 * now_ns / NS_PER_S


def test_every_signer_has_buckets_of_its_own() -> None:
    limits = TradingLimits(Tier("tiny", 1, 1, 1, 1))
    assert limits.orders("ann", 0).take(1, 0)
    assert limits.orders("bob", 0).take(1, 0)
    assert limits.cancels("ann", 0).take(1, 0)
    assert not limits.orders("ann", 0).take(1, 0)
    assert limits.headers(limits.orders("ann", 0), 1, 5 * NS_PER_S) == {
        "Poly-RateLimit-Remaining": "0",
        "Poly-RateLimit-Reset": "6",
        "Poly-RateLimit-Tier": "tiny",
    }
    limits.clear()
    assert limits.orders("ann", 0).take(1, 0)
