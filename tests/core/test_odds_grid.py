from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, micros
from hedgerow.core.odds_grid import OddsGrid

RUNGS = [micros(Decimal(hundredth) / 100) for hundredth in (*range(101, 200), *range(200, 300, 2), *range(300, 405, 5))]
GRID = OddsGrid(RUNGS)
CENT = 10_000
prices = st.sampled_from(list(GRID))
rungs = st.sampled_from(RUNGS)


def test_prices_are_the_probabilities_of_the_rungs_lowest_first():
    grid = OddsGrid([2 * MICRO, 4 * MICRO, 1_250_000])
    assert (list(grid), grid.lowest, grid.highest) == ([250_000, 500_000, 800_000], 250_000, 800_000)


@given(rungs)
def test_a_rung_and_its_price_name_each_other(odds):
    price = GRID.price_of(odds)
    assert price in GRID
    assert GRID.odds_of(price) == odds


@given(prices, st.integers(1, 10**7))
def test_money_of_whole_lots_is_the_stake_to_the_last_digit(price, cents):
    size = cents * GRID.lot_at(price, CENT)
    back, lay = (GRID.at_risk(price, size, buys=buys) for buys in (True, False))
    odds = GRID.odds_of(price)
    assert (back, back + lay, size * MICRO) == (cents * CENT, size, cents * CENT * odds)


@given(st.integers(MICRO + 1, 5 * MICRO))
def test_who_backs_gets_the_odds_or_better_and_who_lays_gives_them_or_lower(odds):
    back, lay = GRID.backing(odds), GRID.laying(odds)
    assert back == max((p for p in GRID if GRID.odds_of(p) >= odds), default=None)
    assert lay == min((p for p in GRID if GRID.odds_of(p) <= odds), default=None)


@given(st.integers(1, MICRO - 1))
def test_rounding_goes_to_the_next_rung(price):
    assert GRID.floor(price) == max((p for p in GRID if p <= price), default=None)
    assert GRID.ceil(price) == min((p for p in GRID if p >= price), default=None)


@given(prices)
def test_steps_go_up_and_down_one_rung(price):
    above = GRID.up(price)
    assert above is None if price == GRID.highest else GRID.down(above) == price
    assert GRID.down(GRID.lowest) is None


def test_a_mean_price_has_the_nearest_odds():
    assert GRID.odds_of(400_001) == 2_499_994


def test_rungs_that_share_a_price_or_pay_nothing_are_refused():
    with pytest.raises(ValueError, match="one price"):
        OddsGrid([900 * MICRO, 900 * MICRO + 1])
    with pytest.raises(ValueError, match="above 1"):
        OddsGrid([MICRO, 2 * MICRO])
    with pytest.raises(ValueError, match="above 1"):
        OddsGrid([])


def test_grids_of_the_same_rungs_are_equal():
    assert OddsGrid(RUNGS) == GRID
    assert hash(OddsGrid(RUNGS)) == hash(GRID)
    assert OddsGrid(RUNGS[1:]) != GRID


@given(prices, prices, st.integers(1, 10**7))
def test_a_bet_that_meets_other_odds_keeps_its_stake(price, other, cents):
    size = GRID.resized(cents * GRID.lot_at(price, CENT), price, other)
    assert GRID.at_risk(other, size, buys=True) == cents * CENT
    assert GRID.resized(size, other, price) == cents * GRID.lot_at(price, CENT)


def test_the_tick_is_the_least_step():
    assert OddsGrid([2 * MICRO, 4 * MICRO, 5 * MICRO]).tick == 50_000
