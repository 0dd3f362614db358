"""Amounts by properties; the published vectors are in test_vectors.py."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.predict_fun.amounts import ETHER, WEI, limit_of, micros_of, significant, whole_quantity
from hedgerow.venues.reading import UnreadableError

prices = st.integers(1, 999).map(lambda thousandths: thousandths * 1_000)
sizes = st.integers(1, 99_999).map(lambda tenths: tenths * MICRO // 10)


@given(prices, sizes)
def test_what_is_quoted_is_signed_exactly(price: int, size: int) -> None:
    for side in Side:
        limit = limit_of(side, price * WEI, size * WEI)
        money, quantity = limit.amounts if side is Side.BUY else reversed(limit.amounts)
        assert (limit.price, quantity) == (price * WEI, size * WEI)
        assert Fraction(money, quantity) == Fraction(price, MICRO)
    assert whole_quantity(size) == size


@given(st.integers(1, 10**30), st.integers(1, 10))
def test_cutting_keeps_the_leading_digits_and_never_grows(number: int, digits: int) -> None:
    cut = significant(number, digits)
    assert cut <= number
    assert len(str(cut)) == len(str(number))
    assert str(cut)[:digits] == str(number)[:digits]
    assert set(str(cut)[digits:]) <= {"0"}


@given(st.integers(0, ETHER * 10**6))
def test_wei_are_read_exactly_but_for_what_lies_below_a_micro(wei: int) -> None:
    assert micros_of(str(wei)) == wei // WEI


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e18", "0x10", " 1", "¹", "9" * 41])
def test_what_is_no_text_of_digits_is_no_amount(text: str) -> None:
    with pytest.raises(UnreadableError):
        micros_of(text)
