"""The baselines: the shortest loop from a frame of odds to a signed order that does the job at all.

It decodes the fields that it needs, prices one contract, cancels what rests at another price, signs and writes. No
book, no staleness, no limits, no memory of what the venue said, nothing durable. Prices are floats, as such loops
have them. Written for speed as far as that leaves it plain: structs, words laid out by hand, requests put together
as text, connections that are open. Two connections a quote of a fixture, because its cancel and its order leave in the
same turn.
"""

from __future__ import annotations

import asyncio
import hmac
import random
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import cycle
from math import ceil
from typing import NamedTuple, Protocol

import msgspec
import picows
import sha3
from coincurve import PrivateKey
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from hedgerow.bench.tick_to_order import check, scene
from hedgerow.bench.tick_to_order.given import AIOHTTP, SDK, Given
from hedgerow.bench.tick_to_order.scene import KALSHI
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn
from hedgerow.venues.kalshi.auth import Signer

SIZE = 100  # contracts

Headers = Mapping[str, str]

# --- frames ------------------------------------------------------------------------------------------------------


class Row(msgspec.Struct, rename="camel", gc=False):
    price: float
    active: bool


class Payload(msgspec.Struct, rename="camel", gc=False):
    fixture_id: str
    odds: dict[str, dict[str, Row]]


class OddsFrame(msgspec.Struct, tag_field="channel", tag="odds", gc=False):
    payload: Payload


class Meta(msgspec.Struct, gc=False):
    suspended: bool


class MetaPayload(msgspec.Struct, rename="camel", gc=False):
    fixture_id: str
    bookmakers: dict[str, Meta]


class BookmakersFrame(msgspec.Struct, tag_field="channel", tag="bookmakers", gc=False):
    payload: MetaPayload


_decode = msgspec.json.Decoder(OddsFrame | BookmakersFrame).decode


# --- signing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signed:
    """A request that is ready to leave, and by what its order is cancelled later."""

    path: str
    headers: Headers
    body: bytes
    order_id: str = ""


class Desk(Protocol):
    """How one venue is written to."""

    def order(self, contract: str, cents: int) -> Signed: ...

    def cancel(self, contract: str, order: Signed) -> Signed: ...


def _keccak(data: bytes) -> bytes:
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


class PolymarketDesk:
    """EIP-712 laid out by hand: two hashes and one signature an order, and an HMAC on each request."""

    _ORDER = _keccak(
        b"Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
        b"uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
    )
    _DOMAIN = _keccak(
        _keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        + _keccak(b"Polymarket CTF Exchange")
        + _keccak(b"2")
        + _word(137)
        + _word(0xE111180000D2663C0091E4F400237545B87B996B)
    )

    def __init__(self) -> None:
        self._key = PrivateKey(bytes.fromhex(scene.WALLET_KEY[2:]))
        address = _keccak(self._key.public_key.format(compressed=False)[1:])[-20:]
        self._maker_words = address.rjust(32, b"\0") * 2
        self.address = "0x" + address.hex()
        self._secret = urlsafe_b64decode(scene.API_SECRET)

    def order(self, contract: str, cents: int) -> Signed:
        salt, now_ms = random.getrandbits(53), time.time_ns() // 1_000_000
        maker, taker = SIZE * cents * 10_000, SIZE * 1_000_000
        struct = _keccak(
            self._ORDER
            + _word(salt)
            + self._maker_words
            + _word(int(contract))
            + _word(maker)
            + _word(taker)
            + bytes(64)  # buys, with the key's own wallet
            + _word(now_ms)
            + bytes(64)  # no metadata, no builder
        )
        digest = _keccak(b"\x19\x01" + self._DOMAIN + struct)
        signature = self._key.sign_recoverable(digest, hasher=None)
        told = (signature[:64] + bytes((signature[64] + 27,))).hex()
        zero = "0x" + "0" * 64
        body = (
            f'{{"order":{{"salt":{salt},"maker":"{self.address}","signer":"{self.address}","tokenId":"{contract}",'
            f'"makerAmount":"{maker}","takerAmount":"{taker}","side":"BUY","expiration":"0","signatureType":0,'
            f'"timestamp":"{now_ms}","metadata":"{zero}","builder":"{zero}","signature":"0x{told}"}},'
            f'"owner":"{scene.API_KEY}","orderType":"GTC","deferExec":false,"postOnly":true}}'
        ).encode()
        return Signed("/order", self.headers("POST", body), body, "0x" + digest.hex())

    def cancel(self, contract: str, order: Signed) -> Signed:
        body = f'{{"orderID":"{order.order_id}"}}'.encode()
        return Signed("/order", self.headers("DELETE", body), body)

    def headers(self, method: str, body: bytes) -> Headers:
        now_s = str(time.time_ns() // 1_000_000_000)
        digest = hmac.digest(self._secret, f"{now_s}{method}/order".encode() + body, "sha256")
        return {
            "POLY_ADDRESS": self.address,
            "POLY_SIGNATURE": urlsafe_b64encode(digest).decode(),
            "POLY_TIMESTAMP": now_s,
            "POLY_API_KEY": scene.API_KEY,
            "POLY_PASSPHRASE": scene.API_PASSPHRASE,
        }


_SDK_MODULES = ("clob_types", "order_builder.builder", "order_utils.model.order_data_v2", "signer")


class SdkDesk(PolymarketDesk):
    """The same with the order made and signed by the official SDK, py-clob-client-v2."""

    def __init__(self, path: str) -> None:
        """path: where the SDK is installed; searched last, so that what is installed here stays what it is."""
        super().__init__()
        sys.path.append(path)
        types, builder, texts, signer = (import_module(f"py_clob_client_v2.{name}") for name in _SDK_MODULES)
        self._args, self._to_json = types.OrderArgsV2, texts.order_to_json_v2
        self._builder = builder.OrderBuilder(signer.Signer(scene.WALLET_KEY, 137))
        self._options = types.CreateOrderOptions(tick_size="0.01", neg_risk=False)

    def order(self, contract: str, cents: int) -> Signed:
        args = self._args(token_id=contract, price=cents / 100, size=SIZE, side="BUY")
        order = self._builder.build_order(args, self._options)
        body = msgspec.json.encode(self._to_json(order, scene.API_KEY, "GTC", post_only=True))
        return Signed("/order", self.headers("POST", body), body)

    def cancel(self, contract: str, order: Signed) -> Signed:
        # The SDK does not tell an order's id; that it is worked out here is in no figure.
        return super().cancel(contract, replace(order, order_id=check.order_id(order.body)))


class KalshiDesk:
    """Signatures of placements made ahead, since what is signed does not hold the body."""

    _PATH = scene.KALSHI_PREFIX + scene.KALSHI_ORDERS
    _MADE_AHEAD = 64

    def __init__(self, pem: str) -> None:
        self._signer = Signer(Secret(scene.KALSHI_KEY_ID), Secret(pem))
        now_ms = SystemClock().now_ms()
        made = [dict(self._signer.headers(now_ms + i, "POST", self._PATH)) for i in range(self._MADE_AHEAD)]
        self._ready = cycle(made)
        self._count = 0

    def order(self, contract: str, cents: int) -> Signed:
        self._count += 1
        reference = f"plain-{self._count}"
        body = (
            f'{{"ticker":"{contract}","client_order_id":"{reference}","side":"bid","count":"{SIZE}.00",'
            f'"price":"0.{cents:02}00","time_in_force":"good_till_canceled","post_only":true,'
            f'"self_trade_prevention_type":"taker_at_cross","cancel_order_on_pause":true}}'
        ).encode()
        return Signed(self._PATH, next(self._ready), body, reference)

    def cancel(self, contract: str, order: Signed) -> Signed:
        path = f"{self._PATH}/{order.order_id}"
        headers = dict(self._signer.headers(SystemClock().now_ms(), "DELETE", path))
        return Signed(f"{path}?market_ticker={contract}", headers, b"")


# --- the loop ----------------------------------------------------------------------------------------------------


class Resting(NamedTuple):
    contract: str
    cents: int
    order: Signed


Send = Callable[[str, Signed], None]
"""(method, request): writes it now."""


class Loop:
    """From a frame to orders."""

    def __init__(self, venue: str, desk: Desk, send: Send, quotes: int = 1) -> None:
        """quotes: on each fixture."""
        self._venue, self._desk, self._send, self._quotes = venue, desk, send, quotes
        self.offers: dict[str, Row] = {}  # of the other outcome, by fixture
        self._contracts: dict[str, list[str]] = {}
        self._resting: dict[str, list[Resting]] = {}

    def take(self, payload: memoryview | bytes) -> None:
        told = _decode(payload).payload
        fixture = told.fixture_id
        if type(told) is Payload:
            offer = told.odds[scene.BOOKMAKER][f"{fixture}:{scene.BOOKMAKER}:{scene.OTHER}:0"]
            self.offers[fixture] = offer
            is_open = offer.active
        else:
            offer, is_open = self.offers[fixture], not told.bookmakers[scene.BOOKMAKER].suspended
        self._quote(fixture, 100 - ceil(100 / offer.price) if is_open else None)

    def _quote(self, fixture: str, cents: int | None) -> None:
        resting = self._resting.get(fixture)
        if resting is not None:
            if resting[0].cents == cents:
                return
            del self._resting[fixture]
            for each in resting:
                self._send("DELETE", self._desk.cancel(each.contract, each.order))
        if cents is not None:
            self._resting[fixture] = [self._placed(contract, cents) for contract in self._contracts_of(fixture)]

    def _placed(self, contract: str, cents: int) -> Resting:
        order = self._desk.order(contract, cents)
        self._send("POST", order)
        return Resting(contract, cents, order)

    def _contracts_of(self, fixture: str) -> list[str]:
        found = self._contracts.get(fixture)
        if found is None:
            found = scene.contract_refs(self._venue, scene.fixture_number(fixture), self._quotes)
            self._contracts[fixture] = found
        return found


# --- sockets -----------------------------------------------------------------------------------------------------


class _Http(asyncio.Protocol):
    """A connection that requests are written to; their answers are read and let go."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]


class _Feed(WSListener):
    def __init__(self, take: Callable[[memoryview], None]) -> None:
        super().__init__()
        self._take = take

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self._take(frame.get_payload_as_memoryview())


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[None]:
    """A baseline, until the end of the block."""
    if given.venue == KALSHI:
        desk: Desk = KalshiDesk(given.kalshi_pem)
    else:
        desk = SdkDesk(given.sdk_path) if given.side == SDK else PolymarketDesk()
    async with AsyncExitStack() as stack:
        if given.side == AIOHTTP:
            await _with_aiohttp(given, desk, stack)
        else:
            await with_picows(given, desk, stack)
        yield


async def with_picows(given: Given, desk: Desk, stack: AsyncExitStack) -> Loop:
    """The loop on its sockets, until the stack is left."""
    host, port = address_of(given)
    orders, cancels = [cycle([await connect(given, stack) for _ in range(given.quotes)]) for _ in range(2)]

    def send(method: str, request: Signed) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        length = len(request.body)
        head = f"{method} {request.path} HTTP/1.1\r\nHost: {host}:{port}\r\n{lines}Content-Length: {length}\r\n\r\n"
        next(cancels if method == "DELETE" else orders).write(head.encode() + request.body)

    trading = Loop(given.venue, desk, send, given.quotes)
    await listen(given.ws_url + "/feed", trading.take, stack)
    return trading


def address_of(given: Given) -> tuple[str, int]:
    """Host and port of the requests' peer."""
    return "127.0.0.1", int(given.http_url.rpartition(":")[2])


async def connect(given: Given, stack: AsyncExitStack) -> asyncio.Transport:
    """A connection to write requests to."""
    _, http = await asyncio.get_running_loop().create_connection(_Http, *address_of(given))
    stack.callback(http.transport.abort)
    return http.transport


async def listen(url: str, take: Callable[[memoryview], None], stack: AsyncExitStack) -> WSTransport:
    """Hands the texts of a WebSocket on."""
    transport, _ = await picows.ws_connect(lambda: _Feed(take), url)
    stack.callback(transport.disconnect, graceful=False)
    return transport


async def _with_aiohttp(given: Given, desk: Desk, stack: AsyncExitStack) -> None:
    import aiohttp

    session = await stack.enter_async_context(aiohttp.ClientSession(given.http_url))

    async def ask(method: str, request: Signed) -> None:
        async with session.request(method, request.path, headers=request.headers, data=request.body) as answer:
            await answer.read()

    def send(method: str, request: Signed) -> None:
        spawn(ask(method, request), method)

    trading = Loop(given.venue, desk, send)
    feed = await stack.enter_async_context(session.ws_connect(given.ws_url + "/feed"))

    async def listen() -> None:
        async for message in feed:
            if message.type is aiohttp.WSMsgType.TEXT:
                trading.take(message.data)

    stack.callback(spawn(listen(), "feed").cancel)
