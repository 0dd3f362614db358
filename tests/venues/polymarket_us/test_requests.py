"""Golden requests: a call in, the exact requests out. `requests.json` holds them; with the clock standing and the key
of a published vector nothing in them is volatile, signatures included (Ed25519 has one for each text).

Origin: methods, paths, parameters and members as polymarket-us 2.4.1 sends them and the venue's schemas have them; the
signature of a placement is held against the official client's by the vectors (test_auth.py).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.errors import VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.polymarket_us import MANIFEST
from hedgerow.venues.polymarket_us.connector import PolymarketUsExchange
from hedgerow.venues.polymarket_us.taking import PolymarketUsTaking
from hedgerow.venues.taking import Leg, TakeOrder

from .conftest import NOW_S, ORDER_ID

GOLDEN: dict[str, list[dict[str, str]]] = json.loads((Path(__file__).parent / "requests.json").read_text())
Exchange = PolymarketUsExchange
Quotes = Callable[..., NewQuote]

CALLS: dict[str, Callable[[Exchange, Quotes, OrderRef], Awaitable[object]]] = {
    "place a bid": lambda exchange, quote, ref: exchange.place(quote()),
    "place an ask that ends": lambda exchange, quote, ref: exchange.place(
        quote(side=Side.SELL, price=Micros(585_000), size=Micros(12_340_000), expires_at_ms=NOW_S * 1000 + 90_250)
    ),
    "place what may trade": lambda exchange, quote, ref: exchange.place(quote(post_only=False)),
    "cancel": lambda exchange, quote, ref: exchange.cancel(ref),
    "cancel many": lambda exchange, quote, ref: exchange.cancel_many([ref])[0],
    "cancel all": lambda exchange, quote, ref: exchange.cancel_all(),
    "find by id": lambda exchange, quote, ref: exchange.find_order(ref),
    "find by looks": lambda exchange, quote, ref: exchange.find_order(exchange.ref_of(quote())),
    "working": lambda exchange, quote, ref: exchange.working(),
    "fills": lambda exchange, quote, ref: exchange.fills(NOW_S * 1000),
    "balance": lambda exchange, quote, ref: exchange.balance(),
    "listings": lambda exchange, quote, ref: exchange.listings("american-football"),
    "resolutions": lambda exchange, quote, ref: exchange.resolutions([ref.instrument]),
}


@pytest.fixture
def ref(instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, None, ORDER_ID)


def as_recorded(seen: Any) -> dict[str, str]:
    found = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    for name in ("X-PM-Access-Key", "X-PM-Timestamp", "X-PM-Signature"):
        if name in seen.headers:
            found[name] = seen.headers[name]
    return found | ({"body": seen.body} if seen.body else {})


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_a_call_sends_exactly_its_requests(
    exchange: Exchange, venue: Any, quote: Quotes, ref: OrderRef, call: str
) -> None:
    venue.answer("GET /v1/orders/open", {"orders": []})
    with suppress(VenueError):  # only what was sent counts
        await CALLS[call](exchange, quote, ref)
    assert [as_recorded(seen) for seen in venue.seen] == GOLDEN[call]


@pytest.mark.parametrize(("call", "is_whole"), [("take", False), ("take all of it", True)])
async def test_a_bet_is_sent_as_an_order_that_takes_at_once(
    context: VenueContext, venue: Any, instrument: Instrument, call: str, *, is_whole: bool
) -> None:
    taking = PolymarketUsTaking(MANIFEST, context)
    with suppress(VenueError):
        await taking.take(TakeOrder("bet", Leg(instrument, Side.SELL), 420_000, 5_000_000, 420_000, is_whole=is_whole))
    assert [as_recorded(seen) for seen in venue.seen] == GOLDEN[call]
    await taking.close()


def test_every_golden_request_belongs_to_a_call() -> None:
    assert set(GOLDEN) == {*CALLS, "take", "take all of it"}
