"""A Polymarket US that answers by script, and the account that talks to it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Account, Fee, Instrument, NewQuote, VenueContext
from hedgerow.venues.polymarket_us import MANIFEST
from hedgerow.venues.polymarket_us.connector import PolymarketUsExchange
from hedgerow.venues.polymarket_us.listing import SLUG
from hedgerow.venues.polymarket_us.ownership import Ownership

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
MARKET = "aec-nfl-det-cin-2026-11-22"
ORDER_ID = "2M9TFH2E0NZ8"

Message = dict[str, Any]
Makes = Callable[..., Message]


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue({"code": 5, "message": "not scripted", "details": []})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def context(venue: ScriptedVenue, clock: SteppedClock) -> VenueContext:
    """Its key is that of a published vector."""
    keys = {
        "key_id": Secret("22222222-2222-4222-8222-222222222222"),
        "secret_key": Secret(b64encode(b"\x22" * 32).decode()),
    }
    urls = {"rest": venue.url, "gateway": venue.url, "ws": venue.url.replace("http", "ws", 1) + "/v1/ws"}
    return VenueContext(Account(1, "demo", "USD", keys), clock, urls)


@pytest.fixture
async def exchange(context: VenueContext) -> AsyncIterator[PolymarketUsExchange]:
    """A connector without its stream: what becomes of an order it has to ask for."""
    made = PolymarketUsExchange(MANIFEST, context)
    yield made
    await made.close()


@pytest.fixture
def ownership(clock: SteppedClock) -> Ownership:
    return Ownership(clock)


@pytest.fixture
def instrument() -> Instrument:
    grid = PriceGrid([Band(10_000, 990_000, 5_000)])
    return Instrument(SLUG, MARKET, MARKET, grid, 10_000, 10_000, taker_fee=Fee(unit=10_000))


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """A bid for 10 at 0.55, or what is said otherwise."""

    def make(client_ref: str = "quote-1", **changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(550_000), "size": Micros(10_000_000)}
        return NewQuote(client_ref, **{**given, **changes})

    return make


@pytest.fixture
def order() -> Makes:
    """The order that the quote becomes, with members changed."""
    return lambda **changes: _fixture("order.json") | changes


@pytest.fixture
def trade() -> Makes:
    """A trade of the account's history, with members of the trade changed."""

    def make(**changes: Any) -> Message:
        activity = _fixture("trade.json")
        activity["trade"] |= changes
        return activity

    return make


@pytest.fixture
def event() -> Message:
    return _fixture("event.json")


def _fixture(name: str) -> Message:
    found: Message = json.loads((Path(__file__).parent / "fixtures" / name).read_text())
    return found
