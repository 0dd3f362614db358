"""Golden requests: a call in, the exact bytes out. `requests.json` holds them; with a fixed clock, key and reference
nothing in them is volatile, signatures included (RFC 6979)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.errors import VenueError
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Exchange, ExchangeEvent, Instrument, NewQuote, OrderRef

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "requests.json").read_text())
Quotes = Callable[..., NewQuote]
Call = Callable[[Exchange, Quotes, Instrument], Awaitable[object]]
REF_ID = "0x" + "12" * 32

CALLS: dict[str, Call] = {
    "place a bid": lambda exchange, quote, instrument: exchange.place(quote()),
    "place an ask that ends": lambda exchange, quote, instrument: exchange.place(
        quote("quote-7", side=Side.SELL, size=12_340_000, post_only=False, expires_at_ms=1_790_003_600_000)
    ),
    "cancel": lambda exchange, quote, instrument: exchange.cancel(OrderRef(instrument, None, REF_ID)),
    "cancel all": lambda exchange, quote, instrument: exchange.cancel_all(),
    "find an order": lambda exchange, quote, instrument: exchange.find_order(OrderRef(instrument, None, REF_ID)),
    "working": lambda exchange, quote, instrument: exchange.working(),
    "fills": lambda exchange, quote, instrument: exchange.fills(1_789_999_999_123),
    "balance": lambda exchange, quote, instrument: exchange.balance(),
    "listings": lambda exchange, quote, instrument: exchange.listings("tennis"),
    "resolutions": lambda exchange, quote, instrument: exchange.resolutions([instrument]),
}


def recorded(venue: Any) -> list[dict[str, Any]]:
    """The requests that came, without those of the heartbeat, which come when they will."""
    found = []
    for seen in venue.seen:
        if seen.path != "/v1/heartbeats":
            query = "?" + seen.raw_query if seen.raw_query else ""
            headers = {name: value for name, value in sorted(seen.headers.items()) if name.startswith("POLY_")}
            request = {"request": f"{seen.method} {seen.path}{query}", "headers": headers, "body": seen.body}
            found.append({name: value for name, value in request.items() if value})
    return found


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_call_sends_exactly_its_requests(
    exchange: Exchange, venue: Any, quote: Quotes, instrument: Instrument, call: str
) -> None:
    venue.seen.clear()
    with suppress(VenueError):  # nothing is scripted here: only what was sent counts
        await CALLS[call](exchange, quote, instrument)
    assert recorded(venue) == GOLDEN[call]


async def test_opening_sends_exactly_its_requests(
    build: Any, venue: Any, credentials: dict[str, Secret], events: list[ExchangeEvent]
) -> None:
    key = {"apiKey": "11111111-1111-1111-1111-111111111111", "secret": "MTEx", "passphrase": "words"}
    venue.answer("POST /auth/api-key", key)
    deposit = {"funder": Secret("0x" + "d1" * 20), "signature_type": Secret("3")}
    exchange = build({"private_key": credentials["private_key"], **deposit})
    await exchange.open(events.append)
    assert recorded(venue) == GOLDEN["open without a key"]
    await exchange.close()


def test_every_golden_request_belongs_to_a_call() -> None:
    assert set(GOLDEN) == {*CALLS, "open without a key"}
