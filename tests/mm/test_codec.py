"""What a tape says of a price grid is the grid."""

from __future__ import annotations

import pytest

from hedgerow.core.american_grid import AmericanGrid
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.mm.taping.codec import decode, encode


@pytest.mark.parametrize(
    "grid", [PriceGrid.probability(10_000), OddsGrid([1_010_000, 2_000_000]), AmericanGrid([-110, 100, 110])]
)
def test_grids_come_back_as_they_were(grid: PriceGrid) -> None:
    again = decode(encode(grid), PriceGrid)
    assert (type(again), again) == (type(grid), grid)
