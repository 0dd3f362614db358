"""The simulated 4casters for the world: its hosts, its accounts, and who is told what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.dialects._4casters import shapes
from hedgerow.sim.dialects._4casters.accounts import Accounts
from hedgerow.sim.dialects._4casters.desk import OFFERED, Desk, FailedOrder, Submission
from hedgerow.sim.dialects._4casters.door import CHANGES, GRADED, READS, Call, Denial, Door, denials
from hedgerow.sim.dialects._4casters.engine import (
    FourcastersExchange,
    commission,
    offer_id,
    stake_of,
)
from hedgerow.sim.dialects._4casters.feeds import Feeds
from hedgerow.sim.dialects._4casters.listings import SPORTS, Game, Listings
from hedgerow.sim.heartbeats import Heartbeats
from hedgerow.sim.order_events import ContractEvent, EventKind, LevelEvent, OrderEvent, TradeEvent
from hedgerow.sim.order_events import Event as EngineEvent
from hedgerow.sim.orders import Order
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.switches import expect_only
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "4casters"

_RESTED = "rested"
"""Of an order's `extra`: it was told as placed."""

_MORE_THAN_S = 5
"""The shortest time of the dead-man's switch is longer; how it is taken off is not said."""

Json = dict[str, Any]


class _Cancel(msgspec.Struct):
    session_id: str = msgspec.field(name="sessionID")


class _CancelByReference(msgspec.Struct):
    game_id: str = msgspec.field(name="gameID")
    user_references: list[str] = msgspec.field(name="userReferences")


class _Beat(msgspec.Struct):
    timeout: int


class Fourcasters:
    """Sites `rest`, and `ws` with both feeds."""

    slug = SLUG

    def __init__(self, world: World) -> None:
        self.exchange = FourcastersExchange(SLUG, world.clock, fee=commission, checks_lots=False)
        world.add_exchange(self.exchange)
        self._clock = world.clock
        self._listings = Listings(world.catalogue, self.exchange)
        self._accounts = Accounts(self.exchange, self._listings, world.clock)
        self._door = Door(world.clock, self._accounts.user)
        self._desk = Desk(self.exchange, self._listings, world.clock)
        self._beats = Heartbeats(SLUG, world.clock, self._desk.cancel_some)
        self._feeds = Feeds()
        self._started: set[str] = set()  # games whose orders went when they turned live
        self._messages = 0
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for account in self.exchange.accounts:
            self._door.register(account, _password(account))
        for fixture in list(world.fixtures.values()):
            self._listings.follow(fixture)

    # --- what the world's server asks for --------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("rest", "ws")}
        for app in sites.values():
            app.middlewares.append(denials)
        sites["rest"].add_routes(self._routes())
        sites["ws"].add_routes([web.get("/v2/user", self._user_feed), web.get("/price-stream", self._price_feed)])
        return sites

    def sockets(self) -> list[Socket]:
        return list(self._feeds.sockets())

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`username` and `password` of a default account. Raises KeyError for another."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {SLUG}")
        return {"username": account, "password": _password(account)}

    def patch(self, switches: dict[str, Any]) -> None:
        """`endTokens` (true: now) is this venue's own switch. Raises ValueError for another."""
        expect_only(switches, "endTokens")
        if switches.get("endTokens"):
            self._door.forget_tokens()

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        def reads(path: str, operation: Callable[[Call], Any], group: str = READS) -> web.RouteDef:
            return web.get(path, self._door.handles(group, operation))

        def changes(path: str, operation: Callable[[Call], Any]) -> web.RouteDef:
            return web.post(path, self._door.handles(CHANGES, operation))

        accounts = self._accounts
        return [
            web.post("/user/login", self._door.login),
            reads("/user/getMe", lambda call: {"user": accounts.user(call.account)}),
            reads("/exchange/getLeagues", self._leagues),
            reads("/exchange/v2/getGames", self._games),
            reads("/exchange/v2/getOrderbook", self._orderbook),
            reads("/user/getUnmatched", lambda call: {"unmatched": accounts.unmatched(call.account)}),
            reads("/user/getMatchedBets", lambda call: {"matchedBets": accounts.matched(call.account)}),
            reads("/user/getBetByUserReference", accounts.by_reference),
            reads("/user/v2/getGraded", accounts.graded, GRADED),
            reads("/user/v2/getGradedSince", accounts.graded_since, GRADED),
            reads("/session/lookupOrder", accounts.lookup),
            changes("/session/v3/place", self._place),
            changes("/session/cancel", self._cancel),
            changes("/session/cancelByReference", self._cancel_by_reference),
            changes("/session/cancelAllOrders", self._cancel_all),
            changes("/user/ordersHeartbeat", self._beat),
        ]

    async def _user_feed(self, request: web.Request) -> web.StreamResponse:
        return await self._feeds.follow_user(request, self._door.account_of(request))

    async def _price_feed(self, request: web.Request) -> web.StreamResponse:
        return await self._feeds.follow_prices(request, self._door.account_of(request))

    # --- games -----------------------------------------------------------------------------------------------

    def _leagues(self, call: Call) -> Json:
        sport = call.request.query.get("sport")
        leagues = [league for name, league in SPORTS.values() if sport in (None, name)]
        return {"availableLeagues": leagues + (["all"] if sport == "soccer" else [])}

    def _games(self, call: Call) -> Json:
        league, sport = call.text("league").upper(), call.request.query.get("sport")
        games = [g for g in self._active() if league in (g.league, "UPCOMING") and sport in (None, g.sport)]
        return {"games": [shapes.game_view(game) for game in games]}

    def _orderbook(self, call: Call) -> Json:
        game_id = call.request.query.get("gameID")
        if game_id is not None:
            games = [game for game in self._listings.games.values() if game.id == game_id]
        else:
            league = call.text("league").upper()
            games = [game for game in self._active() if game.league == league]
        return {"games": [self._book_of(game, call.account) for game in games]}

    def _active(self) -> list[Game]:
        return [game for game in self._listings.games.values() if not game.has_ended]

    def _book_of(self, game: Game, account: str) -> Json:
        books = {contract.ref: self.exchange.book(contract) for contract in game.contracts.values()}
        return shapes.books_view(game, books, account)

    # --- changes ---------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> Json:
        """Its answer may get lost, once the orders are taken."""
        wanted = call.read(Submission).orders
        sessions: list[Json] = []
        for order in wanted:
            try:
                sessions.append(self._session(self._desk.place(call.account, order)))
            except FailedOrder as failure:
                sessions.append({"error": failure.message, "errorType": failure.kind})
        if self.exchange.faults.loses_answer():
            lose_answer(call.request)
        return {"createdSessions": sessions}

    def _session(self, order: Order) -> Json:
        game = self._listings.of(order.contract)
        matched = [shapes.matched_fill(game, order, match, self._accounts.hits[match.id]) for match in order.fills]
        return {"matched": matched, "unmatched": shapes.unmatched_offer(game, order)}

    def _cancel(self, call: Call) -> Json:
        return self._cancelled(self._desk.cancel(call.account, call.read(_Cancel).session_id))

    def _cancel_by_reference(self, call: Call) -> list[Json]:
        asked = call.read(_CancelByReference)
        game = self._listings.games.get(asked.game_id)
        if game is None:
            raise Denial(400, "gameID is invalid")
        return [self._cancelled(o) for o in self._desk.cancel_some(call.account, game, asked.user_references)]

    def _cancel_all(self, call: Call) -> list[Json]:
        return [self._cancelled(order) for order in self._desk.cancel_some(call.account)]

    def _cancelled(self, order: Order) -> Json:
        return shapes.cancelled_view(self._listings.of(order.contract), order)

    def _beat(self, call: Call) -> Json:
        timeout_s = call.read(_Beat).timeout
        if timeout_s <= _MORE_THAN_S:
            raise Denial(400, f"timeout must be greater than {_MORE_THAN_S}")
        self._beats.beat(call.account, timeout_s)
        return {"timeoutSec": timeout_s}

    # --- what happens ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                game = self._listings.follow(fixture)
                if game is not None and fixture.live and game.id not in self._started:
                    self._started.add(game.id)
                    self._desk.clear_game(game)
            case Emptied():
                for part in (self._listings, self._beats, self._accounts, self._started):
                    part.clear()

    def _on_exchange(self, event: EngineEvent) -> None:
        match event:
            case TradeEvent(id=trade_id, taker=taker, maker=maker):
                self._accounts.hits[trade_id] = offer_id(maker)
                self._tell_fill(maker)
                self._tell_fill(taker)
            case LevelEvent(contract, is_bid, cause=order, difference=difference):
                game = self._listings.of(contract)
                book = self.exchange.book(contract)
                self._feeds.publish("orderUpdate", game, shapes.side_view(game, contract, book, is_bid=is_bid))
                if difference > 0:
                    self._tell_placed(order)
            case OrderEvent(EventKind.CANCELLED, order) if _RESTED in order.extra:
                self._tell(order, {"unmatched": self._block(order, shapes.made(order), 0, 0), "matched": None})
            case OrderEvent(EventKind.SETTLED, order):
                order.extra[shapes.SETTLED_MS] = self._clock.now_ms()
                self._accounts.journal.add(order, self._clock.now_ms())
            case ContractEvent(contract):
                game = self._listings.of(contract)
                kind = "marketOpen" if contract.is_open else "marketClosed"
                self._feeds.publish("gameUpdate", game, {**self._book_of(game, ""), "messageType": kind})

    def _tell_placed(self, order: Order) -> None:
        """It rests from now on: all that is left of it."""
        if order.account not in self.exchange.accounts:
            return
        offered = shapes.resting(order)
        order.extra |= {OFFERED: offered, _RESTED: True}
        self._tell(order, {"unmatched": self._block(order, 0, offered, offered), "matched": None})

    def _tell_fill(self, order: Order) -> None:
        """The last fill of the order; said twice while the scripted fault says so."""
        if order.account not in self.exchange.accounts:
            return
        match, game = order.fills[-1], self._listings.of(order.contract)
        unmatched = None
        if match.is_maker:
            offered = order.extra[OFFERED]
            unmatched = self._block(order, stake_of(order, match), offered, offered - shapes.made(order))
        block = shapes.matched_block(game, order, match, self._accounts.hits[match.id])
        for _ in range(2 if self.exchange.faults.behaviour.duplicateFills else 1):
            self._tell(order, {"unmatched": unmatched, "matched": block})

    def _block(self, order: Order, filled: int, offered: int, remaining: int) -> Json:
        return shapes.unmatched_block(self._listings.of(order.contract), order, filled, offered, remaining)

    def _tell(self, order: Order, parts: Json) -> None:
        if order.account in self.exchange.accounts:
            self._messages += 1
            origin = "wager" if parts["unmatched"] is None else "offer"
            game = self._listings.of(order.contract)
            envelope = shapes.envelope(game, self._clock.now_ms(), self._messages)
            self._feeds.tell(order.account, {**parts, "origin": origin, **envelope})


def _password(account: str) -> str:
    """A fixed throw-away password."""
    return f"throwaway-{account}"
