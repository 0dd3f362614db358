"""What a wallet's fills add up to: tokens at average cost, money made, fees paid. Pure.

The exchange knows what is held; the Data API also tells what it cost, so it is counted again from the trades.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.trades import Trade, TradeStatus
from hedgerow.sim.orders import Leg, Order


@dataclass(frozen=True, slots=True)
class Part:
    """One order's part in a trade: price, size and fee in micros, in the terms of the order's token."""

    trade: Trade
    order: Order
    price: int
    size: int
    fee: int

    @property
    def money(self) -> int:
        return self.price * self.size // MICRO

    @property
    def is_on_chain(self) -> bool:
        return bool(self.trade.transaction_hash)


@dataclass(slots=True)
class Holding:
    """A wallet's tokens of one outcome at average cost; money in micros, fees apart from it."""

    market: Market
    leg: Leg
    size: int = 0
    cost: int = 0
    fees: int = 0
    bought: int = 0
    realized: int = 0
    first_ms: int = 0
    last_ms: int = 0

    @property
    def average(self) -> int:
        return self.cost * MICRO // self.size if self.size > 0 else 0

    def add(self, part: Part) -> None:
        """Takes a fill in; what is sold leaves at the average cost.

        The size is below zero for a while when tokens were sold whose purchase failed later and was made up for.
        """
        self.first_ms, self.last_ms = self.first_ms or part.trade.matched_ms, part.trade.matched_ms
        if part.order.side is Side.BUY:
            owed = min(part.size, max(0, -self.size))
            spent = part.money * owed // part.size
            self.realized -= spent
            self.cost += part.money - spent
            self.fees += part.fee * (part.size - owed) // part.size
            self.bought += part.size
            self.size += part.size
            return
        held = max(0, self.size)
        sold = min(part.size, held)
        cost, fees = (self.cost * sold // held, self.fees * sold // held) if held else (0, 0)
        self.cost -= cost
        self.fees -= fees
        self.size -= part.size
        self.realized += part.money - cost


def parts_of(trades: Iterable[Trade], account: str) -> Iterator[Part]:
    """Every part that an account has in trades that stand, in their order."""
    for trade in trades:
        if trade.status is TradeStatus.FAILED:
            continue
        if trade.taker.account == account:
            own = {fill.match_id for fill in trade.makers}
            fee = sum(match.fee for match in trade.taker.fills if match.id in own)
            yield Part(trade, trade.taker, trade.price, trade.size, fee)
        for fill in trade.makers:
            if fill.order.account == account:
                yield Part(trade, fill.order, fill.price, fill.size, 0)
