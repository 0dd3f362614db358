"""The rule that makes a bookmaker's odds of an exchange market."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.recordings.odds_rule import (
    DEFAULT_MARGIN,
    HIGHEST_ODDS,
    LIMIT_STEPS,
    LOWEST_ODDS,
    RunnerBook,
    fair,
    limit_of_depth,
    two_way_odds,
)


def book(back: str | None = None, lay: str | None = None, traded: str | None = None, at: int = 0) -> RunnerBook:
    return RunnerBook(*(None if odds is None else Decimal(odds) for odds in (back, lay, traded)), traded_at=at)


def rounded(chances: tuple[Decimal, Decimal] | None) -> tuple[str, str] | None:
    return chances and (f"{chances[0]:.4f}", f"{chances[1]:.4f}")


@pytest.mark.parametrize(
    ("first", "second", "chances"),
    [
        (book("2.00", "2.02"), book("1.98", "2.00"), ("0.4975", "0.5025")),  # both, scaled to sum 1
        (book("4.00", "5.00"), book(), ("0.2250", "0.7750")),  # one alone gives the other
        (book(), book("4.00", "5.00"), ("0.7750", "0.2250")),
        (book("2.02", "2.00"), book("4.00", "5.00"), ("0.7750", "0.2250")),  # a crossed book says nothing
        (book("1.01", "1.50"), book("4.00", "5.00"), ("0.7750", "0.2250")),  # nor does a wide one
        (book("2.00", None, "2.00"), book(None, "2.00", "2.00"), None),  # nor a one-sided one; old trades do not help
        (book("2.00", "2.02"), book("1.50", "1.52"), None),  # two books that contradict each other
    ],
)
def test_a_market_with_depth_is_priced_from_the_middle_of_its_books(
    first: RunnerBook, second: RunnerBook, chances: tuple[str, str] | None
) -> None:
    assert rounded(fair(first, second, depth_is_recorded=True)) == chances


@pytest.mark.parametrize(
    ("first", "second", "chances"),
    [
        (book(), book(), None),
        (book(traded="4", at=1), book(), ("0.2500", "0.7500")),
        (book(), book(traded="4", at=1), ("0.7500", "0.2500")),
        (book(traded="1.98", at=1), book(traded="1.98", at=2), ("0.5000", "0.5000")),
        (book(traded="4", at=2), book(traded="2", at=1), ("0.2500", "0.7500")),  # the newer one counts
        (book(traded="4", at=1), book(traded="2", at=2), ("0.5000", "0.5000")),
    ],
)
def test_a_market_without_depth_is_priced_from_its_last_trades(
    first: RunnerBook, second: RunnerBook, chances: tuple[str, str] | None
) -> None:
    assert rounded(fair(first, second, depth_is_recorded=False)) == chances


probabilities = st.decimals("0.0005", "0.9995", places=6)
margins = st.decimals("0", "0.2", places=3)


@given(probabilities, margins)
def test_odds_keep_the_margin_and_lie_on_the_grid(probability: Decimal, margin: Decimal) -> None:
    odds = two_way_odds((probability, 1 - probability), margin)
    if odds is None:
        assert not all(LOWEST_ODDS <= 1 / (p * (1 + margin)) <= HIGHEST_ODDS for p in (probability, 1 - probability))
        return
    assert sum(1 / price for price in odds) >= (1 + margin) * Decimal("0.999999999999")
    assert all(LOWEST_ODDS <= price <= HIGHEST_ODDS for price in odds)
    assert all(price % (Decimal("0.01") if price >= 10 else Decimal("0.001")) == 0 for price in odds)


def test_an_example_of_the_rule() -> None:
    assert two_way_odds((Decimal("0.4"), Decimal("0.6")), DEFAULT_MARGIN) == (Decimal("2.45"), Decimal("1.633"))
    assert two_way_odds((Decimal("0.05"), Decimal("0.95")), DEFAULT_MARGIN) == (Decimal("19.6"), Decimal("1.031"))


def test_a_match_that_is_decided_is_not_offered() -> None:
    assert two_way_odds((Decimal("0.99"), Decimal("0.01")), DEFAULT_MARGIN) is None
    assert two_way_odds((Decimal(1), Decimal(0)), DEFAULT_MARGIN) is None


@given(st.decimals("0", "100000", places=2))
def test_limits_are_steps_within_half_of_the_depth(depth: Decimal) -> None:
    limit = limit_of_depth(depth)
    assert limit in LIMIT_STEPS
    assert limit == LIMIT_STEPS[0] or limit <= depth / 2
    assert all(step == limit for step in LIMIT_STEPS if limit <= step <= depth / 2)
