"""A world with one tennis match, its Kalshi on real sockets, and clients that sign by themselves."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.patience import PATIENCE_S

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import micros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.kalshi import Kalshi, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = OutcomeKey(FIXTURE, OutcomeId(121)), OutcomeKey(FIXTURE, OutcomeId(122))
EVENT = "KXATPMATCH-26JUN11SINALC"
SIN, ALC = f"{EVENT}-SIN", f"{EVENT}-ALC"
DEMO, RIVAL = "demo_kalshi", "rival_kalshi"
START_S = 1_781_208_000  # 2026-06-11 16:00 New York

ROOT = "/trade-api/v2"
ORDERS = "/portfolio/events/orders"


def match(**changes: Any) -> Fixture:
    """Sinner against Alcaraz."""
    given: dict[str, Any] = {
        "fixture_id": FIXTURE,
        "sport_id": 12,
        "tournament_id": 2314,
        "participant1_name": "Jannik Sinner",
        "participant2_name": "Carlos Alcaraz",
        "start_time": START_S,
        "tournament_name": "Roland Garros",
        "category_name": "ATP",
    }
    return Fixture(**{**given, **changes})


def order_body(**changes: Any) -> dict[str, Any]:
    """A bid of 10 at 0.56."""
    given = {
        "ticker": SIN,
        "side": "bid",
        "count": "10.00",
        "price": "0.5600",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


@dataclass
class Answer:
    status: int
    json: Any


class Client:
    """One account's REST and streams."""

    def __init__(
        self, http: aiohttp.ClientSession, rest: str, ws: str, credentials: dict[str, str], now_ms: Callable[[], int]
    ) -> None:
        self.http, self.rest, self.ws = http, rest, ws
        self.key_id, self.now_ms = credentials["key_id"], now_ms
        key = load_pem_private_key(credentials["private_key"].encode(), None)
        assert isinstance(key, Ed25519PrivateKey)
        self.key = key

    def headers(self, method: str, path: str) -> dict[str, str]:
        timestamp = str(self.now_ms())
        signature = b64encode(self.key.sign(f"{timestamp}{method}{path}".encode())).decode()
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": signature,
        }

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        headers = self.headers(method, ROOT + path)
        async with self.http.request(
            method, f"{self.rest}{ROOT}{path}", json=body, params=query, headers=headers
        ) as response:
            text = await response.text()
            return Answer(response.status, await response.json() if text else None)

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status == 200, answer.json
        return answer.json

    async def place(self, **changes: Any) -> Any:
        answer = await self.call("POST", ORDERS, order_body(**changes))
        assert answer.status == 201, answer.json
        return answer.json

    async def refused(self, **changes: Any) -> tuple[int, Any]:
        answer = await self.call("POST", ORDERS, order_body(**changes))
        return answer.status, answer.json

    async def stream(self) -> Stream:
        path = "/trade-api/ws/v2"
        return Stream(await self.http.ws_connect(self.ws + path, headers=self.headers("GET", path), autoping=False))


class Stream:
    """An open stream; frames in order."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.pings: list[bytes] = []

    async def send(self, cmd: str, **params: Any) -> None:
        await self.ws.send_json({"id": 1, "cmd": cmd, "params": params})

    async def frame(self) -> Any:
        while True:
            message = await self.ws.receive(timeout=PATIENCE_S)
            if message.type is aiohttp.WSMsgType.PING:
                self.pings.append(message.data)
                await self.ws.pong(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                return message.json()
            else:
                return message.type

    async def frames(self, number: int) -> list[Any]:
        return [await self.frame() for _ in range(number)]

    async def subscribe(self, *channels: str, **params: Any) -> None:
        """Subscribes and checks each reply; what follows a reply stays unread."""
        for channel in channels:
            await self.send("subscribe", channels=[channel], **params)
            assert (await self.frame())["type"] == "subscribed"


class Scene:
    """The world, its Kalshi, and clients of it."""

    def __init__(self, terms: Terms) -> None:
        self.world = World(Catalogue())
        self.kalshi = Kalshi(self.world, terms)
        self.venue = self.kalshi.venue
        self.skew_ms = 0
        self.urls: dict[str, str] = {}
        self._running: list[Listening] = []

    async def start(self) -> None:
        for name, app in self.kalshi.sites().items():
            listening = await listen(app, "127.0.0.1", 0)
            self._running.append(listening)
            self.urls[name] = listening.url
        self.http = aiohttp.ClientSession()

    async def stop(self) -> None:
        await self.http.close()
        for listening in self._running:
            await listening.runner.cleanup()

    def client(self, account: str = DEMO) -> Client:
        credentials = self.kalshi.demo_credentials(account)
        return Client(self.http, self.urls["rest"], self.urls["ws"], credentials, self.now_ms)

    def now_ms(self) -> int:
        return self.world.clock.now_ms() + self.skew_ms

    def take(self, outcome: OutcomeKey, side: Side, price: Decimal | str, size: Decimal | int) -> None:
        """The world trades: price in dollars, size in contracts."""
        self.venue.exchange.take(outcome, side, micros(Decimal(price)), micros(Decimal(size)))

    def settle(self, sinner: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: sinner, 122: sinner.mirrored})

    def cash(self, account: str = DEMO) -> int:
        return self.venue.exchange.accounts[account].cash


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - of whatever kind the condition is
            await asyncio.sleep(0.005)
