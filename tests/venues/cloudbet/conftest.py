"""A venue that answers by script, on real sockets, and the account that talks to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import NO_PLAYER, FixtureId, OutcomeId
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, BetIntent, Bookmaker, VenueContext
from hedgerow.venues.registry import build_bookmaker

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
FIXTURE, EVENT = FixtureId("id1000232463448499"), "31009864"
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
STATUS = f"GET /pub/v3/bets/{REFERENCE}/status"

Payload = Callable[..., dict[str, Any]]
Intent = Callable[..., BetIntent]


@pytest.fixture
def payload() -> Payload:
    """A fixture file's members, some changed; None takes one away."""
    folder = Path(__file__).parent / "fixtures"

    def read(name: str, **changes: Any) -> dict[str, Any]:
        told = {**json.loads((folder / name).read_text()), **changes}
        return {member: value for member, value in told.items() if value is not None}

    return read


@pytest.fixture
async def venue(payload: Payload) -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue({"status": "MALFORMED_REQUEST", "error": "not scripted"})
    scripted.answer("GET /pub/v1/account/currencies", {"currencies": ["BTC", "USD"]})
    scripted.answer("GET /pub/v1/account/currencies/USD/balance", {"amount": "987.12345678"})
    scripted.answer("GET /pub/v3/bets/history", {"bets": [], "totalBets": "0"})
    scripted.answer("POST /pub/v3/bets/place", payload("placed.json"))
    scripted.answer("POST /pub/v2/odds/lines", payload("selection.json"))
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def build(venue: ScriptedVenue, clock: SteppedClock) -> Callable[..., Bookmaker]:
    """Builds a connector that talks to the scripted venue, through the registry as the product does."""

    def make(currency: str = "USD", **meta: str) -> Bookmaker:
        account = Account(1, "demo", currency, {"password": Secret("key-1")}, meta)
        events = {FIXTURE: EVENT}
        return build_bookmaker("cloudbet", VenueContext(account, clock, {"rest": venue.url}, fixture_ref=events.get))

    return make


@pytest.fixture
async def bookmaker(build: Callable[..., Bookmaker], venue: ScriptedVenue) -> AsyncIterator[Bookmaker]:
    """An opened connector whose opening requests are out of sight."""
    made = build()
    await made.open()
    venue.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def intent() -> Intent:
    """A bet of 12.50 on more than three goals at 1.86, or what is said otherwise."""

    def make(**changes: Any) -> BetIntent:
        given = {
            "reference": REFERENCE,
            "fixture_id": FIXTURE,
            "outcome_id": OutcomeId(10174),
            "player_id": NO_PLAYER,
            "market_ref": "soccer.total_goals/total=3",
            "outcome_ref": "over",
            "odds": OddsMicros(1_860_000),
            "stake": Decimal("12.5"),
            "currency": "USD",
            "is_live": False,
        }
        return BetIntent(**{**given, **changes})

    return make


@pytest.fixture
def golden() -> dict[str, Any]:
    """The recorded requests, by the name of the call."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded
