"""The simulated Betfair Exchange for the world: its sites, its keys, its switches, its streams."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim import commission
from hedgerow.sim.dialects.betfair_ex import certificates, terms
from hedgerow.sim.dialects.betfair_ex.api import Api
from hedgerow.sim.dialects.betfair_ex.conversation import Conversation, MarketFilter, Source
from hedgerow.sim.dialects.betfair_ex.desk import Desk
from hedgerow.sim.dialects.betfair_ex.engine import BetfairEngine, meta_of, stake_of
from hedgerow.sim.dialects.betfair_ex.errors import Fault
from hedgerow.sim.dialects.betfair_ex.feeds import MarketFeed, OrderFeed
from hedgerow.sim.dialects.betfair_ex.heartbeats import Heartbeats
from hedgerow.sim.dialects.betfair_ex.listings import SLUG, Listings, Market
from hedgerow.sim.dialects.betfair_ex.reads import Reads
from hedgerow.sim.dialects.betfair_ex.recorded import Recording
from hedgerow.sim.dialects.betfair_ex.sessions import Sessions, demo_login
from hedgerow.sim.lines import LineSite, LineSocket
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, TradeEvent
from hedgerow.sim.orders import Contract
from hedgerow.sim.site import Site, TlsApplication, application
from hedgerow.sim.switches import expect_only
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent


class BetfairExchange:
    """Sites `rest` (`/exchange/...`), `identity` and `login` (`/api/...`, the second asks for a client certificate),
    and `stream`, a TLS socket."""

    slug = SLUG

    def __init__(self, world: World) -> None:
        self.clock = world.clock
        self.exchange = BetfairEngine(SLUG, world.clock)
        world.add_exchange(self.exchange)
        self.listings = Listings(world, self.exchange, self._on_definition)
        self.desk = Desk(self.exchange, world.clock, self.listings)
        self.sessions = Sessions(world.clock)
        self._heartbeats = Heartbeats(world.clock, self._on_silence)
        self._markets = MarketFeed(self.exchange, self.listings, world.clock)
        self._orders: dict[str, OrderFeed] = {}
        self._recordings: dict[str, Recording] = {}
        self._sockets: dict[LineSocket, Conversation] = {}
        self._numbers = count(1)
        for account in self.exchange.accounts:
            self.sessions.register(demo_login(account))
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in list(world.fixtures.values()):
            self.listings.follow(fixture)

    def sites(self) -> Mapping[str, web.Application | Site]:
        faults = self.exchange.faults
        api = Api(self.sessions, self.desk, Reads(self.exchange, self.listings), self._heartbeats, faults)
        rest, identity, login = (application(self.clock, faults) for _ in range(3))
        rest.add_routes(api.rest_routes())
        identity.add_routes(api.identity_routes())
        login.add_routes(api.login_routes())
        return {
            "rest": rest,
            "identity": identity,
            "login": TlsApplication(login, certificates.server_context(asks_client=True)),
            "stream": LineSite(certificates.server_context(asks_client=False), self._converse),
        }

    def sockets(self) -> list[LineSocket]:
        return list(self._sockets)

    def demo_credentials(self, account: str) -> dict[str, str]:
        """What a default account signs in with, the same in every world; `authority` is whom its client has to
        trust."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {self.slug}")
        login = demo_login(account)
        certificate, key = certificates.client_pem(account)
        return {
            "username": login.username,
            "password": login.password,
            "app_key": login.app_key,
            "certificate": certificate,
            "certificate_key": key,
            "authority": certificates.authority_pem(),
        }

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone. Raises ValueError for a wrong one.

        `suspended`: a market id, suspended until the next patch; `endSessions`: true ends every login; `recording`: a
        file of stream messages, whose market can be subscribed from now on and is played to the first who does.
        """
        expect_only(switches, "suspended", "endSessions", "recording")
        for market in self.listings.markets.values():
            is_suspended = market.id == switches.get("suspended")
            if market.is_suspended != is_suspended:
                self.listings.suspend(market, is_suspended=is_suspended)
        if switches.get("endSessions"):
            self.sessions.end_all()
        if "recording" in switches:
            recording = Recording(Path(switches["recording"]))
            self._recordings |= dict.fromkeys(recording.market_ids, recording)

    # --- what happens -------------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self.listings.follow(fixture)
            case Emptied():
                self.listings.clear()
                self.desk.clear()
                self._heartbeats.clear()
                self._orders.clear()
                self._recordings.clear()

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent(order=order) if order.account in self.exchange.accounts:
                self._on_order(event)
            case LevelEvent(contract=contract) if self.listings.knows(contract):
                self._markets.on_level(event)
            case TradeEvent(contract=contract) if self.listings.knows(contract):
                self._markets.on_trade(event)
            case ContractEvent(contract=contract) if contract.result is not None and self.listings.knows(contract):
                self._on_result(contract)

    def _on_order(self, event: OrderEvent) -> None:
        order, now_ms = event.order, self.clock.now_ms()
        if event.kind is EventKind.SETTLED:
            meta_of(order).settled_ms = now_ms
            return
        if event.kind is EventKind.CANCELLED and order.reason != "cancelled":
            meta_of(order).lapsed_ms = now_ms
        feed = self._feed(order.account)
        for _ in range(2 if self.exchange.faults.behaviour.duplicateFills else 1):
            feed.on_order(event)

    def _on_result(self, contract: Contract) -> None:
        market, _ = self.listings.of(contract)
        if market.is_decided:
            contracts = [selection.contract for selection in market.selections]
            orders = [order for order in self.exchange.orders.values() if order.contract in contracts]
            commission.charge(self.exchange, orders, terms.BASE_RATE / 100, terms.CENT, contract)
            market.settled_ms = self.clock.now_ms()
            self.listings.touch(market)

    def _on_definition(self, market: Market) -> None:
        self._markets.defined(market)

    def _on_silence(self, account: str) -> None:
        for order in self.exchange.open_orders(account):
            meta_of(order).cancelled += stake_of(order, order.price, order.remaining)
            self.exchange.cancel(order, "cancelled")

    # --- the stream ---------------------------------------------------------------------------------------------

    def signed_in(self, app_key: str, session: str) -> str:
        return self.sessions.account(app_key, session)

    def markets(self, wanted: MarketFilter) -> Source:
        """A recorded market is served alone."""
        ids = set(wanted.market_ids or ())
        if recorded := ids & self._recordings.keys():
            recording = self._recordings[min(recorded)]
            return Source(recording.journal, lambda: recording.images(ids), lambda change: change["id"] in ids)

        def is_wanted(market: Market) -> bool:
            tests = (
                (ids, market.id),
                (wanted.event_ids, str(market.event_id)),
                (wanted.event_type_ids, str(market.event_type[0])),
                (wanted.market_types, "MATCH_ODDS"),
            )
            return all(not allowed or value in allowed for allowed, value in tests)

        def wants(change: dict[str, Any]) -> bool:
            market = self.listings.markets.get(change["id"])
            return market is not None and is_wanted(market)

        found = [market for market in self.listings.markets.values() if is_wanted(market)]
        if max(len(found), len(ids)) > terms.MARKETS_PER_CONNECTION:
            raise Fault("SUBSCRIPTION_LIMIT_EXCEEDED")
        return Source(self._markets.journal, lambda: [self._markets.image(market) for market in found], wants)

    def orders(self, account: str) -> Source:
        feed = self._feed(account)
        return Source(feed.journal, feed.images, lambda _: True)

    def _feed(self, account: str) -> OrderFeed:
        if account not in self._orders:
            self._orders[account] = OrderFeed(account, self.exchange, self.listings, self.clock)
        return self._orders[account]

    async def _converse(self, socket: LineSocket) -> None:
        if self.exchange.faults.behaviour.down:
            return
        conversation = Conversation(next(self._numbers), self, socket.push, lambda: socket.close(1000))
        self._sockets[socket] = conversation
        idle = asyncio.get_running_loop().call_later(
            terms.IDLE_S, lambda: conversation.time_out() if conversation.is_idle else None
        )
        conversation.start()
        players = []
        try:
            async for line in socket.lines():
                with work.unit():
                    conversation.handle(line)
                    if not conversation.is_idle:
                        players += [spawn(self._play(one, socket), "recording") for one in self._asked_for(line)]
        finally:
            idle.cancel()
            conversation.end()
            await stop(*players)
            del self._sockets[socket]

    def _asked_for(self, line: bytes) -> list[Recording]:
        """Recordings that this line subscribes first."""
        found = [one for number, one in self._recordings.items() if number.encode() in line and not one.is_started]
        for recording in found:
            recording.is_started = True
        return found

    async def _play(self, recording: Recording, socket: LineSocket) -> None:
        """As fast as the client reads."""
        for number, _ in enumerate(recording.play()):
            if number % 50 == 0:
                await socket.has_room()
                await asyncio.sleep(0)
