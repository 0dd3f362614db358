"""The bodies of orders, from our quotes and bets: exact, or a refusal before anything is sent.

The venue cuts what is finer than a market's tick or smallest quantity instead of refusing it, so both are checked here.
Source: the venue's page "Orders API Overview".
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.parse import BUYS, CURRENCY, SELLS, is_slug
from hedgerow.venues.taking import TakeOrder

_LIMIT = "ORDER_TYPE_LIMIT"
_BY_MACHINE = "MANUAL_ORDER_INDICATOR_AUTOMATIC"
_RESTS, _UNTIL = "TIME_IN_FORCE_GOOD_TILL_CANCEL", "TIME_IN_FORCE_GOOD_TILL_DATE"
AT_ONCE, WHOLE = "TIME_IN_FORCE_IMMEDIATE_OR_CANCEL", "TIME_IN_FORCE_FILL_OR_KILL"

_BLOCKS_S = "5"
"""How long the venue may wait for the end of an order that takes at once; it allows 10 s."""

_encoder = msgspec.json.Encoder(decimal_format="number")


def quote_body(quote: NewQuote, now_ms: int) -> bytes:
    """An order that rests. Raises Refused."""
    order = _order(quote.instrument, quote.side, quote.price, quote.size, _RESTS)
    order.participate_dont_initiate = quote.post_only
    if quote.expires_at_ms is not None:
        if quote.expires_at_ms <= now_ms:
            raise _refused("the order has ended before it was sent", Reason.INVALID)
        order.tif, order.good_till_time = _UNTIL, _time(quote.expires_at_ms)
    return _encoder.encode(order)


def take_body(order: TakeOrder) -> bytes:
    """An order that takes at once, and whose end the answer waits for. Raises Refused."""
    leg = order.leg
    tif = WHOLE if order.is_whole else AT_ONCE
    body = _order(leg.instrument, leg.side, leg.cost_of(order.cost), order.size, tif)
    body.synchronous_execution, body.max_block_time = True, _BLOCKS_S
    return _encoder.encode(body)


def _order(instrument: Instrument, side: Side, price: int, size: int, tif: str) -> wire.NewOrder:
    if not is_slug(instrument.ref):
        raise _refused(f"{instrument.ref[:40]!r} is no market", Reason.INVALID)
    if price not in instrument.grid:
        raise _refused(f"price {price} is not on the market's tick", Reason.PRICE)
    if size % instrument.lot or size < instrument.least_at(price):
        raise _refused(f"size {size} is not a whole number of lots, or too small", Reason.LIMIT)
    return wire.NewOrder(
        market_slug=instrument.ref,
        intent=BUYS if side is Side.BUY else SELLS,
        type=_LIMIT,
        price={"value": _text(price), "currency": CURRENCY},
        quantity=decimal_of(size),
        tif=tif,
        manual_order_indicator=_BY_MACHINE,
    )


def _text(price: int) -> str:
    """At least two decimals, e.g. "0.50"."""
    value = decimal_of(price)
    return f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else f"{value:f}"


def _time(at_ms: int) -> str:
    return f"{datetime_of_ms(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _refused(why: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", why, reason=reason)
