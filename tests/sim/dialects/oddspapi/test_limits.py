"""Rate limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.dialects.oddspapi.limits import ODDS, OTHER, Allowance, Bucket, Limiter, allowance

START = 1_766_414_833 * NS_PER_S


@given(
    allowed=st.sampled_from([ODDS, OTHER]),
    pauses=st.lists(st.integers(0, 2 * NS_PER_S), max_size=60),
)
def test_never_more_than_the_burst_and_what_came_back(allowed: Allowance, pauses: list[int]) -> None:
    bucket, now, passed = Bucket(allowed, START), START, 0
    for pause in pauses:
        now += pause
        passed += bucket.take(now).is_allowed
    assert passed * allowed.window_s * NS_PER_S <= allowed.calls * (allowed.window_s * NS_PER_S + now - START)


@given(allowed=st.sampled_from([ODDS, OTHER]), calls=st.integers(1, 250))
def test_remaining_counts_down_and_the_wait_is_enough(allowed: Allowance, calls: int) -> None:
    bucket = Bucket(allowed, START)
    verdicts = [bucket.take(START) for _ in range(calls)]
    assert [v.remaining for v in verdicts] == [max(0, allowed.calls - k) for k in range(1, calls + 1)]
    assert verdicts[-1].is_allowed == (calls <= allowed.calls)
    assert bucket.take(START + verdicts[-1].retry_after_s * NS_PER_S).is_allowed


def test_reset_is_when_the_bucket_is_whole_again() -> None:
    bucket = Bucket(OTHER, START)
    verdict = [bucket.take(START) for _ in range(50)][-1]
    assert verdict.reset_s == START // NS_PER_S + 30


def test_clock_that_went_back_fills_the_bucket() -> None:
    bucket = Bucket(ODDS, START)
    assert not [bucket.take(START) for _ in range(11)][-1].is_allowed
    assert bucket.take(START - NS_PER_S).remaining == 9


def test_keys_and_endpoints_have_buckets_of_their_own() -> None:
    limiter = Limiter()
    for _ in range(10):
        limiter.take("a", "fixtures/odds", START)
    spent, other_key, other_endpoint = (
        limiter.take(*who, START).is_allowed
        for who in (("a", "fixtures/odds"), ("b", "fixtures/odds"), ("a", "fixtures/odds/main"))
    )
    assert (spent, other_key, other_endpoint) == (False, True, True)


@pytest.mark.parametrize(("endpoint", "calls"), [("fixtures/odds", 10), ("futures/odds", 10), ("markets", 100)])
def test_odds_are_counted_by_the_second_and_the_rest_by_the_minute(endpoint: str, calls: int) -> None:
    assert allowance(endpoint).calls == calls


def test_factor_multiplies_and_starts_anew() -> None:
    limiter = Limiter()
    limiter.take("a", "markets", START)
    limiter.factor = 3
    assert limiter.take("a", "markets", START).remaining == 299
    with pytest.raises(ValueError, match="1 or more"):
        limiter.factor = 0
