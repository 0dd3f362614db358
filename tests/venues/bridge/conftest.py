"""A bridge that answers by script, on real sockets, and the account that talks to it."""

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
from hedgerow.venues.registry import build_bookmaker

NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
BASE = "/bridge/v1"
LOST = object()
"""An answer that never comes."""


@dataclass
class Seen:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: str


@dataclass
class ScriptedBridge:
    """Answers each `METHOD /path` below the base with what was scripted, the last answer again and again."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _scripts: dict[str, deque[tuple[int, Any]]] = field(default_factory=dict)

    def answer(self, request: str, *answers: Any, status: int = 200) -> None:
        """What the request is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, answer) for answer in answers)

    def then(self, request: str, answer: Any, status: int = 200) -> None:
        """One more answer after those that are scripted."""
        self._scripts[request].append((status, answer))

    def requests(self, method: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append(Seen(request.method, request.rel_url.raw_path_qs, dict(request.headers), body))
        script = self._scripts.get(f"{request.method} {request.path.removeprefix(BASE)}")
        if not script:
            return web.Response(text="not scripted", status=404)
        status, answer = script.popleft() if len(script) > 1 else script[0]
        if answer is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(text=text, status=status, content_type="application/json")


@pytest.fixture
def info() -> dict[str, Any]:
    """Of a bridge under a contract; capability partial."""
    return {
        "protocol": "1.0",
        "bookmaker": "vertex",
        "bridgeVersion": "7",
        "simulated": False,
        "access": {"basis": "bookmaker_contract", "responsible": "Example Ltd"},
        "capabilities": ["partial", "statement_settlement"],
        "currencies": ["EUR", "USD"],
        "idempotencyDays": 30,
        "decisionSeconds": {"typical": 1.5, "maximum": 20},
        "pacing": {"quotesPerMinute": 60, "betsPerMinute": 60, "concurrentBets": 4},
    }


@pytest.fixture
def told() -> Callable[..., dict[str, Any]]:
    """A bet of 12.50 at 1.578 that was accepted, or what is said otherwise."""

    def make(**changes: Any) -> dict[str, Any]:
        given = {
            "reference": REFERENCE,
            "account": "demo",
            "state": "ACCEPTED",
            "bookmakerBetIds": ["B-77"],
            "requested": {"stake": "12.50", "price": "1.578"},
            "placed": {"stake": "12.50", "price": "1.6"},
            "currency": "USD",
            "settlement": {"status": "UNSETTLED"},
            "updatedAt": "2026-11-21T12:00:00.250Z",
            "revision": 5,
        }
        return {name: value for name, value in {**given, **changes}.items() if value is not None}

    return make


@pytest.fixture
async def bridge(info: dict[str, Any], told: Callable[..., Any]) -> AsyncIterator[ScriptedBridge]:
    scripted = ScriptedBridge()
    scripted.answer("GET /info", info)
    scripted.answer(
        "GET /accounts/demo/balance",
        {"available": "900.5", "open": "99.50", "currency": "USD", "asOf": "2026-11-21T12:00:00.000Z"},
    )
    scripted.answer(f"PUT /accounts/demo/bets/{REFERENCE}", told(), status=201)
    scripted.answer("GET /accounts/demo/bets", {"bets": [], "hasMore": False})
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", scripted.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    scripted.url = f"http://{host}:{port}{BASE}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def build(bridge: ScriptedBridge, clock: SteppedClock) -> Callable[..., Bookmaker]:
    """Builds a connector of vertex that talks to the scripted bridge, through the registry as the product does."""

    def make(currency: str = "USD", **credentials: Secret) -> Bookmaker:
        keys = {"password": Secret("throwaway-token"), **credentials}
        account = Account(1, "demo", currency, keys, {"bridge_url": bridge.url})
        return build_bookmaker("vertex", VenueContext(account, clock, {"rest": "https://bridge.invalid/bridge/v1"}))

    return make


@pytest.fixture
async def bookmaker(build: Callable[..., Bookmaker], bridge: ScriptedBridge) -> AsyncIterator[Bookmaker]:
    """An opened connector whose opening requests are out of sight."""
    made = build()
    await made.open()
    bridge.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def intent() -> Callable[..., BetIntent]:
    """A bet of 12.50 at 1.578, or what is said otherwise."""

    def make(**changes: Any) -> BetIntent:
        given = {
            "reference": REFERENCE,
            "fixture_id": FixtureId("id1000001763448499"),
            "outcome_id": OutcomeId(101),
            "player_id": NO_PLAYER,
            "market_ref": "615487211",
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
