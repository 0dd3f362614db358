"""ProphetX's ladder of American odds, and its smallest orders.

The venue refuses everything off the ladder, and what it tells at other odds is not read. Source: the ladder of the
official sample (mm-api-integration-guide), as the sheet's `ladders.json` has it.
"""

from __future__ import annotations

from hedgerow.core.american_grid import AmericanGrid

_BANDS = (
    range(100, 120, 1),
    range(120, 200, 2),
    range(200, 300, 5),
    range(300, 500, 10),
    range(500, 1_000, 20),
    range(1_000, 2_000, 100),
    range(2_000, 3_000, 250),
    range(3_000, 5_000, 500),
    range(5_000, 10_001, 2_500),
)
_POSITIVE = tuple(rung for band in _BANDS for rung in band)

GRID = AmericanGrid([*_POSITIVE, *(-rung for rung in _POSITIVE if rung > 100)])

CENT = 10_000
LEAST_STAKE = 1_000_000
"""A dollar, as the official sample bets: the smallest is not published."""
