"""Smarkets' prices in percent basis points, and its quantities in ten-thousandths of a pot, as the engine has them.

A quantity is what a win pays: contracts. The ticks are the classic steps of decimal odds as percentages, rounded half
to even, with an end at either side. Source: the sheet; checked against its table of all 284.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from itertools import pairwise

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.sim.orders import Order

POINT, UNIT = 100, 100
"""Micros of one basis point, and of one unit of quantity."""

MOST_QUANTITY = 2**32 - 1

_WHOLE = 10_000
_STEPS = (
    (200, 1),
    (300, 2),
    (400, 5),
    (600, 10),
    (1_000, 20),
    (2_000, 50),
    (3_000, 100),
    (5_000, 200),
    (10_000, 500),
    (30_000, 1_000),
)
"""(hundredths of decimal odds up to which, step), from 1.01 on."""

_ENDS = (1, 10, 20, 9_999)


@cache
def ticks() -> tuple[int, ...]:
    """In basis points, lowest first."""
    odds = [101]
    for end, step in _STEPS:
        odds += range(odds[-1] + step, end + 1, step)
    points = {int((Decimal(100 * _WHOLE) / o).quantize(Decimal(1), ROUND_HALF_EVEN)) for o in odds}
    return tuple(sorted(points.union(_ENDS)))


@cache
def grid() -> PriceGrid:
    return PriceGrid([Band(low * POINT, high * POINT, (high - low) * POINT) for low, high in pairwise(ticks())])


def quantity_of(size: int) -> int:
    return size // UNIT


def average_price(order: Order) -> int:
    """Of an order's executions in whole basis points, rounded; 0 before the first."""
    size = sum(match.size for match in order.fills)
    money = sum(match.price * match.size for match in order.fills)
    return (2 * money + size * POINT) // (2 * size * POINT) if size else 0
