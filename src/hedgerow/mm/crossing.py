"""Whether two orders of one deployment would trade with each other, whoever's they are. Pure.

A trade between two of our own orders moves nothing but fees, costs both clients a hedge, and is what exchanges' rules
on wash trades forbid. So a quote that would meet another of ours, one that is on its way in or out included, is not
sent: who rests first stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.orders import Order, Slot
from hedgerow.venues.base import Instrument

MEETS_OWN = "would meet another quote of this deployment"
"""Why a place has no quote."""

BookKey = tuple[VenueSlug, str]
"""An exchange and its market: orders of one market can meet, also by way of its other contract."""


def book_of(slot: Slot) -> BookKey:
    """Where the slot's orders rest."""
    return slot.instrument.venue, slot.instrument.market_ref


def meets(instrument: Instrument, side: Side, price: int, other: Order) -> bool:
    """Whether a quote at the price, in micros, would trade with another live order of the same market.

    In one contract a bid meets an ask at or below it. Of two contracts two bids meet that pay 1 together: an exchange
    of tokens makes a pair of them, and elsewhere both are too dear.
    """
    return any(_meet(instrument, side, price, other, at) for at in other.prices)


def _meet(instrument: Instrument, side: Side, price: int, other: Order, at: int) -> bool:
    if other.instrument.ref == instrument.ref:
        bid, ask = (price, at) if side is Side.BUY else (at, price)
        return other.side is not side and bid >= ask
    return other.side is side is Side.BUY and price + at >= MICRO


class OwnBooks:
    """The places of every client in each market of an exchange, and who waits for something to leave there."""

    def __init__(self) -> None:
        self._slots: dict[BookKey, list[Slot]] = {}
        self._waiting: dict[BookKey, dict[TradedMarket, None]] = {}

    def add(self, slot: Slot) -> None:
        self._slots.setdefault(book_of(slot), []).append(slot)

    def drop(self, slot: Slot, market: TradedMarket) -> None:
        """The market is quoted no more at a slot that was added."""
        book = book_of(slot)
        self._slots[book].remove(slot)
        if not self._slots[book]:
            del self._slots[book]
        self._waiting.get(book, {}).pop(market, None)

    def would_meet(self, slot: Slot, price: int) -> bool:
        """Whether a quote at the price, in micros, would meet another of this deployment's."""
        return any(
            order.is_live and meets(slot.instrument, slot.side, price, order)
            for other in self._slots[book_of(slot)]
            for order in other.orders
        )

    def wait(self, slot: Slot, market: TradedMarket) -> None:
        """The market wants its turn when something in the slot's book has ended."""
        self._waiting.setdefault(book_of(slot), {})[market] = None

    def take_waiting(self, slot: Slot) -> Iterable[TradedMarket]:
        """Who waits in the slot's book, first come first; nobody does any more."""
        return self._waiting.pop(book_of(slot), {})
