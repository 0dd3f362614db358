"""A venue that answers by script, on real sockets, and the account that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext
from hedgerow.venues.kalshi import FAMILY

NOW_S = 1_790_000_000
KEY_ID = "11111111-1111-4111-8111-111111111111"
API, WS = "/trade-api/v2", "/trade-api/ws/v2"
TICKER = "KXATPMATCH-26NOV21ALCSIN-ALC"
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
    said: list[dict[str, Any]] = field(default_factory=list)
    upgrades: list[dict[str, str]] = field(default_factory=list)
    confirms: bool = True
    _scripts: dict[str, deque[tuple[int, Any]]] = field(default_factory=dict)
    _socket: web.WebSocketResponse | None = None
    _sids: int = 0

    def answer(self, request: str, *answers: Any, status: int = 200) -> None:
        """What the request is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, answer) for answer in answers)

    def then(self, request: str, answer: Any, status: int = 200) -> None:
        """One more answer after those that are scripted."""
        self._scripts[request].append((status, answer))

    def requests(self, request: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path.removeprefix(API)}" == request]

    async def push(self, message: dict[str, Any] | str) -> None:
        assert self._socket is not None
        await self._socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def drop(self) -> None:
        """Closes the stream's socket; the next one is another."""
        socket, self._socket = self._socket, None
        assert socket is not None
        await socket.close(code=1012, message=b"restart")

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == WS:
            return await self._talk(request)
        body = (await request.read()).decode()
        self.seen.append(Seen(request.method, request.path, request.query_string, dict(request.headers), body))
        script = self._scripts.get(f"{request.method} {request.path.removeprefix(API)}")
        if not script:
            return web.json_response({"error": {"code": "not_found", "message": "not found"}}, status=404)
        status, answer = script.popleft() if len(script) > 1 else script[0]
        if answer is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(text=text, status=status, content_type="application/json")

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        self.upgrades.append(dict(request.headers))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._socket = socket
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            command = json.loads(message.data)
            self.said.append(command)
            if self.confirms:
                self._sids += 1
                channel = command["params"]["channels"][0]
                await socket.send_json(
                    {"id": command["id"], "type": "subscribed", "msg": {"channel": channel, "sid": self._sids}}
                )
        return socket


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    scripted.answer(
        "GET /account/limits",
        {
            "usage_tier": "premier",
            "read": {"refill_rate": 1000, "bucket_capacity": 1000},
            "write": {"refill_rate": 1000, "bucket_capacity": 2000},
            "grants": [],
        },
    )
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", scripted.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    scripted.url = f"{host}:{port}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture(scope="session")
def rsa_pem() -> Secret:
    """A fresh RSA key, PKCS#1."""
    key = rsa.generate_private_key(65537, 2048)
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode())


@pytest.fixture(scope="session")
def ed25519_pem() -> Secret:
    """An Ed25519 key of one repeated byte, whose signatures are the same every time."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x11" * 32)
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture
def build(venue: ScriptedVenue, clock: SteppedClock, ed25519_pem: Secret) -> Callable[..., Exchange]:
    """Builds a connector that talks to the scripted venue, through the family as the product does."""

    def make(private_key: Secret = ed25519_pem) -> Exchange:
        credentials = {"key_id": Secret(KEY_ID), "private_key": private_key}
        account = Account(1, "demo", "USD", credentials)
        urls = {"rest": f"http://{venue.url}{API}", "ws": f"ws://{venue.url}{WS}"}
        assert FAMILY.exchange is not None
        return FAMILY.exchange(VenueContext(account, clock, urls))

    return make


@pytest.fixture
async def exchange(build: Callable[..., Exchange], events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector; what it tells is in `events`."""
    made = build()
    await made.open(events.append)
    yield made
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    return Instrument(
        venue=VenueSlug("kalshi"),
        ref=TICKER,
        market_ref="KXATPMATCH-26NOV21ALCSIN",
        grid=PriceGrid.probability(10_000),
    )


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """A bid for 10 at 0.56, or what is said otherwise. Prices and sizes in micros."""

    def make(client_ref: str = "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1", **changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(560_000), "size": Micros(10_000_000)}
        return NewQuote(client_ref, **{**given, **changes})

    return make


@pytest.fixture
def payload() -> Callable[[str], bytes]:
    """A fixture file's bytes."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name: (folder / name).read_bytes()


@pytest.fixture
def golden() -> dict[str, Any]:
    """The recorded requests, by the name of the call."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return recorded


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Waits for a condition, with a bound."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  # it waits for what other tasks do, whatever that is
                await asyncio.sleep(0.002)

    return wait
