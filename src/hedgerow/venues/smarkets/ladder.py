"""Smarkets' prices and quantities as contracts: a contract pays 1, its price is a percentage, a quantity is a number of
contracts.

An order's price must be a tick; books and executions can have others. Source: the venue's OpenAPI description; the 284
ticks of its SDK (2019) as the sheet restates them: the classic steps of odds as percentages, rounded half to even.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, Micros

MICROS_OF_POINT, MICROS_OF_QUANTITY = 100, 100

LOT = 10_000
"""A hundred of the venue's units: at every price the stake is a whole number of micros."""

LEAST_STAKE = 50_000
"""The backer's, 0.05 pounds or as much of another currency; what that is exactly, only a refusal tells."""

MOST_QUANTITY = 2**32 - 1
HIGHEST_POINTS = 9_999

_UP_TO = (
    ("2", "0.01"),
    ("3", "0.02"),
    ("4", "0.05"),
    ("6", "0.1"),
    ("10", "0.2"),
    ("20", "0.5"),
    ("30", "1"),
    ("50", "2"),
    ("100", "5"),
    ("300", "10"),
)
_BEYOND = ("1.0001", "500", "1000", "10000")


def _points(odds: Decimal) -> int:
    return int((Decimal(10_000) / odds).quantize(Decimal(1), ROUND_HALF_EVEN))


def _grid() -> PriceGrid:
    odds = Decimal("1.01")
    ticks = {_points(Decimal(end)) for end in _BEYOND}
    for end, step in _UP_TO:
        while odds < Decimal(end):
            ticks.add(_points(odds))
            odds += Decimal(step)
    ticks.add(_points(odds))
    prices = [points * MICROS_OF_POINT for points in sorted(ticks)]
    return PriceGrid([Band(low, high, high - low) for low, high in pairwise(prices)])


GRID = _grid()


def price_of(points: int) -> Micros:
    return Micros(points * MICROS_OF_POINT)


def size_of(quantity: int) -> Micros:
    return Micros(quantity * MICROS_OF_QUANTITY)


def is_enough(price: int, size: int) -> bool:
    """Whether the backer's stake is no less than the venue takes, on either side."""
    return price * size >= LEAST_STAKE * MICRO
