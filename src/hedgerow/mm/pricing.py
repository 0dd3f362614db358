"""Prices from a bookmaker's odds: what a quote may cost when its fill is hedged at once.

Mode `hedge_parity`: a maker who hedges every fill needs no fair probability, because the hedge's price is the fair
price. Buying a contract on outcome A at p and backing every other outcome Bᵢ so that all payouts are equal costs
p + Σ 1/oᵢ for a sure payout of 1; selling A at q is buying "not A" at 1 − q and is hedged by backing A. So

    break-even bid  p* = 1 − Σ 1/oᵢ        break-even ask  q* = 1/o_A

Source: contract of the engine, section Pricing; the same identity is the "back all" book percentage of bookmaking.
All numbers are micros of a contract that pays 1; 1/o is rounded up, so p* and q* err to the safe side by less than a
millionth a leg.

Mode `fair_value` quotes around the fair probability (`mm.margins`) at a distance that the operator sets, the edge. Its
fills are hedged all the same: a hedge costs the bookmaker's margin, which the edge must earn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import msgspec

from hedgerow.core.ids import OutcomeId
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros, inverse_ceil
from hedgerow.core.states import Side
from hedgerow.mm.margins import FINE, Margin
from hedgerow.venues.base import Fee

TICK_STEP = 10_000
"""One `priceTicks` of a tournament's settings: 0.01."""


class Mode(StrEnum):
    """What a quote is priced from."""

    HEDGE_PARITY = "hedge_parity"
    FAIR_VALUE = "fair_value"


class Pricing(msgspec.Struct, frozen=True, gc=False):
    """How quotes are priced. `edge`: micros of price between fair value and quote; `skew`: micros of price by which a
    full inventory moves quotes, 0: by none; `full`: micros of contracts that are a full inventory, above 0."""

    mode: Mode = Mode.HEDGE_PARITY
    margin: Margin = Margin.MULTIPLICATIVE
    edge: int = 0
    skew: int = 0
    full: int = MICRO


PARITY = Pricing()
"""How everything is priced for which nothing is set."""


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


def bid_worth(own: OddsMicros | None, others: Iterable[OddsMicros]) -> int:
    """Break-even of a bid, and no more than backing the outcome itself would cost: own, None where it has no offer.

    The second only counts where all odds add up to less than 1, so that one of them must be wrong. With both bounds,
    here and in `ask_worth`, no set of fills loses with its hedges at these odds, however they net with each other: the
    hedges cost Σ (N − Vᵢ)/oᵢ to bring every payout to N = max Vᵢ, and Σ fills + hedges ≤ N either way.
    """
    worth = break_even_bid(others)
    return worth if own is None else min(worth, inverse_ceil(own))


def ask_worth(own: OddsMicros, others: Collection[OddsMicros]) -> int:
    """Break-even of an ask, and no less than what backing every other outcome leaves; see `bid_worth`.

    others: of all other outcomes, empty where one of them has no offer.
    """
    worth: int = break_even_ask(own)
    return max(worth, break_even_bid(others)) if others else worth


def fair_bid(fair: int) -> int:
    """What a contract is worth at most to a buyer. fair: its probability in units of 1/FINE, see `mm.margins`."""
    return fair * MICRO // FINE


def fair_ask(fair: int) -> int:
    """What a contract is worth at least to a seller; the unit that `fair` may be too low is added."""
    return -(-(fair + 1) * MICRO // FINE)


def inventory_shift(payouts: Mapping[OutcomeId, int], own: OutcomeId, pricing: Pricing) -> int:
    """By how many micros quotes on an outcome move for what is held already: down when it is long, up when short.

    payouts: what is paid when each outcome wins, hedges under way included, micros of contracts. Held of an outcome is
    what it pays beyond the mean of the others, so that a hedged market holds nothing. The shift is in proportion:
    −skew × held / full, at most `skew`. Source: the reservation price r = s − q·γσ²(T − t) of Avellaneda and Stoikov,
    "High-frequency trading in a limit order book", Quantitative Finance 8 (2008), with skew/full in the place of
    γσ²(T − t).
    """
    others = len(payouts) - 1
    if not pricing.skew or others < 1:
        return 0
    ahead = payouts[own] * others - (sum(payouts.values()) - payouts[own])
    size = min(pricing.skew, pricing.skew * abs(ahead) // (pricing.full * others))
    return -size if ahead > 0 else size


def most_to_bid(pricing: Pricing, worth: int, safe: int, shift: int, ticks: int = 0) -> int:
    """The highest price to bid before fees.

    worth: break-even, or the fair value; safe: see `mm.results`; shift: for the inventory; ticks: of 0.01, by which the
    client wants it lower. What is proved binds last: neither an inventory nor negative ticks make a bid at hedge parity
    higher than break-even, or one in any mode higher than is safe.
    """
    bound = safe
    if pricing.mode is Mode.FAIR_VALUE:
        worth += shift - pricing.edge
    else:
        bound = min(worth, safe)
        worth += min(shift, 0)
    return min(min(worth, safe) - ticks * TICK_STEP, bound)


def least_to_ask(pricing: Pricing, worth: int, safe: int, shift: int, ticks: int = 0) -> int:
    """The lowest price to ask before fees, the mirror of `most_to_bid`."""
    bound = safe
    if pricing.mode is Mode.FAIR_VALUE:
        worth += shift + pricing.edge
    else:
        bound = max(worth, safe)
        worth += max(shift, 0)
    return max(max(worth, safe) + ticks * TICK_STEP, bound)


def bid_price(ceiling: int, grid: PriceGrid, fee: Fee) -> Micros | None:
    """The price to bid: at most the ceiling after the maker fee, on the grid, rounded down. None when the grid has no
    such price."""
    price = grid.floor(ceiling)
    while price is not None and price + _fee_per_contract(fee, price) > ceiling:
        price = grid.down(price)
    return price


def ask_price(floor: int, grid: PriceGrid, fee: Fee) -> Micros | None:
    """The price to ask: at least the floor after the maker fee, on the grid, rounded up."""
    price = grid.ceil(floor)
    while price is not None and price - _fee_per_contract(fee, MICRO - price) < floor:
        price = grid.up(price)
    return price


def edge(side: Side, price: int, break_even: int, fee: Fee) -> int:
    """What a hedged fill at `price` earns per contract, in micros; negative: it loses."""
    gross = break_even - price if side is Side.BUY else price - break_even
    return gross - _fee_per_contract(fee, price if side is Side.BUY else MICRO - price)


def _fee_per_contract(fee: Fee, cost: int) -> int:
    """The maker fee of one contract, the rounding of a whole fill left out (it is below one unit a fill). cost: of the
    contract to its holder."""
    return fee.of(cost, MICRO) if fee.rate else 0
