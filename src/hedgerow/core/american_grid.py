"""The prices of an exchange that quotes American odds, as contracts have them.

+110 wins 110 for a stake of 100, -110 wins 100 for a stake of 110. A bet on an outcome at one is the other side of a
bet on its opposite at the other, so a ladder with both signs of each rung prices both sides alike (+100 is its own
other side). Decimal odds of most rungs have no end: money is worked out from stake and profit in lowest terms, exactly.
Otherwise as `odds_grid`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from math import gcd

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds_grid import OddsGrid

_EVEN = 100


def stake_and_profit(american: int) -> tuple[int, int]:
    """What is staked for what profit, in lowest terms: -110 is (11, 10). Raises ValueError for odds that are none:
    +100 is even, -100 another name of it that no ladder has."""
    if -_EVEN <= american < _EVEN:
        raise ValueError(f"{american} are no American odds")
    common = gcd(_EVEN, american)
    parts = _EVEN // common, abs(american) // common
    return parts if american > 0 else (parts[1], parts[0])


class AmericanGrid(OddsGrid):
    """A price for every rung. Lots are of cents on both sides: as many as leave no fraction of the instrument's `lot`
    to either."""

    __slots__ = ("_american", "_parts")

    def __init__(self, rungs: Iterable[int]) -> None:
        """rungs: American odds, e.g. -110 and 100; in any order."""
        priced = sorted((MICRO * stake // (stake + profit), rung) for rung, (stake, profit) in _with_parts(rungs))
        if not priced:
            raise ValueError("a ladder of odds needs rungs")
        self._american = tuple(rung for _, rung in priced)
        self._parts = tuple(stake_and_profit(rung) for rung in self._american)
        odds = tuple(MICRO * (stake + profit) // stake for stake, profit in self._parts)
        self._lay_out(odds, tuple(Micros(price) for price, _ in priced))

    @property
    def american(self) -> tuple[int, ...]:
        """The rungs in the order of the prices."""
        return self._american

    def american_of(self, price: int) -> int:
        """The rung of a price. Raises KeyError for a price that is none of the grid's."""
        return self._american[self._index[Micros(price)]]

    def at(self, american: int) -> Micros | None:
        """The price of a rung; None for odds that are none of the ladder's."""
        try:
            stake, profit = stake_and_profit(american)
        except ValueError:
            return None
        index = bisect_left(self._prices, MICRO * stake // (stake + profit))
        is_rung = index < len(self._american) and self._american[index] == american
        return self._prices[index] if is_rung else None

    def opposite(self, price: int) -> Micros | None:
        """The price of the outcome's opposite that a price of the outcome is the other side of; None where the ladder
        lacks that rung. Raises KeyError for a price that is none of the grid's."""
        american = self.american_of(price)
        return self.at(american if american == _EVEN else -american)

    # --- money --------------------------------------------------------------------------------------------------

    def contracts(self, price: int, stake: int) -> int:
        """What a stake pays when it wins, at a price; less than a micro is dropped."""
        staked, won = self._parts_of(price)
        return stake * (staked + won) // staked

    def lot_at(self, price: int, lot: int) -> int:
        return lot * sum(self._parts_of(price))

    def at_risk(self, price: int, size: int, *, buys: bool, up: bool = False) -> int:
        """Exact for whole lots; else the stake is the least that pays so much."""
        staked, won = self._parts_of(price)
        stake = -(-size * staked // (staked + won))
        return stake if buys else size - stake

    def worth(self, price: int, size: int, *, buys: bool) -> int:
        """The stake of the side: a sale is a bet on the opposite."""
        return self.at_risk(price, size, buys=buys)

    def size_worth(self, price: int, money: int) -> int:
        """Enough for either side."""
        parts = self._parts_of(price)
        return -(-money * sum(parts) // min(parts))

    def resized(self, size: int, price: int, other: int) -> int:
        return self.contracts(other, self.at_risk(price, size, buys=True))

    def _parts_of(self, price: int) -> tuple[int, int]:
        """Of the mean price of a fill: the price itself and the rest of 1."""
        index = self._index.get(Micros(price))
        return self._parts[index] if index is not None else (price, MICRO - price)

    # --- the grid -----------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AmericanGrid) and other._american == self._american

    def __hash__(self) -> int:
        return hash(self._american)

    def __repr__(self) -> str:
        return f"AmericanGrid({len(self._american)} rungs, {self._american[-1]}..{self._american[0]:+})"


def _with_parts(rungs: Iterable[int]) -> Iterable[tuple[int, tuple[int, int]]]:
    return ((rung, stake_and_profit(rung)) for rung in set(rungs))
