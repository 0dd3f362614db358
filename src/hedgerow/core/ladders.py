"""The grids of prices that venues accept.

A grid is a list of bands, lowest first; inside a band prices lie on whole steps from its start. Prediction markets
have one to three bands (Kalshi's `price_ranges`, Polymarket's tick size), betting exchanges about ten (the classic
odds ladder). Prices are micros: probabilities or decimal odds alike.
"""

from __future__ import annotations

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

    __slots__ = ("_bands", "highest", "lowest")

    def __init__(self, bands: Sequence[Band]) -> None:
        """bands: lowest first, each starting where the one before it ends."""
        if not bands:
            raise ValueError("a price grid needs at least one band")
        for below, above in pairwise(bands):
            if above.start != below.end:
                raise ValueError(f"bands do not meet: {below.end} and {above.start}")
        self._bands = tuple(bands)
        self.lowest = Micros(bands[0].start)
        self.highest = Micros(bands[-1].end)

    @classmethod
    def probability(cls, tick: int) -> PriceGrid:
        """The grid of a binary contract: one tick above 0 to one tick below 1. tick: micros, divides 1."""
        return cls([Band(tick, MICRO - tick, tick)])

    @property
    def bands(self) -> tuple[Band, ...]:
        return self._bands

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
            for band in self._bands:
                if price < band.end:
                    price += band.step
                    break
        return Micros(price)

    def down(self, price: int, ticks: int = 1) -> Micros | None:
        """The accepted price `ticks` rungs below an accepted price; None when the grid ends before."""
        for _ in range(ticks):
            if price <= self.lowest:
                return None
            for band in reversed(self._bands):
                if price > band.start:
                    price -= band.step
                    break
        return Micros(price)

    def __iter__(self) -> Iterator[Micros]:
        price: Micros | None = self.lowest
        while price is not None:
            yield price
            price = self.up(price)

    def _at_or_below(self, price: int) -> Micros:
        for band in reversed(self._bands):
            if price >= band.start:
                return Micros(price - (price - band.start) % band.step)
        raise AssertionError(f"{price} lies below the grid")
