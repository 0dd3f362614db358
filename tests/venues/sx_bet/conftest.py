"""A venue that answers by script, on real sockets, and the account that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
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
from hedgerow.venues.sx_bet import FAMILY

NOW_S = 1_790_000_000
LOST = object()
"""An answer that never comes."""

HASH = "0x" + "ab" * 32
ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
REFERENCE = "0192f0c1-7a6b-7c3d-8e4f-0123456789ab"
METADATA = {
    "domain": {
        "name": "OBv3 Escrow",
        "version": "1",
        "chainId": 4162,
        "verifyingContract": "0x890482680C3a0116aBB003B17e7D694D13a6c1eB",
    },
    "activeAsset": {"symbol": "USDC", "baseToken": "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B", "decimals": 6},
    "oddsLadderStepSize": 125,
    "limits": {"orderSizeMinimumBaseUnits": "1000000"},
}
BALANCE = {
    "userAddress": ADDRESS,
    "tokenAddress": "0x6629ce1cf35cc1329ebb4f63202f3f197b3f050b",
    "availableAmount": "100000000",
}


@dataclass
class Seen:
    """One request, as it came."""

    line: str
    key: str
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedVenue:
    """Answers each request with what was scripted for it, the last one again and again; confirms every login and
    subscription of the stream."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.said: list[dict[str, Any]] = []
        self._socket: web.WebSocketResponse | None = None
        self._scripts: dict[str, deque[tuple[int, Any]]] = {}
        self.answer("GET /metadata/obv3", METADATA)
        self.answer("GET /user/balance-v3", {"balances": [BALANCE]})
        self.answer("GET /user/proxy", {"deployed": True})
        self.answer("GET /user/realtime-token-v3/api-key", {"token": "a token"})
        self.answer("GET /orders-v3", {"orders": []})
        self.answer("GET /fills-v3", {"fills": []})
        self.answer("GET /orderbook-v3/snapshot", book())
        self.answer("POST /heartbeat/v3", {"expiresAt": "2026-09-21T14:13:50.000Z"})
        self.answer("DELETE /orders-v3/all", {"cancelledSubmitted": [], "hasMore": False})

    def answer(self, request: str, *data: Any, status: int = 200) -> None:
        """What `METHOD /path` is answered with, in turn, in place of what was scripted before."""
        self._scripts[request] = deque((status, one) for one in data)

    def requests(self, request: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.line.partition("?")[0] == request]

    async def push(self, channel: str, data: Any, offset: int = 1) -> None:
        assert self._socket is not None
        message = {"push": {"channel": channel, "pub": {"data": data, "offset": offset}}}
        await self._socket.send_str(json.dumps(message))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        body = (await request.read()).decode()
        line = f"{request.method} {request.rel_url.raw_path_qs}"
        self.seen.append(Seen(line, request.headers.get("x-sx-api-key", ""), body))
        script = self._scripts.get(f"{request.method} {request.path}")
        if not script:
            return web.json_response({"error": "Not Found", "message": "none", "statusCode": 404}, status=404)
        status, data = script.popleft() if len(script) > 1 else script[0]
        if data is LOST:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response({"status": "success", "data": data} if status == 200 else data, status=status)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        self._socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            command = json.loads(message.data)
            self.said.append(command)
            if "connect" in command:
                await socket.send_str(json.dumps({"id": command["id"], "connect": {"client": "c", "ping": 25}}))
            elif "subscribe" in command:
                await socket.send_str(json.dumps({"id": command["id"], "subscribe": {"epoch": "e", "offset": 0}}))
        return socket


def book(one: str | None = None, two: str | None = None) -> dict[str, Any]:
    """A market's book with a stake of 5 USDC at these odds."""
    sides = [[] if odds is None else [{"percentageOdds": odds, "size": "5000000"}] for odds in (one, two)]
    return {"marketHash": HASH, "version": "1", "outcomeOne": sides[0], "outcomeTwo": sides[1]}


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
def context(venue: ScriptedVenue, clock: SteppedClock) -> VenueContext:
    """The account, with throw-away keys of repeated digits."""
    keys = {"api_key": Secret("1" * 32), "private_key": Secret("0x" + "11" * 32)}
    urls = {"rest": venue.url, "ws": venue.url.replace("http", "ws")}
    return VenueContext(Account(1, "demo", "USD", keys), clock, urls)


@pytest.fixture
async def exchange(context: VenueContext, events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector; what it tells is in `events`."""
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(events.append)
    yield made
    await made.close()


@pytest.fixture
def instrument() -> Instrument:
    grid = PriceGrid.probability(1_250)
    return Instrument(VenueSlug("sx.bet"), HASH, HASH, grid, lot=20_000, min_size=2_000_000, min_notional=1_000_000)


@pytest.fixture
def quote(instrument: Instrument) -> Callable[..., NewQuote]:
    """A bid for 10 at 0.52, or what is said otherwise. Prices and sizes in micros."""

    def make(ref: str = REFERENCE, **changes: Any) -> NewQuote:
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
def golden() -> dict[str, Any]:
    """Requests by name. Paths, members and their order are those of the SX sheet and of ccxt 4.5.90; ids and signatures
    were made by ccxt's own signing from a key of one repeated byte (0x11), apart from this code."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "requests.json").read_text())
    return found
