"""Rate limits: a token bucket per key and endpoint, in world time.

Source: the feed sheet: 10 a second for present odds, 100 a minute for everything else, counted per key AND per
endpoint; headers with limit, remaining and the second of the reset on every answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from hedgerow.core.clock import NS_PER_S

ODDS_ENDPOINTS = frozenset({"fixtures/odds", "fixtures/odds/main", "futures/odds"})


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many calls per window of so many seconds."""

    calls: int
    window_s: int


ODDS, OTHER = Allowance(10, 1), Allowance(100, 60)


def allowance(endpoint: str, factor: int = 1) -> Allowance:
    """What one key may do at an endpoint. factor: how many times as much as the feed allows."""
    base = ODDS if endpoint in ODDS_ENDPOINTS else OTHER
    return Allowance(base.calls * factor, base.window_s)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass, and what its headers say. reset_s: when all calls are there again, since 1970."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int

    def headers(self) -> dict[str, str]:
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_s),
        }
        return headers if self.is_allowed else {**headers, "Retry-After": str(self.retry_after_s)}


class Bucket:
    """Tokens that come back evenly; whole at first. Exact: thousands of calls do not drift."""

    def __init__(self, allowed: Allowance, now_ns: int) -> None:
        self._allowed = allowed
        self._tokens = Fraction(allowed.calls)
        self._filled_ns = now_ns

    def take(self, now_ns: int) -> Verdict:
        """Takes a token if there is one. A clock that went back (another recording is played) fills the bucket."""
        calls, window_ns = self._allowed.calls, self._allowed.window_s * NS_PER_S
        elapsed_ns = now_ns - self._filled_ns
        gained = Fraction(calls) if elapsed_ns < 0 else Fraction(elapsed_ns * calls, window_ns)
        self._tokens = min(Fraction(calls), self._tokens + gained)
        self._filled_ns = now_ns
        is_allowed = self._tokens >= 1
        if is_allowed:
            self._tokens -= 1
        full_in_ns = (calls - self._tokens) * window_ns / calls
        next_in_ns = max(Fraction(0), (1 - self._tokens) * window_ns / calls)
        return Verdict(
            is_allowed,
            calls,
            int(self._tokens),
            ceil((now_ns + full_in_ns) / NS_PER_S),
            max(1, ceil(next_in_ns / NS_PER_S)),
        )


class Limiter:
    """All buckets; the world's keys and endpoints are few. Changing the factor starts them anew."""

    def __init__(self) -> None:
        self._factor = 1
        self._buckets: dict[tuple[str, str], Bucket] = {}

    @property
    def factor(self) -> int:
        """How many times as much as the feed allows."""
        return self._factor

    @factor.setter
    def factor(self, factor: int) -> None:
        if factor < 1:
            raise ValueError(f"the factor must be 1 or more, not {factor}")
        self._factor = factor
        self._buckets.clear()

    def take(self, key: str, endpoint: str, now_ns: int) -> Verdict:
        bucket = self._buckets.get((key, endpoint))
        if bucket is None:
            bucket = self._buckets[key, endpoint] = Bucket(allowance(endpoint, self._factor), now_ns)
        return bucket.take(now_ns)
