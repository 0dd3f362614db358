"""Order numbers and the references that carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.mm.numbers import LOW, NoNumbersError, OrderNumbers, order_id_of, reference_of

TAG = 0x5EED


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1))
def test_reference_gives_the_number_back(tag: int, order_id: int) -> None:
    assert order_id_of(tag, reference_of(tag, order_id)) == order_id


@given(st.integers(0, 2**63 - 1))
def test_reference_of_another_deployment_is_not_ours(order_id: int) -> None:
    assert order_id_of(TAG, reference_of(TAG + 1, order_id)) is None


@given(st.one_of(st.none(), st.text(), st.uuids().map(str)))
def test_foreign_text_is_not_ours(text: str | None) -> None:
    assert order_id_of(TAG, text) is None


def test_numbers_come_in_order_and_end() -> None:
    numbers = OrderNumbers()
    numbers.add(range(1, 3))
    numbers.add([7])
    assert [numbers.take() for _ in range(3)] == [1, 2, 7]
    with pytest.raises(NoNumbersError):
        numbers.take()


def test_low_stock_is_told_until_enough_is_added() -> None:
    numbers = OrderNumbers()
    assert numbers.is_low.is_set()
    numbers.add(range(1, LOW))
    assert numbers.is_low.is_set()
    numbers.add(range(LOW, LOW + 2))
    assert not numbers.is_low.is_set()
    numbers.take()
    assert not numbers.is_low.is_set()
    numbers.take()
    assert (numbers.left, numbers.is_low.is_set()) == (LOW - 1, True)
