"""The grids of prices that venues accept.

A grid is a list of bands, lowest first; inside a band prices lie on whole steps from its start. Prediction markets
have one to three bands (Kalshi's `price_ranges`, Polymarket's tick size), betting exchanges about ten (the classic
odds ladder; see `core.odds_grid` for those), Smarkets' percentages one between any two ticks. Prices are micros.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hedgerow.core.money import MICRO, Micros


@dataclass(frozen=True, slots=True)
class Band:
    """Prices start, start + step, ... up to and including end (micros, start < end, step divides the width)."""

    start: int
    end: int
    step: int

    def __post_init__(self) -> None:
        if self.step <= 0 or self.end <= self.start or (self.end - self.start) % self.step:
            raise ValueError(f"band {self.start}..{self.end} is not a whole number of steps of {self.step}")


class PriceGrid:
    """Every price a venue accepts in one market; rounding and walking on it."""

    __slots__ = ("_bands", "_starts", "highest", "lowest")

    def __init__(self, bands: Sequence[Band]) -> None:
        """bands: lowest first, each starting where the one before it ends."""
        if not bands:
            raise ValueError("a price grid needs at least one band")
        for below, above in pairwise(bands):
            if above.start != below.end:
                raise ValueError(f"bands do not meet: {below.end} and {above.start}")
        self._bands = tuple(bands)
        self._starts = tuple(band.start for band in bands)
        self.lowest = Micros(bands[0].start)
        self.highest = Micros(bands[-1].end)

    @classmethod
    def probability(cls, tick: int) -> PriceGrid:
        """The grid of a binary contract: one tick above 0 to one tick below 1. tick: micros, divides 1."""
        return cls([Band(tick, MICRO - tick, tick)])

    @property
    def bands(self) -> tuple[Band, ...]:
        return self._bands

    @property
    def tick(self) -> int:
        """The first step of the grid."""
        return self._bands[0].step

    # --- what prices of contracts are worth ----------------------------------------------------------------------

    def lot_at(self, price: int, lot: int) -> int:
        """The step of sizes at an accepted price. lot: the instrument's."""
        return lot

    def at_risk(self, price: int, size: int, *, buys: bool, up: bool = False) -> int:
        """Money at risk in contracts bought, or sold, at a price. Micros, rounded down, or `up`."""
        exact = (price if buys else MICRO - price) * size
        return -(-exact // MICRO) if up else exact // MICRO

    def worth(self, price: int, size: int, *, buys: bool) -> int:
        """What a venue compares with its smallest order: what is bought, a sale as its opposite bought."""
        return self.at_risk(price, size, buys=buys)

    def size_worth(self, price: int, money: int) -> int:
        """The smallest size whose purchase at a price costs so much."""
        return -(-money * MICRO // price)

    def resized(self, size: int, price: int, other: int) -> int:
        """What an order for so many contracts at a price is for when it meets another price: the same."""
        return size

    def odds_of(self, price: int) -> int:
        """The decimal odds that a buyer gets at a price, in micros, rounded down."""
        return MICRO * MICRO // price

    def backing(self, odds: int) -> Micros | None:
        """The highest price whose buyer gets these odds or better ones; None where there is none. odds: micros."""
        return self.floor(MICRO * MICRO // odds)

    def laying(self, odds: int) -> Micros | None:
        """The lowest price whose seller gives these odds or lower ones; None where there is none."""
        return self.ceil(-(-MICRO * MICRO // odds))

    # --- the grid -----------------------------------------------------------------------------------------------

    def __contains__(self, price: int) -> bool:
        return self.lowest <= price <= self.highest and self._at_or_below(price) == price

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriceGrid) and other._bands == self._bands

    def __hash__(self) -> int:
        return hash(self._bands)

    def __repr__(self) -> str:
        return f"PriceGrid({list(self._bands)!r})"

    def floor(self, price: int) -> Micros | None:
        """The highest accepted price not above `price`; None below the grid."""
        if price < self.lowest:
            return None
        return self._at_or_below(min(price, self.highest))

    def ceil(self, price: int) -> Micros | None:
        """The lowest accepted price not below `price`; None above the grid."""
        if price > self.highest:
            return None
        below = self.floor(price)
        if below is None:
            return self.lowest
        return below if below == price else self.up(below)

    def up(self, price: int, ticks: int = 1) -> Micros | None:
        """The accepted price `ticks` rungs above an accepted price; None when the grid ends before."""
        for _ in range(ticks):
            if price >= self.highest:
                return None
            price += self._bands[bisect_right(self._starts, price) - 1].step
        return Micros(price)

    def down(self, price: int, ticks: int = 1) -> Micros | None:
        """The accepted price `ticks` rungs below an accepted price; None when the grid ends before."""
        for _ in range(ticks):
            if price <= self.lowest:
                return None
            price -= self._bands[bisect_left(self._starts, price) - 1].step
        return Micros(price)

    def __iter__(self) -> Iterator[Micros]:
        price: Micros | None = self.lowest
        while price is not None:
            yield price
            price = self.up(price)

    def _at_or_below(self, price: int) -> Micros:
        """For a price that is not below the grid."""
        band = self._bands[bisect_right(self._starts, price) - 1]
        return Micros(price - (price - band.start) % band.step)
