"""What the world offers at exchanges: odds of an exchange are orders that rest in its book, so that they can be taken.

An offer on an outcome is a sale of every contract that pays on it, at the nearest price of the grid that is no worse
for who takes it, for as many contracts as the limit pays. Where a market has two results, the offers on one are what
the other can be laid at. The orders are nobody's: no ledger shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO, micros_floor
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Contract, Leg, Order

_UNTOLD_LIMIT = Decimal(1_000)


class House:
    """The world's own orders at all exchanges."""

    def __init__(self, exchanges: Mapping[str, Exchange]) -> None:
        self._exchanges = exchanges
        self._orders: dict[tuple[str, str, OutcomeKey], Order] = {}

    def clear(self) -> None:
        """The exchanges were emptied."""
        self._orders.clear()

    def put(self, quotes: Iterable[Quote]) -> None:
        """Replaces what was offered on the outcomes. Bookmakers' quotes are not looked at."""
        for quote in quotes:
            exchange = self._exchanges.get(quote.bookmaker)
            if exchange is not None:
                for contract, leg in exchange.contracts_on(quote.outcome):
                    self._offer(exchange, contract, leg, quote)

    def _offer(self, exchange: Exchange, contract: Contract, leg: Leg, quote: Quote) -> None:
        place = exchange.slug, contract.ref, quote.outcome
        before = self._orders.pop(place, None)
        if before is not None:
            exchange.cancel(before)
        if not quote.is_open or quote.price is None or not contract.is_open:
            return
        price = _price(contract, leg, quote.price)
        stake = micros_floor(_UNTOLD_LIMIT if quote.limit is None else quote.limit)
        lot = 1 if price is None else contract.lot_at(price if leg is Leg.YES else MICRO - price)
        size = 0 if price is None else stake * MICRO // price // lot * lot
        if price is not None and size >= contract.min_size:
            self._orders[place] = exchange.rest(contract, leg, price, size)


def _price(contract: Contract, leg: Leg, odds: Decimal) -> int | None:
    """The highest price of the leg that pays at least the odds; None where the grid has none."""
    if leg is Leg.YES:
        return contract.grid.backing(micros_floor(odds))
    yes = contract.grid.ceil(MICRO - int(MICRO / odds))
    return None if yes is None else MICRO - yes
