"""The CLOB's private routes: orders, fills, balances and heartbeats of whoever signs the request.

Source: the Polymarket sheet, sections 4 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.desk import Desk, batch_error
from hedgerow.sim.dialects.polymarket.eip712 import EXCHANGE, NEG_RISK_EXCHANGE, POSITION_EXCHANGE
from hedgerow.sim.dialects.polymarket.heartbeats import Heartbeats, WrongBeat
from hedgerow.sim.dialects.polymarket.http import clob_page, refused, whole
from hedgerow.sim.dialects.polymarket.limits import Bucket, TradingLimits
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.orders import BATCH_LIMIT, CANCEL_LIMIT, INVALID_PAYLOAD, Posting, Refusal
from hedgerow.sim.dialects.polymarket.shapes import Json, trade_view
from hedgerow.sim.dialects.polymarket.signed import SignedRoutes, private
from hedgerow.sim.dialects.polymarket.trades import Trade
from hedgerow.sim.dialects.polymarket.wallets import ApiKey, Keyring
from hedgerow.sim.site import json_answer, lose_answer

T = TypeVar("T")

PAGE = 100
_UNLIMITED = str(2**256 - 1)
_ORDER_ID = re.compile(r"0x[0-9a-f]{64}")


class _CancelOne(msgspec.Struct):
    orderID: str  # noqa: N815  the venue's spelling


class _CancelWhere(msgspec.Struct):
    market: str = ""
    asset_id: str = ""


class _Beat(msgspec.Struct):
    heartbeat_id: str


class TradingRoutes(SignedRoutes):
    """The private half of the CLOB on the desk and the exchange."""

    def __init__(
        self, clock: WorldClock, keyring: Keyring, desk: Desk, limits: TradingLimits, heartbeats: Heartbeats
    ) -> None:
        super().__init__(clock, keyring)
        self._desk, self._limits, self._heartbeats = desk, limits, heartbeats
        self._exchange = desk.exchange

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.post("/order", self.place),
                web.post("/orders", self.place_many),
                web.delete("/order", self.cancel),
                web.delete("/orders", self.cancel_many),
                web.delete("/cancel-all", self.cancel_all),
                web.delete("/cancel-market-orders", self.cancel_market),
                web.get("/data/order/{order_id}", self.order),
                web.get("/data/orders", self.orders),
                web.get("/data/trades", self.trades),
                web.get("/balance-allowance", self.balance),
                web.get("/balance-allowance/update", self.refresh_balance),
                web.post("/v1/heartbeats", self.beat),
            ]
        )

    # --- orders ----------------------------------------------------------------------------------------------

    @private
    def place(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        self._desk.check_mode(places=True)
        posting = _decode(body, Posting)

        def act() -> Json:
            answer = self._desk.place(key, posting)
            self._maybe_lose(request)
            return answer

        return self._limited(self._limits.orders(key.wallet.address, self.now_ns), 1, act)

    @private
    def place_many(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        self._desk.check_mode(places=True)
        postings = _decode(body, list[Posting])
        if not postings:
            raise Refusal(INVALID_PAYLOAD)
        if len(postings) > BATCH_LIMIT:
            raise Refusal(f"Too many orders in payload: {len(postings)}, max allowed: {BATCH_LIMIT}")
        for posting in postings:
            self._desk.check_owner(key, posting)

        def act() -> list[Json]:
            answers = [self._place_one(key, posting) for posting in postings]
            if any(answer["orderID"] for answer in answers):
                self._maybe_lose(request)
            return answers

        return self._limited(self._limits.orders(key.wallet.address, self.now_ns), len(postings), act)

    @private
    def cancel(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        self._desk.check_mode(places=False)
        order_id = _checked(_decode(body, _CancelOne).orderID)
        bucket = self._limits.cancels(key.wallet.address, self.now_ns)
        return self._limited(bucket, 1, lambda: self._desk.cancel_ids(key, [order_id]))

    @private
    def cancel_many(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        self._desk.check_mode(places=False)
        order_ids = _decode(body, list[str])
        if len(order_ids) > CANCEL_LIMIT:
            raise Refusal(f"Too many orders in payload, max allowed: {CANCEL_LIMIT}")
        for order_id in order_ids:
            _checked(order_id)
        bucket = self._limits.cancels(key.wallet.address, self.now_ns)
        return self._limited(bucket, len(order_ids), lambda: self._desk.cancel_ids(key, order_ids))

    @private
    def cancel_all(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        return self._cancel_where(key, _CancelWhere())

    @private
    def cancel_market(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        return self._cancel_where(key, _decode(body or b"{}", _CancelWhere))

    @private
    def order(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        order = self._desk.find(key, _checked(request.match_info["order_id"]))
        if order is None:
            raise Refusal("Order not found", 404)
        return json_answer(self._desk.view(order))

    @private
    def orders(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        query, only = request.query, request.query.get("id")
        found = self._desk.resting(key, market=query.get("market", ""), asset_id=query.get("asset_id", ""))
        views = [self._desk.view(order) for order in found if only is None or order.id == only]
        return json_answer(clob_page(views, query.get("next_cursor", ""), PAGE, "invalid order params payload"))

    # --- fills and money ---------------------------------------------------------------------------------------

    @private
    def trades(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        """The account's trades, newest first. `after` and `before` are seconds, themselves not included."""
        query, account = request.query, key.wallet.account
        after, before = (_seconds(query.get(name)) for name in ("after", "before"))
        views = []
        for trade in reversed([trade for trade in self._desk.trades if trade.involves(account)]):
            market, matched_s = self._desk.market_of(trade.taker), trade.matched_ms // 1000
            if (
                query.get("id", trade.id) == trade.id
                and query.get("market", market.condition_id).lower() == market.condition_id
                and _concerns(trade, account, query.get("asset_id"), market)
                and (after is None or matched_s > after)
                and (before is None or matched_s < before)
            ):
                views.append(trade_view(trade, market, account))
        return json_answer(clob_page(views, query.get("next_cursor", ""), PAGE, "Invalid trade params payload"))

    @private
    def balance(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        """What the wallet of the given type holds, in millionths. Resting orders do not lower it."""
        kind, wallet = request.query.get("asset_type"), key.wallet
        signature_type = request.query.get("signature_type", "0")
        if signature_type not in ("0", "1", "2", "3"):
            raise Refusal("Invalid signature_type")
        account = self._exchange.accounts[wallet.account]
        market = self._desk.listings.of_token(request.query.get("token_id", ""))
        if kind == "COLLATERAL":
            held = account.cash
        elif kind == "CONDITIONAL" and market is not None:
            held = account.held.get((market.contract.ref, market.leg(request.query["token_id"])), 0)
        else:
            raise Refusal("Invalid asset type")
        allowances = dict.fromkeys((EXCHANGE, NEG_RISK_EXCHANGE, POSITION_EXCHANGE), _UNLIMITED)
        is_funded = int(signature_type) == wallet.signature_type
        return json_answer({"balance": str(held if is_funded else 0), "allowances": allowances})

    @private
    def refresh_balance(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        return json_answer("")

    @private
    def beat(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        try:
            following = self._heartbeats.beat(key.key, _decode(body, _Beat).heartbeat_id)
        except WrongBeat as wrong:
            return json_answer({"error_msg": str(wrong), "heartbeat_id": wrong.expected}, 400)
        return json_answer({"heartbeat_id": following})

    # --- inside ----------------------------------------------------------------------------------------------

    def _place_one(self, key: ApiKey, posting: Posting) -> Json:
        try:
            return self._desk.place(key, posting)
        except Refusal as refusal:
            return batch_error(refusal)

    def _cancel_where(self, key: ApiKey, where: _CancelWhere) -> web.Response:
        self._desk.check_mode(places=False)
        bucket = self._limits.cancels(key.wallet.address, self.now_ns)

        def act() -> Json:
            found = self._desk.resting(key, market=where.market, asset_id=where.asset_id)
            answer = self._desk.cancel(found)
            bucket.debit(len(answer["canceled"]))
            return answer

        return self._limited(bucket, 1, act)

    def _limited(self, bucket: Bucket, cost: int, act: Callable[[], object]) -> web.Response:
        """Acts when the bucket has the tokens; the answer, a refusal too, says what is left in it."""
        if not bucket.take(cost, self.now_ns):
            too_many = Refusal("Too Many Requests", 429, {"retry_after_seconds": bucket.wait_s(cost)})
            return refused(too_many, self._limits.headers(bucket, cost, self.now_ns))
        try:
            answer = act()
        except Refusal as refusal:
            return refused(refusal, self._limits.headers(bucket, 0, self.now_ns))
        return json_answer(answer, headers=self._limits.headers(bucket, 0, self.now_ns))

    def _maybe_lose(self, request: web.Request) -> None:
        if self._exchange.faults.loses_answer():
            lose_answer(request)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        raise Refusal(INVALID_PAYLOAD) from None


def _checked(order_id: str) -> str:
    if not _ORDER_ID.fullmatch(order_id):
        raise Refusal("Invalid orderID")
    return order_id


def _concerns(trade: Trade, account: str, token: str | None, market: Market) -> bool:
    """Whether the trade, or the account's part in it, is of the token (any, when none is named)."""
    own = [order for order in trade.orders if order is trade.taker or order.account == account]
    return token is None or any(market.token(order.leg) == token for order in own)


def _seconds(given: str | None) -> int | None:
    if given is None:
        return None
    seconds = whole(given)
    if seconds is None:
        raise Refusal("Invalid trade params payload")
    return seconds
