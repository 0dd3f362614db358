"""Orders for another version of the exchange's contracts."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.errors import InDoubt, Refused
from hedgerow.venues.base import (
    Exchange,
)

from .script import Events, Quotes, resting

OTHER_EXCHANGE = {"exchange": "0x" + "aa" * 20, "neg_risk_exchange": "0x" + "bb" * 20}


async def test_order_for_an_old_version_is_signed_again_once(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    exchange = build(**OTHER_EXCHANGE)
    await exchange.open(events.append)
    old = exchange.ref_of(quote())
    venue.answer("GET /version", {"version": 4})
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    venue.then("POST /order", {"error": "order_version_mismatch"}, 400)
    with pytest.raises(Refused, match="order_version_mismatch"):
        await exchange.place(quote())
    first, second = venue.requests("POST /order")
    new = exchange.ref_of(quote())
    assert old.venue_ref != new.venue_ref
    assert first.json["order"]["signature"] != second.json["order"]["signature"]
    assert first.json["order"]["salt"] == second.json["order"]["salt"]
    await exchange.close()


async def test_order_signed_again_is_found_by_the_old_reference(
    build: Any, venue: Any, events: Events, quote: Quotes, lost: Any
) -> None:
    exchange = build(**OTHER_EXCHANGE)
    await exchange.open(events.append)
    old = exchange.ref_of(quote())
    venue.answer("GET /version", {"version": 4})
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    venue.then("POST /order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    new = exchange.ref_of(quote()).venue_ref
    venue.answer(f"GET /data/order/{new}", resting(new))
    found = await exchange.find_order(old)
    assert found is not None
    assert found.venue_ref == new
    await exchange.close()


async def test_same_version_is_not_signed_again(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_version_that_is_not_known_is_not_traded_on(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    venue.answer("GET /version", {"version": 4})
    exchange = build()
    await exchange.open(events.append)
    assert exchange.ref_of(quote()).venue_ref is None
    with pytest.raises(Refused, match="version 4"):
        await exchange.place(quote())
    await exchange.close()
