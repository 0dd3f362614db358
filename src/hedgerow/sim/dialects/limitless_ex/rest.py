"""The venue's REST routes. Source: the limitless-ex sheet, sections 3 and 4; the form of an order that is not found is
not published.

Markets are public; everything about a profile is signed with its API token and counted. How calls are counted is told
as a pace, 300 ms from one to the next: here a token that is not used for a while may catch up on twenty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.limitless_ex import shapes
from hedgerow.sim.dialects.limitless_ex.desk import MINED, Desk
from hedgerow.sim.dialects.limitless_ex.markets import Market
from hedgerow.sim.dialects.limitless_ex.orders import Posting
from hedgerow.sim.dialects.limitless_ex.profiles import Profile, Profiles
from hedgerow.sim.dialects.limitless_ex.refusals import Json, Refusal, bad_request, not_found
from hedgerow.sim.site import json_answer, lose_answer

T = TypeVar("T")

_CALL_TOKENS = 3
_BUDGET = Budget(rate=10, capacity=20 * _CALL_TOKENS)
"""Ten tokens a second, three for a call: one each 300 ms."""

_MOST_MARKETS, _MOST_HISTORY = 25, 100


class _Item(msgspec.Struct, rename="camel"):
    order_id: str | None = None
    client_order_id: str | None = None


class _Items(msgspec.Struct):
    items: Annotated[list[_Item], msgspec.Meta(min_length=1, max_length=50)]


Answer = Callable[["Routes", web.Request, Profile, bytes], Json | list[Json]]


def private(answer: Answer, status: int = 200) -> Callable[[Routes, web.Request], Awaitable[web.Response]]:
    """A route of a profile."""

    @wraps(answer)
    async def handler(self: Routes, request: web.Request) -> web.Response:
        body = await request.read()
        return json_answer(answer(self, request, self.admit(request, body), body), status)

    return handler


class Routes:
    """REST on the desk."""

    def __init__(self, clock: WorldClock, profiles: Profiles, desk: Desk, *, has_fee: bool) -> None:
        self._clock, self._profiles, self._desk, self._has_fee = clock, profiles, desk, has_fee
        self._buckets: dict[str, Bucket] = {}

    def clear(self) -> None:
        self._buckets.clear()

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/markets/active", self.markets),
                web.get("/markets/{slug}", self.market),
                web.get("/markets/{slug}/orderbook", self.orderbook),
                web.get("/markets/{slug}/user-orders", self.user_orders),
                web.get("/profiles/me", self.profile),
                web.get("/profiles/{address}", self.named_profile),
                web.post("/orders", self.place),
                web.post("/orders/status/batch", self.statuses),
                web.delete("/orders/all/{slug}", self.cancel_all),
                web.delete("/orders/{id}", self.cancel),
                web.get("/portfolio/history", self.history),
            ]
        )

    def admit(self, request: web.Request, body: bytes) -> Profile:
        """Whose request it is, counted. Raises Refusal."""
        profile = self._profiles.of_request(request, body, self._clock.now_ms())
        now_ns = self._clock.now_ns()
        bucket = self._buckets.setdefault(profile.token_id, Bucket(_BUDGET, now_ns))
        if not bucket.take(_CALL_TOKENS, now_ns):
            raise Refusal(429, "Too many requests", {"Retry-After": "1"})
        return profile

    # --- markets -------------------------------------------------------------------------------------------------

    async def markets(self, request: web.Request) -> web.Response:
        active = [market for market in self._desk.listings if not market.is_resolved]
        page, limit = _number(request, "page", 1), min(_number(request, "limit", 10), _MOST_MARKETS)
        shown = active[(page - 1) * limit : page * limit]
        return json_answer({"data": [self._view(market) for market in shown], "totalMarketsCount": len(active)})

    async def market(self, request: web.Request) -> web.Response:
        return json_answer(self._view(self._market(request)))

    async def orderbook(self, request: web.Request) -> web.Response:
        market = self._market(request)
        return json_answer(shapes.book_view(market, self._desk.exchange.book(market.contract)))

    def _view(self, market: Market) -> Json:
        return shapes.market_view(
            market, has_fee=self._has_fee, is_collateral=self._desk.is_collateral, now_ms=self._clock.now_ms()
        )

    def _market(self, request: web.Request) -> Market:
        market = self._desk.listings.of_slug(request.match_info["slug"])
        if market is None:
            raise not_found("Market not found")
        return market

    # --- the profile ---------------------------------------------------------------------------------------------

    @private
    def profile(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        return profile.view()

    @private
    def named_profile(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        """By any of its addresses, as the official SDK asks for it; here nobody sees another's."""
        if not profile.has(request.match_info["address"]):
            raise not_found("Profile not found")
        return profile.view()

    async def place(self, request: web.Request) -> web.Response:
        body = await request.read()
        profile = self.admit(request, body)
        paper = self._desk.place(profile, _decode(body, Posting))
        if self._desk.exchange.faults.loses_answer():
            lose_answer(request)
        return json_answer(shapes.placed_view(paper), 201)

    @private
    def cancel(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        self._desk.cancel(profile, request.match_info["id"])
        return {"message": "Order canceled successfully"}

    @private
    def cancel_all(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        """Of a market, both outcomes."""
        self._desk.cancel_all(profile, self._market(request))
        return {"message": "Orders canceled successfully"}

    @private
    def statuses(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        items = _decode(body, _Items).items
        return {"results": [self._status(profile, index, item) for index, item in enumerate(items)]}

    def _status(self, profile: Profile, index: int, item: _Item) -> Json:
        named = {"orderId": item.order_id, "clientOrderId": item.client_order_id}
        row: Json = {"index": index, **{name: text for name, text in named.items() if text is not None}}
        if (item.order_id is None) == (item.client_order_id is None):
            return {**row, "status": "error", "error": "Exactly one of orderId or clientOrderId is required"}
        paper = self._desk.find(profile, item.order_id, item.client_order_id)
        if paper is None:
            return {**row, "status": "not_found", "error": "Order not found"}
        return {**row, "status": "found", "orderId": paper.id, "data": shapes.placed_view(paper)}

    @private
    def user_orders(self, request: web.Request, profile: Profile, body: bytes) -> list[Json]:
        """The profile's orders in a market, newest first."""
        market = self._market(request)
        statuses = request.query.getall("statuses", ["LIVE", "MATCHED"])
        papers = [paper for paper in self._desk.papers_of(profile) if paper.market is market]
        rows = [shapes.row_view(paper) for paper in papers if paper.is_live or paper.is_matched]
        return [row for row in rows if row["status"] in statuses][: _number(request, "limit", 100)]

    @private
    def history(self, request: web.Request, profile: Profile, body: bytes) -> Json:
        """What the chain has of the profile's trades, newest first."""
        cursor = request.query.get("cursor", "")
        if cursor and not cursor.isdecimal():
            raise bad_request("cursor is not valid")
        traded = [
            (match.at_ms, shapes.history_view(paper, match))
            for paper in self._desk.papers_of(profile)
            if paper.status == MINED
            for match in reversed(paper.order.fills)
        ]
        rows = [row for _, row in sorted(traded, key=lambda one: -one[0])]
        start, limit = int(cursor or 0), min(_number(request, "limit", 20), _MOST_HISTORY)
        more = str(start + limit) if start + limit < len(rows) else None
        return {"data": rows[start : start + limit], "nextCursor": more}


def _number(request: web.Request, name: str, otherwise: int) -> int:
    """A number of the query from 1 on. Raises Refusal."""
    text = request.query.get(name, str(otherwise))
    if not text.isdecimal() or int(text) < 1:
        raise bad_request(f"{name} must be a positive number")
    return int(text)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise bad_request(str(error)) from None
