"""The venue's WebSocket: topics, their messages, and the heartbeat that the client has to echo.

Source: the predict.fun sheet, section 5; the topics of a market's status are those that users of the API report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.predict_fun import shapes
from hedgerow.sim.dialects.predict_fun.desk import Desk, Paper
from hedgerow.sim.dialects.predict_fun.markets import Market
from hedgerow.sim.dialects.predict_fun.refusals import Json, Refusal
from hedgerow.sim.dialects.predict_fun.settlements import Settlement
from hedgerow.sim.dialects.predict_fun.wallets import Keyring, Wallet
from hedgerow.sim.site import Socket

_BOOK, _STATUS, _TRADING, _WALLET = (
    "predictOrderbook",
    "predictMarketStatus",
    "predictTradingStatus",
    "predictWalletEvents",
)
_numbers = msgspec.json.Encoder(decimal_format="number")


class _Frame(msgspec.Struct, rename="camel"):
    method: str
    request_id: int | None = None
    params: list[str] = []
    data: int | None = None


@dataclass(eq=False, slots=True)
class _Client:
    socket: Socket
    topics: dict[str, Wallet | None] = field(default_factory=dict)  # a wallet's events with the wallet
    beat: int | None = None  # what the client has to echo


class Streams:
    """Everybody who listens."""

    def __init__(self, clock: WorldClock, desk: Desk, keyring: Keyring, heartbeat_s: float) -> None:
        self._clock, self._desk, self._keyring, self._heartbeat_s = clock, desk, keyring, heartbeat_s
        self._clients: set[_Client] = set()

    def add_to(self, app: web.Application) -> None:
        app.add_routes([web.get("/ws", self._serve)])

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients]

    # --- what is told --------------------------------------------------------------------------------------------

    def book(self, market: Market) -> None:
        """A market's book has changed."""
        topic = f"{_BOOK}/{market.market_id}"
        for client in self._clients:
            if topic in client.topics:
                self._push(client, topic, shapes.book_view(market, self._desk.exchange.book(market.contract)))

    def status(self, market: Market) -> None:
        """A market has opened, closed or been resolved."""
        view = shapes.market_view(market, self._desk.exchange.book(market.contract))
        for kind, name in ((_STATUS, "status"), (_TRADING, "tradingStatus")):
            topic = f"{kind}/{market.market_id}"
            told = {"marketId": market.market_id, name: view[name], "tsMs": self._clock.now_ms()}
            for client in self._clients:
                if topic in client.topics:
                    self._push(client, topic, told)

    def order(self, kind: str, paper: Paper) -> None:
        """Something happened to an order."""
        settled = 0 if paper.order is None else self._desk.settlements.settled(paper.order)
        told = shapes.order_event(kind, paper, self._clock.now_ms(), self._address(paper), settled)
        self._tell(paper.account, told, times=1)

    def settlement(self, settlement: Settlement) -> None:
        """A settlement made a step; said twice while the scripted fault says so."""
        times = 2 if self._desk.exchange.faults.behaviour.duplicateFills else 1
        for part in settlement.parts:
            if part.order.account not in self._keyring.wallets:
                continue
            paper = self._desk.paper_of(part.order)
            settled = self._desk.settlements.settled(part.order)
            now_ms, address = self._clock.now_ms(), self._address(paper)
            told = shapes.settlement_event(settlement, part, paper, now_ms, address, settled)
            self._tell(paper.account, told, times)

    def _address(self, paper: Paper) -> str:
        return self._keyring.wallets[paper.account].address

    def _tell(self, account: str, told: Json, times: int) -> None:
        for client in self._clients:
            for topic, wallet in client.topics.items():
                if wallet is not None and wallet.account == account:
                    for _ in range(times):
                        self._push(client, topic, told)

    def _push(self, client: _Client, topic: str, data: Any) -> None:
        client.socket.push(_numbers.encode({"type": "M", "topic": topic, "data": data}).decode())

    # --- the conversation ----------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._keyring.check_key(request.headers, request.query)
        client = _Client(Socket(request))
        await client.socket.open()
        self._clients.add(client)
        self._beat_later(client)
        try:
            async for frame in client.socket.texts():
                self._on_frame(client, frame)
        finally:
            self._clients.discard(client)
            await client.socket.ended()
        return client.socket.ws

    def _on_frame(self, client: _Client, frame: str | bytes) -> None:
        try:
            said = msgspec.json.decode(frame, type=_Frame)
        except msgspec.DecodeError:
            self._answer(client, None, "invalid_json")
            return
        match said.method:
            case "heartbeat":
                if said.data == client.beat:
                    client.beat = None
            case "subscribe" if len(said.params) == 1:
                self._subscribe(client, said.request_id, said.params[0])
            case "unsubscribe" if len(said.params) == 1:
                client.topics.pop(said.params[0], None)
                self._answer(client, said.request_id)
            case _:
                self._answer(client, said.request_id, "invalid_request")

    def _subscribe(self, client: _Client, request_id: int | None, topic: str) -> None:
        kind, _, name = topic.partition("/")
        market = self._desk.listings.of_id(name)
        if kind == _WALLET:
            try:
                client.topics[topic] = self._keyring.of_token(name, self._clock.now_ms() // 1000)
            except Refusal:
                self._answer(client, request_id, "invalid_credentials")
                return
        elif kind in (_BOOK, _STATUS, _TRADING) and market is not None:
            client.topics[topic] = None
        else:
            self._answer(client, request_id, "invalid_topic")
            return
        self._answer(client, request_id)
        if kind == _BOOK and market is not None:
            self._push(client, topic, shapes.book_view(market, self._desk.exchange.book(market.contract)))

    def _answer(self, client: _Client, request_id: int | None, wrong: str = "") -> None:
        answer: Json = {"type": "R", "requestId": request_id, "success": not wrong}
        if wrong:
            answer["error"] = {"code": wrong, "message": wrong.replace("_", " ")}
        client.socket.push(answer)

    # --- the heartbeat -------------------------------------------------------------------------------------------

    def _beat_later(self, client: _Client) -> None:
        self._clock.later(self._heartbeat_s, lambda: self._beat(client), "predict.fun heartbeat", soft=True)

    def _beat(self, client: _Client) -> None:
        """Asks for an echo; who owes one still is closed."""
        if client not in self._clients:
            return
        if client.beat is not None:
            client.socket.close(1008, b"heartbeat missed")
            return
        client.beat = self._clock.now_ms()
        self._push(client, "heartbeat", client.beat)
        self._beat_later(client)
