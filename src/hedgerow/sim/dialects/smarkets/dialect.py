"""The simulated Smarkets for the world: its site, its accounts, its switches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from hedgerow.core.money import decimal_of
from hedgerow.sim import commission
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.smarkets import queries, shapes, terms
from hedgerow.sim.dialects.smarkets.desk import Desk, NewOrder, unconfirmed_of
from hedgerow.sim.dialects.smarkets.engine import SmarketsExchange
from hedgerow.sim.dialects.smarkets.journal import CONFIRM, EXECUTE, MARKET_SETTLE, MARKET_UNSETTLE, VOID, Journal
from hedgerow.sim.dialects.smarkets.listings import Listings, Market
from hedgerow.sim.dialects.smarkets.shapes import InPounds
from hedgerow.sim.dialects.smarkets.wire import Call, Denial, Door, denials
from hedgerow.sim.order_events import ContractEvent, EventKind, OrderEvent
from hedgerow.sim.order_events import Event as EngineEvent
from hedgerow.sim.orders import Match, State
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.switches import expect_only, seconds_of
from hedgerow.sim.world import CANCELLED, FINISHED, Emptied, FixtureChanged, World, WorldEvent

SLUG = "smarkets"

_CENT = 10_000
_VOIDED = "execution_voided"
_RATE = Decimal("0.000001")

Json = dict[str, Any]


class Smarkets:
    """Site `rest`: the whole API on one host, as there."""

    slug = SLUG

    def __init__(self, world: World, given: terms.Terms | None = None) -> None:
        self.terms = given or terms.Terms()
        self.exchange = SmarketsExchange(SLUG, world.clock)
        world.add_exchange(self.exchange)
        self._world, self._clock = world, world.clock
        self.door = Door(self.terms, world.clock)
        self._journal = Journal(self.exchange, world.clock)
        self._listings = Listings(world.catalogue, self.exchange, world.clock)
        self._desk = Desk(self.exchange, self._listings, self._journal, self.terms)
        self._charged: dict[str, dict[str, int]] = {}  # commission by market and account
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for account in self.exchange.accounts:
            self.door.register(_username(account), account, _password(account))
        for fixture in list(world.fixtures.values()):
            self._listings.follow(fixture)

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.exchange.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """Smarkets' public API has no streams."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`username` and `password` of a default account. Raises KeyError for another."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {SLUG}")
        return {"username": _username(account), "password": _password(account)}

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone. Raises ValueError for a wrong one.

        `betDelaySeconds` (≥ 0); `endSessions` and `fillBudgets` (true: now).
        """
        expect_only(switches, "betDelaySeconds", "endSessions", "fillBudgets")
        self.terms.bet_delay_s = seconds_of(switches, "betDelaySeconds", self.terms.bet_delay_s)
        if switches.get("endSessions"):
            self.door.forget_sessions()
        if switches.get("fillBudgets"):
            self.door.forget_pace()

    # --- what happens ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                listed = self._listings.follow(fixture)
                if listed is not None and fixture.status_id in (FINISHED, CANCELLED):
                    self._desk.halt(listed)
                elif listed is not None and fixture.live:
                    self._desk.turn_live(listed)
            case Emptied():
                self._listings.clear()
                self._desk.clear()
                self._journal.clear()
                self._charged.clear()

    def _on_exchange(self, event: EngineEvent) -> None:
        match event:
            case OrderEvent(order=order) if order.account in self.exchange.accounts:
                self._on_order(event)
            case ContractEvent(contract=contract):
                market = self._listings.note_result(contract)
                if market is not None and market.is_decided:
                    self._settle(market, event)

    def _on_order(self, event: OrderEvent) -> None:
        order, (market, _) = event.order, self._listings.of(event.order.contract)
        match event.kind:
            case EventKind.PLACED:
                self._journal.created(order, market.id)
                self._journal.accepted(order, market.id)
            case EventKind.FILLED if event.match is not None:
                self._executed(event, event.match, market)
            case EventKind.REVERSED if event.match is not None:
                self._journal.executed(order, market.id, VOID, event.match.price, event.match.size)
                if order.state is State.CANCELLED:
                    self._journal.ended(order, market.id, _VOIDED)
            case EventKind.CANCELLED:
                self._journal.ended(order, market.id, order.reason or None)
            case EventKind.SETTLED:
                self._journal.settled(order, market.id)

    def _executed(self, event: OrderEvent, match: Match, market: Market) -> None:
        """In play a match is confirmed some seconds later, or taken back."""
        order, fails = event.order, self.exchange.faults.fails_trade()
        self._journal.executed(order, market.id, EXECUTE, match.price, match.size)
        waits = fails or market.event.fixture.live
        unconfirmed = unconfirmed_of(order)
        if waits:
            unconfirmed.add(match.id)

        def decide() -> None:
            unconfirmed.discard(match.id)
            is_there = any(one is match for one in order.fills) and order.state is not State.SETTLED
            if is_there and not (fails and self.exchange.reverse(match.id)):
                self._journal.executed(order, market.id, CONFIRM, match.price, match.size)

        self._clock.later(self.terms.pending_s if waits else 0, decide, f"{SLUG} confirms {match.id}")

    def _settle(self, market: Market, event: ContractEvent) -> None:
        contracts = [runner.contract for runner in market.runners]
        orders = [order for order in self.exchange.orders.values() if order.contract in contracts]
        for account, before in self._charged.pop(market.id, {}).items():
            self._journal.market(account, market.id, MARKET_UNSETTLE, -decimal_of(before))
        rate = self.terms.commission
        charged = commission.charge(self.exchange, orders, rate, _CENT, event.contract)
        self._charged[market.id] = charged
        for account, whole in charged.items():
            self._journal.market(account, market.id, MARKET_SETTLE, decimal_of(whole))

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        handles = self.door.handles
        return [
            web.post("/v3/sessions/", self.door.login),
            web.delete("/v3/sessions/", self.door.logout),
            web.post("/v3/sessions/verify/", self.door.verify),
            web.get("/v3/events/", handles(terms.CATALOGUE, self._events, is_public=True)),
            web.get("/v3/events/{events}/markets/", handles(terms.CATALOGUE, self._markets, is_public=True)),
            web.get("/v3/markets/{markets}/contracts/", handles(terms.CATALOGUE, self._contracts, is_public=True)),
            web.get("/v3/markets/{markets}/quotes/", handles(terms.QUOTES, self._quotes, is_public=True)),
            web.get("/v3/currencies/{code}/", handles(terms.CATALOGUE, self._currency, is_public=True)),
            web.get("/v3/accounts/", handles(terms.READING, self._account)),
            web.get("/v3/accounts/activity/", handles(terms.READING, self._activity)),
            web.get("/v3/orders/", handles(terms.READING, self._orders)),
            web.post("/v3/orders/", handles(terms.PLACING, self._place)),
            web.delete("/v3/orders/", handles(terms.CANCEL_ALL, self._cancel_all)),
            web.delete("/v3/orders/{order}/", handles(terms.CANCELLING, self._cancel)),
        ]

    # --- the catalogue ---------------------------------------------------------------------------------------

    def _events(self, call: Call) -> Json:
        found = queries.events(call, self._listings.events.values())
        return call.page("events", found, shapes.event, queries.last_event, queries.MOST_EVENTS)

    def _markets(self, call: Call) -> Json:
        events = [self._listings.events.get(one) for one in call.ids("events", 50)]
        kinds = [kind for kind in call.text("market_types").split(",") if kind]
        found = [event.market for event in events if event is not None and (not kinds or event.market.kind in kinds)]
        rate = self.terms.commission
        return {"markets": [shapes.market(market, self.terms.bet_delay_s, rate) for market in found]}

    def _contracts(self, call: Call) -> Json:
        markets = self._known(call, 100)
        return {"contracts": [shapes.contract(market, runner) for market in markets for runner in market.runners]}

    def _quotes(self, call: Call) -> Json:
        in_pounds = self._in_pounds()
        return {
            runner.id: shapes.quotes(self.exchange.book(runner.contract), in_pounds)
            for market in self._known(call, 200)
            for runner in market.runners
        }

    def _known(self, call: Call, most: int) -> list[Market]:
        markets = (self._listings.markets.get(one) for one in call.ids("markets", most))
        return [market for market in markets if market is not None]

    def _currency(self, call: Call) -> Json:
        """Units for a pound, as the documented example of the euro has it."""
        code = call.request.match_info["code"]
        per_usd = self._world.currencies.get(code)
        if per_usd is None:
            raise Denial(400, "REQUEST_VALIDATION_ERROR", f"code: {code}")
        rate = (per_usd / self._world.currencies["GBP"]).quantize(_RATE)
        return {"code": code, "name": code, "rate_to_gbp": str(rate)}

    def _in_pounds(self) -> InPounds:
        return InPounds(self._world.currencies["GBP"])

    # --- the account -----------------------------------------------------------------------------------------

    def _money(self, account: str) -> tuple[int, int]:
        """(free, at risk in orders and matches) in micros."""
        unsettled = [order for order in self.exchange.traded_orders(account) if order.state is not State.SETTLED]
        matched = sum(order.at_risk(match.price, match.size) for order in unsettled for match in order.fills)
        return self.exchange.free_cash(account), matched + self.exchange.held_cash(account)

    def _account(self, call: Call) -> Json:
        free, at_risk = self._money(call.account)
        number = stable_number("smarkets account", call.account, below=10**8)
        return shapes.account(free, at_risk, self.terms.commission, number)

    def _activity(self, call: Call) -> Json:
        rows, in_pounds = queries.rows(call, self._journal.rows(call.account)), self._in_pounds()
        page = call.page(
            "account_activity", rows, lambda row: shapes.row(row, in_pounds), queries.last_row, queries.MOST_ROWS
        )
        if self.exchange.faults.behaviour.duplicateFills:
            told = page["account_activity"]
            page["account_activity"] = [row for row in told for _ in range(1 + (row["source"] == EXECUTE))]
        return page

    # --- orders ----------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> Json:
        """Its answer may get lost, once the order is taken."""
        placed = self._desk.place(call.account, call.read(NewOrder))
        if self.exchange.faults.loses_answer():
            lose_answer(call.request)
        return shapes.taken(placed, *self._money(call.account))

    def _orders(self, call: Call) -> Json:
        listed, in_pounds = self._desk.listed(call.account, call.texts("id")), self._in_pounds()
        found = queries.orders(call, listed, self._journal)
        return call.page(
            "orders",
            found,
            lambda one: shapes.order(one, self._journal, in_pounds),
            queries.last_order,
            queries.MOST_ORDERS,
        )

    def _cancel(self, call: Call) -> Json:
        self._desk.cancel(call.account, call.ids("order", 1)[0])
        return {}

    def _cancel_all(self, call: Call) -> Json:
        self._desk.cancel_all(call.account, call.text("market_id"))
        return {}


def _username(account: str) -> str:
    return f"{account}@example.com"


def _password(account: str) -> str:
    """A fixed throw-away password."""
    return f"throwaway-{account}"
