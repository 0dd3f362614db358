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
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A fixture file's text."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name: (folder / name).read_text()


@pytest.fixture
async def venue(payload: Callable[[str], Any]) -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue({"code": "INVALID_REQUEST_DATA", "message": "not scripted"})
    scripted.answer("GET /v1/client/balance", payload("balance.json"))
    scripted.answer("GET /v2/leagues", payload("leagues.json"))
    scripted.answer("POST /v4/bets/straight", payload("place_accepted.json"))
    scripted.answer("GET /v4/bets", {"straightBets": []})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def build(venue: ScriptedVenue, clock: SteppedClock) -> Callable[..., Bookmaker]:
    """Builds a connector that talks to the scripted venue, through the family as the product does."""

    def make(
        currency: str = "USD", meta: dict[str, str] | None = None, slug: str = "pinnacle", **credentials: Secret
    ) -> Bookmaker:
        account = Account(1, "demo", currency, credentials or {"password": Secret("throwaway1")}, meta or {})
        return build_bookmaker(slug, VenueContext(account, clock, {"rest": venue.url}))

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
def intent() -> Callable[..., BetIntent]:
    """A bet of 12.50 on the home team at 1.578, or what is said otherwise."""

    def make(**changes: Any) -> BetIntent:
        given = {
            "reference": REFERENCE,
            "fixture_id": FixtureId("id1000001763448499"),
            "outcome_id": OutcomeId(101),
            "player_id": NO_PLAYER,
            "market_ref": "line/29/1980/1616406742/3279471555/0/moneyline",
            "outcome_ref": "home",
            "odds": OddsMicros(1_578_000),
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
