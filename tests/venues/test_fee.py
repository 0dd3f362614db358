"""The fee of a fill is never understated."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.base import Fee


def test_part_of_a_unit_costs_a_whole_unit() -> None:
    cents = Fee(rate=Decimal("0.07"), unit=10_000)
    assert cents.of(500_000, 1_000_000) == 20_000  # exactly 1.75 cents


def test_whole_number_of_units_is_not_raised() -> None:
    assert Fee(rate=Decimal("0.04"), unit=10_000).of(500_000, 1_000_000) == 10_000


def test_no_rate_costs_nothing() -> None:
    assert Fee().of(500_000, 1_000_000) == 0


@given(
    st.decimals("0.001", "0.1", places=4),
    st.integers(1, 2),
    st.sampled_from([1, 10, 10_000]),
    st.integers(1, 999_999),
    st.integers(1, 10**12),
)
def test_fee_lies_less_than_a_unit_above_the_exact_one(
    rate: Decimal, exponent: int, unit: int, price: int, size: int
) -> None:
    probability = Decimal(price) / 1_000_000
    exact = size * rate * (probability * (1 - probability)) ** exponent
    fee = Fee(rate, exponent, unit).of(price, size)
    assert fee % unit == 0
    assert exact <= fee < exact + unit
