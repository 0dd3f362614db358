"""Decline reasons, word for word."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.abp.limits import USD
from hedgerow.abp.routing import Candidate
from hedgerow.abp.validation import Asked, Situation, why_declined

from .abpkit import EUR, candidate

BOOK = candidate(account_min=Decimal(5), entry_max=Decimal(5000), free=Decimal(10**6))


def asked(stake: str = "100", **changes: Any) -> Asked:
    given: dict[str, Any] = {
        "price": Decimal("1.95"),
        "currency_code": "USD",
        "currency": USD,
        "bookmakers": None,
        "is_back": True,
        "accepts_partial": True,
        "is_in_time": True,
    }
    return Asked(stake=Decimal(stake), **{**given, **changes})


def situation(candidates: Sequence[Candidate] = (BOOK,), **changes: Any) -> Situation:
    given: dict[str, Any] = {
        "is_emergency": False,
        "account_bookmakers": frozenset({"book1"}),
        "switched_off": frozenset(),
        "unconvertible": frozenset(),
    }
    return Situation(candidates=candidates, **{**given, **changes})


@pytest.mark.parametrize(
    ("order", "around", "reason"),
    [
        (
            asked("15000", accepts_partial=False),
            situation(),
            "Order stake 15000.00 USD exceeds available limit 5000.00 USD",
        ),
        (asked("0.5"), situation(), "Order stake 0.50 USD is below minimum 5.00 USD"),
        (asked(price=Decimal(1)), situation(), "Invalid odds: 1 is not between 1 and 100000"),
        (asked(price=Decimal("NaN")), situation(), "Invalid odds: NaN is not between 1 and 100000"),
        (asked("1.0000001"), situation(), "Invalid stake: 1.0000001 is no amount with at most six decimals"),
        (asked(), situation(account_bookmakers=frozenset()), "No active accounts"),
        (asked(bookmakers=frozenset({"other"})), situation(), "No active accounts"),
        (
            asked(currency=None, currency_code="XXX"),
            situation(),
            "Currency conversion failed: no rate is known for XXX",
        ),
        (
            asked(),
            situation((), unconvertible=frozenset({"TRY"})),
            "Currency conversion failed: no rate is known for TRY",
        ),
        (asked(), situation(()), "Bookmaker not available"),
        (asked(), situation((candidate(price=None),)), "Bookmaker not available"),
        (asked(), situation(switched_off=frozenset({"book1"})), "Bookmaker not available"),
        (asked(), situation(is_emergency=True), "Emergency mode active"),
        (asked(is_in_time=False), situation(), "Invalid expiresAt: the time is past"),
        (
            asked(),
            situation((candidate(free=Decimal(0)),)),
            "Order stake 100.00 USD exceeds available limit 0.00 USD",
        ),
    ],
)
def test_a_declined_order_is_told_why(order: Asked, around: Situation, reason: str) -> None:
    assert why_declined(order, around) == reason


@pytest.mark.parametrize("order", [asked(), asked("15000"), asked("5"), asked("5000", accepts_partial=False)])
def test_an_order_that_can_be_worked_is_accepted(order: Asked) -> None:
    assert why_declined(order, situation()) is None


def test_an_order_waits_for_a_price_or_a_market_that_is_not_there_now() -> None:
    waiting = (candidate(price="1.50"), candidate(2, unusable="suspended"))
    assert why_declined(asked(), situation(waiting)) is None


def test_limits_of_another_currency_are_told_in_the_orders() -> None:
    abroad = candidate(currency=EUR, entry_max=Decimal(100), account_min=Decimal(3))
    assert why_declined(asked("200", accepts_partial=False), situation((abroad,))) == (
        "Order stake 200.00 USD exceeds available limit 100.00 USD"
    )
    assert why_declined(asked("3.28"), situation((abroad,))) == "Order stake 3.28 USD is below minimum 3.29 USD"
    assert why_declined(asked("3.29"), situation((abroad,))) is None


def test_a_minimum_that_nobody_can_meet_now_does_not_decide() -> None:
    broke, open_ = candidate(1, free=Decimal(1), account_min=Decimal(2)), candidate(2, account_min=Decimal(5))
    around = situation((broke, open_), account_bookmakers=frozenset({"book1", "book2"}))
    assert why_declined(asked("3"), around) == "Order stake 3.00 USD is below minimum 5.00 USD"
