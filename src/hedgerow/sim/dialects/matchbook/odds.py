"""Matchbook's ladder, and stakes at odds as the contracts that the engine trades.

A bet of a stake at odds is stake × odds contracts, each at the price of its rung (core.odds_grid). Off the ladder the
venue moves an offer's odds to what is worse for whom it stands against: up for a back, down for a lay. Source: the
sheet, the ladder of matchbook-sdk's `execution`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import Side

LOT = 10_000
"""Stakes are whole cents."""

_HUNDREDTH = 10_000
_STEPS = (
    (2, 1),
    (3, 2),
    (4, 5),
    (6, 10),
    (10, 20),
    (20, 50),
    (30, 100),
    (50, 200),
    (100, 500),
    (1000, 1000),
)
"""(odds up to which, step in hundredths), from 1.01 on."""

_SHOWN = Decimal("0.00001")


@cache
def grid() -> OddsGrid:
    rungs = [101]
    for end, step in _STEPS:
        rungs += range(rungs[-1] + step, end * 100 + 1, step)
    return OddsGrid(rung * _HUNDREDTH for rung in rungs)


def price_of(odds: Decimal, side: Side) -> int | None:
    """The engine's price of an offer, its odds moved to the ladder; None for odds beyond the ladder's ends."""
    wanted = micros(odds)
    ladder = grid()
    if not ladder.odds[-1] <= wanted <= ladder.odds[0]:
        return None
    return ladder.backing(wanted) if side is Side.BUY else ladder.laying(wanted)


def odds_of(price: int) -> Decimal:
    """The decimal odds of a price."""
    return decimal_of(grid().odds_of(price))


def contracts(stake: Decimal, price: int) -> int:
    """What a backer's stake of whole cents pays at a price, in micros of contracts."""
    return micros(stake) * grid().odds_of(price) // MICRO


def stake_of(size: int, price: int) -> Decimal:
    """The backer's stake in contracts at a price."""
    return decimal_of(grid().at_risk(price, size, buys=True))


def liability_of(size: int, price: int) -> Decimal:
    """What the layer of contracts at a price can lose: what the backer can win."""
    return decimal_of(grid().at_risk(price, size, buys=False))


def shown(amount: Decimal) -> Decimal:
    """An amount as answers have it: five decimals at most."""
    return amount if amount == amount.quantize(_SHOWN) else amount.quantize(_SHOWN, ROUND_HALF_UP)
