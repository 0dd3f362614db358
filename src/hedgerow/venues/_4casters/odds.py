"""4casters' ladder, and stakes at American odds as contracts.

The venue publishes no ladder and takes whole numbers; these rungs are what quotes use. Odds off the ladder that others
made are read exactly all the same. Source: the sheet; docs/decisions/0196-odds-as-contracts.md.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from hedgerow.core.american_grid import AmericanGrid, stake_and_profit
from hedgerow.core.money import MICRO, InexactAmountError, Micros, decimal_of, micros
from hedgerow.core.states import Side
from hedgerow.venues.reading import UnreadableError

EVEN = 100
STAKE_LOT = 10_000
"""Whole cents on both sides: the venue rounds what it tells to cents."""

LEAST_STAKE = MICRO
"""1 USD, a guess: bets of 1 are in the venue's examples; it hints that nothing below 10 comes to rest."""

RATE = Decimal("0.01")
"""Of the smaller of stake and winnings, for takers; `commissionCharged` in the examples."""

_LONGEST = 1_000_000
"""100 times the ladder's end; longer odds would be a price of less than a micro."""
_CENT = Decimal("0.01")
_MOST = Decimal(10) ** 12

_RUNGS = tuple(chain(range(101, 201), range(205, 501, 5), range(510, 1_001, 10), range(1_050, 10_001, 50)))
GRID = AmericanGrid([EVEN, *_RUNGS, *(-rung for rung in _RUNGS)])


def facing(american: int) -> int:
    """The odds of who stands against these."""
    return american if american == EVEN else -american


def parts(american: int) -> tuple[int, int]:
    """Stake and profit in lowest terms. Raises UnreadableError for odds that are none, or beyond what anybody bets."""
    if abs(american) > _LONGEST:
        raise UnreadableError(f"{american} are beyond all odds")
    try:
        return stake_and_profit(EVEN if american == -EVEN else american)
    except ValueError:
        raise UnreadableError(f"{american} are no odds") from None


def price_of(side: Side, american: int) -> Micros:
    """What a contract costs whose buyer bets at these odds, or whose seller does. Raises UnreadableError."""
    staked, won = parts(american if side is Side.BUY else facing(american))
    return Micros(MICRO * staked // (staked + won))


def american_of(side: Side, price: int) -> int:
    """The odds of the side at a price of the ladder."""
    american = GRID.american_of(price)
    return american if side is Side.BUY else facing(american)


def stake_of(side: Side, price: int, size: int) -> Decimal:
    """What the side stakes in whole lots at a price of the ladder."""
    return decimal_of(GRID.at_risk(price, size, buys=side is Side.BUY))


def amount(told: Decimal | None, member: str) -> Micros:
    """Money that is not below zero. Raises UnreadableError."""
    if told is None or not told.is_finite() or not 0 <= told < _MOST:
        raise UnreadableError(f"{member} is missing or out of range")
    try:
        return micros(told)
    except InexactAmountError:
        return micros(told.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def contracts(american: int, stake: int) -> Micros:
    """What a stake pays when it wins, in micros. Raises UnreadableError for odds that are none."""
    staked, won = parts(american)
    return Micros(stake * (staked + won) // staked)


def fee_of(risk: Decimal, stake: Decimal) -> Micros:
    """A taker's commission: the risk is told with it, in cents. Raises UnreadableError where it is below zero."""
    fee = (risk - stake).quantize(_CENT, ROUND_HALF_UP) if risk.is_finite() and abs(risk) < _MOST else Decimal("NaN")
    return amount(fee, "risk")
