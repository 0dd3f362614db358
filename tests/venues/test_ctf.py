"""What venues on the Conditional Tokens contracts have in common."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import SetupError
from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import OrderState
from hedgerow.venues.ctf import amounts_of, balance_of, probability, salt_of, shares, token_word, wallet_of
from hedgerow.venues.reading import UnreadableError

VENUE = VenueSlug("anywhere")


def order(side: Side, price: int, size: int, filled: int = 0) -> OrderState:
    amounts = Micros(price), Micros(size), Micros(filled)
    return OrderState("id", None, "1", side, *amounts, OrderStatus.PLACED, 0)


@given(st.text())
def test_a_salt_is_the_references_alone_and_fits_into_a_double(reference: str) -> None:
    assert salt_of(reference) == salt_of(reference)
    assert 0 <= salt_of(reference) < 2**53


def test_the_buyer_gives_collateral_and_the_seller_shares() -> None:
    assert amounts_of(Side.BUY, 4, 10) == (4, 10)
    assert amounts_of(Side.SELL, 4, 10) == (10, 4)


def test_what_resting_bids_may_still_cost_is_held_and_no_more_than_there_is() -> None:
    working = [order(Side.BUY, 500_001, 3 * MICRO, MICRO), order(Side.SELL, 900_000, 9 * MICRO)]
    balance = balance_of(5 * MICRO, working, "USD")
    assert (balance.free, balance.held, balance.currency) == (Decimal("3.999998"), Decimal("1.000002"), "USD")
    poor = balance_of(MICRO // 2, working, "USD")
    assert (poor.free, poor.held) == (0, Decimal("0.5"))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-0.1", "1e40"])
def test_what_is_no_price_and_no_size_is_unreadable(number: str) -> None:
    for kind in (probability, shares):
        with pytest.raises(UnreadableError):
            kind(Decimal(number))


def test_a_token_is_a_word_and_a_key_is_not_repeated() -> None:
    assert token_word("258") == b"\0" * 30 + b"\1\2"
    with pytest.raises(SetupError, match="anywhere: no private_key"):
        wallet_of(VENUE, {})
    with pytest.raises(SetupError, match="anywhere") as wrong:
        wallet_of(VENUE, {"private_key": Secret("0xabc")})
    assert "0xabc" not in str(wrong.value)
