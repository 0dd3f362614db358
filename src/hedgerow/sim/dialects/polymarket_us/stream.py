"""The venue's two WebSockets: the account's orders, and the markets' books.

Every subscription has a request id that its messages carry. Orders begin with a snapshot of what rests; a market's book
is sent whole, at once and at every change. Nothing is numbered, nothing is sent again. Source: the sheet's section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from hedgerow.core.tasks import work
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket_us import shapes
from hedgerow.sim.dialects.polymarket_us.desk import Desk, Paper
from hedgerow.sim.dialects.polymarket_us.listings import Market
from hedgerow.sim.dialects.polymarket_us.rest import Routes
from hedgerow.sim.dialects.polymarket_us.wire import Json
from hedgerow.sim.site import Handler, Socket

PRIVATE, MARKETS = "/v1/ws/private", "/v1/ws/markets"

_ORDER, _BOOK = "SUBSCRIPTION_TYPE_ORDER", "SUBSCRIPTION_TYPE_MARKET_DATA"
_KINDS = {PRIVATE: _ORDER, MARKETS: _BOOK}
_MOST_MARKETS = 100
_numbers = msgspec.json.Encoder(decimal_format="number")


class _Subscribe(msgspec.Struct, rename="camel"):
    request_id: str
    subscription_type: str
    market_slugs: list[str] = []


class _Unsubscribe(msgspec.Struct, rename="camel"):
    request_id: str


class _Frame(msgspec.Struct):
    subscribe: _Subscribe | None = None
    unsubscribe: _Unsubscribe | None = None


@dataclass(eq=False, slots=True)
class _Client:
    account: str
    path: str
    socket: Socket
    asked: dict[str, _Subscribe] = field(default_factory=dict)


class Streams:
    """Everybody who listens."""

    def __init__(self, clock: WorldClock, desk: Desk, routes: Routes, heartbeat_s: float) -> None:
        self._clock, self._desk, self._routes, self._heartbeat_s = clock, desk, routes, heartbeat_s
        self._clients: list[_Client] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.get(path, self._serves(path)) for path in (PRIVATE, MARKETS)]

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients]

    # --- what is told ------------------------------------------------------------------------------------------

    def order(self, paper: Paper, execution: Json) -> None:
        """Something happened to an order; a fill is said twice while the scripted fault says so."""
        is_fill = "tradeId" in execution
        times = 2 if is_fill and self._desk.exchange.faults.behaviour.duplicateFills else 1
        told = {"orderSubscriptionUpdate": {"execution": execution}}
        for client in self._clients:
            for asked in client.asked.values():
                is_followed = not asked.market_slugs or paper.market.slug in asked.market_slugs
                if client.account == paper.account and asked.subscription_type == _ORDER and is_followed:
                    for _ in range(times):
                        _push(client, asked, told)

    def book(self, market: Market) -> None:
        """A market's book or state has changed."""
        for client in self._clients:
            for asked in client.asked.values():
                if asked.subscription_type == _BOOK and market.slug in asked.market_slugs:
                    self._push_book(client, asked, market)

    def _push_book(self, client: _Client, asked: _Subscribe, market: Market) -> None:
        book = self._desk.exchange.book(market.contract)
        _push(client, asked, {"marketData": shapes.book(market, book, self._clock.now_ms())})

    # --- the conversation --------------------------------------------------------------------------------------

    def _serves(self, path: str) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            account = self._routes.account_of(request)
            client = _Client(account, path, Socket(request))
            await client.socket.open()
            self._clients.append(client)
            self._beat_later(client)
            try:
                async for frame in client.socket.texts():
                    with work.unit():
                        self._on_frame(client, frame)
            finally:
                self._clients.remove(client)
                await client.socket.ended()
            return client.socket.ws

        return serve

    def _on_frame(self, client: _Client, frame: str | bytes) -> None:
        try:
            said = msgspec.json.decode(frame, type=_Frame)
        except msgspec.DecodeError:
            client.socket.push({"error": "invalid message"})
            return
        if said.subscribe is not None:
            self._subscribe(client, said.subscribe)
        elif said.unsubscribe is not None:
            client.asked.pop(said.unsubscribe.request_id, None)
        else:
            client.socket.push({"error": "unknown message"})

    def _subscribe(self, client: _Client, asked: _Subscribe) -> None:
        is_book = asked.subscription_type == _BOOK
        markets = [self._desk.listings.of_slug(slug) for slug in asked.market_slugs]
        known = [market for market in markets if market is not None]
        if asked.subscription_type != _KINDS[client.path]:
            self._refuse(client, asked, "unsupported subscription type")
        elif len(asked.market_slugs) > _MOST_MARKETS or (is_book and not asked.market_slugs):
            self._refuse(client, asked, f"between 1 and {_MOST_MARKETS} markets can be subscribed to")
        elif asked.request_id in client.asked:
            self._refuse(client, asked, "request id is in use")
        else:
            client.asked[asked.request_id] = asked
            if is_book:
                for market in known:
                    self._push_book(client, asked, market)
            else:
                self._snapshot(client, asked)

    def _snapshot(self, client: _Client, asked: _Subscribe) -> None:
        papers = [paper for paper in self._desk.of_account(client.account) if paper.rests]
        wanted = [paper for paper in papers if not asked.market_slugs or paper.market.slug in asked.market_slugs]
        orders = [shapes.order(paper) for paper in wanted]
        _push(client, asked, {"orderSubscriptionSnapshot": {"orders": orders, "eof": True}})

    def _refuse(self, client: _Client, asked: _Subscribe, why: str) -> None:
        client.socket.push({"error": why, "requestId": asked.request_id, "subscriptionType": asked.subscription_type})

    # --- the heartbeat -----------------------------------------------------------------------------------------

    def _beat_later(self, client: _Client) -> None:
        self._clock.later(self._heartbeat_s, lambda: self._beat(client), "polymarket.us heartbeat", soft=True)

    def _beat(self, client: _Client) -> None:
        if client in self._clients:
            client.socket.push({"heartbeat": {}})
            self._beat_later(client)


def _push(client: _Client, asked: _Subscribe, told: Json) -> None:
    frame = {"requestId": asked.request_id, "subscriptionType": asked.subscription_type, **told}
    client.socket.push(_numbers.encode(frame).decode())
