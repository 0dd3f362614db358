"""What can be set about the simulated ProphetX, and its ladder. Source: the venue's sheet."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from hedgerow.core.american_grid import AmericanGrid
from hedgerow.sim.buckets import Budget

CENT = 10_000
CURRENCY = "USD"

_STEPS = (
    (120, 1),
    (200, 2),
    (300, 5),
    (500, 10),
    (1_000, 20),
    (2_000, 100),
    (3_000, 250),
    (5_000, 500),
    (10_000, 2_500),
)
"""(odds up to which, step), from 100 on."""


@cache
def grid() -> AmericanGrid:
    rungs = [100]
    for end, step in _STEPS:
        rungs += range(rungs[-1] + step, end + 1, step)
    return AmericanGrid([*rungs, *(-rung for rung in rungs if rung > 100)])


@dataclass
class Terms:
    """The world's ProphetX. rate: the share of an account's net gains in a market that is kept at settlement."""

    rate: Decimal = Decimal("0.02")
    access_life_s: int = 20 * 60
    refresh_life_s: int = 3 * 86_400
    live_delay_s: float = 5.0
    kill_after_s: float = 2.0
    """How long an order that is to fill or be killed is left to fill."""

    health_every_s: float = 5.0
    requests: Budget = field(default_factory=lambda: Budget(50, 50))
