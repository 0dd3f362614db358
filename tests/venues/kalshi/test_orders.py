"""The bodies of orders that take, as the documents of POST /portfolio/events/orders have them."""

from __future__ import annotations

import json

import pytest

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument
from hedgerow.venues.kalshi.orders import take_body
from hedgerow.venues.taking import Leg, TakeOrder

REFERENCE = "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1"


@pytest.mark.parametrize(
    ("side", "is_whole", "words"),
    [
        (Side.BUY, False, {"side": "bid", "price": "0.5700", "time_in_force": "immediate_or_cancel"}),
        (Side.SELL, True, {"side": "ask", "price": "0.4300", "time_in_force": "fill_or_kill"}),
    ],
)
def test_an_order_that_takes_never_rests(
    instrument: Instrument, side: Side, is_whole: bool, words: dict[str, str]
) -> None:
    order = TakeOrder(REFERENCE, Leg(instrument, side), 570_000, 12_340_000, 550_000, is_whole)
    assert json.loads(take_body(order)) == {
        "ticker": instrument.ref,
        "client_order_id": REFERENCE,
        "count": "12.34",
        "self_trade_prevention_type": "taker_at_cross",
        **words,
    }


def test_a_size_that_the_wire_cannot_hold_is_refused_unsent(instrument: Instrument) -> None:
    order = TakeOrder(REFERENCE, Leg(instrument, Side.BUY), 570_000, 1, 570_000, is_whole=False)
    with pytest.raises(Refused) as refusal:
        take_body(order)
    assert refusal.value.reason is Reason.INVALID
