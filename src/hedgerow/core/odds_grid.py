"""The prices of a betting exchange, as contracts have them.

A bet of stake s at decimal odds o is s × o contracts that pay 1 when the outcome wins, bought at 1/o each; laying is
selling them. Contracts of every exchange are so compared, priced and hedged alike. 1/o is seldom a whole number of
micros: a price is the name of its rung, rounded down, and money is worked out from the odds themselves, exactly.
Source: docs/decisions/0196-odds-as-contracts.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import neg

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros

_SQUARE = MICRO * MICRO


class OddsGrid(PriceGrid):
    """Prices 1/o for every rung o of a ladder of decimal odds. Lots are of the backer's stake."""

    __slots__ = ("_index", "_odds", "_prices", "_tick")

    def __init__(self, rungs: Iterable[int]) -> None:
        """rungs: decimal odds in micros, above 1, so far apart that each has a price of its own."""
        odds = tuple(sorted(set(rungs), reverse=True))
        if not odds or odds[-1] <= MICRO:
            raise ValueError("a ladder of odds needs rungs above 1")
        self._lay_out(odds, tuple(Micros(_SQUARE // rung) for rung in odds))

    def _lay_out(self, odds: tuple[int, ...], prices: tuple[Micros, ...]) -> None:
        """The rungs with their prices, lowest price first. Raises ValueError where two share one, or it is nothing."""
        self._odds, self._prices = odds, prices
        self._index = {price: index for index, price in enumerate(prices)}
        if not prices[0]:
            raise ValueError("a ladder of odds needs rungs above 1 that cost something")
        if len(self._index) < len(prices):
            raise ValueError("two rungs of the ladder have one price")
        self._tick = min((above - below for below, above in pairwise(self._prices)), default=MICRO)
        self._bands = ()
        self.lowest, self.highest = prices[0], prices[-1]

    @property
    def odds(self) -> tuple[int, ...]:
        """The rungs in micros, highest first: in the order of the prices."""
        return self._odds

    @property
    def tick(self) -> int:
        """The least step between two prices."""
        return self._tick

    def odds_of(self, price: int) -> int:
        """The decimal odds of a price in micros: the rung's own, and for the mean price of a fill the nearest."""
        index = self._index.get(Micros(price))
        return self._odds[index] if index is not None else (_SQUARE + price // 2) // price

    def price_of(self, odds: int) -> Micros | None:
        """The price of a rung; None for odds that are none."""
        price = Micros(_SQUARE // odds)
        index = self._index.get(price)
        return price if index is not None and self._odds[index] == odds else None

    # --- money --------------------------------------------------------------------------------------------------

    def lot_at(self, price: int, lot: int) -> int:
        """Contracts of the smallest step of the stake at a price."""
        return lot * self.odds_of(price) // MICRO

    def at_risk(self, price: int, size: int, *, buys: bool, up: bool = False) -> int:
        """Backing the stake, laying what is paid out beyond it; exact for whole lots, to the nearest micro else."""
        odds = self.odds_of(price)
        stake = (size * MICRO + odds // 2) // odds
        return stake if buys else size - stake

    def worth(self, price: int, size: int, *, buys: bool) -> int:
        """The backer's stake, of backs and lays alike."""
        return self.at_risk(price, size, buys=True)

    def size_worth(self, price: int, money: int) -> int:
        return -(-money * self.odds_of(price) // MICRO)

    def resized(self, size: int, price: int, other: int) -> int:
        """The contracts of the same stake at the other price: a bet keeps its stake when it meets better odds."""
        return self.at_risk(price, size, buys=True) * self.odds_of(other) // MICRO

    def backing(self, odds: int) -> Micros | None:
        index = bisect_right(self._odds, -odds, key=neg)
        return self._prices[index - 1] if index else None

    def laying(self, odds: int) -> Micros | None:
        index = bisect_left(self._odds, -odds, key=neg)
        return self._prices[index] if index < len(self._prices) else None

    # --- the grid -----------------------------------------------------------------------------------------------

    def __contains__(self, price: int) -> bool:
        return price in self._index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OddsGrid) and other._odds == self._odds

    def __hash__(self) -> int:
        return hash(self._odds)

    def __repr__(self) -> str:
        return f"OddsGrid({len(self._odds)} rungs, {self._odds[-1]}..{self._odds[0]})"

    def __iter__(self) -> Iterator[Micros]:
        return iter(self._prices)

    def floor(self, price: int) -> Micros | None:
        index = bisect_right(self._prices, price)
        return self._prices[index - 1] if index else None

    def ceil(self, price: int) -> Micros | None:
        index = bisect_left(self._prices, price)
        return self._prices[index] if index < len(self._prices) else None

    def up(self, price: int, ticks: int = 1) -> Micros | None:
        return self._rung(self._index[Micros(price)] + ticks)

    def down(self, price: int, ticks: int = 1) -> Micros | None:
        return self._rung(self._index[Micros(price)] - ticks)

    def _rung(self, index: int) -> Micros | None:
        return self._prices[index] if 0 <= index < len(self._prices) else None
