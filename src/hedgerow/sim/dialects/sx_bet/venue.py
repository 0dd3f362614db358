"""The simulated SX Bet as one thing: the engine, what is listed on it, and who listens.

The world and the engine tell it what happens; it keeps the fills and tells the stream. Source: the SX sheet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.dialects.sx_bet.accounts import Accounts
from hedgerow.sim.dialects.sx_bet.desk import Desk
from hedgerow.sim.dialects.sx_bet.errors import refusals
from hedgerow.sim.dialects.sx_bet.fills import Fill, FillLog
from hedgerow.sim.dialects.sx_bet.listings import Listings, Market
from hedgerow.sim.dialects.sx_bet.realtime import PING_S, Client, Hub
from hedgerow.sim.dialects.sx_bet.rest import Rest
from hedgerow.sim.dialects.sx_bet.shapes import book_view, fill_view, wanted_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.heartbeats import Heartbeats
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, TradeEvent
from hedgerow.sim.orders import Contract, Order
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import LIVE, Emptied, Fixture, FixtureChanged, World, WorldEvent

SLUG = "sx.bet"
STREAM_PATH = "/connection/websocket"
_NO_PONG = 3012


@dataclass(frozen=True, slots=True)
class Settings:
    """How this venue behaves; times in seconds of the world. live_delay_s: a taker waits while the match is played."""

    locked_after_s: float = 3.0
    live_delay_s: int = 3
    clears_at_start: bool = True


class SxBet:
    """The venue's side of the wire."""

    slug = SLUG

    def __init__(self, world: World, settings: Settings) -> None:
        self._settings, self._world, self._clock = settings, world, world.clock
        self.exchange = world.add_exchange(Exchange(SLUG, world.clock, nets_pairs=True, closing_is_free=False))
        self.accounts = Accounts(list(self.exchange.accounts))
        self.listings = Listings(self.exchange, world.catalogue)
        self.fills = FillLog(self.exchange, world.clock, settings.locked_after_s, self._on_fill)
        self.desk = Desk(self.exchange, self.listings, world.clock, settings.live_delay_s)
        self.heartbeats = Heartbeats("sx", world.clock, self.desk.cancel_of)
        self.hub = Hub(self.accounts, world.clock, lambda market_hash: self.listings.of_hash(market_hash) is not None)
        self._sockets: list[Socket] = []
        self._sites = self._make_sites()
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in list(world.fixtures.values()):
            self._put(fixture)

    # --- what the world's server asks for ----------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        """`rest`, and `ws` with the path of the stream."""
        return self._sites

    def sockets(self) -> list[Socket]:
        return list(self._sockets)

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`api_key` and `private_key` of a default account. Throw-away by design. Raises KeyError for an unknown
        one."""
        return self.accounts.credentials(account)

    def _make_sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("rest", "ws")}
        for app in sites.values():
            app.middlewares.append(refusals)
        Rest(
            self.exchange,
            self._clock,
            self.accounts,
            self.listings,
            self.desk,
            self.fills,
            self.heartbeats,
            self._settings.live_delay_s,
        ).add_to(sites["rest"])
        sites["ws"].add_routes([web.get(STREAM_PATH, self._converse)])
        return sites

    # --- the stream --------------------------------------------------------------------------------------------

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(request)
        client = Client(self.hub, socket.push, socket.close)
        await socket.open()
        self._sockets.append(socket)
        self.hub.clients.append(client)
        pinger = spawn(_ping(client, socket), "sx pings")
        try:
            async for text in socket.texts():
                with work.unit():
                    client.handle(text)
        finally:
            self.hub.clients.remove(client)
            self._sockets.remove(socket)
            await stop(pinger)
            await socket.ended()
        return socket.ws

    def _on_fill(self, fill: Fill) -> None:
        """A fill has a new status; said twice while the scripted fault says so."""
        user = self.accounts.users[fill.order.account]
        times = 2 if self.exchange.faults.behaviour.duplicateFills else 1
        view = fill_view(fill, self.desk.market_of(fill.order), user)
        self.hub.publish(f"account:fills_v3_#{user.address}", view, times=times)

    def _on_order(self, order: Order) -> None:
        user = self.accounts.users.get(order.account)
        if user is not None:
            wanted_of(order).updated_ms = self._clock.now_ms()
            self.hub.publish(f"account:orders_v3_#{user.address}", self.desk.view(order, user))

    def _tell_book(self, market: Market) -> None:
        market.version += 1
        name = f"orderbook_v3:{market.hash}"
        if self.hub.is_followed(name):
            self.hub.publish(name, book_view(market, self.exchange.book(market.contract)))

    # --- the world's events ------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self._put(fixture)
            case Emptied():
                for part in (self.listings, self.fills, self.desk, self.heartbeats, self.hub):
                    part.clear()
            case _:
                pass

    def _put(self, fixture: Fixture) -> None:
        """Lists a fixture when it is new, and empties its book when it has begun."""
        market = self.listings.put(fixture)
        if market is None:
            return
        if (fixture.live or fixture.status_id == LIVE) and not market.is_cleared:
            market.is_cleared = True
            if self._settings.clears_at_start:
                self.desk.cancel_on(market)

    # --- the exchange's events ---------------------------------------------------------------------------------

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent(kind, order) if kind is not EventKind.SETTLED:
                self._on_order(order)
            case LevelEvent(contract):
                self._tell_book(self._market(contract))
            case TradeEvent():
                self.fills.record(event)
            case ContractEvent(contract):
                self._on_contract(contract)
            case _:
                pass

    def _on_contract(self, contract: Contract) -> None:
        """A market is new, has closed, or was decided."""
        market = self._market(contract)
        if contract.result is not None:
            market.resolved_ms = self._clock.now_ms()
            self.fills.settle(contract)
        self.hub.publish("markets:global", [market.view()])

    def _market(self, contract: Contract) -> Market:
        market = self.listings.of_hash(contract.ref)
        assert market is not None, "every contract of the venue is listed"
        return market


async def _ping(client: Client, socket: Socket) -> None:
    while True:
        await asyncio.sleep(PING_S)
        if not client.ping():
            socket.close(_NO_PONG, b"no pong")
            return


def build(world: World, settings: Settings | None = None) -> SxBet:
    """The venue in a world: it registers its exchange and follows the world's fixtures from now on."""
    return SxBet(world, settings or Settings())
