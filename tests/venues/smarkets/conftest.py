"""A Smarkets that answers by script, and the account that talks to it."""

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
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext
from hedgerow.venues.smarkets import FAMILY
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ladder import GRID, LEAST_STAKE, LOT

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
SESSIONS, ORDERS, ACTIVITY, ACCOUNT = "/v3/sessions/", "/v3/orders/", "/v3/accounts/activity/", "/v3/accounts/"
QUOTES = "/v3/markets/128939/quotes/"
NO_PAGE = {"next_page": None}
MONEY = {"account_id": "1", "currency": "USD", "available_balance": "95.00", "balance": "100.00", "exposure": "-5.00"}

Json = dict[str, Any]
Make = Callable[..., Json]


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """It signs everybody in, and has neither orders nor prices nor a ledger."""
    scripted = ScriptedVenue({"error_type": "NOT_SCRIPTED", "data": ""})
    scripted.answer(f"POST {SESSIONS}", {"token": "token", "stop": "2026-11-21T12:30:00.000000", "factor": "complete"})
    scripted.answer(f"GET {ORDERS}", {"orders": [], "pagination": NO_PAGE})
    scripted.answer(f"GET {ACTIVITY}", {"account_activity": [], "pagination": NO_PAGE})
    scripted.answer(f"GET {ACCOUNT}", {"account": {**MONEY, "commission_type": "0.02"}})
    scripted.answer(f"GET {QUOTES}", {"123456": {"bids": [], "offers": []}})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def context(venue: ScriptedVenue, clock: SteppedClock) -> VenueContext:
    account = Account(1, "demo@example.com", "USD", {"password": Secret("throwaway")})
    return VenueContext(account, clock, {"rest": venue.url})


@pytest.fixture
async def exchange(context: VenueContext, venue: ScriptedVenue, events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector whose opening requests are out of sight; what it tells is in `events`."""
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(events.append)
    venue.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    return Instrument(VENUE, "123456", "128939", GRID, LOT, LOT, LEAST_STAKE)


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """Buys 10 contracts at a half, or what is said otherwise."""

    def make(**changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(500_000), "size": Micros(10_000_000)}
        return NewQuote(REFERENCE, **{**given, **changes})

    return make


def _fixture(name: str) -> Make:
    text = (Path(__file__).parent / "fixtures" / name).read_text()
    return lambda **changes: json.loads(text) | changes


@pytest.fixture
def order() -> Make:
    """An order of the list that rests."""
    return _fixture("order.json")


@pytest.fixture
def placed() -> Make:
    """The answer to an order that rests."""
    return _fixture("placed.json")


@pytest.fixture
def row() -> Make:
    """A row of the ledger: the beginning of an order."""
    return _fixture("row.json")


@pytest.fixture
def golden() -> Json:
    """The requests by the name of the call."""
    recorded: Json = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded
