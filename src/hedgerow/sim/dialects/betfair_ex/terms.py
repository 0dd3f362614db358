"""The simulated Betfair's terms: its ladder, its smallest bets, its commission, its limits.

Sources: the venue's sheet; currency parameters of Betfair's "Additional Information" page for USD, as
betfairlightweight 2.24.0 carries them: smallest bet 3, or any that pays out 20.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.money import MICRO, micros
from hedgerow.core.odds_grid import OddsGrid

CURRENCY = "USD"
CENT = 10_000
LEAST_STAKE, LEAST_PAYOUT = 3 * MICRO, 20 * MICRO
BASE_RATE = Decimal(5)
"""Commission in percent of an account's net winnings in a market."""

IN_PLAY_DELAY_S = {1: 5, 2: 3, 4: 5, 7522: 5}
"""By event type; of others 1."""

SESSION_S = 12 * 3_600
MARKETS_PER_CONNECTION = 200
IDLE_S = 15.0
MOST_INSTRUCTIONS, MOST_CHANGES = 200, 60
PAGE = 1_000

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


def _ladder() -> OddsGrid:
    rungs: list[int] = []
    for start, end, step in _BANDS:
        rungs += range(micros(start), micros(end), micros(step))
    return OddsGrid(rungs)


LADDER = _ladder()
"""The CLASSIC ladder: 350 prices from 1.01 to 1000."""
