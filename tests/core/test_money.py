"""Money: exact both ways, rounded only where a direction is named."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import (
    MICRO,
    InexactAmountError,
    Rates,
    UnknownCurrencyError,
    decimal_of,
    micros,
    micros_floor,
    minor_unit,
    product_floor,
    round_down,
    round_nearest,
    round_up,
    spread,
)

whole_micros = st.integers(-(10**24), 10**24)
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=9)
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "XXX"])


@given(whole_micros)
def test_micros_survive_the_way_out_and_back(value: int) -> None:
    assert micros(decimal_of(value)) == value


@given(whole_micros)
def test_decimal_of_micros_is_the_exact_millionth_part(value: int) -> None:
    assert Fraction(decimal_of(value)) == Fraction(value, MICRO)


@given(whole_micros)
def test_decimal_of_micros_reads_as_people_write_it(value: int) -> None:
    text = str(decimal_of(value))
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


@given(amounts)
def test_micros_are_exact_or_refused(amount: Decimal) -> None:
    exact = Fraction(amount) * MICRO
    if exact.denominator == 1:
        assert micros(amount) == exact
    else:
        with pytest.raises(InexactAmountError):
            micros(amount)


@pytest.mark.parametrize("text", ["0.1234560000000000000000000000001", "12345678901234567890123456789.0000001", "1e-7"])
def test_digit_far_behind_is_not_lost_silently(text: str) -> None:
    with pytest.raises(InexactAmountError, match="more than six decimals"):
        micros(text)


@pytest.mark.parametrize("text", ["abc", "", "NaN", "-Infinity", "1E+1000000"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InexactAmountError, match="is not an amount"):
        micros(text)


@given(amounts)
def test_floor_is_the_next_micro_below(amount: Decimal) -> None:
    assert micros_floor(amount) <= Fraction(amount) * MICRO < micros_floor(amount) + 1


def test_floor_is_not_rounded_up_by_many_digits() -> None:
    assert micros_floor(Decimal("0." + "9" * 60)) == 999_999


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E+1000000"])
def test_floor_of_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InexactAmountError):
        micros_floor(Decimal(text))


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any))
def test_shares_make_up_the_whole_and_are_in_proportion(whole: int, weights: list[int]) -> None:
    shares = spread(whole, weights)
    assert sum(shares) == whole
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(whole * weight, sum(weights))) < 1


@pytest.mark.parametrize(("currency", "unit"), [("USD", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("XXX", "0.01")])
def test_minor_unit_is_the_currencys(currency: str, unit: str) -> None:
    assert minor_unit(currency) == Decimal(unit)


@given(st.decimals(min_value=0, max_value=10**12, places=9), currencies)
def test_rounding_goes_where_it_says_and_less_than_a_unit(amount: Decimal, currency: str) -> None:
    unit = minor_unit(currency)
    assert amount - unit < round_down(amount, currency) <= amount
    assert amount <= round_up(amount, currency) < amount + unit
    assert abs(round_nearest(amount, currency) - amount) * 2 <= unit


@given(amounts, currencies)
def test_rounded_amounts_can_be_paid(amount: Decimal, currency: str) -> None:
    for rounded in (round_down(amount, currency), round_up(amount, currency), round_nearest(amount, currency)):
        assert rounded % minor_unit(currency) == 0


@given(amounts, currencies)
def test_rounding_down_never_makes_a_stake_larger(amount: Decimal, currency: str) -> None:
    assert abs(round_down(amount, currency)) <= abs(amount)


def test_halves_go_to_the_even_side() -> None:
    assert [round_nearest(Decimal(text), "USD") for text in ("0.005", "0.015")] == [Decimal("0.00"), Decimal("0.02")]


def test_rates_are_units_per_dollar() -> None:
    rates = Rates({"EUR": Decimal("0.8")})
    assert rates.to_usd(Decimal(8), "EUR") == 10
    assert rates.from_usd(Decimal(10), "EUR") == 8


def test_dollar_needs_no_rate_and_takes_no_other() -> None:
    assert Rates({"USD": Decimal(2)}).to_usd(Decimal(5), "USD") == 5


def test_unknown_currency_is_refused_and_named() -> None:
    with pytest.raises(UnknownCurrencyError, match="GBP") as caught:
        Rates({}).to_usd(Decimal(1), "GBP")
    assert caught.value.currency == "GBP"


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_rate_that_is_not_positive_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="EUR"):
        Rates({"EUR": Decimal(rate)})


@given(st.decimals(0, 10**6, places=20), st.decimals(0, 1000, places=20))
def test_a_product_is_never_rounded_up(one, other) -> None:
    assert product_floor(one, other) == Fraction(one) * Fraction(other) * MICRO // 1
