import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.american_grid import AmericanGrid, stake_and_profit
from hedgerow.core.money import MICRO
from hedgerow.core.odds_grid import OddsGrid

RUNGS = [
    100,
    *(sign * rung for sign in (1, -1) for rung in (*range(101, 121), *range(122, 201, 2), 275, 2_100, 10_000)),
]
GRID = AmericanGrid(RUNGS)
CENT = 10_000
prices = st.sampled_from(list(GRID))
rungs = st.sampled_from(RUNGS)
lots = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("american", "parts"), [(100, (1, 1)), (110, (10, 11)), (-110, (11, 10)), (-117, (117, 100)), (2_100, (1, 21))]
)
def test_odds_are_stake_and_profit_in_lowest_terms(american, parts):
    assert stake_and_profit(american) == parts


@pytest.mark.parametrize("american", [-100, -99, 0, 99])
def test_what_lies_between_the_signs_is_no_odds(american):
    with pytest.raises(ValueError, match="no American odds"):
        stake_and_profit(american)
    assert GRID.at(american) is None


def test_prices_are_probabilities_lowest_first():
    grid = AmericanGrid([-400, 100, 110, -110])
    assert (list(grid), grid.american) == ([476_190, 500_000, 523_809, 800_000], (110, 100, -110, -400))
    assert grid.odds == (2_100_000, 2_000_000, 1_909_090, 1_250_000)


@given(rungs)
def test_a_rung_and_its_price_name_each_other(american):
    price = GRID.at(american)
    assert price in GRID
    assert GRID.american_of(price) == american


def test_odds_off_the_ladder_have_no_price():
    assert (GRID.at(121), GRID.at(-121), GRID.at(10_001), GRID.at(-10_001)) == (None, None, None, None)


@given(prices, lots)
def test_whole_lots_are_whole_cents_on_both_sides_to_the_last_digit(price, count):
    size = count * GRID.lot_at(price, CENT)
    back, lay = (GRID.at_risk(price, size, buys=buys) for buys in (True, False))
    stake, profit = stake_and_profit(GRID.american_of(price))
    assert (back % CENT, lay % CENT, back + lay) == (0, 0, size)
    assert back * profit == lay * stake


@given(prices, lots)
def test_one_side_is_the_other_of_the_opposite(price, count):
    size, opposite = count * GRID.lot_at(price, CENT), GRID.opposite(price)
    assert opposite is not None
    assert GRID.opposite(opposite) == price
    assert GRID.lot_at(opposite, CENT) == GRID.lot_at(price, CENT)
    assert GRID.at_risk(price, size, buys=False) == GRID.at_risk(opposite, size, buys=True)


def test_a_ladder_of_one_sign_has_no_opposites():
    grid = AmericanGrid([110, 120])
    assert grid.opposite(grid.lowest) is None


@given(prices, st.integers(1, 10**12))
def test_the_stake_of_what_it_pays_is_the_stake(price, stake):
    assert GRID.at_risk(price, GRID.contracts(price, stake), buys=True) == stake


@given(prices, prices, st.integers(1, 10**12))
def test_a_bet_that_meets_other_odds_keeps_its_stake(price, other, stake):
    size = GRID.resized(GRID.contracts(price, stake), price, other)
    assert GRID.at_risk(other, size, buys=True) == stake


@given(prices, st.integers(1, 10**9))
def test_what_is_worth_enough_is_so_for_either_side_and_no_more(price, money):
    def smaller(size):
        return min(GRID.worth(price, size, buys=buys) for buys in (True, False))

    size = GRID.size_worth(price, money)
    assert smaller(size) >= money
    assert smaller(size - sum(stake_and_profit(GRID.american_of(price)))) < money


@given(st.integers(1_000_001, 5_000_000))
def test_who_backs_gets_the_odds_or_better(odds):
    price = GRID.backing(odds)
    assert price == max((p for p in GRID if GRID.odds_of(p) >= odds), default=None)


def test_a_mean_price_is_taken_as_it_is():
    assert GRID.at_risk(400_001, MICRO, buys=True) == 400_001


def test_grids_are_equal_by_their_rungs():
    assert AmericanGrid(reversed(RUNGS)) == GRID
    assert hash(AmericanGrid(RUNGS)) == hash(GRID)
    assert AmericanGrid(RUNGS[1:]) != GRID
    assert OddsGrid(GRID.odds) != GRID


def test_a_ladder_without_rungs_is_refused():
    with pytest.raises(ValueError, match="needs rungs"):
        AmericanGrid([])
