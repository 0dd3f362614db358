"""The order book of one simulated contract, in YES terms."""

from __future__ import annotations

from collections.abc import Iterator

from hedgerow.sim.orders import Order


class Book:
    """One contract's resting orders: price priority, then time."""

    def __init__(self) -> None:
        self.bids: dict[int, list[Order]] = {}
        self.asks: dict[int, list[Order]] = {}

    def side(self, is_bid: bool) -> dict[int, list[Order]]:
        return self.bids if is_bid else self.asks

    def best(self, is_bid: bool) -> int | None:
        levels = self.side(is_bid)
        if not levels:
            return None
        return max(levels) if is_bid else min(levels)

    def level_size(self, is_bid: bool, price: int) -> int:
        return sum(order.remaining for order in self.side(is_bid).get(price, ()))

    def levels(self, is_bid: bool) -> list[tuple[int, int]]:
        """(price, size) from the best to the worst, YES terms."""
        return [(p, self.level_size(is_bid, p)) for p in sorted(self.side(is_bid), reverse=is_bid)]

    def available(self, order: Order) -> int:
        """What stands within a taker's price, as contracts at it."""
        levels, own = self.levels(not order.is_bid), order.yes_price
        good = [(p, s) for p, s in levels if (p <= own if order.is_bid else p >= own)]
        return sum(order.contract.grid.resized(size, price, own) for price, size in good)

    def crosses(self, order: Order, yes_price: int) -> bool:
        """Whether the order would meet another at this price."""
        touch = self.best(not order.is_bid)
        return touch is not None and (touch <= yes_price if order.is_bid else touch >= yes_price)

    def add(self, order: Order) -> None:
        """Puts what remains of the order behind all others of its price."""
        self.side(order.is_bid).setdefault(order.yes_price, []).append(order)

    def remove(self, order: Order) -> bool:
        """Takes the order out; False where it does not stand here."""
        levels = self.side(order.is_bid)
        queue = levels.get(order.yes_price, [])
        if order not in queue:
            return False
        queue.remove(order)
        if not queue:
            del levels[order.yes_price]
        return True

    def orders(self) -> Iterator[Order]:
        for levels in (self.bids, self.asks):
            for queue in levels.values():
                yield from queue
