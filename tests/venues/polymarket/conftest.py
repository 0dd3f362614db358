"""A venue that answers by script, on real sockets, and the account that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.sim.site import listen
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext
from hedgerow.venues.polymarket import FAMILY

NOW_S = 1_790_000_000
LOST = object()
"""An answer that never comes."""

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
CONDITION = "0x" + "cd" * 32


@dataclass
class Seen:
    """One request, as it came."""

    method: str
    path: str
    raw_query: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Channel:
    """One WebSocket path: what was said on it, and the socket that is open now."""

    said: list[str] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    answers_pings: bool = True

    @property
    def messages(self) -> list[Any]:
        return [json.loads(text) for text in self.said if text != "PING"]

    async def push(self, message: Any) -> None:
        assert self.socket is not None
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def drop(self) -> None:
        assert self.socket is not None
        socket, self.socket = self.socket, None
        await socket.close(code=1012, message=b"restart")


class ScriptedVenue:
    """Answers each request with what was scripted for it, the last one again and again."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.channels: dict[str, Channel] = defaultdict(Channel)
        self._scripts: dict[str, deque[tuple[int, Any, dict[str, str]]]] = {}
        self._befores: dict[str, Callable[[], Awaitable[None]]] = {}
        self.answer("GET /time", NOW_S)
        self.answer("GET /version", {"version": 2})
        self.answer("GET /auth/ban-status/closed-only", {"closed_only": False})
        self.answer("GET /data/orders", {"data": [], "next_cursor": "LTE="})
        self.answer("GET /data/trades", {"data": [], "next_cursor": "LTE="})
        self.answer("POST /v1/heartbeats", {"heartbeat_id": "beat"})
        self.answer("DELETE /cancel-all", {"canceled": [], "not_canceled": {}})

    def answer(self, request: str, *answers: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """What `METHOD /path` is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, answer, headers or {}) for answer in answers)

    def then(self, request: str, answer: Any, status: int = 200) -> None:
        """One more answer after those that are scripted."""
        self._scripts[request].append((status, answer, {}))

    def before(self, request: str, action: Callable[[], Awaitable[None]]) -> None:
        """What happens before `METHOD /path` is answered."""
        self._befores[request] = action

    def requests(self, request: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == request]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        body = (await request.read()).decode()
        self.seen.append(
            Seen(
                request.method,
                request.path,
                request.rel_url.raw_query_string,
                list(request.query.items()),
                dict(request.headers),
                body,
            )
        )
        name = f"{request.method} {request.path}"
        if name in self._befores:
            await self._befores[name]()
        script = self._scripts.get(name)
        if not script:
            return web.json_response({"error": "not found"}, status=404)
        status, answer, headers = script.popleft() if len(script) > 1 else script[0]
        if answer is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(answer, str):
            return web.Response(text=answer, status=status, headers=headers)
        return web.json_response(answer, status=status, headers=headers)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        channel = self.channels[request.path]
        channel.socket = socket
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                channel.said.append(message.data)
                if message.data == "PING" and channel.answers_pings:
                    await socket.send_str("PONG")
        return socket


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", scripted.handle)
    listening = await listen(app, "127.0.0.1", 0)
    scripted.url = listening.url
    yield scripted
    await listening.runner.cleanup()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
def credentials() -> dict[str, Secret]:
    """Throw-away keys of repeated digits."""
    return {
        "private_key": Secret("0x" + "11" * 32),
        "api_key": Secret("11111111-1111-1111-1111-111111111111"),
        "api_secret": Secret("MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="),
        "api_passphrase": Secret("passphrase-11"),
    }


@pytest.fixture
def build(venue: ScriptedVenue, clock: SteppedClock, credentials: dict[str, Secret]) -> Callable[..., Exchange]:
    """Builds a connector that talks to the scripted venue, through the family as the product does."""

    def make(given: dict[str, Secret] | None = None, **meta: str) -> Exchange:
        account = Account(1, "demo", "USD", credentials if given is None else given, meta)
        urls = {"clob": venue.url, "gamma": venue.url, "ws": venue.url}
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
        venue=VenueSlug("polymarket"),
        ref=TOKEN,
        market_ref=CONDITION,
        grid=PriceGrid.probability(10_000),
        min_size=5_000_000,
        meta={"neg_risk": "0"},
    )


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """A bid for 10 at 0.52, or what is said otherwise. Prices and sizes in micros."""

    def make(ref: str = "0192f0c1-7a6b-7c3d-8e4f-0123456789ab", **changes: Any) -> NewQuote:
        given = {"instrument": instrument, "side": Side.BUY, "price": Micros(520_000), "size": Micros(10_000_000)}
        return NewQuote(client_ref=ref, **{**given, **changes})

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Any]:
    """Waits for a condition, with a bound."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - it waits for what other tasks do, whatever that is
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"
