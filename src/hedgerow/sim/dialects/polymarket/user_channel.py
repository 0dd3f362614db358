"""The private stream: an account's orders and trades, for whoever sends its API key.

There is no replay: what happened while nobody listened is asked for by REST. Source: the Polymarket sheet, section 5;
the venue's description of the channel and recorded messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.shapes import order_event, order_status, trade_event
from hedgerow.sim.dialects.polymarket.sockets import INVALID, serve
from hedgerow.sim.dialects.polymarket.trades import Trade
from hedgerow.sim.dialects.polymarket.wallets import ApiKey, Keyring
from hedgerow.sim.orders import Order
from hedgerow.sim.site import Socket

_POLICY_VIOLATION = 1008
_MOST_MARKETS = 500


class _Auth(msgspec.Struct):
    apiKey: str  # noqa: N815  the venue's spelling
    secret: str
    passphrase: str


class _Frame(msgspec.Struct):
    type: str = ""
    operation: str = ""
    auth: _Auth | None = None
    markets: list[str] = []


@dataclass(slots=True, eq=False)
class _Client:
    socket: Socket
    key: ApiKey | None = None
    markets: set[str] = field(default_factory=set)  # none: all

    def hears(self, market: Market, account: str) -> bool:
        is_wanted = not self.markets or market.condition_id in self.markets
        return is_wanted and self.key is not None and self.key.wallet.account == account


class UserChannel:
    """Everybody who follows an account."""

    def __init__(self, clock: WorldClock, desk: Desk, keyring: Keyring) -> None:
        self._clock, self._desk, self._keyring = clock, desk, keyring
        self._clients: set[_Client] = set()

    def add_to(self, app: web.Application) -> None:
        app.add_routes([web.get("/ws/user", self._serve)])

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients]

    def order(self, order: Order, kind: str, status: str = "") -> None:
        """An order was placed, updated or cancelled. status: another than its own."""
        market = self._desk.market_of(order)
        message = None
        for client in self._clients:
            if client.hears(market, order.account):
                message = message or order_event(
                    order,
                    market,
                    self._desk.trades.ids_of(order),
                    kind,
                    status or order_status(order),
                    self._clock.now_ms(),
                )
                client.socket.push(message)

    def trade(self, trade: Trade) -> None:
        """A trade has a new status; said twice while the scripted fault says so."""
        market = self._desk.market_of(trade.taker)
        times = 2 if self._desk.exchange.faults.behaviour.duplicateFills else 1
        for client in self._clients:
            for account in {order.account for order in trade.orders}:
                if client.key is not None and client.hears(market, account):
                    message = trade_event(trade, market, account, client.key.key, self._clock.now_ms())
                    for _ in range(times):
                        client.socket.push(message)

    # --- the conversation ------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        client = _Client(Socket(request))
        self._clients.add(client)
        try:
            return await serve(client.socket, lambda frame: self._on_frame(client, frame))
        finally:
            self._clients.discard(client)

    def _on_frame(self, client: _Client, frame: str | bytes) -> None:
        try:
            said = msgspec.json.decode(frame, type=_Frame)
        except msgspec.DecodeError:
            client.socket.push(INVALID)
            return
        markets = {condition_id.lower() for condition_id in said.markets}
        if len(client.markets | markets) > _MOST_MARKETS:
            client.socket.push(INVALID)
        elif said.operation == "subscribe":
            client.markets |= markets
        elif said.operation == "unsubscribe":
            client.markets -= markets
        elif said.type.lower() == "user" and said.auth is not None:
            client.key = self._keyring.find(said.auth.apiKey, said.auth.secret, said.auth.passphrase)
            client.markets = markets
            if client.key is None:
                client.socket.close(_POLICY_VIOLATION, b"Unauthorized")
        else:
            client.socket.push(INVALID)
