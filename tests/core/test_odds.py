"""Odds: exact to six decimals, downwards beyond, and placeholders told apart from prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.odds import inverse_ceil, odds_micros, payout_floor

prices = st.integers(MICRO + 1, 100_000 * MICRO)


@given(prices)
def test_odds_of_six_decimals_are_exact(price: int) -> None:
    assert odds_micros(f"{price // MICRO}.{price % MICRO:06}") == price


@given(st.decimals(min_value="1.0000011", max_value=10_000, places=12))
def test_odds_of_more_decimals_are_cut_downwards(odds: Decimal) -> None:
    read = odds_micros(format(odds, "f"))
    assert read is not None
    assert read <= Fraction(odds) * MICRO < read + 1


@pytest.mark.parametrize(
    "form", ["1.95", '"1.95"', b"1.95", b'"1.95"', memoryview(b"1.95"), " 1.95 ", "1.95000", "195e-2"]
)
def test_every_form_of_a_number_is_read(form: str | bytes | memoryview) -> None:
    assert odds_micros(form) == 1_950_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        '""',
        "null",
        "0",
        "0.0",
        "1",
        "1.0",
        "0.5",
        "-2",
        "abc",
        "NaN",
        "Infinity",
        "1e9",
        "100000.000001",
        "1.0000001",
    ],
)
def test_placeholder_is_no_price(text: str) -> None:
    assert odds_micros(text) is None


@given(st.text(max_size=12))
def test_any_text_is_a_price_above_1_or_none(text: str) -> None:
    read = odds_micros(text)
    assert read is None or MICRO < read <= 100_000 * MICRO


@given(prices)
def test_inverse_errs_upwards_by_less_than_a_micro(odds: int) -> None:
    exact = Fraction(MICRO * MICRO, odds)
    assert exact <= inverse_ceil(odds) < exact + 1


@given(st.integers(0, 10**15), prices)
def test_payout_errs_downwards_by_less_than_a_micro(stake: int, odds: int) -> None:
    exact = Fraction(stake * odds, MICRO)
    assert payout_floor(stake, odds) <= exact < payout_floor(stake, odds) + 1


@given(prices)
def test_stake_for_a_payout_of_one_never_pays_less(odds: int) -> None:
    """What quoting rests on: staking the inverse of the odds covers a payout of 1."""
    assert inverse_ceil(odds) * odds >= MICRO * MICRO
