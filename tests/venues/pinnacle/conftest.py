"""A venue that answers by script, on real sockets, and the account that talks to it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import NO_PLAYER, FixtureId, OutcomeId
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, BetIntent, Bookmaker, VenueContext
from hedgerow.venues.pinnacle import FAMILY

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
LOST = object()
"""An answer that never comes."""


@dataclass
class Seen:
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass
class ScriptedVenue:
    """Answers each `METHOD /path` with what was scripted for it, the last answer again and again."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _scripts: dict[str, deque[tuple[int, Any]]] = field(default_factory=dict)

    def answer(self, request: str, *answers: Any, status: int = 200) -> None:
        """What the request is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, answer) for answer in answers)

    def then(self, request: str, answer: Any, status: int = 200) -> None:
        """One more answer after those that are scripted."""
        self._scripts[request].append((status, answer))

    def requests(self, request: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == request]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append(
            Seen(request.method, request.path, request.rel_url.raw_query_string, dict(request.headers), body)
        )
        script = self._scripts.get(f"{request.method} {request.path}")
        if not script:
            return web.json_response({"code": "INVALID_REQUEST_DATA", "message": "not scripted"}, status=404)
        status, answer = script.popleft() if len(script) > 1 else script[0]
        if answer is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(text=text, status=status, content_type="application/json")


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A fixture file's text."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name: (folder / name).read_text()


@pytest.fixture
async def venue(payload: Callable[[str], Any]) -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    scripted.answer("GET /v1/client/balance", payload("balance.json"))
    scripted.answer("GET /v2/leagues", payload("leagues.json"))
    scripted.answer("POST /v4/bets/straight", payload("place_accepted.json"))
    scripted.answer("GET /v4/bets", {"straightBets": []})
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", scripted.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    scripted.url = f"http://{host}:{port}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def lost() -> object:
    return LOST


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def build(venue: ScriptedVenue, clock: SteppedClock) -> Callable[..., Bookmaker]:
    """Builds a connector that talks to the scripted venue, through the family as the product does."""

    def make(currency: str = "USD", meta: dict[str, str] | None = None, **credentials: Secret) -> Bookmaker:
        account = Account(1, "demo", currency, credentials or {"password": Secret("throwaway1")}, meta or {})
        assert FAMILY.bookmaker is not None
        return FAMILY.bookmaker(VenueContext(account, clock, {"rest": venue.url}))

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
