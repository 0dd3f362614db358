"""The simulated ProphetX for the world: its site, its accounts, its switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.core.money import decimal_of
from hedgerow.sim import commission
from hedgerow.sim.dialects.prophetx import shapes
from hedgerow.sim.dialects.prophetx.desk import Desk, NewOrder, Ticket
from hedgerow.sim.dialects.prophetx.listings import MONEYLINE, Event, Listings
from hedgerow.sim.dialects.prophetx.sockets import KEY, Registration, Sockets
from hedgerow.sim.dialects.prophetx.terms import CENT, Terms, grid
from hedgerow.sim.dialects.prophetx.wire import Call, Denial, Door, denials, keys_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import ContractEvent, EventKind, OrderEvent, TradeEvent
from hedgerow.sim.order_events import Event as EngineEvent
from hedgerow.sim.orders import State
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.switches import expect_only, seconds_of
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "prophetx"

_BASE = "/partner"
_MM, _V4 = f"{_BASE}/mm", f"{_BASE}/v4/mm"
_MOST_EVENTS, _MOST_STRIKES, _MOST_IDS, _LONGEST_PAGE = 50, 20, 100, 100
_WEEK_S, _TWO_DAYS_S = 7 * 86_400, 2 * 86_400

Json = dict[str, Any]


class _Cancel(msgspec.Struct):
    order_id: str
    external_id: str


class ProphetX:
    """Site `rest`: the partner API, and on the same host the socket."""

    slug = SLUG

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.exchange = Exchange(SLUG, world.clock)
        world.add_exchange(self.exchange)
        self._clock = world.clock
        self._door = Door(self.terms, world.clock)
        self._listings = Listings(world.catalogue, self.exchange)
        self._desk = Desk(self.exchange, self._listings, world.clock, self.terms)
        self._sockets = Sockets(world.clock, self.terms)
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for account in self.exchange.accounts:
            self._door.register(account)
        for fixture in list(world.fixtures.values()):
            self._listings.follow(fixture)

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.exchange.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        return self._sockets.sockets()

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`access_key` and `secret_key` of a default account. Raises KeyError for another."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {SLUG}")
        return keys_of(account)

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone. Raises ValueError for a wrong one.

        `liveDelaySeconds` (≥ 0, 5 unless set); `endTokens` and `fillBudgets` (true: now).
        """
        expect_only(switches, "liveDelaySeconds", "endTokens", "fillBudgets")
        self.terms.live_delay_s = seconds_of(switches, "liveDelaySeconds", self.terms.live_delay_s, Terms.live_delay_s)
        if switches.get("endTokens"):
            self._door.forget_tokens()
        if switches.get("fillBudgets"):
            self._door.forget_pace()

    # --- what happens ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture, is_new):
                listed = self._listings.follow(fixture)
                if listed is not None:
                    if fixture.live:
                        self._desk.wipe(listed)
                    self._tell_event(listed, "c" if is_new else "u")
            case Emptied():
                self._listings.clear()
                self._desk.clear()

    def _on_exchange(self, event: EngineEvent) -> None:
        match event:
            case OrderEvent(kind, order, match):
                ticket = self._desk.note(order)
                if ticket is not None and kind is not EventKind.CHANGED:
                    filled = match if kind is EventKind.FILLED else None
                    info = shapes.order_update(ticket, filled, decimal_of(ticket.filled), self._sockets.next_sequence())
                    is_doubled = filled is not None and self.exchange.faults.behaviour.duplicateFills
                    self._sockets.order(order.account, info, times=2 if is_doubled else 1)
            case TradeEvent(contract, _, price, _, taker):
                listed = self._listings.of_contract(contract)
                if listed is not None:
                    stake = decimal_of(grid().at_risk(price, event.size, buys=taker.is_bid))
                    sequence = self._sockets.next_sequence()
                    info = shapes.matched_order(listed, price, stake, buys=taker.is_bid, sequence=sequence)
                    self._sockets.public(listed.fixture.tournament_id, "matched_order", "u", {"info": info})
            case ContractEvent(contract):
                if contract.result is not None:
                    orders = [order for order in self.exchange.orders.values() if order.contract is contract]
                    commission.charge(self.exchange, orders, self.terms.rate, CENT, contract)
                listed = self._listings.of_contract(contract)
                if listed is not None:
                    self._tell_market(listed)

    def _tell_event(self, event: Event, op: str) -> None:
        info = shapes.sport_event(event) | {"sequence_number": self._sockets.next_sequence()}
        tournament_id = event.fixture.tournament_id
        payload = {"id": str(event.id), "tournament_id": str(tournament_id), "info": info}
        self._sockets.public(tournament_id, "sport_event", op, payload)

    def _tell_market(self, event: Event) -> None:
        info = {
            "id": MONEYLINE,
            "sport_event_id": event.id,
            "name": "Moneyline",
            "status": event.market_status,
            "description": "",
            "sequence_number": self._sockets.next_sequence(),
        }
        self._sockets.public(event.fixture.tournament_id, "market", "u", {"id": str(event.id), "info": info})

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        handles: Callable[..., Any] = self._door.handles
        return [
            web.post(f"{_BASE}/auth/login", self._door.login),
            web.post(f"{_BASE}/auth/refresh", self._door.refresh),
            web.get(f"{_MM}/get_tournaments", handles(self._tournaments)),
            web.get(f"{_MM}/get_sport_events", handles(self._events)),
            web.get(f"{_V4}/get_markets", handles(self._markets)),
            web.get(f"{_V4}/get_multiple_markets", handles(self._multiple_markets)),
            web.get(f"{_V4}/get_strikes", handles(self._strikes)),
            web.get(f"{_V4}/get_price_ladder", handles(lambda call: {"data": sorted(grid().american)})),
            web.get(f"{_V4}/get_balance", handles(self._balance)),
            web.post(f"{_V4}/submit_order", handles(self._submit)),
            web.post(f"{_V4}/cancel_order", handles(self._cancel)),
            web.post(f"{_V4}/cancel_all_orders", handles(self._cancel_all)),
            web.get(f"{_V4}/get_order/{{order}}", handles(self._order)),
            web.get(f"{_V4}/get_order_history", handles(self._history)),
            web.get(f"{_V4}/get_order_matched_detail", handles(self._matched_detail)),
            web.get(f"{_BASE}/websocket/connection-config", handles(_connection)),
            web.post(
                f"{_V4}/websocket", handles(lambda call: self._sockets.register(call.account, call.read(Registration)))
            ),
            web.get("/app/{key}", self._sockets.serve),
        ]

    # --- discovery -------------------------------------------------------------------------------------------

    def _tournaments(self, call: Call) -> Json:
        has_events = [event for event in self._listings.events.values() if not event.is_over]
        is_asked_for_active = call.text("has_active_events") == "true"
        events = has_events if is_asked_for_active else list(self._listings.events.values())
        found = {event.fixture.tournament_id: shapes.tournament(event) for event in events}
        return {"data": {"tournaments": list(found.values())}}

    def _events(self, call: Call) -> Json:
        tournament_id, ids = call.number("tournament_id"), call.texts("event_ids")
        found = [
            shapes.sport_event(event)
            for event in self._listings.events.values()
            if tournament_id in (None, event.fixture.tournament_id) and (not ids or str(event.id) in ids)
        ]
        return {"data": {"sport_events": found}}

    def _markets(self, call: Call) -> Json:
        event_id = call.number("event_id")
        event = self._listings.events.get(event_id or 0)
        if event is None:
            raise Denial(404, "sport_event_not_found", "Sport event not found")
        return {"data": {"event_id": event_id, "markets": self._listed(event)}}

    def _multiple_markets(self, call: Call) -> Json:
        ids = call.texts("event_ids")
        if not 0 < len(ids) <= _MOST_EVENTS:
            raise Denial(400, "market_event_limit_exceeded", "Event limit exceeded")
        found = {name: self._listings.events.get(int(name) if name.isdecimal() else 0) for name in ids}
        return {"data": {name: None if event is None else self._listed(event) for name, event in found.items()}}

    def _listed(self, event: Event) -> list[Json]:
        """A market that is over is not there."""
        if event.is_over:
            return []
        return [shapes.market(event, self.exchange.book(event.contract), self._clock.now_ns())]

    def _strikes(self, call: Call) -> Json:
        ids = call.texts("strike_ids")
        if not 0 < len(ids) <= _MOST_STRIKES:
            raise Denial(400, "invalid_strike_id", "Invalid strike id")
        found = [(name, self._listings.strike(name)) for name in ids]
        return {"data": [shapes.strike(place[0], name) for name, place in found if place is not None]}

    # --- the account -----------------------------------------------------------------------------------------

    def _balance(self, call: Call) -> Json:
        """What rests has left the balance already."""
        traded = self.exchange.traded_orders(call.account)
        matched = sum(o.at_risk(m.price, m.size) for o in traded if o.state is not State.SETTLED for m in o.fills)
        return {
            "data": {
                "balance": decimal_of(self.exchange.free_cash(call.account)),
                "gec_balance": 0,
                "matched_order_balance": decimal_of(matched),
                "unmatched_order_balance": decimal_of(self.exchange.held_cash(call.account)),
                "unmatched_order_balance_status": "succeed",
                "unmatched_order_last_synced_at": None,
            }
        }

    def _submit(self, call: Call) -> Json:
        """Its answer may get lost, once the order is taken."""
        ticket = self._desk.place(call.account, call.read(NewOrder))
        if self.exchange.faults.loses_answer():
            lose_answer(call.request)
        return {"data": {"success": True, "order": shapes.order(ticket)}}

    def _cancel(self, call: Call) -> Json:
        wanted = call.read(_Cancel)
        ticket = self._desk.cancel(call.account, wanted.order_id, wanted.external_id)
        return {"data": {"success": True, "order": shapes.order(ticket)}}

    def _cancel_all(self, call: Call) -> Json:
        self._desk.cancel_all(call.account)
        return {"data": {"success": True}}

    def _order(self, call: Call) -> Json:
        ticket = self._desk.ticket(call.account, call.request.match_info["order"])
        return {"data": shapes.history_row(ticket), "last_synced_at": self._now_s}

    def _history(self, call: Call) -> Json:
        created = _range(call, "from", "to", self._now_s, _WEEK_S, "invalid_from_to_range")
        changed = _range(call, "updated_at_from", "updated_at_to", self._now_s, _TWO_DAYS_S, "invalid_updated_at_range")
        if created is None and changed is None:
            raise Denial(400, "missing_date_range", "missing date range param")
        found = [
            ticket
            for ticket in self._desk.tickets(call.account)
            if (created is None or ticket.created_ms // 1000 in created)
            and (changed is None or ticket.changed_ms // 1000 in changed)
            and _is_asked_for(call, ticket)
        ]
        return self._page(call, "orders", [shapes.history_row(ticket) for ticket in found])

    def _matched_detail(self, call: Call) -> Json:
        ids = [*call.texts("order_ids"), *call.texts("order_id")]
        if not 0 < len(ids) <= _MOST_IDS:
            raise Denial(400, "invalid_order_id", "Invalid order id")
        rows = [
            shapes.matching_detail(ticket, match)
            for ticket in self._desk.named(call.account, ids)
            if ticket.order is not None
            for match in ticket.order.fills
        ]
        return self._page(call, "matching_details", rows)

    def _page(self, call: Call, name: str, rows: list[Json]) -> Json:
        limit, cursor = call.number("limit") or _LONGEST_PAGE, call.text("next_cursor") or "0"
        if limit > _LONGEST_PAGE or not cursor.isdecimal():
            raise Denial(400, "invalid_cursor", "Invalid cursor")
        end = int(cursor) + limit
        page = {name: rows[int(cursor) : end], "next_cursor": str(end) if end < len(rows) else ""}
        return {"data": page, "last_synced_at": self._now_s}

    @property
    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


def _connection(call: Call) -> Json:
    return {"app_id": "1", "key": KEY, "cluster": "none", "ws_host": call.request.host, "service": "pusher"}


def _range(call: Call, first: str, last: str, now_s: int, longest_s: int, code: str) -> range | None:
    """The seconds of a pair of bounds, either of which may be missing. Raises Denial for too many."""
    start, end = call.number(first), call.number(last)
    if start is None and end is None:
        return None
    end = now_s if end is None else end
    start = end - longest_s if start is None else start
    if start > end:
        raise Denial(400, "from_date_greater_than_to_date", "from date must be lower than to date")
    if end - start > longest_s:
        raise Denial(400, code, f"'{first}' is too far from '{last}'")
    return range(start, end + 1)


def _is_asked_for(call: Call, ticket: Ticket) -> bool:
    own = {
        "status": ticket.status,
        "matching_status": ticket.matching_status,
        "event_id": str(ticket.event.id),
        "market_id": str(MONEYLINE),
    }
    return all(call.text(name) in ("", value) for name, value in own.items())
