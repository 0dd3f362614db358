"""Sizes: the smallest cap binds and is named; budgets are shared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.mm.sizing import Cap, CapName, HedgeLeg, hedge_cash_cap, hedge_limit_cap, least_hedgeable, size, stake_cap

LEG = HedgeLeg(OddsMicros(2_000_000), Micros(1_000 * MICRO))


def test_hedge_limit_is_a_share_of_what_the_book_takes() -> None:
    assert hedge_limit_cap([LEG], 800_000, [0], [1]).contracts == 1_600 * MICRO


def test_bets_in_flight_and_other_quotes_draw_on_the_same_limit() -> None:
    assert hedge_limit_cap([LEG], 800_000, [600 * MICRO], [4]).contracts == 250 * MICRO


def test_tightest_leg_decides() -> None:
    tight = HedgeLeg(OddsMicros(10_000_000), Micros(5 * MICRO))
    assert hedge_limit_cap([LEG, tight], MICRO, [0, 0], [1, 1]).contracts == 50 * MICRO


def test_each_leg_is_shared_by_its_own_number_of_quotes() -> None:
    assert hedge_limit_cap([LEG, LEG], MICRO, [0, 0], [2, 5]).contracts == 400 * MICRO


def test_hedge_cash_pays_for_all_legs() -> None:
    assert hedge_cash_cap([LEG, LEG], 100 * MICRO, 1).contracts == 100 * MICRO


def test_binding_cap_is_named() -> None:
    caps = [Cap(CapName.HEDGE_LIMIT, 10 * MICRO), stake_cap(CapName.MAX_OUTCOME_STAKE, 2 * MICRO, 500_000)]
    found = size(caps, 10_000, MICRO)
    assert (found.contracts, found.bound_by) == (4 * MICRO, CapName.MAX_OUTCOME_STAKE)


def test_less_than_the_least_is_not_quoted() -> None:
    found = size([Cap(CapName.HEDGE_LIMIT, 4 * MICRO)], 10_000, 5 * MICRO)
    assert (found.contracts, found.bound_by) == (0, CapName.LOT)


def test_least_hedgeable_reaches_the_minimum_stake() -> None:
    assert least_hedgeable([HedgeLeg(OddsMicros(2_500_000), Micros(0))], MICRO) == 2_500_000


@given(st.lists(st.integers(-(10**9), 10**12), min_size=1), st.sampled_from([10_000, MICRO]), st.integers(1, 10**8))
def test_size_is_whole_lots_within_every_cap(limits: list[int], lot: int, least: int) -> None:
    found = size([Cap(CapName.HEDGE_LIMIT, limit) for limit in limits], lot, least)
    assert found.contracts % lot == 0
    assert found.contracts == 0 or least <= found.contracts <= min(limits)
