"""A Matchbook that answers by script, and the account that talks to it."""

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
from hedgerow.venues.matchbook import FAMILY
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.odds import GRID, LEAST_STAKE, STAKE_LOT

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
OFFERS = "/edge/rest/v2/offers"
PRICES = "/edge/rest/events/395729780570010/markets/395729860260010/runners/395729860800010/prices"


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """It signs everybody in, and has neither offers nor prices."""
    scripted = ScriptedVenue({"errors": [{"messages": ["not scripted"]}]})
    scripted.answer("POST /bpapi/rest/security/session", {"session-token": "1_token", "user-id": 1})
    scripted.answer(f"GET {OFFERS}", {"total": 0, "offset": 0, "per-page": 200, "offers": []})
    scripted.answer(f"GET {PRICES}", {"prices": []})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def context(venue: ScriptedVenue, clock: SteppedClock) -> VenueContext:
    account = Account(1, "demo", "USD", {"password": Secret("throwaway")})
    return VenueContext(account, clock, {"rest": venue.url})


@pytest.fixture
async def exchange(context: VenueContext, venue: ScriptedVenue, events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector whose opening requests are out of sight; what it tells is in `events`."""
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(events.append)
    venue.seen.clear()
    yield made
    venue.answer(f"DELETE {OFFERS}", {"offers": []})
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    return Instrument(
        VENUE,
        "395729860800010",
        "395729860260010",
        GRID,
        STAKE_LOT,
        STAKE_LOT,
        LEAST_STAKE,
        meta={"event": "395729780570010", "opposite": "395729861280010"},
    )


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """Backs 5 at 2.4, which is 12 contracts at 1/2.4, or what is said otherwise."""

    def make(**changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(416_666), "size": Micros(12_000_000)}
        return NewQuote(REFERENCE, **{**given, **changes})

    return make


@pytest.fixture
def offer() -> Callable[..., dict[str, Any]]:
    """An answer's offer: shape and members of the recorded answer to a submission, ids and amounts ours."""
    text = (Path(__file__).parent / "fixtures" / "offer.json").read_text()
    return lambda **changes: json.loads(text) | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.fixture
def golden() -> dict[str, Any]:
    """The requests by the name of the call."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded
