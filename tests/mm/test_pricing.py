"""Prices from hedge odds: exact break-evens, rounding away from the touch, fees inside."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import OutcomeId
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of, micros
from hedgerow.core.odds import OddsMicros, odds_micros
from hedgerow.core.states import Side
from hedgerow.mm.exposure import Exposure, Matched
from hedgerow.mm.margins import FINE
from hedgerow.mm.pricing import (
    PARITY,
    Mode,
    Pricing,
    ask_price,
    ask_worth,
    bid_price,
    bid_worth,
    break_even_ask,
    break_even_bid,
    edge,
    fair_ask,
    fair_bid,
    inventory_shift,
    least_to_ask,
    most_to_bid,
)
from hedgerow.venues.base import Fee

CENT = PriceGrid.probability(10_000)
TAPERED = PriceGrid([Band(1_000, 100_000, 1_000), Band(100_000, 900_000, 10_000), Band(900_000, 999_000, 1_000)])
FREE = Fee()
A, B, X = OutcomeId(121), OutcomeId(122), OutcomeId(123)
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
    assert bid_price(break_even, CENT, FREE) == micros("0.44")


def test_exact_inverse_is_not_rounded() -> None:
    assert break_even_bid([_odds("2")]) == 500_000
    assert break_even_ask(_odds("1.25")) == 800_000


def test_three_way_bid_backs_every_other_outcome() -> None:
    assert break_even_bid([_odds("4"), _odds("5")]) == 550_000


def test_overround_beyond_one_leaves_nothing_to_bid() -> None:
    assert bid_price(break_even_bid([_odds("1.5"), _odds("2.5")]), CENT, FREE) is None


@given(odds, grids, fees, st.integers(-99, 99))
def test_no_quote_is_worse_than_break_even_after_fees(own: OddsMicros, grid: PriceGrid, fee: Fee, ticks: int) -> None:
    bid_at, ask_at = break_even_bid([own]), break_even_ask(own)
    bid = bid_price(most_to_bid(PARITY, bid_at, MICRO, 0, ticks), grid, fee)
    ask = ask_price(least_to_ask(PARITY, ask_at, 0, 0, ticks), grid, fee)
    assert bid is None or (bid in grid and edge(Side.BUY, bid, bid_at, fee) >= 0)
    assert ask is None or (ask in grid and edge(Side.SELL, ask, ask_at, fee) >= 0)


@given(odds, grids)
def test_next_better_price_would_lose(own: OddsMicros, grid: PriceGrid) -> None:
    bid_at, ask_at = break_even_bid([own]), break_even_ask(own)
    bid, ask = bid_price(bid_at, grid, FREE), ask_price(ask_at, grid, FREE)
    better_bid = grid.up(bid) if bid is not None else None
    better_ask = grid.down(ask) if ask is not None else None
    assert better_bid is None or edge(Side.BUY, better_bid, bid_at, FREE) < 0
    assert better_ask is None or edge(Side.SELL, better_ask, ask_at, FREE) < 0


@given(odds, odds)
def test_two_way_bids_on_both_outcomes_never_cross(first: OddsMicros, second: OddsMicros) -> None:
    """With a margin in the odds, buying both outcomes at our bids costs less than the 1 that they pay."""
    if 10**12 // first + 10**12 // second < MICRO:
        return
    bids = [bid_price(break_even_bid([o]), CENT, FREE) or Micros(0) for o in (first, second)]
    assert sum(bids) <= MICRO


trades = st.tuples(st.integers(0, 2), st.sampled_from(Side), st.integers(1, 500))


@given(st.lists(odds, min_size=3, max_size=3), grids, st.lists(trades, min_size=1, max_size=12))
def test_no_set_of_fills_loses_with_its_hedges_however_they_net(
    book: list[OddsMicros], grid: PriceGrid, wanted: list[tuple[int, Side, int]]
) -> None:
    """Whatever the odds add up to: fills of a market at our prices, and the bets that make its payouts equal."""
    market, cost = Exposure((A, X, B)), Decimal(0)
    for number, (own, side, contracts) in enumerate(wanted):
        others = [book[i] for i in range(3) if i != own]
        if side is Side.BUY:
            price = risk = bid_price(bid_worth(book[own], others), grid, FREE)
        else:
            price = ask_price(ask_worth(book[own], others), grid, FREE)
            risk = None if price is None else Micros(MICRO - price)
        if risk is not None:
            cost += contracts * decimal_of(risk)
            market.add_fill(Matched(number, market.outcomes[own], side, contracts * MICRO, contracts * risk))
    for outcome_id, need in market.needs().items():
        cost += decimal_of(need) / decimal_of(book[market.outcomes.index(outcome_id)])
        market.sent(outcome_id, need)
    paid = set(market.payouts().values())
    assert len(paid) == 1
    assert decimal_of(paid.pop()) - cost >= 0


# --- around the fair value -------------------------------------------------------------------------------------------

SKEWED = Pricing(skew=20_000, full=100 * MICRO)
FAIR = Pricing(Mode.FAIR_VALUE, edge=15_000)


@given(st.integers(1, FINE - 2))
def test_fair_value_is_rounded_apart(fair: int) -> None:
    assert fair_bid(fair) * FINE <= fair * MICRO
    assert fair_ask(fair) * FINE >= (fair + 1) * MICRO
    assert fair_ask(fair) - fair_bid(fair) <= 2


def test_edge_stands_between_fair_value_and_quote() -> None:
    assert most_to_bid(FAIR, 450_000, MICRO, 0) == 435_000
    assert least_to_ask(FAIR, 450_000, 0, 0) == 465_000


def test_safe_price_bounds_every_mode() -> None:
    assert [most_to_bid(pricing, 640_000, 500_000, 0) for pricing in (PARITY, FAIR)] == [500_000] * 2
    assert [least_to_ask(pricing, 440_000, 500_000, 0) for pricing in (PARITY, FAIR)] == [500_000] * 2


# --- ticks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pricing", [PARITY, FAIR])
def test_price_ticks_move_both_sides_away_by_whole_cents(pricing: Pricing) -> None:
    assert most_to_bid(pricing, 450_000, MICRO, 0) - most_to_bid(pricing, 450_000, MICRO, 0, 2) == 20_000
    assert least_to_ask(pricing, 450_000, 0, 0, 2) - least_to_ask(pricing, 450_000, 0, 0) == 20_000


def test_negative_ticks_take_back_what_fair_value_adds_and_nothing_of_break_even() -> None:
    assert [most_to_bid(pricing, 450_000, MICRO, 0, -1) for pricing in (PARITY, FAIR)] == [450_000, 445_000]
    assert [least_to_ask(pricing, 450_000, 0, 0, -1) for pricing in (PARITY, FAIR)] == [450_000, 455_000]


@pytest.mark.parametrize("pricing", [PARITY, FAIR])
def test_negative_ticks_bring_no_quote_beyond_the_safe_price(pricing: Pricing) -> None:
    assert most_to_bid(pricing, 640_000, 500_000, 0, -99) == 500_000
    assert least_to_ask(pricing, 440_000, 500_000, 0, -99) == 500_000


# --- inventory -------------------------------------------------------------------------------------------------------


def test_inventory_shift_is_off_by_default() -> None:
    assert inventory_shift({A: 1000 * MICRO, B: 0}, A, PARITY) == 0


def test_half_a_full_inventory_moves_quotes_by_half_the_skew() -> None:
    payouts = {A: 50 * MICRO, B: 0}
    assert (inventory_shift(payouts, A, SKEWED), inventory_shift(payouts, B, SKEWED)) == (-10_000, 10_000)


def test_held_of_three_is_what_is_paid_beyond_the_mean_of_the_others() -> None:
    payouts = {A: 10 * MICRO, X: 10 * MICRO, B: 0}
    assert [inventory_shift(payouts, own, SKEWED) for own in (A, X, B)] == [-1_000, -1_000, 2_000]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=3, max_size=3))
def test_shift_is_at_most_the_skew_and_nothing_when_hedged(paid: list[int]) -> None:
    payouts = dict(zip((A, B, X), paid, strict=True))
    assert all(abs(inventory_shift(payouts, own, SKEWED)) <= SKEWED.skew for own in payouts)
    assert inventory_shift(dict.fromkeys(payouts, paid[0]), A, SKEWED) == 0


@given(st.integers(-20_000, 20_000), st.integers(1, MICRO))
def test_no_inventory_brings_a_quote_at_hedge_parity_beyond_break_even(shift: int, worth: int) -> None:
    assert most_to_bid(PARITY, worth, MICRO, shift) <= worth <= least_to_ask(PARITY, worth, 0, shift)


def test_inventory_moves_both_quotes_around_the_fair_value() -> None:
    assert most_to_bid(FAIR, 450_000, MICRO, 10_000) == 445_000
    assert least_to_ask(FAIR, 450_000, 0, -10_000) == 455_000
