"""A world with one tennis match, the simulated venue on real sockets, and a client that signs as its sheet says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import aiohttp
import msgspec
from tests.patience import PATIENCE_S

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import Side
from hedgerow.sim import evm
from hedgerow.sim.dialects.polymarket import Polymarket, eip712
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.orders import PostedOrder
from hedgerow.sim.dialects.polymarket.wallets import ApiKey, api_key_of
from hedgerow.sim.orders import Leg, Match, Order
from hedgerow.sim.world import Fixture, World

NOW_S = 1_790_000_000
FIXTURE = FixtureId("id1200000161061419")
ACCOUNT, SOMEBODY = "demo_polymarket", "somebody"
ZERO = "0x" + "00" * 32


def tennis(**changes: Any) -> Fixture:
    """The match of every test, changed as a script would change it."""
    fields = {
        "fixture_id": FIXTURE,
        "sport_id": 12,
        "tournament_id": 1,
        "participant1_name": "Carlos Alcaraz",
        "participant2_name": "Jannik Sinner",
        "start_time": NOW_S + 3600,
        "tournament_name": "Rome",
    }
    return Fixture(**{**fields, **changes})


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any = field(default_factory=dict)


class Stream:
    """One WebSocket of the venue, read with patience."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def hear(self) -> Any:
        message = await self.socket.receive(PATIENCE_S)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return message.type
        return json.loads(message.data) if message.data[:1] in "[{" else message.data

    async def hear_all(self) -> list[Any]:
        """Everything that was said until now: a PING marks the place, and snapshots are taken apart."""
        await self.say("PING")
        heard: list[Any] = []
        while (message := await self.hear()) != "PONG":
            heard += message if isinstance(message, list) else [message]
        return heard


@dataclass
class Venue:
    """The venue, its sites, and who trades there."""

    world: World
    polymarket: Polymarket
    urls: dict[str, str]
    session: aiohttp.ClientSession
    _salts: Any = field(default_factory=lambda: count(1))

    @property
    def market(self) -> Market:
        market = self.polymarket.listings.of_fixture(FIXTURE)
        assert market is not None
        return market

    @property
    def key(self) -> ApiKey:
        return api_key_of(self.polymarket.keyring.wallets[ACCOUNT], 0)

    def credentials(self) -> dict[str, str]:
        return self.polymarket.demo_credentials(ACCOUNT)

    # --- asking --------------------------------------------------------------------------------------------------

    async def get(self, path: str, site: str = "clob", **query: Any) -> Answer:
        async with self.session.get(self.urls[site] + path, params=query) as response:
            return Answer(response.status, await response.json(content_type=None), response.headers)

    async def post(self, path: str, body: Any) -> Answer:
        async with self.session.post(self.urls["clob"] + path, json=body) as response:
            return Answer(response.status, await response.json(content_type=None), response.headers)

    async def ask(self, method: str, path: str, body: Any = None, **changes: Any) -> Answer:
        """A signed request. changes: query parameters, or headers in upper case that replace the right ones."""
        text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {**self.signed(method, path, text), **{k: v for k, v in changes.items() if k.isupper()}}
        query = {k: v for k, v in changes.items() if not k.isupper()}
        url = self.urls["clob"] + path
        async with self.session.request(method, url, data=text or None, headers=headers, params=query) as response:
            return Answer(response.status, await response.json(content_type=None), response.headers)

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        key, now = self.key, str(self.world.clock.now_ms() // 1000)
        return {
            "POLY_ADDRESS": key.wallet.address,
            "POLY_API_KEY": key.key,
            "POLY_PASSPHRASE": key.passphrase,
            "POLY_TIMESTAMP": now,
            "POLY_SIGNATURE": key.signature(now, method, path, body),
        }

    # --- ordering ------------------------------------------------------------------------------------------------

    def posting(
        self,
        side: str = "BUY",
        price: str = "0.5",
        size: str = "10",
        token: int = 0,
        *,
        order: dict[str, Any] | None = None,
        version: str = "2",
        contract: str = eip712.EXCHANGE,
        **changes: Any,
    ) -> dict[str, Any]:
        """A signed order as it is posted. order: fields that replace its own before it is signed."""
        wallet, shares, money = self.key.wallet, micros(size), micros(Decimal(price) * Decimal(size))
        maker, taker = (money, shares) if side == "BUY" else (shares, money)
        fields = {
            "salt": next(self._salts),
            "maker": wallet.funder,
            "signer": wallet.order_signer,
            "tokenId": self.market.tokens[token],
            "makerAmount": str(maker),
            "takerAmount": str(taker),
            "side": side,
            "expiration": "0",
            "signatureType": wallet.signature_type,
            "timestamp": str(self.world.clock.now_ms()),
            "metadata": ZERO,
            "builder": ZERO,
            "signature": "",
            **(order or {}),
        }
        struct = msgspec.convert(fields, PostedOrder).struct()
        digest = eip712.order_digest(struct, eip712.exchange_domain(version, contract))
        fields["signature"] = evm.sign(self.key.wallet.private_key, digest)
        return {"order": fields, "owner": self.key.key, "orderType": "GTC", **changes}

    async def place(self, *args: Any, **changes: Any) -> Answer:
        return await self.ask("POST", "/order", self.posting(*args, **changes))

    async def rest(self, *args: Any, **changes: Any) -> str:
        """The id of an order that rests."""
        answer = await self.place(*args, **changes)
        assert (answer.status, answer.body["status"]) == (200, "live"), answer.body
        order_id: str = answer.body["orderID"]
        return order_id

    # --- the world -----------------------------------------------------------------------------------------------

    def quote(self, side: str, price: str, size: str) -> Order:
        """Somebody else's order for the first token, which rests or meets what rests."""
        exchange, number = self.polymarket.exchange, next(self._salts)
        if SOMEBODY not in exchange.accounts:
            exchange.add_account(SOMEBODY, 10_000 * MICRO)
        amounts = micros(Decimal(price)), micros(Decimal(size))
        return exchange.place(
            SOMEBODY, self.market.contract, Leg.YES, Side(side), *amounts, reference=f"{SOMEBODY} {number}"
        )

    def take(self, side: str, price: str, size: str, outcome: int = 0) -> list[Match]:
        """The world trades against what rests on an outcome."""
        contract = self.market.contract
        on = contract.yes if outcome == 0 else contract.no
        assert on is not None
        return self.polymarket.exchange.take(on, Side(side), micros(Decimal(price)), micros(Decimal(size)))

    async def step(self, seconds: float) -> None:
        """The world's time goes on; what was due has happened when this returns."""
        await asyncio.sleep(0)
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * 1e9))
        for _ in range(5):
            await asyncio.sleep(0)

    async def stream(self, channel: str) -> Stream:
        return Stream(await self.session.ws_connect(f"{self.urls['ws']}/ws/{channel}"))

    async def user_stream(self, **changes: Any) -> Stream:
        stream, key = await self.stream("user"), self.key
        auth = {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}
        await stream.say({"type": "user", "auth": auth, "markets": [], **changes})
        await stream.hear_all()
        return stream

    async def market_stream(self, *tokens: str, **changes: Any) -> Stream:
        """A subscription to tokens, the first one when none is named; its snapshots are still to be heard."""
        stream = await self.stream("market")
        wanted = list(tokens) or [self.market.tokens[0]]
        await stream.say({"type": "market", "assets_ids": wanted, **changes})
        return stream


Opens = Callable[..., Awaitable[Venue]]
"""Opens a venue with settings of one's own."""
