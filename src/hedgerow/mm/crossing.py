"""Whether two orders of one deployment would trade with each other, whoever's they are. Pure.

A trade between two of our own orders moves nothing but fees, costs both clients a hedge, and is what exchanges' rules
on wash trades forbid. So a quote that would meet another of ours, one that is on its way in or out included, is not
sent: who rests first stays.
"""

from __future__ import annotations

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.mm.orders import Order, Slot
from hedgerow.venues.base import Instrument

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
