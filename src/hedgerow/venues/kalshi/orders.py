"""The bodies of orders and amends, from our quotes: exact texts, or a refusal before anything is sent."""

from __future__ import annotations

import msgspec

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.kalshi import parse, wire
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.taking import TakeOrder

_RESTS = "good_till_canceled"
_AT_ONCE, _WHOLE_OR_NOTHING = "immediate_or_cancel", "fill_or_kill"
# When our order meets our own resting one, the new one ends and the old one stays as it is known.
_NEW_ONE_ENDS = "taker_at_cross"


def place_body(quote: NewQuote) -> bytes:
    """A resting order. It goes when the exchange pauses: there is no dead man's switch, and a quote that nobody could
    move during the pause would be there when trading starts again. The expiry is in whole seconds, never later than
    asked."""
    try:
        body = wire.PlaceBody(
            ticker=quote.instrument.ref,
            client_order_id=quote.client_ref,
            side=parse.BOOK_SIDES[quote.side],
            count=parse.count_text(quote.size),
            price=parse.price_text(quote.price),
            time_in_force=_RESTS,
            self_trade_prevention_type=_NEW_ONE_ENDS,
            post_only=quote.post_only,
            cancel_order_on_pause=True,
            expiration_time=None if quote.expires_at_ms is None else quote.expires_at_ms // 1_000,
        )
    except ValueError as error:
        raise Refused(VENUE, "place", str(error), reason=Reason.INVALID) from None
    return msgspec.json.encode(body)


def take_body(order: TakeOrder) -> bytes:
    """An order that takes what stands at its price or better and never rests."""
    leg = order.leg
    try:
        body = wire.TakeBody(
            ticker=leg.instrument.ref,
            client_order_id=order.reference,
            side=parse.BOOK_SIDES[leg.side],
            count=parse.count_text(order.size),
            price=parse.price_text(leg.cost_of(order.cost)),
            time_in_force=_WHOLE_OR_NOTHING if order.is_whole else _AT_ONCE,
            self_trade_prevention_type=_NEW_ONE_ENDS,
        )
    except ValueError as error:
        raise Refused(VENUE, "place", str(error), reason=Reason.INVALID) from None
    return msgspec.json.encode(body)


def amend_body(instrument: Instrument, side: Side, price: Micros, size: Micros) -> bytes:
    """The venue's `count` is the whole size, what is filled included, as ours. The expiry stays as it is."""
    try:
        body = wire.AmendBody(instrument.ref, parse.BOOK_SIDES[side], parse.price_text(price), parse.count_text(size))
    except ValueError as error:
        raise Refused(VENUE, "amend", str(error), reason=Reason.INVALID) from None
    return msgspec.json.encode(body)
