"""The order form: what it asks for is what is sent, and what is wrong stands at its field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.dashboard.apis.abp import Betslip, Offer
from hedgerow.dashboard.forms import FormError, amount, whole
from hedgerow.dashboard.slips import Proposals, Slip, best_price, order_of

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
GOOD = Slip(
    fixture_id=" id1 ",
    outcome_id="101",
    stake="12.50",
    price="1.95",
    seconds="30",
    user_ref="desk",
    bookmakers=("pinnacle", "sharpbet"),
    is_test=True,
    accepts_better=False,
    accepts_partial=True,
)


def test_order_is_what_the_form_says() -> None:
    order = order_of(GOOD, "uuid", NOW)
    assert (order.fixture_id, order.outcome_id, order.request_uuid) == ("id1", 101, "uuid")
    assert (order.order_stake, order.order_price) == (Decimal("12.50"), Decimal("1.95"))
    assert order.expires_at == NOW + timedelta(seconds=30)
    assert order.bookmakers == "pinnacle,sharpbet"
    assert (order.test_order, order.accept_better_odds, order.accept_partial_stake) == (True, False, True)


def test_no_bookmaker_named_means_all() -> None:
    assert order_of(replace(GOOD, bookmakers=()), "uuid", NOW).bookmakers is None


@pytest.mark.parametrize(
    ("field", "text", "at"),
    [
        ("stake", "0", "stake"),
        ("stake", "-5", "stake"),
        ("stake", "1e3", "stake"),
        ("stake", "NaN", "stake"),
        ("stake", "1,50", "stake"),
        ("price", "1", "price"),
        ("price", "", "price"),
        ("seconds", "0", "seconds"),
        ("seconds", "86401", "seconds"),
        ("seconds", "1.5", "seconds"),
        ("outcome_id", "x", "outcome"),
        ("fixture_id", " ", "fixture"),
        ("user_ref", "", "user_ref"),
        ("user_ref", "x" * 201, "user_ref"),
    ],
)
def test_wrong_field_is_named_alone(field: str, text: str, at: str) -> None:
    with pytest.raises(FormError) as refused:
        order_of(replace(GOOD, **{field: text}), "uuid", NOW)
    assert set(refused.value.wrong) == {at}


@given(st.decimals("0", "1e9", places=4))
def test_amount_is_exact(value: Decimal) -> None:
    assert amount(f" {value:f} ") == value


@given(st.text())
def test_anything_may_be_typed(text: str) -> None:
    found = amount(text)
    assert found is None or found >= 0
    number = whole(text)
    assert number is None or number >= 0


def test_best_price_is_the_highest_that_can_be_had() -> None:
    def offer(price: str, *, active: bool = True) -> dict[str, Offer]:
        return {"key": Offer(price=Decimal(price), active=active)}

    odds = {"a": offer("1.9"), "b": offer("2.1"), "c": offer("3", active=False)}
    slip = Betslip(fixture_id="id1", outcome_id=1, fixture_info=None, outcome_info=None, odds=odds)
    assert best_price(slip) == Decimal("2.1")
    assert best_price(Betslip(fixture_id="id1", outcome_id=1, fixture_info=None, outcome_info=None, odds={})) is None


HOME, AWAY = ("id1", 101), ("id1", 102)


def test_best_odds_are_proposed_once_for_an_outcome() -> None:
    proposals = Proposals()
    assert proposals.next(HOME, "", "1.95") == "1.95"
    assert proposals.next(HOME, "", "1.97") is None  # emptied, to type others
    assert proposals.next(HOME, "1.95", "1.97") is None


def test_odds_proposed_for_another_outcome_are_replaced() -> None:
    proposals = Proposals()
    proposals.next(HOME, "", "1.30")
    assert proposals.next(AWAY, "1.30", "3.60") == "3.60"


def test_typed_odds_stay_whatever_is_shown() -> None:
    proposals = Proposals()
    assert proposals.next(HOME, "2.10", "1.95") is None
    assert proposals.next(HOME, "", "1.95") is None
    assert proposals.next(AWAY, "2.10", "1.95") is None
