"""What is sent of an order: its body, and the eight characters that name it.

The venue keeps `flags` of an order, eight characters that it does not look at: the only place for a reference of ours.
They are made of the reference alone, so that every process finds an order again by them. Source: docs.novig.com "Place
order" (NBX OpenAPI 0.0.44).
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

import msgspec

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.novig_us.parse import UNIT
from hedgerow.venues.taking import TakeOrder

CURRENCY = "CASH"
OPPOSITE = "opposite"
"""Of an instrument's `meta`: the outcome that pays when the instrument's own does not."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FLAGS = 8

_encoder = msgspec.json.Encoder(decimal_format="number")


class Body(msgspec.Struct, rename="camel", omit_defaults=True):
    """POST /emm/orders/place. ttl: milliseconds."""

    outcome_id: str
    price: Decimal
    qty: int
    currency: str
    tif: str
    flags: str
    ttl: int | None = None


def flags_of(reference: str) -> str:
    """The name of an order at the venue: 47 bits of its reference's SHA-256, in letters and digits."""
    number = int.from_bytes(sha256(reference.encode()).digest(), "big")
    letters = []
    for _ in range(_FLAGS):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def outcome_of(instrument: Instrument, side: Side) -> str:
    """What an order on a side of the instrument buys."""
    return instrument.ref if side is Side.BUY else instrument.meta[OPPOSITE]


def place_body(quote: NewQuote, now_ms: int) -> bytes:
    """Of an order that rests."""
    ttl = None if quote.expires_at_ms is None else quote.expires_at_ms - now_ms
    tif = "PO" if quote.post_only else "GTC" if ttl is None else "GTT"
    cost = quote.price if quote.side is Side.BUY else MICRO - quote.price
    return _body(quote.instrument, quote.side, cost, quote.size, tif, quote.client_ref, ttl)


def take_body(order: TakeOrder) -> bytes:
    """Of an order that buys at once what it can, or all of it."""
    tif = "FOK" if order.is_whole else "IOC"
    return _body(order.leg.instrument, order.leg.side, order.cost, order.size, tif, order.reference, None)


def _body(instrument: Instrument, side: Side, cost: int, size: int, tif: str, reference: str, ttl: int | None) -> bytes:
    outcome_id, price = outcome_of(instrument, side), decimal_of(cost).normalize()
    return _encoder.encode(Body(outcome_id, price, size // UNIT, CURRENCY, tif, flags_of(reference), ttl))
