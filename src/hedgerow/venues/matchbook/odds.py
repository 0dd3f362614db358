"""Matchbook's ladder, and bets as contracts: a stake at odds is stake × odds contracts that pay 1.

Off the ladder the venue would move an offer's odds silently, so nothing off it is sent. Source: the venue's page
"Exchange odds ladder", restated by matchbook-sdk 0.1.2; docs/decisions/0196-odds-as-contracts.md.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.money import MICRO, Micros, decimal_of, micros_floor, product_floor
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import Side

_UP_TO = (
    (2, "0.01"),
    (3, "0.02"),
    (4, "0.05"),
    (6, "0.1"),
    (10, "0.2"),
    (20, "0.5"),
    (30, "1"),
    (50, "2"),
    (100, "5"),
    (1000, "10"),
)


def _rungs() -> list[int]:
    rungs = [1_010_000]
    for end, step in _UP_TO:
        width = int(Decimal(step) * MICRO)
        rungs += range(rungs[-1] + width, end * MICRO + 1, width)
    return rungs


GRID = OddsGrid(_rungs())

STAKE_LOT = 10_000
"""Stakes are sent in whole cents: of finer ones nothing is known."""

LEAST_STAKE = 100_000
"""0.1 of the account's currency, as a refusal of 2019 says; what an account's own is, only a refusal tells."""


def price_of(odds: Decimal) -> Micros:
    """What a contract costs at decimal odds above 1, on the ladder or, of older bets, off it."""
    wanted = micros_floor(odds)
    return GRID.price_of(wanted) or Micros(MICRO * MICRO // wanted)


def odds_of(price: int) -> Decimal:
    """The decimal odds of a price of the ladder."""
    return decimal_of(GRID.odds_of(price))


def contracts(stake: Decimal, odds: Decimal) -> Micros:
    """What a backer's stake pays at odds, in micros of contracts; less than one is dropped."""
    return product_floor(stake, odds)


def stake_of(price: int, size: int) -> Decimal:
    """The backer's stake in contracts at a price of the ladder."""
    return decimal_of(GRID.at_risk(price, size, buys=True))


def risk_of(side: Side, stake: Decimal, odds: Decimal) -> Micros:
    """The money at risk in a bet: backing the stake, laying what the backer can win."""
    return micros_floor(stake) if side is Side.BUY else product_floor(stake, odds - 1)
