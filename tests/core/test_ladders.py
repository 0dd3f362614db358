"""Price grids: every rung reachable, rounding to the nearest rung on the named side."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO

# The classic odds ladder of betting exchanges, in hundredths: (from, to, step).
ODDS_BANDS = [(101, 200, 1), (200, 300, 2), (300, 400, 5), (400, 600, 10), (600, 1000, 20)]
ODDS_BANDS += [(1000, 2000, 50), (2000, 3000, 100), (3000, 5000, 200), (5000, 10_000, 500), (10_000, 100_000, 1000)]
ODDS_LADDER = PriceGrid([Band(start * 10_000, end * 10_000, step * 10_000) for start, end, step in ODDS_BANDS])
CENTS = PriceGrid.probability(10_000)


@st.composite
def grids(draw: st.DrawFn) -> PriceGrid:
    """One to four bands that meet."""
    start = draw(st.integers(1, 1000))
    bands = []
    for _ in range(draw(st.integers(1, 4))):
        step, steps = draw(st.integers(1, 50)), draw(st.integers(1, 8))
        bands.append(Band(start, start + step * steps, step))
        start = bands[-1].end
    return PriceGrid(bands)


@given(grids())
def test_walking_up_meets_every_accepted_price_once(grid: PriceGrid) -> None:
    rungs = list(grid)
    assert rungs == [price for price in range(grid.lowest, grid.highest + 1) if price in grid]
    assert rungs == sorted(set(rungs))


@given(grids())
def test_down_undoes_up(grid: PriceGrid) -> None:
    for below, above in pairwise(grid):
        assert grid.up(below) == above
        assert grid.down(above) == below


@given(grids())
def test_walk_ends_at_the_ends(grid: PriceGrid) -> None:
    assert grid.up(grid.highest) is None
    assert grid.down(grid.lowest) is None


@given(grids(), st.integers(0, 40))
def test_many_ticks_are_one_tick_many_times(grid: PriceGrid, ticks: int) -> None:
    rungs = list(grid)
    assert grid.up(grid.lowest, ticks) == (rungs[ticks] if ticks < len(rungs) else None)
    assert grid.down(grid.highest, ticks) == (rungs[-1 - ticks] if ticks < len(rungs) else None)


@given(grids(), st.integers(-10, 3000))
def test_floor_and_ceil_are_the_nearest_rungs(grid: PriceGrid, price: int) -> None:
    rungs = list(grid)
    assert grid.floor(price) == max((rung for rung in rungs if rung <= price), default=None)
    assert grid.ceil(price) == min((rung for rung in rungs if rung >= price), default=None)


def test_probability_grid_leaves_the_certain_prices_out() -> None:
    assert (CENTS.lowest, CENTS.highest) == (10_000, 990_000)
    assert len(list(CENTS)) == 99
    assert 0 not in CENTS
    assert MICRO not in CENTS
    assert 455_000 not in CENTS


def test_classic_ladder_has_its_350_rungs() -> None:
    """Source: the odds ladder that betting exchanges document, 1.01 to 1000."""
    assert len(list(ODDS_LADDER)) == 350


@pytest.mark.parametrize(
    ("price", "above"), [(1_990_000, 2_000_000), (2_000_000, 2_020_000), (100_000_000, 110_000_000)]
)
def test_step_changes_where_bands_meet(price: int, above: int) -> None:
    assert ODDS_LADDER.up(price) == above
    assert ODDS_LADDER.down(above) == price


@pytest.mark.parametrize(("start", "end", "step"), [(1, 1, 1), (2, 1, 1), (1, 10, 0), (1, 10, -1), (1, 10, 4)])
def test_band_that_is_not_whole_steps_is_refused(start: int, end: int, step: int) -> None:
    with pytest.raises(ValueError, match="not a whole number of steps"):
        Band(start, end, step)


@pytest.mark.parametrize("tick", [300_000, 500_000])
def test_tick_that_does_not_divide_the_probabilities_is_refused(tick: int) -> None:
    with pytest.raises(ValueError, match="not a whole number of steps"):
        PriceGrid.probability(tick)


def test_bands_that_do_not_meet_are_refused() -> None:
    with pytest.raises(ValueError, match="do not meet"):
        PriceGrid([Band(1, 2, 1), Band(3, 4, 1)])


def test_grid_without_bands_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        PriceGrid([])


def test_grids_are_equal_by_their_bands() -> None:
    assert PriceGrid([Band(1, 3, 1)]) == PriceGrid([Band(1, 3, 1)])
    assert len({PriceGrid([Band(1, 3, 1)]), PriceGrid([Band(1, 3, 1)]), PriceGrid([Band(1, 3, 2)])}) == 2
