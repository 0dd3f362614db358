"""The other end of every socket: the feed that sends ticks, and the venues that take orders.

It stays in the process that measures; what is measured runs in another. The clock of a tick starts right before the
frame is handed to the kernel, and stops when the kernel takes the first byte of the order in: on the loopback that
happens inside the sender's own write. So of this process nothing is in the figure but one write, the same for every
side. Both stamps are of CLOCK_REALTIME.

The conversations are as small as the real clients allow, without TLS; they are no simulation of the venues. An order
is accepted, rests, and ends when it is cancelled.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import msgspec
import picows
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

from hedgerow.bench.tick_to_order import check, scene
from hedgerow.bench.tick_to_order.http_peer import HttpPeer, Request
from hedgerow.bench.tick_to_order.scene import KALSHI, Prices

FEED_PATH, KALSHI_PATH, USER_PATH = "/feed", "/kalshi", "/ws/user"

_STARTS_IN_S = 12 * 3600


class Peer:
    """Feed and venues of one side that is measured."""

    def __init__(self, venue: str, fixtures: int) -> None:
        self.side_pid = 0  # of the process that is measured
        self.orders: list[Request] = []  # placements, in the order of their coming
        self.cancels: list[Request] = []
        self.cancelled: list[str] = []  # by them, the orders' ids; one that did not rest is among them too
        self.bets: list[Request] = []  # hedges at the bookmaker
        self.resting: dict[str, str] = {}  # by contract, the order's id
        self._contracts: dict[str, str] = {}  # by order id
        self._venue = venue
        now_ms = time.time_ns() // 1_000_000
        self._start_s = now_ms // 1000 + _STARTS_IN_S
        self._prices = [Prices(number, 0, now_ms) for number in range(fixtures)]
        self._fills = 0
        self._changed = asyncio.Event()
        self._fds: dict[str, int] = {}  # of the socket that was last opened on a path
        self._gets = {**self._feed_gets(), **_POLYMARKET_GETS, **_KALSHI_GETS, **_BOOKMAKER_GETS}

    async def start(self) -> None:
        self._http = HttpPeer(self._answer)
        self._ws = await picows.ws_create_server(_listener_of(self), "127.0.0.1", 0)

    async def stop(self) -> None:
        self._http.close()
        self._ws.close()
        await self._ws.wait_closed()

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self._http.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._ws.sockets[0].getsockname()[1]}"

    @property
    def is_followed(self) -> bool:
        """Whether somebody has connected to the feed."""
        return FEED_PATH in self._fds

    # --- ticks -----------------------------------------------------------------------------------------------

    def close_price(self, number: int) -> None:
        """The other outcome is not offered any more: what rests is cancelled."""
        self._say(self._prices[number].closed(_next_ms(self._prices[number])))

    def move_price(self, number: int) -> int:
        """New odds; answers when their frame was handed to the kernel, in ns."""
        return self._say(self._prices[number].moved(_next_ms(self._prices[number])))

    def suspend(self, number: int, *, is_suspended: bool = True) -> int:
        """The bookmaker suspends the fixture, or opens it again; answers when the frame was handed to the kernel."""
        at_ms = time.time_ns() // 1_000_000
        return self._write(FEED_PATH, self._prices[number].suspension(at_ms, is_suspended=is_suspended))

    def fill(self, number: int, contracts: int) -> int:
        """A part of the order that rests at Polymarket for the fixture is filled; answers when the frame was handed to
        the kernel."""
        self._fills += 1
        contract = scene.contract_ref(self._venue, number)
        told = {"asset_id": contract, "price": f"0.{self.bid_cents(number):02}"}
        leg = {"order_id": self.resting[contract], "matched_amount": f"{contracts}", "owner": scene.API_KEY}
        trade = {
            "event_type": "trade",
            "type": "TRADE",
            "id": f"trade-{self._fills}",
            "taker_order_id": "0x" + "0" * 64,
            "side": "SELL",
            "size": f"{contracts}",
            "status": "MATCHED",
            "match_time": f"{time.time_ns() // 1_000_000_000}",
            "maker_orders": [{**told, **leg, "side": "BUY"}],
            **told,
        }
        return self._write(USER_PATH, msgspec.json.encode(trade))

    def hedge_odds(self, event: int) -> Decimal:
        """What the bookmaker offers on the outcome that hedges fills on the contract of that event's fixture."""
        return self._prices[scene.event_number(event)].other_odds

    def bid_cents(self, number: int) -> int:
        """The bid that follows from what was told last."""
        return self._prices[number].bid_cents

    async def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Whether the condition came true in time; looked at after every request."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _say(self, prices: Prices) -> int:
        self._prices[prices.number] = prices
        return self._write(FEED_PATH, prices.frame())

    def _write(self, path: str, text: bytes) -> int:
        """Straight into the socket: nothing else writes to it while something is measured, and no buffer stands between
        the stamp and the kernel."""
        if path not in self._fds:
            raise ConnectionError(f"nobody follows {path}")
        frame = b"\x81\x7e" + len(text).to_bytes(2, "big") + text
        sent_ns = time.time_ns()
        if os.write(self._fds[path], frame) != len(frame):
            raise ConnectionError(f"the socket of {path} is full")
        return sent_ns

    # --- sockets ---------------------------------------------------------------------------------------------

    def connected(self, path: str, transport: WSTransport) -> None:
        self._fds[path] = transport.underlying_transport.get_extra_info("socket").fileno()

    def heard(self, path: str, text: str, transport: WSTransport) -> None:
        """One message of a client over a WebSocket."""
        if path == FEED_PATH:
            echo = msgspec.json.decode(text)
            if echo.get("type") == "login":
                _send(transport, {**echo, "type": "login_ok", "apiKey": None})
        elif path == KALSHI_PATH:
            asked = msgspec.json.decode(text)
            told = {"channel": asked["params"]["channels"][0], "sid": asked["id"]}
            _send(transport, {"id": asked["id"], "type": "subscribed", "msg": told})
        elif text == "PING":
            transport.send(WSMsgType.TEXT, b"PONG")

    # --- requests --------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> object:
        try:
            if request.method == "GET":
                return self._gets[request.path](request)
            if request.path.startswith(scene.BOOKMAKER_PREFIX):
                return self._bet(request)
            if request.method == "DELETE":
                self.cancels.append(request)
            return self._kalshi(request) if self._venue == KALSHI else self._polymarket(request)
        finally:
            self._changed.set()

    def _polymarket(self, request: Request) -> object:
        told = msgspec.json.decode(request.body or b"{}")
        match request.method, request.path:
            case "POST", "/order":
                order_id = check.order_id(request.body)
                self.orders.append(request)
                self._rest(told["order"]["tokenId"], order_id)
                return {"success": True, "errorMsg": "", "orderID": order_id, "status": "live"}
            case "DELETE", "/order":
                self._end(told["orderID"])
                return {"canceled": [told["orderID"]], "not_canceled": {}}
            case "DELETE", "/orders":
                for order_id in told:
                    self._end(order_id)
                return {"canceled": told, "not_canceled": {}}
            case "DELETE", "/cancel-all":
                gone, self.resting = list(self.resting.values()), {}
                return {"canceled": gone, "not_canceled": {}}
            case "POST", "/v1/heartbeats":
                return {"heartbeat_id": "beat"}
        raise LookupError(f"{request.method} {request.path}")

    def _kalshi(self, request: Request) -> object:
        now_ms = time.time_ns() // 1_000_000
        orders = scene.KALSHI_PREFIX + scene.KALSHI_ORDERS
        if request.method == "POST" and request.path == orders:
            told = msgspec.json.decode(request.body)
            order_id = told["client_order_id"]
            self.orders.append(request)
            self._rest(told["ticker"], order_id)
            return {"order_id": order_id, "fill_count": "0", "remaining_count": told["count"], "ts_ms": now_ms}
        if request.method == "DELETE" and request.path == orders + "/batched":
            ids = [item["order_id"] for item in msgspec.json.decode(request.body)["orders"]]
            for order_id in ids:
                self._end(order_id)
            return {"orders": [{"order_id": order_id, "reduced_by": "1", "ts_ms": now_ms} for order_id in ids]}
        if request.method == "DELETE" and request.path.startswith(orders + "/"):
            order_id = request.path.rpartition("/")[2]
            self._end(order_id)
            return {"order_id": order_id, "reduced_by": "1", "ts_ms": now_ms}
        if request.method == "DELETE":
            self.resting.clear()
            return {"orders": []}
        raise LookupError(f"{request.method} {request.path}")

    def _bet(self, request: Request) -> object:
        told = msgspec.json.decode(request.body)
        self.bets.append(request)
        return {
            "status": "ACCEPTED",
            "uniqueRequestId": told["uniqueRequestId"],
            "betId": len(self.bets),
            "price": self.hedge_odds(told["eventId"]),
            "risk": told["stake"],
        }

    def _rest(self, contract: str, order_id: str) -> None:
        self.resting[contract] = order_id
        self._contracts[order_id] = contract

    def _end(self, order_id: str) -> None:
        self.cancelled.append(order_id)
        contract = self._contracts.pop(order_id, "")
        if self.resting.get(contract) == order_id:
            del self.resting[contract]

    def _feed_gets(self) -> dict[str, Callable[[Request], object]]:
        return {
            f"{FEED_PATH}/bookmakers": lambda _: [{"slug": scene.BOOKMAKER, "active": True, "limitCurrency": "USD"}],
            f"{FEED_PATH}/sports": lambda _: [{"sportId": scene.SPORT, "slug": "tennis"}],
            f"{FEED_PATH}/currencies": lambda _: [{"currency": "USD", "currencyValue": 1}],
            f"{FEED_PATH}/markets": lambda _: scene.MARKETS,
            f"{FEED_PATH}/fixtures": lambda _: [scene.described(p.number, self._start_s) for p in self._prices],
            f"{FEED_PATH}/fixtures/odds/main": self._odds,
            f"{FEED_PATH}/fixtures/odds": lambda request: self._odds(request)[0],
        }

    def _odds(self, request: Request) -> list[dict[str, Any]]:
        asked = parse_qs(request.query)
        ids = (asked.get("fixtureIds") or asked["fixtureId"])[0].split(",")
        return [self._prices[scene.fixture_number(each)].answer(self._start_s) for each in ids]


def _constant(value: object) -> Callable[[Request], object]:
    return lambda _: value


_NO_PAGE = {"data": [], "next_cursor": "LTE="}
_POLYMARKET_GETS: dict[str, Callable[[Request], object]] = {
    "/time": lambda _: int(time.time_ns() // 1_000_000_000),
    "/version": _constant({"version": 2}),
    "/auth/ban-status/closed-only": _constant({"closed_only": False}),
    "/data/orders": _constant(_NO_PAGE),
    "/data/trades": _constant(_NO_PAGE),
}
_BUCKET = {"refill_rate": 1_000_000, "bucket_capacity": 1_000_000}
_KALSHI_GETS: dict[str, Callable[[Request], object]] = {
    f"{scene.KALSHI_PREFIX}/account/limits": _constant({"read": _BUCKET, "write": _BUCKET}),
    f"{scene.KALSHI_PREFIX}/portfolio/orders": _constant({"orders": [], "cursor": ""}),
    f"{scene.KALSHI_PREFIX}/portfolio/fills": _constant({"fills": [], "cursor": ""}),
}
_BOOKMAKER_GETS: dict[str, Callable[[Request], object]] = {
    f"{scene.BOOKMAKER_PREFIX}/v1/client/balance": _constant(
        {"availableBalance": 10_000_000, "outstandingTransactions": 0, "currency": "USD"}
    ),
    f"{scene.BOOKMAKER_PREFIX}/v2/leagues": _constant({"leagues": [{"id": scene.LEAGUE, "homeTeamType": "Team1"}]}),
}


def _listener_of(peer: Peer) -> Callable[[WSUpgradeRequest], WSListener]:
    return lambda request: _Listener(peer, request.path.decode().partition("?")[0])


class _Listener(WSListener):
    def __init__(self, peer: Peer, path: str) -> None:
        super().__init__()
        self._peer, self._path = peer, path

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._peer.connected(self._path, transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self._peer.heard(self._path, frame.get_payload_as_utf8_text(), transport)
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()


def _send(transport: WSTransport, message: object) -> None:
    transport.send(WSMsgType.TEXT, msgspec.json.encode(message))


def _next_ms(prices: Prices) -> int:
    return max(prices.at_ms + 1, time.time_ns() // 1_000_000)
