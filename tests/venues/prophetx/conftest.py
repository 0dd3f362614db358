"""A ProphetX that answers by script, and the account that talks to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues import opening
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext
from hedgerow.venues.prophetx import FAMILY
from hedgerow.venues.prophetx.errors import VENUE
from hedgerow.venues.prophetx.odds import CENT, GRID, LEAST_STAKE

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
FIRST, SECOND = "cffa7ddc4fd50acbe51684e7addabe00", "d00a7ddc4fd50acbe51684e7addabe00"
V4 = "/partner/v4/mm"
NO_ORDERS = {"data": {"orders": [], "next_cursor": ""}, "last_synced_at": NOW_S}


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """It signs everybody in, has no orders, and nobody answers on its socket."""
    scripted = ScriptedVenue({"error": "data_not_found", "message": "not scripted"})
    tokens = {"access_token": "one", "refresh_token": "two", "access_expire_time": NOW_S + 1_200}
    scripted.answer("POST /partner/auth/login", {"data": tokens})
    scripted.answer("POST /partner/auth/refresh", {"data": {"access_token": "three"}})
    scripted.answer(f"GET {V4}/get_order_history", NO_ORDERS)
    async with scripted.serving():
        host = scripted.url.removeprefix("http://")
        scripted.answer("GET /partner/websocket/connection-config", {"key": "key", "ws_host": host})
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def context(venue: ScriptedVenue, clock: SteppedClock) -> VenueContext:
    keys = {"access_key": Secret("access"), "secret_key": Secret("secret")}
    return VenueContext(Account(1, "demo", "USD", keys), clock, {"rest": f"{venue.url}/partner"})


@pytest.fixture
async def exchange(
    context: VenueContext, venue: ScriptedVenue, events: list[ExchangeEvent], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Exchange]:
    """An opened connector without its socket, whose opening requests are out of sight."""
    monkeypatch.setattr(opening, "OPEN_WITHIN_S", 0.0)
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(events.append)
    venue.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    meta = {"event": "44285780", "tournament": "109", "opposite": SECOND}
    return Instrument(VENUE, FIRST, "44285780:219", GRID, CENT, CENT, min_notional=LEAST_STAKE, meta=meta)


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """Buys 21 contracts at +110, which is a stake of 10, or what is said otherwise."""

    def make(**changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(476_190), "size": Micros(21_000_000)}
        return NewQuote(REFERENCE, **{**given, **changes})

    return make


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    text = (Path(__file__).parent / "fixtures" / "order.json").read_text()
    return lambda **changes: json.loads(text) | changes


@pytest.fixture
def golden() -> dict[str, Any]:
    """The requests by the name of the call."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded
