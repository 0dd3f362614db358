"""A 4casters that answers by script, with both feeds, and the account that talks to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues._4casters import FAMILY
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.odds import GRID, LEAST_STAKE, STAKE_LOT
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
GAME, HOME, AWAY = "688c0516fbc14da0c202d426", "5d48bd5198366d41ec7238da", "5c12bc1ce0daba000f47ba8b"
REQUEST_ID, ORDER_ID = "68d43574cfebf0b249a2c28f", "68d43575cfebf0b249a2c292"


@dataclass
class Venue(ScriptedVenue):
    """Signs everybody in; a feed is whoever connects. heard: what clients said on the price feed."""

    heard: list[Any] = field(default_factory=list)
    handshakes: dict[str, str] = field(default_factory=dict)
    sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await super().handle(request)
        self.handshakes[request.path] = request.headers.get("Authorization", "")
        socket = self.sockets[request.path] = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            self.heard.append(json.loads(message.data))
        return socket

    async def push(self, path: str, message: Any) -> None:
        await self.sockets[path].send_str(json.dumps(message))


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    scripted = Venue({"error": "not scripted"})
    user = {"auth": "token", "displayBalance": 100, "creditLimit": 0, "liability": 0}
    scripted.answer("POST /user/login", {"data": {"user": user}})
    scripted.answer("POST /user/ordersHeartbeat", {"data": {}})
    scripted.answer("POST /session/cancelAllOrders", {"data": []})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def context(venue: Venue, clock: SteppedClock) -> VenueContext:
    account = Account(1, "demo", "USD", {"password": Secret("throwaway")})
    return VenueContext(account, clock, {"rest": venue.url, "ws": venue.url.replace("http", "ws")})


@pytest.fixture
async def exchange(context: VenueContext, venue: Venue, events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector whose opening requests are out of sight; what it tells is in `events`."""
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(events.append)
    venue.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    meta = {"other": AWAY, "startsMs": str((NOW_S + 90_000) * 1000)}
    return Instrument(VENUE, f"{GAME}/{HOME}", GAME, GRID, STAKE_LOT, STAKE_LOT, LEAST_STAKE, meta=meta)


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """Backs the home participant for 21 at -105, which is 41 contracts, or what is said otherwise."""

    def make(**changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(512_195), "size": Micros(41_000_000)}
        return NewQuote(REFERENCE, **{**given, **changes})

    return make


@pytest.fixture
def game() -> dict[str, Any]:
    """A game as lists have it: members of the documented example, names and ids ours."""
    participants = [
        {"id": AWAY, "longName": "Carlos Alcaraz", "shortName": "ALC", "homeAway": "away", "futuresSide": ""},
        {"id": HOME, "longName": "Jannik Sinner", "shortName": "SIN", "homeAway": "home", "futuresSide": ""},
    ]
    times = {"start": "2026-11-22T13:00:00.000Z", "ended": False, "live": False}
    names = {"league": "ATP", "sport": "tennis", "periodName": "Full Time", "isSpecials": False}
    return {"id": GAME, "parentGameID": None, **names, **times, "participants": participants}


@pytest.fixture
def unmatched(game: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """A resting order of a list: the documented members."""

    def make(**changes: Any) -> dict[str, Any]:
        row = {"id": ORDER_ID, "txID": REQUEST_ID, "type": "moneyline", "bet": 21, "odds": -105, "spread": None}
        row |= {"participantID": HOME, "filled": 0, "offered": 21, "remaining": 21, "takenRatio": 0, "expiry": None}
        row |= {"createdAt": "2026-11-21T11:59:59.500Z", "origin": "offer", "userReference": REFERENCE}
        return {**row, "wagerRequestID": REQUEST_ID, "graded": False, "game": game, **changes}

    return make


@pytest.fixture
def bet(game: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """A taker's bet of a list: 50 at -185 with a commission of 0.27."""

    def make(**changes: Any) -> dict[str, Any]:
        row = {"id": ORDER_ID, "txID": "67f45377c18c6697c172afa3", "type": "moneyline", "bet": 50, "odds": -185}
        row |= {"participantID": HOME, "userReference": REFERENCE, "wagerRequestID": REQUEST_ID, "origin": "wager"}
        row |= {"matchedTime": "2026-11-21T11:59:59.482Z", "risk": "50.27", "win": "26.76", "graded": False}
        return {**row, "game": game, **changes}

    return make


@pytest.fixture
def session() -> Callable[..., dict[str, Any]]:
    """The answer to a placement: what rests of it."""

    def make(matched: list[Any] | None = None, **unmatched: Any) -> dict[str, Any]:
        offer = {"orderID": ORDER_ID, "wagerRequestID": REQUEST_ID, "offered": 21, "odds": -105, "type": "moneyline"}
        return {"data": {"createdSessions": [{"matched": matched or [], "unmatched": {**offer, **unmatched}}]}}

    return make


@pytest.fixture
def golden() -> dict[str, Any]:
    """The requests by the name of the call."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded
