"""Prices from a bookmaker's odds: what a quote may cost when its fill is hedged at once.

Mode `hedge_parity`: a maker who hedges every fill needs no fair probability, because the hedge's price is the fair
price. Buying a contract on outcome A at p and backing every other outcome Bᵢ so that all payouts are equal costs
p + Σ 1/oᵢ for a sure payout of 1; selling A at q is buying "not A" at 1 − q and is hedged by backing A. So

    break-even bid  p* = 1 − Σ 1/oᵢ        break-even ask  q* = 1/o_A

Source: contract of the engine, section Pricing; the same identity is the "back all" book percentage of bookmaking.
All numbers are micros of a contract that pays 1; 1/o is rounded up, so p* and q* err to the safe side by less than a
millionth a leg.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros, inverse_ceil
from hedgerow.core.states import Side
from hedgerow.venues.base import Fee

TICK_STEP = 10_000
"""One `priceTicks` of a tournament's settings: 0.01."""


def break_even_bid(others: Iterable[OddsMicros]) -> int:
    """The highest price at which buying A and backing all `others` costs nothing; zero or less: never buy.

    others: the odds of every other outcome of A's market.
    """
    price = MICRO
    for odds in others:
        price -= inverse_ceil(odds)
    return price


def break_even_ask(own: OddsMicros) -> Micros:
    """The lowest price at which selling A and backing A costs nothing. own: A's odds."""
    return inverse_ceil(own)


def bid_price(break_even: int, grid: PriceGrid, fee: Fee, ticks: int) -> Micros | None:
    """The price to bid: at most break-even after the maker fee, `ticks` × 0.01 lower, on the grid, rounded down.

    None when the grid has no such price. A negative `ticks` bids above break-even: the client asked for it.
    """
    ceiling = break_even - ticks * TICK_STEP
    price = grid.floor(ceiling)
    while price is not None and price + _fee_per_contract(fee, price) > ceiling:
        price = grid.down(price)
    return price


def ask_price(break_even: int, grid: PriceGrid, fee: Fee, ticks: int) -> Micros | None:
    """The price to ask: at least break-even after the maker fee, `ticks` × 0.01 higher, on the grid, rounded up."""
    floor = break_even + ticks * TICK_STEP
    price = grid.ceil(floor)
    while price is not None and price - _fee_per_contract(fee, price) < floor:
        price = grid.up(price)
    return price


def edge(side: Side, price: int, break_even: int, fee: Fee) -> int:
    """What a hedged fill at `price` earns per contract, in micros; negative: it loses."""
    gross = break_even - price if side is Side.BUY else price - break_even
    return gross - _fee_per_contract(fee, price)


def _fee_per_contract(fee: Fee, price: int) -> int:
    """The maker fee of one contract, the rounding of a whole fill left out (it is below one unit a fill)."""
    return fee.of(price, MICRO) if fee.rate else 0
