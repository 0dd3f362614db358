"""The simulated Matchbook for the world: its site, its accounts, its switches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.dialects.matchbook import shapes
from hedgerow.sim.dialects.matchbook.desk import EXPIRY, SIDES, USER, Desk, FailedOffer, Offer, Submission
from hedgerow.sim.dialects.matchbook.engine import MatchbookExchange
from hedgerow.sim.dialects.matchbook.heartbeat import Heartbeats
from hedgerow.sim.dialects.matchbook.listings import SPORTS, Event, Listings
from hedgerow.sim.dialects.matchbook.reports import Reports
from hedgerow.sim.dialects.matchbook.terms import ACCOUNT, EVENTS, READING, REPORTS, WRITING, Terms
from hedgerow.sim.dialects.matchbook.wire import Call, Denial, Door, denials
from hedgerow.sim.order_events import ContractEvent, OrderEvent
from hedgerow.sim.order_events import Event as EngineEvent
from hedgerow.sim.site import Socket, application, json_answer, lose_answer
from hedgerow.sim.switches import expect_only, seconds_of
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "matchbook"

_SESSION = "/bpapi/rest/security/session"
_EDGE = "/edge/rest"
_OFFERS = f"{_EDGE}/v2/offers"
_HEARTBEAT = f"{_EDGE}/v1/heartbeat"

_DEPTH, _LEAST_SHOWN = 3, Decimal(10)

Json = dict[str, Any]


class _Beat(msgspec.Struct):
    timeout: int


class Matchbook:
    """Site `rest`: the session, the edge API and the reports on one host, as there."""

    slug = SLUG

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.exchange = MatchbookExchange(SLUG, world.clock, fee=self.terms.fee)
        world.add_exchange(self.exchange)
        self._clock = world.clock
        self._door = Door(self.terms, world.clock)
        self._listings = Listings(world.catalogue, self.exchange, world.clock)
        self._desk = Desk(self.exchange, self._listings, world.clock, self.terms)
        self._reports = Reports(self.exchange, self._desk, self.terms)
        self._beats = Heartbeats(world.clock, self.terms, self._expire)
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for account in self.exchange.accounts:
            self._door.register(account, _password(account))
        for fixture in list(world.fixtures.values()):
            self._listings.follow(fixture)

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.exchange.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """Matchbook has no streams."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`username` and `password` of a default account. Raises KeyError for another."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {SLUG}")
        return {"username": account, "password": _password(account)}

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone. Raises ValueError for a wrong one.

        `liveDelaySeconds` (≥ 0); `endSessions` and `fillBudgets` (true: now).
        """
        expect_only(switches, "liveDelaySeconds", "endSessions", "fillBudgets")
        self.terms.live_delay_s = seconds_of(switches, "liveDelaySeconds", self.terms.live_delay_s)
        if switches.get("endSessions"):
            self._door.forget_sessions()
        if switches.get("fillBudgets"):
            self._door.forget_pace()

    # --- what happens ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                listed = self._listings.follow(fixture)
                if listed is not None and fixture.live:
                    self._desk.flush(listed)
            case Emptied():
                self._listings.clear()
                self._desk.clear()
                self._beats.clear()

    def _on_exchange(self, event: EngineEvent) -> None:
        match event:
            case OrderEvent(order=order):
                self._desk.note(order)
            case ContractEvent(contract=contract):
                self._listings.note_result(contract)

    def _expire(self, account: str) -> None:
        self._desk.cancel_all(self._desk.listed(account), EXPIRY)

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        handles = self._door.handles
        event, market = f"{_EDGE}/events/{{event}}", f"{_EDGE}/events/{{event}}/markets/{{market}}"
        return [
            web.post(_SESSION, self._door.login),
            web.get(_SESSION, self._door.session),
            web.delete(_SESSION, self._door.session),
            web.get(f"{_EDGE}/lookups/sports", handles(EVENTS, self._sports)),
            web.get(f"{_EDGE}/events", handles(EVENTS, self._events)),
            web.get(event, handles(EVENTS, lambda call: self._shown(call, self._event(call)))),
            web.get(market, handles(EVENTS, self._market)),
            web.get(f"{market}/runners/{{runner}}/prices", handles(EVENTS, self._prices)),
            web.get(f"{_EDGE}/account/balance", handles(ACCOUNT, self._reports.balance)),
            web.get(f"{_EDGE}/reports/v2/bets/settled", handles(REPORTS, self._reports.settled)),
            web.post(_OFFERS, handles(WRITING, self._place)),
            web.get(_OFFERS, handles(READING, self._list)),
            web.delete(_OFFERS, handles(WRITING, self._cancel_many)),
            web.get(f"{_OFFERS}/{{offer}}", handles(READING, self._offer)),
            web.delete(f"{_OFFERS}/{{offer}}", handles(WRITING, self._cancel)),
            web.post(
                _HEARTBEAT, handles(ACCOUNT, lambda call: self._beats.set(call.account, call.read(_Beat).timeout))
            ),
            web.get(_HEARTBEAT, handles(ACCOUNT, lambda call: self._beats.get(call.account))),
            web.delete(_HEARTBEAT, handles(ACCOUNT, lambda call: self._beats.end(call.account))),
        ]

    # --- events ----------------------------------------------------------------------------------------------

    def _sports(self, call: Call) -> Json:
        return call.page("sports", [{"id": number, "name": name, "type": "SPORT"} for number, name in SPORTS.values()])

    def _events(self, call: Call) -> Json:
        ids, sports, states = call.texts("ids"), call.texts("sport-ids"), call.texts("states")
        after, before = call.number("after", 0), call.number("before", 2**62)
        found = [
            event
            for event in self._listings.events.values()
            if (not ids or event.id in ids)
            and (not sports or str(event.sport_id) in sports)
            and (not states or event.market.status in states)
            and after <= event.fixture.start_time <= before
        ]
        found.sort(key=lambda event: event.fixture.start_time)
        page = call.page("events", found)
        return {**page, "events": [self._shown(call, event) for event in page["events"]]}

    def _event(self, call: Call) -> Event:
        event = self._listings.events.get(call.part("event"))
        if event is None:
            raise Denial(404, "Event not found.")
        return event

    def _shown(self, call: Call, event: Event) -> Json:
        return shapes.event(event, self._books(call, event) if call.flag("include-prices") else {})

    def _books(self, call: Call, event: Event) -> dict[str, list[Json]]:
        return {runner.id: self._levels(call, runner.id) for runner in event.market.runners}

    def _levels(self, call: Call, runner_id: str) -> list[Json]:
        book = self.exchange.book(self.exchange.contracts[runner_id])
        depth, least = call.number("price-depth", _DEPTH), call.amount("minimum-liquidity", _LEAST_SHOWN)
        return shapes.prices(book, depth, least, call.text("side"))

    def _market(self, call: Call) -> Json:
        event = self._event(call)
        if event.market.id != call.part("market"):
            raise Denial(404, "Market not found.")
        return shapes.market(event.market, self._books(call, event) if call.flag("include-prices") else {})

    def _prices(self, call: Call) -> Json:
        market = self._event(call).market
        if market.id != call.part("market") or call.part("runner") not in {runner.id for runner in market.runners}:
            raise Denial(404, "Runner not found.")
        return {"prices": self._levels(call, call.part("runner"))}

    # --- offers ----------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> web.Response:
        """Its answer may get lost, once the offers are taken."""
        submission = call.read(Submission)
        done = self._desk.place(call.account, submission)
        if self.exchange.faults.loses_answer():
            lose_answer(call.request)
        rows = [
            shapes.failed_offer(wanted, result) if isinstance(result, FailedOffer) else self._shape(result)
            for wanted, result in zip(submission.offers, done, strict=True)
        ]
        status = 400 if any(isinstance(result, FailedOffer) for result in done) else 200
        return json_answer({**shapes.BATCH, "offers": rows}, status)

    def _list(self, call: Call) -> Json:
        found = [offer for offer in self._desk.listed(call.account) if self._is_asked_for(call, offer)]
        page = call.page("offers", found)
        return {**shapes.BATCH, **page, "offers": [self._shape(offer) for offer in page["offers"]]}

    def _offer(self, call: Call) -> Json:
        return self._shape(self._desk.offer(call.account, call.part("offer")))

    def _cancel(self, call: Call) -> Json:
        return self._shape(self._desk.cancel(call.account, call.part("offer")))

    def _cancel_many(self, call: Call) -> Json:
        """Without any filter, all of the account."""
        ids = call.texts("offer-ids")
        asked = [offer for offer in self._desk.listed(call.account) if self._is_asked_for(call, offer)]
        ended = self._desk.cancel_all([offer for offer in asked if not ids or offer.order.id in ids], USER)
        return {**shapes.BATCH, "offers": [self._shape(offer) for offer in ended]}

    def _is_asked_for(self, call: Call, offer: Offer) -> bool:
        market = offer.market
        parts = {"event-ids": market.event.id, "market-ids": market.id, "runner-ids": offer.runner.id}
        if any(call.text(name) and own not in call.texts(name) for name, own in parts.items()):
            return False
        interval_s, side, statuses = call.number("interval", 0), call.text("side"), call.texts("status")
        is_recent = not interval_s or self._clock.now_ms() - offer.changed_ms <= interval_s * 1000
        is_side = not side or SIDES.get(side) is offer.order.side
        return is_recent and is_side and (not statuses or offer.status in statuses)

    def _shape(self, offer: Offer) -> Json:
        shape = shapes.offer(offer, self.terms)
        if self.exchange.faults.behaviour.duplicateFills and "matched-bets" in shape:
            shape["matched-bets"] = [bet for bet in shape["matched-bets"] for _ in range(2)]
        return shape


def _password(account: str) -> str:
    """A fixed throw-away password."""
    return f"throwaway-{account}"
