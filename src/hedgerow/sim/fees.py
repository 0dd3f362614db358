"""A fee of takers that shrinks towards both ends of the price: rate × min(p, 1 − p) × size; makers pay nothing.

Venues take it in money, or of a purchase in the shares that it brings, worth as much at the trade's price.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.core.money import MICRO
from hedgerow.sim.orders import Contract

_BPS = 10_000


@dataclass(frozen=True, slots=True)
class TakerFee:
    """Both forms are fee rules of an exchange (`sim.exchange.FeeRule`)."""

    bps: int

    def in_money(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """In micros of money."""
        return 0 if is_maker else size * self.bps * min(price, MICRO - price) // (_BPS * MICRO)

    def in_shares(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """In micros of shares. price: of what is bought."""
        return 0 if is_maker else size * self.bps * min(price, MICRO - price) // (_BPS * price)
