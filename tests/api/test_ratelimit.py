"""The sliding window, against a plain count of what lies in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.api.ratelimit import RateLimiter


class Watch:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_limit_is_reached_and_told() -> None:
    limiter = RateLimiter(Watch())
    told = [limiter.take("demo", 2).headers() for _ in range(3)]
    assert [headers["X-RateLimit-Remaining"] for headers in told] == ["1", "0", "0"]
    assert ["Retry-After" in headers for headers in told] == [False, False, True]
    assert told[2]["Retry-After"] == "60"


def test_request_passes_exactly_when_the_oldest_leaves_the_window() -> None:
    watch = Watch()
    limiter = RateLimiter(watch)
    limiter.take("demo", 1)
    watch.now_s += 59.5
    assert limiter.take("demo", 1).retry_after_s == 0.5
    watch.now_s += 0.5
    assert limiter.take("demo", 1).retry_after_s is None


def test_one_clients_requests_do_not_count_for_another() -> None:
    limiter = RateLimiter(Watch())
    limiter.take("demo", 1)
    assert limiter.take("rival", 1).retry_after_s is None


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 8))
def test_no_window_ever_holds_more_than_the_limit(pauses: list[int], limit: int) -> None:
    watch, passed = Watch(), list[float]()
    limiter = RateLimiter(watch)
    for pause in pauses:
        watch.now_s += pause
        expected = sum(time > watch.now_s - 60 for time in passed) < limit
        assert (limiter.take("demo", limit).retry_after_s is None) is expected
        if expected:
            passed.append(watch.now_s)
