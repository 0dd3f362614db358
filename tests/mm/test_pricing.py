"""Prices from hedge odds: exact break-evens, rounding away from the touch, fees inside."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, Micros, micros
from hedgerow.core.odds import OddsMicros, odds_micros
from hedgerow.core.states import Side
from hedgerow.mm.pricing import ask_price, bid_price, break_even_ask, break_even_bid, edge
from hedgerow.venues.base import Fee

CENT = PriceGrid.probability(10_000)
TAPERED = PriceGrid([Band(1_000, 100_000, 1_000), Band(100_000, 900_000, 10_000), Band(900_000, 999_000, 1_000)])
FREE = Fee()
KALSHI_MAKER = Fee(rate=Decimal("0.0175"), exponent=1, unit=100)

odds = st.integers(1_010_000, 200_000_000).map(OddsMicros)
grids = st.sampled_from([CENT, TAPERED, PriceGrid.probability(1_000)])
fees = st.sampled_from([FREE, KALSHI_MAKER])


def _odds(text: str) -> OddsMicros:
    found = odds_micros(text)
    assert found is not None
    return found


def test_published_sample_is_bid_a_cent_lower_than_the_vendor_rounds_it() -> None:
    """1.808 gives 0.4469 a contract; rounding to the nearest cent, toward the touch, would lose 0.31 cent."""
    break_even = break_even_bid([_odds("1.808")])
    assert break_even == 446_902
    assert bid_price(break_even, CENT, FREE, 0) == micros("0.44")


def test_exact_inverse_is_not_rounded() -> None:
    assert break_even_bid([_odds("2")]) == 500_000
    assert break_even_ask(_odds("1.25")) == 800_000


def test_three_way_bid_backs_every_other_outcome() -> None:
    assert break_even_bid([_odds("4"), _odds("5")]) == 550_000


def test_overround_beyond_one_leaves_nothing_to_bid() -> None:
    assert bid_price(break_even_bid([_odds("1.5"), _odds("2.5")]), CENT, FREE, 0) is None


def test_price_ticks_move_both_sides_away_by_whole_cents() -> None:
    assert bid_price(450_000, CENT, FREE, 2) == micros("0.43")
    assert ask_price(450_000, CENT, FREE, 2) == micros("0.47")
    assert bid_price(450_000, CENT, FREE, -1) == micros("0.46")


@given(odds, grids, fees, st.integers(0, 5))
def test_no_quote_is_worse_than_break_even_after_fees(own: OddsMicros, grid: PriceGrid, fee: Fee, ticks: int) -> None:
    bid_at, ask_at = break_even_bid([own]), break_even_ask(own)
    bid, ask = bid_price(bid_at, grid, fee, ticks), ask_price(ask_at, grid, fee, ticks)
    assert bid is None or (bid in grid and edge(Side.BUY, bid, bid_at, fee) >= 0)
    assert ask is None or (ask in grid and edge(Side.SELL, ask, ask_at, fee) >= 0)


@given(odds, grids)
def test_next_better_price_would_lose(own: OddsMicros, grid: PriceGrid) -> None:
    bid_at, ask_at = break_even_bid([own]), break_even_ask(own)
    bid, ask = bid_price(bid_at, grid, FREE, 0), ask_price(ask_at, grid, FREE, 0)
    better_bid = grid.up(bid) if bid is not None else None
    better_ask = grid.down(ask) if ask is not None else None
    assert better_bid is None or edge(Side.BUY, better_bid, bid_at, FREE) < 0
    assert better_ask is None or edge(Side.SELL, better_ask, ask_at, FREE) < 0


@given(odds, odds)
def test_two_way_bids_on_both_outcomes_never_cross(first: OddsMicros, second: OddsMicros) -> None:
    """With a margin in the odds, buying both outcomes at our bids costs less than the 1 that they pay."""
    if 10**12 // first + 10**12 // second < MICRO:
        return
    bids = [bid_price(break_even_bid([o]), CENT, FREE, 0) or Micros(0) for o in (first, second)]
    assert sum(bids) <= MICRO
