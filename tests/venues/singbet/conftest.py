"""A broker that answers by script, on real sockets, and the account that talks to it."""

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
from hedgerow.venues.singbet import FAMILY

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
TICKET = {
    "ReferenceNumber": "7001",
    "BetPlacementReference": f"WA-{REFERENCE}",
    "Bookie": "SIN",
    "OddsType": "00",
    "Odds": 1.93,
    "Stake": 40,
    "Status": "Running",
    "Pnl": 0,
}
QUOTE = {"Bookie": "SIN", "Odds": 1.93, "MinimumAmount": 5, "MaximumAmount": 500, "Currency": "USD", "Rejected": False}


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """A broker that lets everybody in, quotes 1.93 for 5 to 500 USD in today's matches, and takes the bet."""
    scripted = ScriptedVenue({"Code": -1, "Message": "not scripted"})
    async with scripted.serving():
        login = {"SuccessfulLogin": True, "Token": "token-1", "Key": "key-1", "Url": f"{scripted.url}/service"}
        placed = {"BetPlacementReference": f"WA-{REFERENCE}", "PlacementData": [{"PlacedSuccessfully": True}]}
        summary = {"Credit": 1000, "Outstanding": 0, "CreditCurrency": "USD"}
        results = {
            "GET /door/Login": login,
            "GET /service/Register": {"Success": True},
            "GET /service/GetAccountSummary": summary,
            "POST /service/GetPlacementInfo": {"OddsPlacementData": [QUOTE]},
            "POST /service/PlaceBet": placed,
            "GET /service/GetBetHistorySummary": {"BetSummaries": []},
        }
        for request, result in results.items():
            scripted.answer(request, {"Code": 0, "Result": result})
        scripted.answer("GET /service/GetBetByReference", {"Code": 0, "Data": [TICKET]})
        for name in ("GetBets", "GetNonRunningBets"):
            scripted.answer(f"GET /service/{name}", {"Code": 300, "Data": None})
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
async def bookmaker(venue: ScriptedVenue, clock: SteppedClock) -> AsyncIterator[Bookmaker]:
    """An opened connector, built through the family as the product does, whose opening requests are still in sight."""
    account = Account(1, "demo", "USD", {"password": Secret("throwaway")})
    assert FAMILY.bookmaker is not None
    made = FAMILY.bookmaker(VenueContext(account, clock, {"rest": f"{venue.url}/door"}))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def intent() -> Callable[..., BetIntent]:
    """A bet of 40 on the home team of a handicap at 1.93, or what is said otherwise."""

    def make(**changes: Any) -> BetIntent:
        given: dict[str, Any] = {
            "reference": REFERENCE,
            "fixture_id": FixtureId("id1000001763448499"),
            "outcome_id": OutcomeId(101),
            "player_id": NO_PLAYER,
            "market_ref": "1/284512345/FT/H",
            "outcome_ref": "HomeOdds",
            "odds": OddsMicros(1_930_000),
            "stake": Decimal(40),
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
