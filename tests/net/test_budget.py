"""Token buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.net.budget import Budget

seconds = st.floats(0, 5, allow_nan=False)
rates = st.floats(0.1, 100, allow_nan=False)


@given(rates, st.integers(1, 50), st.lists(st.tuples(seconds, st.integers(1, 5)), max_size=60))
def test_never_more_is_taken_than_burst_and_rate_allow(per_second, burst, asked):
    clock = SteppedClock(NS_PER_S)
    budget, taken, start_ns = Budget(clock, per_second, burst), 0.0, clock.now_ns()
    for wait_s, tokens in asked:
        clock.advance(wait_s)
        taken += tokens if budget.try_take(tokens) else 0
        elapsed_s = (clock.now_ns() - start_ns) / NS_PER_S
        assert taken <= burst + per_second * elapsed_s + 1e-6


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50))
def test_what_must_stay_is_not_taken(spent, tokens, leaves):
    budget = Budget(SteppedClock(NS_PER_S), 1, 50)
    budget.try_take(spent)
    assert budget.try_take(tokens, leaves=leaves) is (50 - spent >= tokens + leaves)


@given(rates, st.integers(1, 50), st.integers(0, 50))
def test_after_the_wait_that_is_told_the_tokens_are_there(per_second, burst, spent):
    clock = SteppedClock(NS_PER_S)
    budget = Budget(clock, per_second, burst)
    budget.try_take(min(spent, burst))
    clock.advance(budget.ready_in_s(1) + 1e-8)
    assert budget.try_take(1)


@given(st.floats(0.1, 60), st.floats(0, 60))
def test_exhausted_budget_gives_nothing_for_that_long(for_s, first_s):
    clock = SteppedClock(NS_PER_S)
    budget = Budget(clock, 2.0, 4.0)
    budget.exhausted(first_s)
    budget.exhausted(for_s)
    clock.advance(max(for_s, first_s) - 0.01)
    assert not budget.try_take(0.1)


def test_refused_take_costs_nothing():
    budget = Budget(SteppedClock(), 1.0, 3.0)
    assert not budget.try_take(4)
    assert budget.try_take(3)


def test_clock_that_was_put_back_takes_no_tokens_away():
    clock = SteppedClock(3600 * NS_PER_S)
    budget = Budget(clock, 1.0, 3.0)
    clock._now_ns = 0
    assert budget.try_take(3)


def test_more_than_the_burst_is_never_ready():
    with pytest.raises(ValueError, match="never fit"):
        Budget(SteppedClock(), 1.0, 3.0).ready_in_s(4)


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (1, 0), (-1, 1)])
def test_rate_and_burst_must_be_positive(per_second, burst):
    with pytest.raises(ValueError, match="positive"):
        Budget(SteppedClock(), per_second, burst)
