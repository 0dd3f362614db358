"""The simulated OddsPapi: the world's odds, fixtures and scores as the feed tells them.

REST and socket are served by one application, on as many ports as are asked for. The world's Behaviour (down,
latency, disconnectStream) acts as at every venue; the feed's own faults are set by `patch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.dialects.oddspapi import facts, shapes
from hedgerow.sim.dialects.oddspapi.access import DEMO_KEY, AccessKey, KeyRing
from hedgerow.sim.dialects.oddspapi.codec import control
from hedgerow.sim.dialects.oddspapi.faults import FeedFaults
from hedgerow.sim.dialects.oddspapi.gateway import Gateway
from hedgerow.sim.dialects.oddspapi.memory import Memory
from hedgerow.sim.dialects.oddspapi.rest import Rest
from hedgerow.sim.dialects.oddspapi.session import BAD_LOGIN, TOO_SLOW, Refused
from hedgerow.sim.dialects.oddspapi.subscriber import Subscriber
from hedgerow.sim.dialects.oddspapi.view import View
from hedgerow.sim.faults import Faults
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import (
    BookChanged,
    CurrencyChanged,
    Emptied,
    Fixture,
    FixtureChanged,
    OddsChanged,
    ScoresChanged,
    Settled,
    World,
    WorldEvent,
)

LOGIN_DEADLINE_S = 10.0
RATE_EVERY_S = 5.5
"""The feed tells a currency rate 0.18 times a second, past all filters: what a client of a quiet selection hears."""


class OddsPapi:
    """The feed as a dialect of the world."""

    slug = "oddspapi"

    def __init__(self, world: World, *, odds_omit_inactive: bool = False) -> None:
        """odds_omit_inactive: whether `/fixtures/odds` leaves inactive rows out; the feed's documents do not say."""
        self.faults = Faults()
        self.keys = KeyRing()
        self.keys.register(AccessKey(DEMO_KEY))
        self.login_deadline_s = LOGIN_DEADLINE_S  # of the machine's time, as all socket timeouts
        self._world = world
        self._memory = Memory(world)
        self.view = View(world, self._memory)
        self._rest = Rest(self.view, self.keys, odds_omit_inactive=odds_omit_inactive)
        self.gateway = Gateway(self.view, self.keys, self._rest.known_books)
        self._sockets: dict[Socket, None] = {}
        self._announced: set[tuple[str, str]] = set()
        world.on_event(self._heard)

    def sites(self) -> dict[str, web.Application]:
        return {"rest": self._application(), "ws": self._application()}

    def sockets(self) -> list[Socket]:
        return list(self._sockets)

    @property
    def rate_factor(self) -> int:
        """How many times as many REST calls as the feed allows; changing it fills all buckets."""
        return self._rest.limiter.factor

    @rate_factor.setter
    def rate_factor(self, factor: int) -> None:
        self._rest.limiter.factor = factor

    # --- faults ----------------------------------------------------------------------------------------------

    def feed_faults(self) -> dict[str, Any]:
        """The feed's own switches as they are now: JSON values, rates as Decimals."""
        switches: dict[str, Any] = msgspec.to_builtins(self.view.faults, builtin_types=(Decimal,))
        return switches

    def patch(self, given: dict[str, Any]) -> None:
        """Changes some of the feed's own switches (see FeedFaults); `{}` resets all. What a switch changes in the
        feed's answers is said on the socket at once. Raises ValueError, and changes nothing, for a switch that does
        not exist or a wrong value."""
        before = self.view.faults
        after = FeedFaults.of(given, before)
        self.view.faults = after
        if not given or after.seed != before.seed:
            self.gateway.mangler.reset(after.seed)
        self._publish_overlays(before, after)
        for currency, rate in after.rates.items():
            self._world.put_currency(currency, rate)
        if after.unknownChannel:
            self.gateway.publish_unknown()
        if after.unknownMarket:
            self._publish_unknown_market()
        if after.newEpoch:
            self.gateway.crash()
        if after.reconnect:
            self.gateway.ask_to_reconnect()
        self.view.faults = replace(
            after, rates={}, unknownChannel=False, unknownMarket=False, newEpoch=False, reconnect=False
        )

    def _publish_overlays(self, before: FeedFaults, after: FeedFaults) -> None:
        """Says again what reads differently under the new switches: states of books, rows of markets."""
        lists = (
            (before.staleBooks, after.staleBooks),
            (before.suspendedBooks, after.suspendedBooks),
            (before.rotatedBooks, after.rotatedBooks),
        )
        switched = {slug for old, new in lists for slug in {*old} ^ {*new}}
        self.view.switched_ms.update(dict.fromkeys(sorted(switched), self._world.clock.now_ms()))
        for fixture in self._world.fixtures.values():
            for slug in self._memory.books_of(fixture.fixture_id):
                if slug in switched:
                    self._publish_book(fixture, slug)
        if before.inactiveMarkets != after.inactiveMarkets:
            for fixture, slug, selections in self._memory.switch_off(after.inactiveMarkets):
                self.gateway.publish_odds_soon(fixture, {slug: selections})

    def _publish_unknown_market(self) -> None:
        for fixture in self._world.fixtures.values():
            for slug in list(self._memory.books_of(fixture.fixture_id))[:1]:
                key, row = self.view.unknown_row(fixture, slug)
                payload = {"fixtureId": fixture.fixture_id, "odds": {slug: {key: row}}}
                self.gateway.publish("odds", payload, fixture)

    # --- the world's events ----------------------------------------------------------------------------------

    def _heard(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture, is_new):
                self._fixture_changed(fixture, is_new=is_new)
            case ScoresChanged(fixture):
                self._publish_scores(fixture)
            case OddsChanged(fixture, quotes):
                touched = self._memory.note_odds(fixture, quotes)
                for slug in touched:
                    self._announce(fixture, slug)
                self.gateway.publish_odds_soon(fixture, touched)
            case BookChanged(fixture, slug):
                self._announced.add((fixture.fixture_id, slug))
                self._publish_book(fixture, slug)
            case CurrencyChanged(currency, rate):
                self._memory.note_rate(currency)
                updated_ms = self._memory.rate_updated_ms(currency)
                self.gateway.publish("currencies", {currency: shapes.currency_shape(currency, rate, updated_ms)})
            case Settled():
                pass  # grades are asked for; the fixture's end was told as a change of the fixture
            case Emptied():
                self._memory.clear()
                self._announced.clear()
                self.view.faults = FeedFaults()
                self.view.switched_ms.clear()
                self.gateway.forget()

    def _fixture_changed(self, fixture: Fixture, *, is_new: bool) -> None:
        """The whole fixture; its scores and clock on their own channels too when they changed. A new fixture brings
        its first ones with it."""
        scores, clock_changed = self._memory.note_scores(fixture), self._memory.note_clock(fixture)
        self.gateway.publish("fixtures", self.view.fixture(fixture, facts.DEFAULT_LANGUAGE), fixture)
        fixture_id = fixture.fixture_id
        if scores and not is_new:
            self.gateway.publish("scores", {"fixtureId": fixture_id, "scores": shapes.scores_shape(scores)}, fixture)
        if clock_changed and not is_new:
            self.gateway.publish("clocks", {"fixtureId": fixture_id, "clock": shapes.clock_shape(fixture)}, fixture)

    def _publish_scores(self, fixture: Fixture) -> None:
        """Only what a change of the fixture has not told yet."""
        scores = self._memory.note_scores(fixture)
        if scores:
            payload = {"fixtureId": fixture.fixture_id, "scores": shapes.scores_shape(scores)}
            self.gateway.publish("scores", payload, fixture)

    def _announce(self, fixture: Fixture, slug: str) -> None:
        """A book's first odds on a fixture are preceded by its state, which clients need to trade them."""
        if (fixture.fixture_id, slug) not in self._announced:
            self._announced.add((fixture.fixture_id, slug))
            self._publish_book(fixture, slug)

    def _publish_book(self, fixture: Fixture, slug: str) -> None:
        state = self.view.book_state(fixture, slug)
        payload = {"fixtureId": fixture.fixture_id, "bookmakers": {slug: state}}
        self.gateway.publish("bookmakers", payload, fixture)

    # --- the wire --------------------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        app = application(self._world.clock, self.faults)
        app.router.add_get("/ws", self._converse)
        app.router.add_route("*", "/{tail:.*}", self._rest.handle)
        return app

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        """One client's connection, from the upgrade to its end."""
        socket = Socket(request, slow_code=TOO_SLOW)
        await socket.open()
        self._sockets[socket] = None
        subscriber = talk = None
        try:
            subscriber = await self._log_in(socket)
            if subscriber is not None:
                talk = spawn(self._keep_telling_rates(subscriber), "feed tells rates")
            async for _ in socket.texts():
                pass  # after the login a client has nothing more to say
        finally:
            del self._sockets[socket]
            if subscriber is not None:
                self.gateway.leave(subscriber)
                await stop(subscriber.watch, talk)
            await socket.ended()
        return socket.ws

    async def _keep_telling_rates(self, subscriber: Subscriber) -> None:
        """Tells this client one rate after the other, as they stand."""
        for turn in count():
            await self._world.clock.sleep(RATE_EVERY_S, soft=True)
            rates = sorted(self._world.currencies.items())
            if rates:
                currency, rate = rates[turn % len(rates)]
                updated_ms = self._memory.rate_updated_ms(currency)
                shape = shapes.currency_shape(currency, rate, updated_ms)
                self.gateway.tell(subscriber, "currencies", {currency: shape})

    async def _log_in(self, socket: Socket) -> Subscriber | None:
        """The client's session; None when its connection was refused, or ended before."""
        texts: AsyncIterator[str | bytes] = socket.texts()
        try:
            async with asyncio.timeout(self.login_deadline_s):
                first = await anext(texts, None)
        except TimeoutError:
            socket.close(BAD_LOGIN, b"no login in time")
            return None
        if first is None:
            return None
        with work.unit():
            try:
                return self.gateway.admit(first, socket)
            except Refused as refused:
                socket.push(control(refused.frame))
                socket.close(refused.code, str(refused).encode()[:120])
                return None


def build(world: World) -> OddsPapi:
    """The feed of a world."""
    return OddsPapi(world)
