"""The simulated Kalshi for the world: its sites, its keys, its switches."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.dialects.kalshi.errors import Denial
from hedgerow.sim.dialects.kalshi.keys import (
    PrivateKey,
    demo_ed25519_key,
    demo_key_id,
    new_rsa_key,
    private_pem,
    public_pem,
)
from hedgerow.sim.dialects.kalshi.rest_markets import MarketRoutes
from hedgerow.sim.dialects.kalshi.rest_orders import OrderRoutes
from hedgerow.sim.dialects.kalshi.rest_portfolio import PortfolioRoutes
from hedgerow.sim.dialects.kalshi.session import TERMINAL_ERRORS, Session
from hedgerow.sim.dialects.kalshi.terms import Terms
from hedgerow.sim.dialects.kalshi.venue import SLUG, Venue
from hedgerow.sim.dialects.kalshi.wire import Door, denials
from hedgerow.sim.site import Socket, application, json_answer
from hedgerow.sim.switches import expect_only
from hedgerow.sim.world import World

STREAM_PATH = "/trade-api/ws/v2"

_HEARTBEAT = b"heartbeat"


class Kalshi:
    """Sites `rest` (`/trade-api/v2/...`) and `ws` (`/trade-api/ws/v2`)."""

    slug = SLUG

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        self.venue = Venue(world, terms or Terms())
        self._door = Door(self.venue)
        self._sockets: list[Socket] = []
        self._rsa: dict[str, dict[str, str]] = {}
        for account in self.venue.exchange.accounts:
            self._register(account, "ed25519", demo_ed25519_key(account))

    def sites(self) -> dict[str, web.Application]:
        clock, faults = self.venue.clock, self.venue.exchange.faults
        rest, stream = application(clock, faults), application(clock, faults)
        for app in (rest, stream):
            app.middlewares.append(denials)
        for routes in (OrderRoutes, PortfolioRoutes, MarketRoutes):
            rest.add_routes(routes(self.venue, self._door).routes())
        stream.add_routes([web.get(STREAM_PATH, self._converse)])
        return {"rest": rest, "ws": stream}

    def sockets(self) -> list[Socket]:
        return list(self._sockets)

    # --- keys ------------------------------------------------------------------------------------------------

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`key_id` and `private_key` (PEM, Ed25519) of a default account, the same in every world."""
        self._known(account)
        return {
            "key_id": demo_key_id(account, "ed25519"),
            "private_key": private_pem(demo_ed25519_key(account)),
        }

    def rsa_credentials(self, account: str) -> dict[str, str]:
        """The same with an RSA key, made on first use."""
        self._known(account)
        if account not in self._rsa:
            self._rsa[account] = self._register(account, "rsa", new_rsa_key())
        return self._rsa[account]

    def _register(self, account: str, kind: str, key: PrivateKey) -> dict[str, str]:
        key_id = demo_key_id(account, kind)
        self.venue.keyring.register(account, key_id, public_pem(key))
        return {"key_id": key_id, "private_key": private_pem(key)}

    def _known(self, account: str) -> None:
        if account not in self.venue.exchange.accounts:
            raise KeyError(f"no account {account} at {self.slug}")

    # --- switches --------------------------------------------------------------------------------------------

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone; `{}` resets them. Raises ValueError for a wrong one.

        `usageTier`; `tradingActive` and `exchangeActive` (pauses); `endSubscriptions` (10, 17 or 25: every
        subscription ends with that error); `loseFrame` (true: each subscription skips a number).
        """
        desk, limits = self.venue.desk, self.venue.limits
        expect_only(switches, "usageTier", "tradingActive", "exchangeActive", "endSubscriptions", "loseFrame")
        code = switches.get("endSubscriptions")
        if code is not None and code not in TERMINAL_ERRORS:
            raise ValueError(f"endSubscriptions must be one of {TERMINAL_ERRORS}")
        tier = switches.get("usageTier", limits.tier if switches else self.venue.terms.tier)
        if tier != limits.tier:
            limits.set_tier(tier)
        desk.pause(
            trading_active=bool(switches.get("tradingActive", not switches or desk.trading_active)),
            exchange_active=bool(switches.get("exchangeActive", not switches or desk.exchange_active)),
        )
        for session in self.venue.sessions:
            if code is not None:
                session.end_subscriptions(code)
            if switches.get("loseFrame"):
                session.lose_frame()

    # --- the stream ------------------------------------------------------------------------------------------

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        try:
            account = self._door.account_of(request)
        except Denial as problem:
            return json_answer(problem.body, problem.status)
        socket = Socket(request)
        session = Session(account, self.venue, socket.push)
        await socket.open()
        self._sockets.append(socket)
        self.venue.sessions.append(session)
        pinger = spawn(self._ping(socket), "kalshi heartbeat")
        try:
            async for text in socket.texts():
                with work.unit():
                    session.handle(text)
        finally:
            self.venue.sessions.remove(session)
            self._sockets.remove(socket)
            await stop(pinger)
            await socket.ended()
        return socket.ws

    async def _ping(self, socket: Socket) -> None:
        while True:
            await asyncio.sleep(self.venue.terms.ping_interval_s)
            try:
                await socket.ws.ping(_HEARTBEAT)
            except ConnectionError:
                return
