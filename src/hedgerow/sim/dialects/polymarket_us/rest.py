"""The routes of the private API and of the public gateway. Source: the sheet's sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.buckets import Bucket
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket_us import shapes
from hedgerow.sim.dialects.polymarket_us.desk import MOST_IN_BATCH, Desk, NewOrder
from hedgerow.sim.dialects.polymarket_us.keys import Keyring
from hedgerow.sim.dialects.polymarket_us.listings import Market
from hedgerow.sim.dialects.polymarket_us.terms import Terms
from hedgerow.sim.dialects.polymarket_us.wire import Call, Json, TooManyError, invalid, not_found
from hedgerow.sim.site import Handler, json_answer, lose_answer

_NOBODY = ""


class _Cancel(msgspec.Struct, rename="camel"):
    market_slug: str


class _CancelAll(msgspec.Struct):
    slugs: list[str] = []


class _CancelItem(msgspec.Struct, rename="camel"):
    order_id: str
    market_slug: str


class _CancelBatch(msgspec.Struct):
    orders: list[_CancelItem]


class Routes:
    """REST on the desk."""

    def __init__(self, clock: WorldClock, terms: Terms, keyring: Keyring, desk: Desk) -> None:
        self._clock, self._terms, self._keyring, self._desk = clock, terms, keyring, desk
        self._exchange, self._listings = desk.exchange, desk.listings
        self._buckets: dict[str, Bucket] = {}

    def clear(self) -> None:
        self._buckets.clear()

    def private(self) -> list[web.RouteDef]:
        handles = self._handles
        return [
            web.post("/v1/orders", handles(self._place)),
            web.get("/v1/orders/open", handles(self._open)),
            web.post("/v1/orders/open/cancel", handles(self._cancel_all)),
            web.post("/v1/orders/batched/cancel", handles(self._cancel_batch)),
            web.get("/v1/order/{order}", handles(self._order)),
            web.post("/v1/order/{order}/cancel", handles(self._cancel)),
            web.get("/v1/portfolio/positions", handles(self._positions)),
            web.get("/v1/portfolio/activities", handles(self._activities)),
            web.get("/v1/account/balances", handles(self._balances)),
        ]

    def public(self) -> list[web.RouteDef]:
        handles = self._serves
        return [
            web.get("/v1/events", handles(self._events)),
            web.get("/v1/market/slug/{slug}", handles(self._market)),
            web.get("/v1/markets/{slug}/book", handles(self._book)),
            web.get("/v1/markets/{slug}/settlement", handles(self._settlement)),
        ]

    def account_of(self, request: web.Request) -> str:
        """Who signed the request. Raises Denial (401)."""
        path = request.raw_path.partition("?")[0]
        return self._keyring.account_of(request.headers, request.method, path, self._clock.now_ms())

    def _handles(self, operation: Callable[[Call], Json]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = self.account_of(request)
            self._spend(account)
            return json_answer(operation(Call(request, account, await request.read())))

        return handle

    def _serves(self, operation: Callable[[Call], Json]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._spend(_NOBODY)
            return json_answer(operation(Call(request, _NOBODY, b"")))

        return handle

    def _spend(self, account: str) -> None:
        """Counts a request against its key; on the gateway against the one address that there is."""
        now_ns = self._clock.now_ns()
        bucket = self._buckets.setdefault(account, Bucket(self._terms.requests, now_ns))
        if not bucket.take(1, now_ns):
            raise TooManyError

    # --- orders ------------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> Json:
        """Its answer may get lost, once the order is taken."""
        wanted = call.read(NewOrder)
        paper = self._desk.place(call.account, wanted)
        if self._exchange.faults.loses_answer():
            lose_answer(call.request)
        return {"id": paper.id, "executions": paper.executions if wanted.synchronous_execution else []}

    def _open(self, call: Call) -> Json:
        slugs = call.texts("slugs")
        resting = [paper for paper in self._desk.of_account(call.account) if paper.rests]
        return {"orders": [shapes.order(paper) for paper in resting if not slugs or paper.market.slug in slugs]}

    def _order(self, call: Call) -> Json:
        return {"order": shapes.order(self._desk.find(call.account, call.part("order")))}

    def _cancel(self, call: Call) -> Json:
        self._desk.cancel(call.account, call.part("order"), call.read(_Cancel).market_slug)
        return {}

    def _cancel_batch(self, call: Call) -> Json:
        """Echoes what was asked for: which of it was done is told on the stream."""
        ids = [item.order_id for item in call.read(_CancelBatch).orders]
        if not 0 < len(ids) <= MOST_IN_BATCH or not all(ids):
            raise invalid(f"between 1 and {MOST_IN_BATCH} orders with an orderId are expected")
        self._desk.cancel_quietly(call.account, ids)
        return {"canceledOrderIds": ids}

    def _cancel_all(self, call: Call) -> Json:
        return {"canceledOrderIds": self._desk.cancel_all(call.account, call.read(_CancelAll).slugs)}

    # --- the account -------------------------------------------------------------------------------------------

    def _positions(self, call: Call) -> Json:
        held = {market.slug: shapes.position(self._exchange, call.account, market) for market in self._listings}
        chosen = call.text("market")
        rows = [(slug, shape) for slug, shape in held.items() if shape and chosen in ("", slug)]
        page = call.page("positions", rows)
        return {**page, "positions": dict(page["positions"])}

    def _activities(self, call: Call) -> Json:
        """Trades alone, the newest first unless asked otherwise."""
        slug, kinds = call.text("marketSlug"), call.texts("types")
        if kinds and "ACTIVITY_TYPE_TRADE" not in kinds:
            return call.page("activities", [])
        fills: list[tuple[int, int, Any]] = []
        for paper in self._desk.of_account(call.account):
            if paper.order is not None and slug in ("", paper.market.slug):
                fills += [(match.at_ms, len(fills), (paper, match)) for match in paper.order.fills]
        newest_first = call.text("sortOrder") != "SORT_ORDER_ASCENDING"
        fills.sort(key=lambda row: row[:2], reverse=newest_first)
        return call.page("activities", [shapes.trade(*told) for _, _, told in fills])

    def _balances(self, call: Call) -> Json:
        nets = [
            shapes.net_position(self._exchange, call.account, market)
            for market in self._listings
            if market.settlement is None
        ]
        shorts = sum(-net for net in nets if net < 0)
        return {"balances": [shapes.balance(self._exchange, call.account, shorts, self._clock.now_ms())]}

    # --- the gateway -------------------------------------------------------------------------------------------

    def _events(self, call: Call) -> Json:
        types, closed, active = call.texts("sportsMarketTypes"), call.flag("closed"), call.flag("active")
        found = [
            market
            for market in self._listings
            if (not types or market.market_type in types or "moneyline" in types)
            and closed in (None, market.settlement is not None)
            and active in (None, market.settlement is None)
        ]
        return {"events": [shapes.event(market, self._exchange) for market in call.rows(found)]}

    def _market(self, call: Call) -> Json:
        return {"market": shapes.market(self._named(call), self._exchange)}

    def _book(self, call: Call) -> Json:
        market = self._named(call)
        return {"marketData": shapes.book(market, self._exchange.book(market.contract), self._clock.now_ms())}

    def _settlement(self, call: Call) -> Json:
        market = self._named(call)
        if market.settlement is None:
            raise not_found("market is not settled")
        return shapes.settlement(market, market.settlement)

    def _named(self, call: Call) -> Market:
        market = self._listings.of_slug(call.part("slug"))
        if market is None:
            raise not_found("market not found")
        return market
