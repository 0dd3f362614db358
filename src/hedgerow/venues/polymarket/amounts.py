"""How a price and a size become the two amounts of a Polymarket order, in whole numbers only.

An order says what its maker gives and what it takes, in base units: collateral (pUSD) and shares both have six
decimals, so a base unit is one micro. The venue rounds by the market's tick. A limit order whose price lies on the
tick and whose size is a whole number of hundredths is never rounded: its collateral is price × size, exactly.

Sources: Polymarket documentation "Place Orders" (decimals by tick size, the order of the steps); for market orders
the vectors of the official SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.ctf import Amounts, amounts_of

SHARE_LOT = 10_000
"""Sizes have two decimals whatever the tick: micros of a share."""


class _Decimals(NamedTuple):
    price: int
    amount: int  # of collateral


_DECIMALS: Mapping[int, _Decimals] = {
    100_000: _Decimals(1, 3),
    10_000: _Decimals(2, 4),
    5_000: _Decimals(3, 5),
    2_500: _Decimals(4, 6),
    1_000: _Decimals(3, 5),
    100: _Decimals(4, 6),
}

TICKS = frozenset(_DECIMALS)
"""The tick sizes that the venue uses, in micros."""

# What has too many decimals is first rounded up to four more than it may have, and only then cut.
_GUARD = 10**4


def limit_amounts(side: Side, price: int, size: int, tick: int) -> Amounts:
    """Of a limit order for `size` micros of shares at `price` micros. tick: micros, one of TICKS."""
    shares = size - size % SHARE_LOT
    collateral = _quotient(shares * price, MICRO, _DECIMALS[tick].amount)
    return amounts_of(side, collateral, shares)


def market_amounts(side: Side, price: int, amount: int, tick: int) -> Amounts:
    """Of a market order: `amount` is collateral when buying, shares when selling; `price` is the worst that is taken
    and is cut to the tick's decimals. All in micros."""
    decimals = _DECIMALS[tick]
    given = amount - amount % SHARE_LOT
    worst = price - price % 10 ** (6 - decimals.price)
    if side is Side.BUY:
        return Amounts(given, _quotient(given * MICRO, worst, decimals.amount))
    return Amounts(given, _quotient(given * worst, MICRO, decimals.amount))


def _quotient(numerator: int, denominator: int, decimals: int) -> int:
    """numerator / denominator in micros, brought to `decimals` decimals of a whole unit as the venue does it."""
    step: int = 10 ** (6 - decimals)
    guarded = -(-numerator * _GUARD // (denominator * step))
    return guarded // _GUARD * step
