"""The venue's REST routes, those that orders and bets need. Source: the Novig sheet, the tables of NBX."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.sim.dialects.novig_us import shapes
from hedgerow.sim.dialects.novig_us.access import (
    CANCELLING,
    HISTORY,
    KILLING,
    OTHERS,
    PLACING,
    TOKEN_LIVES_S,
    Access,
)
from hedgerow.sim.dialects.novig_us.desk import MOST_CANCELLED, Desk, NewOrder
from hedgerow.sim.dialects.novig_us.markets import Market
from hedgerow.sim.dialects.novig_us.refusals import Json, Refusal
from hedgerow.sim.site import json_answer, lose_answer

T = TypeVar("T")

_ROWS, _MOST_ROWS = 100, 256
_EMM = "/nbx/v2/emm"


class _Login(msgspec.Struct):
    grant_type: str
    client_id: str
    client_secret: str


Route = Callable[["Routes", web.Request, str, bytes], Any]


def of(group: str, status: int = 200) -> Callable[[Route], Callable[[Routes, web.Request], Awaitable[web.Response]]]:
    """A route of an account. group: whose limit it is."""

    def made(route: Route) -> Callable[[Routes, web.Request], Awaitable[web.Response]]:
        @wraps(route)
        async def handler(self: Routes, request: web.Request) -> web.Response:
            body = await request.read()
            account = self.access.account_of(request)
            self.access.spend(account, group)
            return json_answer(route(self, request, account, body), status)

        return handler

    return made


class Routes:
    """REST on the desk."""

    def __init__(self, access: Access, desk: Desk) -> None:
        self.access, self._desk = access, desk

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.post("/nbx/v1/auth/emm-token", self.log_in),
                web.get(f"{_EMM}/markets/open", self.open_markets),
                web.get(f"{_EMM}/markets/{{id}}", self.market),
                web.get(f"{_EMM}/book/{{id}}", self.book),
                web.get(f"{_EMM}/locks", self.locks),
                web.post(f"{_EMM}/orders/place", self.place),
                web.get(f"{_EMM}/orders/all", self.orders),
                web.delete(f"{_EMM}/orders/batch", self.cancel_batch),
                web.get(f"{_EMM}/orders/{{id}}", self.order),
                web.delete(f"{_EMM}/orders/{{id}}", self.cancel),
                web.delete(f"{_EMM}/kill", self.kill),
                web.get(f"{_EMM}/fills/all", self.fills),
                web.get(f"{_EMM}/account/balance", self.balance),
            ]
        )

    async def log_in(self, request: web.Request) -> web.Response:
        given = _decode(await request.read(), _Login)
        if given.grant_type != "client_credentials":
            raise Refusal(400, "Invalid grant_type")
        token = self.access.log_in(given.client_id, given.client_secret)
        return json_answer({"access_token": token, "expires_in": TOKEN_LIVES_S, "token_type": "Bearer"}, 201)

    # --- markets -------------------------------------------------------------------------------------------------

    @of(OTHERS)
    def open_markets(self, request: web.Request, account: str, body: bytes) -> list[Json]:
        query = request.query
        return [
            shapes.market_view(market)
            for market in self._desk.listings
            if market.status == "OPEN"
            and query.get("league", market.league) == market.league
            and query.get("marketType", "MONEY") == "MONEY"
        ]

    @of(OTHERS)
    def market(self, request: web.Request, account: str, body: bytes) -> Json:
        return shapes.market_view(self._market(request))

    @of(OTHERS)
    def book(self, request: web.Request, account: str, body: bytes) -> Json:
        market = self._market(request)
        return shapes.book_view(market, self._desk.exchange.book(market.contract))

    @of(OTHERS)
    def locks(self, request: web.Request, account: str, body: bytes) -> Json:
        """The world locks nothing."""
        return {"systemLock": None, "lockedEventIds": []}

    # --- orders --------------------------------------------------------------------------------------------------

    @of(PLACING, 201)
    def place(self, request: web.Request, account: str, body: bytes) -> Json:
        """Its answer may get lost, once the order is in the queue. It says what the order was then."""
        paper = self._desk.place(account, _decode(body, NewOrder))
        if self._desk.exchange.faults.loses_answer():
            lose_answer(request)
        return {**shapes.order_view(paper), "qty": paper.quantity, "status": "PENDING"}

    @of(HISTORY)
    def orders(self, request: web.Request, account: str, body: bytes) -> list[Json]:
        """Newest first."""
        status = request.query.get("status")
        found = [shapes.order_view(paper) for paper in self._desk.of(account) if status in (None, paper.status)]
        return _page(found, request)

    @of(OTHERS)
    def order(self, request: web.Request, account: str, body: bytes) -> Json:
        return shapes.order_view(self._desk.find(account, request.match_info["id"]))

    @of(CANCELLING)
    def cancel(self, request: web.Request, account: str, body: bytes) -> Json:
        return shapes.order_view(self._desk.cancel(account, request.match_info["id"]))

    @of(CANCELLING)
    def cancel_batch(self, request: web.Request, account: str, body: bytes) -> list[Json]:
        ids = _decode(body, list[str])
        if len(ids) > MOST_CANCELLED:
            raise Refusal(400, f"at most {MOST_CANCELLED} orders")
        return [shapes.order_view(paper) for paper in self._desk.cancel_all(self._desk.named(account, ids))]

    @of(KILLING)
    def kill(self, request: web.Request, account: str, body: bytes) -> list[Json]:
        return [shapes.order_view(paper) for paper in self._desk.cancel_all(self._desk.of(account))]

    @of(HISTORY)
    def fills(self, request: web.Request, account: str, body: bytes) -> list[Json]:
        """Newest first."""
        trades = [
            (match.at_ms, shapes.fill_view(paper, match))
            for paper in self._desk.of(account)
            if paper.order is not None
            for match in reversed(paper.order.fills)
        ]
        trades.sort(key=lambda trade: trade[0], reverse=True)
        return _page([told for _, told in trades], request)

    @of(OTHERS)
    def balance(self, request: web.Request, account: str, body: bytes) -> Json:
        return shapes.balance_view(self._desk.exchange.accounts[account].cash)

    # --- inside --------------------------------------------------------------------------------------------------

    def _market(self, request: web.Request) -> Market:
        market = self._desk.listings.of_id(request.match_info["id"])
        if market is None:
            raise Refusal(404, "Market not found")
        return market


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refusal(400, f"Invalid body: {error}") from None


def _page(rows: list[Json], request: web.Request) -> list[Json]:
    """Raises Refusal."""
    limit, offset = request.query.get("limit", str(_ROWS)), request.query.get("offset", "0")
    if not (limit.isdecimal() and offset.isdecimal()) or not 1 <= int(limit) <= _MOST_ROWS:
        raise Refusal(400, f"limit must be from 1 to {_MOST_ROWS}, offset a number")
    return rows[int(offset) : int(offset) + int(limit)]
