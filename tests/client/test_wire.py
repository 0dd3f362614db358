from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.client import Secret
from hedgerow.client.abp.models import AccountCreateRequest, PlaceOrderRequest, PlaceOrdersRequest
from hedgerow.client.ids import FixtureId, OutcomeId
from hedgerow.client.wire import decode, encode

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=0, max_value=10**12)


def order(price: Any, stake: Any = 5) -> PlaceOrderRequest:
    return PlaceOrderRequest(
        fixture_id=FixtureId("id1"),
        outcome_id=OutcomeId(1),
        order_price=price,
        order_stake=stake,
        user_ref="a",
        test_order=False,
    )


@given(amounts, amounts)
def test_amounts_leave_and_come_back_digit_for_digit(price: Decimal, stake: Decimal) -> None:
    body = encode(PlaceOrdersRequest(orders=[order(price, stake)]))
    read = decode(body)["orders"][0]
    assert (Decimal(read["orderPrice"]), Decimal(read["orderStake"])) == (price, stake)
    assert not isinstance(read["orderPrice"], float)


def test_untyped_numbers_are_exact_too() -> None:
    assert decode(b'{"a": [0.1, {"b": 1e-7}], "c": 2}') == {"a": [Decimal("0.1"), {"b": Decimal("1e-7")}], "c": 2}


def test_float_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match=r"orders\[1\]\.orderPrice is a float"):
        encode(PlaceOrdersRequest(orders=[order(2), order(1.95)]))


def test_what_is_not_given_is_not_sent() -> None:
    assert set(decode(encode(order(2)))) == {
        "requestUuid",
        "fixtureId",
        "outcomeId",
        "orderPrice",
        "orderStake",
        "userRef",
        "testOrder",
    }


def test_every_order_has_a_key_of_its_own() -> None:
    assert order(2).request_uuid != order(2).request_uuid


def test_password_is_sent_and_not_shown() -> None:
    asked = AccountCreateRequest(bookmaker="pinnacle", username="a", password=Secret("hush"))
    assert decode(encode(asked))["password"] == "hush"
    assert "hush" not in repr(asked)
