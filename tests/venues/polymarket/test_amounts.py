"""Amounts by properties; the published vectors are in test_vectors.py."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.polymarket.amounts import SHARE_LOT, TICKS, limit_amounts, market_amounts

ticks = st.sampled_from(sorted(TICKS))
lots = st.integers(1, 10**9)


@st.composite
def tick_and_price(draw: st.DrawFn) -> tuple[int, int]:
    tick = draw(ticks)
    return tick, tick * draw(st.integers(1, MICRO // tick - 1))


@given(tick_and_price(), lots)
def test_order_on_tick_and_lot_is_never_rounded(tick_price: tuple[int, int], lot_count: int) -> None:
    tick, price = tick_price
    size = lot_count * SHARE_LOT
    bought = limit_amounts(Side.BUY, price, size, tick)
    assert bought.taker == size
    assert bought.maker * MICRO == price * size
    assert limit_amounts(Side.SELL, price, size, tick) == bought[::-1]


@given(tick_and_price(), st.integers(1, 10**13))
def test_size_beyond_two_decimals_is_cut(tick_price: tuple[int, int], size: int) -> None:
    tick, price = tick_price
    assert limit_amounts(Side.BUY, price, size, tick) == limit_amounts(Side.BUY, price, size - size % SHARE_LOT, tick)


def test_amount_just_below_a_step_is_first_rounded_up_to_it() -> None:
    # 0.03 × 0.333333 = 0.00999999: up to seven decimals it is 0.01, cut to three at once it would be 0.009.
    assert limit_amounts(Side.BUY, 333_333, 30_000, 100_000).maker == 10_000


@given(tick_and_price(), lots)
def test_market_order_never_pays_more_nor_takes_less_than_its_price_by_a_step(
    tick_price: tuple[int, int], lot_count: int
) -> None:
    tick, price = tick_price
    amounts = market_amounts(Side.BUY, price, lot_count * SHARE_LOT, tick)
    assert amounts.maker == lot_count * SHARE_LOT
    exact = Fraction(amounts.maker * MICRO, price)
    assert exact - 1000 <= amounts.taker <= exact + 1  # the coarsest step is a thousandth


@pytest.mark.parametrize(
    ("price", "tick", "worst"), [(567_890, 10_000, 560_000), (567_890, 5_000, 567_000), (99_999, 100, 99_900)]
)
def test_market_price_is_cut_to_the_ticks_decimals(price: int, tick: int, worst: int) -> None:
    assert market_amounts(Side.SELL, price, 10 * MICRO, tick).taker == worst * 10


def test_unknown_tick_has_no_amounts() -> None:
    with pytest.raises(KeyError):
        limit_amounts(Side.BUY, 500_000, 5 * MICRO, 20_000)
