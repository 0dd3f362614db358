"""The venue's REST routes.

Every request carries the API key; those of a wallet carry its token too. Source: the predict.fun sheet, sections 1-4.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.predict_fun import shapes
from hedgerow.sim.dialects.predict_fun.desk import Desk, resting
from hedgerow.sim.dialects.predict_fun.limits import Limits
from hedgerow.sim.dialects.predict_fun.markets import Market
from hedgerow.sim.dialects.predict_fun.orders import Posting
from hedgerow.sim.dialects.predict_fun.refusals import Json, bad_request, not_found
from hedgerow.sim.dialects.predict_fun.settlements import Progress, Settlement
from hedgerow.sim.dialects.predict_fun.wallets import Keyring, Wallet
from hedgerow.sim.order_book import Book
from hedgerow.sim.site import json_answer, lose_answer

T = TypeVar("T")

_MOST_ROWS, _ROWS = 100, 20


class _Login(msgspec.Struct):
    signer: str
    message: str
    signature: str


class _Hashes(msgspec.Struct):
    hashes: list[str]


class _Ids(msgspec.Struct):
    ids: list[str]


class _RemoveHashes(msgspec.Struct):
    data: _Hashes


class _RemoveIds(msgspec.Struct):
    data: _Ids


Answer = Callable[["Routes", web.Request, Wallet, bytes], Json]


def private(answer: Answer) -> Callable[[Routes, web.Request], Awaitable[web.Response]]:
    """A route of a wallet."""

    @wraps(answer)
    async def handler(self: Routes, request: web.Request) -> web.Response:
        headers = self.admit(request)
        body = await request.read()
        wallet = self.keyring.of_request(request.headers, self.now_s)
        return json_answer(answer(self, request, wallet, body), headers=headers)

    return handler


def public(answer: Callable[[Routes, web.Request], Json]) -> Callable[[Routes, web.Request], Awaitable[web.Response]]:
    """A route that needs the API key alone."""

    @wraps(answer)
    async def handler(self: Routes, request: web.Request) -> web.Response:
        headers = self.admit(request)
        return json_answer(answer(self, request), headers=headers)

    return handler


class Routes:
    """REST on the desk."""

    def __init__(self, clock: WorldClock, keyring: Keyring, desk: Desk, limits: Limits) -> None:
        self._clock, self.keyring, self._desk, self._limits = clock, keyring, desk, limits

    @property
    def now_s(self) -> int:
        return self._clock.now_ns() // NS_PER_S

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/v1/auth/message", self.message),
                web.post("/v1/auth", self.log_in),
                web.get("/v1/categories", self.categories),
                web.get("/v1/categories/{slug}", self.category),
                web.get("/v1/markets", self.markets),
                web.get("/v1/markets/{id}", self.market),
                web.get("/v1/markets/{id}/orderbook", self.orderbook),
                web.post("/v1/orders", self.place),
                web.post("/v1/orders/remove", self.remove_ids),
                web.post("/v1/orders/remove-by-hash", self.remove_hashes),
                web.get("/v1/orders", self.orders),
                web.get("/v1/orders/matches", self.matches),
                web.get("/v1/orders/{hash}", self.order),
                web.get("/v1/account", self.account),
            ]
        )

    def admit(self, request: web.Request) -> dict[str, str]:
        """Checks the API key and counts the request against it. Raises Refusal."""
        self.keyring.check_key(request.headers, request.query)
        return self._limits.take(request.headers["x-api-key"], request.method, request.path, self.now_s)

    # --- logging in ----------------------------------------------------------------------------------------------

    @public
    def message(self, request: web.Request) -> Json:
        return {"success": True, "data": {"message": self.keyring.message()}}

    async def log_in(self, request: web.Request) -> web.Response:
        headers = self.admit(request)
        given = _decode(await request.read(), _Login)
        token = self.keyring.log_in(given.signer, given.message, given.signature, self.now_s)
        return json_answer({"success": True, "data": {"token": token}}, headers=headers)

    @private
    def account(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        return {"success": True, "data": {"name": wallet.account, "address": wallet.address}}

    # --- markets -------------------------------------------------------------------------------------------------

    @public
    def categories(self, request: web.Request) -> Json:
        query = request.query
        found = [
            view
            for market in self._desk.listings
            if (view := self._category(market))["status"] == query.get("status", view["status"])
            and view["marketVariant"] == query.get("marketVariant", view["marketVariant"])
        ]
        return _page(found, request)

    @public
    def category(self, request: web.Request) -> Json:
        slug = request.match_info["slug"]
        for market in self._desk.listings:
            if market.slug == slug:
                return {"success": True, "data": self._category(market)}
        raise not_found("category not found")

    @public
    def markets(self, request: web.Request) -> Json:
        status = request.query.get("status")
        views = [shapes.market_view(market, self._book(market)) for market in self._desk.listings]
        return _page([view for view in views if status in (None, view["status"])], request)

    @public
    def market(self, request: web.Request) -> Json:
        market = self._market(request)
        return {"success": True, "data": shapes.market_view(market, self._book(market))}

    @public
    def orderbook(self, request: web.Request) -> Json:
        market = self._market(request)
        return {"success": True, "data": shapes.book_view(market, self._book(market))}

    # --- orders --------------------------------------------------------------------------------------------------

    @private
    def place(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        answer = self._desk.place(wallet, _decode(body, Posting))
        if self._desk.exchange.faults.loses_answer():
            lose_answer(request)
        return answer

    @private
    def remove_hashes(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        return self._desk.remove(wallet, _decode(body, _RemoveHashes).data.hashes)

    @private
    def remove_ids(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        return self._desk.remove(wallet, _decode(body, _RemoveIds).data.ids)

    @private
    def orders(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        """Limit orders, newest first."""
        status = request.query.get("status")
        papers = resting(self._desk.of_wallet(wallet))
        found = [paper for paper in papers if status in (None, self._desk.status(paper))]
        return _page([shapes.order_view(paper, self._desk) for paper in found], request)

    @private
    def order(self, request: web.Request, wallet: Wallet, body: bytes) -> Json:
        paper = self._desk.find(wallet, request.match_info["hash"])
        return {"success": True, "data": shapes.order_view(paper, self._desk)}

    @public
    def matches(self, request: web.Request) -> Json:
        """What is settled, newest first; of one signer and market, where they are named."""
        query = request.query
        signer = self.keyring.of_address(query["signerAddress"]) if "signerAddress" in query else None
        if signer is None and "signerAddress" in query:
            return _page([], request)
        addresses = {wallet.account: wallet.address for wallet in self.keyring.wallets.values()}
        found = []
        for settlement in reversed(list(self._desk.settlements)):
            market = self._desk.listings.of_contract(settlement.taker.order.contract)
            if (
                settlement.progress is Progress.SUCCESS
                and query.get("marketId", str(market.market_id)) == str(market.market_id)
                and (signer is None or _is_in(signer, settlement, query.get("isSignerMaker")))
            ):
                found.append(shapes.match_view(settlement, market, addresses))
        return _page(found, request)

    # --- inside --------------------------------------------------------------------------------------------------

    def _market(self, request: web.Request) -> Market:
        market = self._desk.listings.of_id(request.match_info["id"])
        if market is None:
            raise not_found("market not found")
        return market

    def _category(self, market: Market) -> Json:
        return shapes.category_view(market, self._book(market))

    def _book(self, market: Market) -> Book:
        return self._desk.exchange.book(market.contract)


def _is_in(signer: Wallet, settlement: Settlement, as_maker: str | None) -> bool:
    is_taker = settlement.taker.order.account == signer.account
    is_maker = any(part.order.account == signer.account for part in settlement.makers)
    return {"true": is_maker, "false": is_taker}.get(as_maker or "", is_taker or is_maker)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise bad_request(str(error)) from None


def _page(rows: list[Json], request: web.Request) -> Json:
    """A page of rows and the cursor of the next. Raises Refusal."""
    first, after = request.query.get("first", str(_ROWS)), request.query.get("after", "0")
    if not first.isdecimal() or not after.isdecimal():
        raise bad_request("first and after must be a number and a cursor")
    start = int(after)
    end = start + min(max(int(first), 1), _MOST_ROWS)
    return {"success": True, "cursor": str(end) if end < len(rows) else None, "data": rows[start:end]}
