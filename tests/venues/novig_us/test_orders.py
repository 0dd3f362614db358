"""What is sent of an order."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.listing import GRID
from hedgerow.venues.novig_us.orders import OPPOSITE, flags_of, place_body, take_body
from hedgerow.venues.taking import Leg, TakeOrder

INSTRUMENT = Instrument(VENUE, "home", "market", GRID, meta={OPPOSITE: "away"})


def test_flags_are_eight_letters_and_digits_of_the_reference_alone() -> None:
    assert flags_of("ebb4c11a-714b-4be6-a635-486ec09869a3") == flags_of("ebb4c11a-714b-4be6-a635-486ec09869a3")
    many = {flags_of(f"reference {number}") for number in range(5_000)}
    assert len(many) == 5_000
    assert all(len(flags) == 8 and flags.isalnum() and flags.isascii() for flags in many)


@given(st.sampled_from(list(GRID)), st.integers(100, 10**9), st.sampled_from(Side))
def test_an_order_buys_an_outcome_at_exactly_its_price_and_quantity(price: int, qty: int, side: Side) -> None:
    quote = NewQuote("ref", INSTRUMENT, side, Micros(price), Micros(qty * 10_000), post_only=False)
    body = json.loads(place_body(quote, 0), parse_float=Decimal)
    assert body["outcomeId"] == ("home" if side is Side.BUY else "away")
    assert body["price"] * MICRO == (price if side is Side.BUY else MICRO - price)
    assert -body["price"].as_tuple().exponent <= 3
    assert (body["qty"], body["currency"], body["tif"]) == (qty, "CASH", "GTC")


def test_an_end_is_told_as_a_length() -> None:
    quote = NewQuote("ref", INSTRUMENT, Side.BUY, Micros(500_000), Micros(MICRO), expires_at_ms=5_000)
    assert json.loads(place_body(quote, 3_500)) | {"flags": ""} == {
        "outcomeId": "home",
        "price": 0.5,
        "qty": 100,
        "currency": "CASH",
        "tif": "PO",
        "flags": "",
        "ttl": 1_500,
    }


def test_a_taking_order_is_whole_or_what_there_is() -> None:
    leg = Leg(INSTRUMENT, Side.SELL)
    whole = json.loads(take_body(TakeOrder("bet", leg, 345_000, 7 * MICRO, 340_000, is_whole=True)))
    part = json.loads(take_body(TakeOrder("bet", leg, 345_000, 7 * MICRO, 340_000, is_whole=False)))
    assert (whole["tif"], part["tif"], whole["outcomeId"], whole["price"], whole["qty"]) == (
        "FOK",
        "IOC",
        "away",
        0.345,
        700,
    )
