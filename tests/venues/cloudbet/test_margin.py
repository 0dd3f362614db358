"""A partner's odds: the formula of the wiki, and its example's other reading."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account
from hedgerow.venues.cloudbet.margin import Margin, margin_of

MARKET = {"home": Decimal("1.9000"), "away": Decimal("2.0000")}

prices = st.lists(st.decimals("1.01", "50", places=3), min_size=2, max_size=4).map(lambda found: dict(enumerate(found)))


def account(**meta: str) -> Account:
    return Account(1, "demo", "USD", {"password": Secret("x")}, meta)


def test_two_percent_on_top_of_a_market() -> None:
    assert [Margin(200).odds(MARKET, name) for name in MARKET] == [Decimal("1.8636"), Decimal("1.9617")]


def test_the_example_of_the_wiki_is_the_absolute_reading() -> None:
    """2.00 at an overround of 1.05, with a "margin percentage" of 1.10, is 1.91 there, rounded; 1.90 rounded down."""
    market = {"one": Decimal("2.00"), "other": 1 / Decimal("0.55")}
    odds = Margin(11_000, is_absolute=True).odds(market, "one")
    assert odds is not None
    assert Decimal("1.909") < odds < Decimal("1.9091")


def test_odds_are_rounded_down_to_the_markets_own_decimals() -> None:
    assert Margin(200).odds({"home": Decimal("1.9"), "away": Decimal(2)}, "home") == Decimal("1.86")


def test_a_market_that_is_not_whole_has_no_margin() -> None:
    assert Margin(200).odds({"home": Decimal("1.9")}, "home") is None
    assert Margin(200).odds({"home": Decimal("2.1"), "away": Decimal("2.1")}, "home") is None


def test_odds_of_one_are_none() -> None:
    assert Margin(5_000).odds({"home": Decimal("1.05"), "away": Decimal("12")}, "home") is None


@given(prices, st.integers(0, 5_000))
def test_a_partner_never_pays_more_than_the_venue_and_has_its_margin(market: dict[int, Decimal], points: int) -> None:
    overround = sum(1 / price for price in market.values())
    found = [Margin(points).odds(market, name) for name in market]
    offered = [(odds, price) for odds, price in zip(found, market.values(), strict=True) if odds is not None]
    assert overround >= 1 or not offered
    assert all(1 < odds <= price for odds, price in offered)
    if len(offered) == len(market):
        assert sum(1 / odds for odds, _ in offered) >= overround + Decimal(points) / 10_000 - Decimal("1e-20")


def test_an_account_may_have_a_margin() -> None:
    assert margin_of(account()) is None
    assert margin_of(account(margin_bps="200")) == Margin(200)
    assert margin_of(account(margin_bps="11000", margin_mode="absolute")) == Margin(11_000, is_absolute=True)


@pytest.mark.parametrize(
    ("meta", "what"),
    [
        ({"margin_bps": "2%"}, "margin_bps of account demo is '2%'"),
        ({"margin_bps": "-1"}, "margin_bps"),
        ({"margin_bps": "5001"}, "margin_bps"),
        ({"margin_bps": "200", "margin_mode": "absolute"}, "margin_bps"),
        ({"margin_mode": "guess"}, "margin_mode of account demo is 'guess'"),
    ],
)
def test_a_margin_that_means_nothing_is_a_setup_error(meta: dict[str, str], what: str) -> None:
    with pytest.raises(SetupError, match=what):
        margin_of(account(**meta))
