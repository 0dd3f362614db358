"""The CLASSIC ladder: the 350 odds from 1.01 to 1000 that bets may have. Source: the venue's sheet, ladders.json."""

from __future__ import annotations

from hedgerow.core.money import micros
from hedgerow.core.odds_grid import OddsGrid

CENT = 10_000
"""The smallest step of a stake."""

# From, up to but without, step.
_BANDS = (
    ("1.01", "2", "0.01"),
    ("2", "3", "0.02"),
    ("3", "4", "0.05"),
    ("4", "6", "0.1"),
    ("6", "10", "0.2"),
    ("10", "20", "0.5"),
    ("20", "30", "1"),
    ("30", "50", "2"),
    ("50", "100", "5"),
    ("100", "1010", "10"),
)

LADDER = OddsGrid(odds for low, high, step in _BANDS for odds in range(micros(low), micros(high), micros(step)))
