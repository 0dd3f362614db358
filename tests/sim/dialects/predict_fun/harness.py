"""A world with one tennis match, the simulated venue on real sockets, and a client that signs as its sheet says."""

from __future__ import annotations

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
from hedgerow.core.money import micros
from hedgerow.core.states import Side
from hedgerow.sim import evm
from hedgerow.sim.dialects.predict_fun import PredictFun
from hedgerow.sim.dialects.predict_fun.markets import Market
from hedgerow.sim.dialects.predict_fun.orders import ETHER, ZERO_ADDRESS, PostedOrder, contract_of
from hedgerow.sim.dialects.predict_fun.wallets import VALIDATOR, Wallet, kernel_digest
from hedgerow.sim.orders import COUNTERPARTY, Leg
from hedgerow.sim.world import Fixture, World

NOW_S = 1_790_000_000
FIXTURE = FixtureId("id1200000161061419")
ACCOUNT = "demo_predict.fun"


def tennis(*, live: bool = False) -> Fixture:
    return Fixture(FIXTURE, 12, 1, "Carlos Alcaraz", "Jannik Sinner", NOW_S + 3600, "Rome", live=live)


def signed(wallet: Wallet, digest: bytes) -> str:
    """As the wallet's kind signs."""
    if not wallet.is_smart:
        return evm.sign(wallet.private_key, digest)
    raw = evm.sign(wallet.private_key, kernel_digest(wallet.address, digest))
    return f"0x01{VALIDATOR.hex()}{raw[2:]}"


@dataclass
class Venue:
    """The venue, its sites, and who trades there."""

    world: World
    predict_fun: PredictFun
    urls: dict[str, str]
    session: aiohttp.ClientSession
    token: str = ""
    _salts: Any = field(default_factory=lambda: count(1))

    @property
    def market(self) -> Market:
        market = self.predict_fun.listings.of_fixture(FIXTURE)
        assert market is not None
        return market

    @property
    def wallet(self) -> Wallet:
        return self.predict_fun.keyring.wallets[ACCOUNT]

    # --- asking --------------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body of an answer."""
        given = {"x-api-key": self.wallet.api_key, "Authorization": f"Bearer {self.token}", **headers}
        async with self.session.request(method, self.urls["rest"] + path, json=body, headers=given) as response:
            return response.status, await response.json()

    async def log_in(self) -> None:
        _, asked = await self.ask("GET", "/v1/auth/message")
        message = asked["data"]["message"]
        signature = signed(self.wallet, evm.text_digest(message.encode()))
        body = {"signer": self.wallet.address, "message": message, "signature": signature}
        _, told = await self.ask("POST", "/v1/auth", body)
        self.token = told["data"]["token"]

    def posting(self, word: str, price: str, size: str, **changes: Any) -> dict[str, Any]:
        """A signed order on the first outcome. changes: of the order's members, before it is signed; `data` has those
        beside it."""
        data = changes.pop("data", {})
        wei, quantity = (int(Decimal(text) * ETHER) for text in (price, size))
        money = wei * quantity // ETHER
        amounts = (money, quantity) if word == "BUY" else (quantity, money)
        fields = {
            "salt": str(next(self._salts)),
            "maker": self.wallet.address,
            "signer": self.wallet.address,
            "taker": ZERO_ADDRESS,
            "tokenId": self.market.tokens[0],
            "makerAmount": str(amounts[0]),
            "takerAmount": str(amounts[1]),
            "expiration": "4102444800",
            "nonce": "0",
            "feeRateBps": "200",
            "side": 0 if word == "BUY" else 1,
            "signatureType": 0,
            "hash": "",
            "signature": "",
            **changes,
        }
        digest = msgspec.convert(fields, PostedOrder).digest(contract_of(self.market))
        fields = {**fields, "hash": "0x" + digest.hex(), "signature": signed(self.wallet, digest)}
        return {"data": {"order": fields, "pricePerShare": str(wei), "strategy": "LIMIT", **data}}

    async def place(self, *args: str, **changes: Any) -> tuple[int, Any]:
        return await self.ask("POST", "/v1/orders", self.posting(*args, **changes))

    async def rest(self, *args: str, **changes: Any) -> str:
        """The hash of an order that was accepted."""
        status, told = await self.place(*args, **changes)
        assert status == 200, told
        order_hash: str = told["data"]["orderHash"]
        return order_hash

    async def order(self, order_hash: str) -> Any:
        return (await self.ask("GET", f"/v1/orders/{order_hash}"))[1]["data"]

    # --- the world -----------------------------------------------------------------------------------------------

    def offer(self, price: str, size: str) -> None:
        """Somebody else sells the first outcome."""
        amounts = micros(Decimal(price)), micros(Decimal(size))
        reference = f"offer {next(self._salts)}"
        self.predict_fun.exchange.place(
            COUNTERPARTY, self.market.contract, Leg.YES, Side.SELL, *amounts, reference=reference
        )

    def take(self, price: str, size: str) -> None:
        """Somebody else sells into what bids for the first outcome."""
        amounts = micros(Decimal(price)), micros(Decimal(size))
        self.predict_fun.exchange.take(self.market.contract.yes, Side.SELL, *amounts)

    async def stream(self, *topics: str) -> Stream:
        socket = await self.session.ws_connect(f"{self.urls['ws']}/ws?apiKey={self.wallet.api_key}")
        stream = Stream(socket)
        for number, topic in enumerate(topics):
            await stream.say({"method": "subscribe", "requestId": number, "params": [topic]})
        return stream


class Stream:
    """One WebSocket of the venue, read with patience."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def hear(self) -> Any:
        message = await self.socket.receive(PATIENCE_S)
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else message.type


Opens = Callable[..., Awaitable[Venue]]
"""Opens a venue with settings of one's own."""
