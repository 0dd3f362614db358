"""Limits: the cascade, exact comparison, and never above an offer or a balance."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.limits import USD, Bounds, LimitFacts, at_risk, bounds
from hedgerow.execution.amounts import ceiled, converted, floored

from .abpkit import EUR, JPY, amounts, currencies, facts, limit_facts, prices

TWO = Decimal(2)


@pytest.mark.parametrize(
    ("told", "most"),
    [
        ({"account_max": 70, "default_max": 90, "entry_max": 300}, 70),
        ({"default_max": 90, "entry_max": 300}, 90),
        ({"entry_max": 300}, 300),
        ({}, 500),
        ({"account_max": 70, "entry_max": 50}, 50),
        ({"account_max": 9000, "entry_max": 5000}, 1000),
        ({"entry_max": 300, "used": 120}, 180),
        ({"entry_max": 300, "used": 301}, 0),
    ],
)
def test_the_narrowest_that_counts_is_the_most(told: dict[str, int], most: int) -> None:
    assert bounds(facts(**{name: Decimal(amount) for name, amount in told.items()}), TWO, is_back=True).most == most


@pytest.mark.parametrize(
    ("told", "least"),
    [
        ({"account_min": 2, "default_min": 3, "entry_min": 4}, 2),
        ({"default_min": 3, "entry_min": 4}, 3),
        ({"entry_min": 4}, 4),
        ({}, 1),
    ],
)
def test_the_minimum_follows_the_same_cascade(told: dict[str, int], least: int) -> None:
    assert bounds(facts(**{name: Decimal(amount) for name, amount in told.items()}), TWO, is_back=True).least == least


def test_limits_in_dollars_are_rounded_down_and_minimums_up_in_the_accounts_currency() -> None:
    found = bounds(facts(currency=JPY, free=Decimal(10**6), default_max=TWO, default_min=TWO), TWO, is_back=True)
    assert found == Bounds(least=Decimal(303), most=Decimal(302))


def test_a_lay_bet_is_limited_by_what_it_may_have_to_pay() -> None:
    assert bounds(facts(free=Decimal(100)), Decimal(5), is_back=False).most == 25


def test_limits_and_minimums_of_a_lay_bet_are_of_the_money_at_risk() -> None:
    given = facts(free=Decimal(1000), account_max=Decimal(100), account_min=Decimal(6), used=Decimal(5))
    assert bounds(given, Decimal(5), is_back=False) == Bounds(least=Decimal("1.5"), most=Decimal(20))


def test_a_conversion_within_one_currency_needs_no_rate() -> None:
    assert converted(Decimal("0.1"), EUR, EUR) == Fraction(1, 10)


@given(limit_facts, prices)
def test_the_most_is_never_above_the_offer_the_override_or_the_balance(told: LimitFacts, price: Decimal) -> None:
    for is_back in (True, False):
        most = bounds(told, price, is_back=is_back).most
        assert most >= 0
        assert at_risk(most, price, told.currency, is_back=is_back) <= max(told.free, Decimal(0))
        risk = Fraction(most + told.used) * (1 if is_back else Fraction(price - 1))
        if told.entry_max is not None:
            assert risk <= converted(told.entry_max, told.entry_currency, told.currency) or most == 0
        if told.account_max is not None:
            assert risk <= told.account_max or most == 0
        elif told.default_max is not None:
            assert risk <= converted(told.default_max, USD, told.currency) or most == 0


@given(limit_facts, prices)
def test_bounds_are_whole_minor_units(told: LimitFacts, price: Decimal) -> None:
    found = bounds(told, price, is_back=True)
    assert found.most % told.currency.unit == 0
    assert found.least % told.currency.unit == 0
    assert found.least > 0


@given(amounts("0", "100000", 6), currencies, currencies)
def test_rounding_keeps_its_side_of_the_exact_amount(amount: Decimal, source: object, target: object) -> None:
    exact = converted(amount, source, target)  # type: ignore[arg-type]
    unit = target.unit  # type: ignore[attr-defined]
    assert floored(exact, unit) <= exact < floored(exact, unit) + unit
    assert ceiled(exact, unit) - unit < exact <= ceiled(exact, unit)


@given(st.decimals(-(10**15), 10**15, places=9), st.sampled_from([Decimal(1), Decimal("0.01"), Decimal("0.000001")]))
def test_a_decimal_is_rounded_as_the_fraction_that_it_is(amount: Decimal, unit: Decimal) -> None:
    for rounded in (floored, ceiled):
        assert rounded(amount, unit) == rounded(Fraction(amount), unit)
        assert rounded(amount, unit).as_tuple().exponent == unit.as_tuple().exponent
