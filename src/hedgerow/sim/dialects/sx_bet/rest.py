"""The venue's REST routes: metadata, markets and books for everybody, the account's for whoever shows its key.

Source: the SX sheet, sections 1 to 4; the parameters and pages as public clients use them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.money import MICRO
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.sx_bet import chain, limits
from hedgerow.sim.dialects.sx_bet.accounts import Accounts, User
from hedgerow.sim.dialects.sx_bet.desk import Desk
from hedgerow.sim.dialects.sx_bet.errors import Refusal
from hedgerow.sim.dialects.sx_bet.fills import Fill, FillLog, FillStatus
from hedgerow.sim.dialects.sx_bet.limits import ORDERS, OTHERS, READ_ORDERS, TRADES
from hedgerow.sim.dialects.sx_bet.listings import LADDER_STEP, Listings
from hedgerow.sim.dialects.sx_bet.orders import LEAST_STAKE, MOST_CANCELS, MOST_ORDERS, Posting
from hedgerow.sim.dialects.sx_bet.shapes import Json, book_view, fill_view
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.heartbeats import Heartbeats
from hedgerow.sim.site import Handler, json_answer, lose_answer

T = TypeVar("T")

TOKEN_S = 3_600
"""How long a token of the stream is good for."""

_MOST_FOUND = 30
_LONGEST_BEAT_S = 3_600
_LARGEST_PAGE, _PAGE = 100, 50


class _Cancel(msgspec.Struct):
    orders: list[_Named]


class _Named(msgspec.Struct, rename="camel"):
    order_id: str


class _Beat(msgspec.Struct, rename="camel"):
    timeout_seconds: int


class Rest:
    """All routes."""

    def __init__(
        self,
        exchange: Exchange,
        clock: WorldClock,
        accounts: Accounts,
        listings: Listings,
        desk: Desk,
        fills: FillLog,
        heartbeats: Heartbeats,
        live_delay_s: int,
    ) -> None:
        self._exchange, self._clock, self._accounts = exchange, clock, accounts
        self._listings, self._desk, self._fills, self._heartbeats = listings, desk, fills, heartbeats
        self._live_delay_s = live_delay_s
        self._limits = limits.Limits()

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/metadata/obv3", self._public(self.metadata)),
                web.get("/markets/active", self._public(self.active)),
                web.get("/markets/find", self._public(self.find)),
                web.get("/orderbook-v3/snapshot", self._public(self.snapshot)),
                web.get("/user/proxy", self._private(self.proxy)),
                web.get("/user/balance-v3", self._private(self.balance)),
                web.get("/user/fees-v3", self._private(self.fees)),
                web.get("/user/realtime-token-v3/api-key", self._private(self.token)),
                web.post("/orders-v3", self._private(self.place, ORDERS)),
                web.get("/orders-v3", self._private(self.orders, READ_ORDERS)),
                web.delete("/orders-v3", self._private(self.cancel, ORDERS)),
                web.delete("/orders-v3/all", self._private(self.cancel_all, ORDERS)),
                web.delete("/orders-v3/event", self._private(self.cancel_event, ORDERS)),
                web.get("/orders-v3/{order_id}", self._private(self.order, READ_ORDERS)),
                web.get("/fills-v3", self._private(self.fill_list, TRADES)),
                web.post("/heartbeat/v3", self._private(self.beat)),
            ]
        )

    # --- for everybody -----------------------------------------------------------------------------------------

    def metadata(self, request: web.Request) -> Json:
        delays = {"pregameMsDefault": 0, "liveMsDefault": self._live_delay_s * 1000}
        return {
            "chainId": chain.CHAIN_ID,
            "domain": {
                "name": chain.DOMAIN_NAME,
                "version": chain.DOMAIN_VERSION,
                "chainId": chain.CHAIN_ID,
                "verifyingContract": chain.ESCROW,
            },
            "activeAsset": {
                "symbol": "USDC",
                "baseToken": chain.USDC,
                "escrowAddress": chain.ESCROW,
                "decimals": 6,
            },
            "oddsLadderStepSize": LADDER_STEP,
            "bettingDelay": {**delays, "leagueIdToMs": {}, "sportIdToMs": {}},
            "limits": {
                "orderSizeMinimumBaseUnits": str(LEAST_STAKE),
                "minRestingOrderSizeBaseUnits": str(MICRO // 10),
                "maxCreateOrders": MOST_ORDERS,
                "maxCancelOrders": MOST_CANCELS,
            },
            "transferToProxyExecutorAddress": chain.TRANSFER_EXECUTOR,
        }

    def active(self, request: web.Request) -> Json:
        sports = _texts(request, "sportIds")
        shown = [market.view() for market in self._listings if market.is_open]
        chosen = [
            view
            for view in shown
            if (not sports or str(view["sportId"]) in sports)
            and request.query.get("leagueId", str(view["leagueId"])) == str(view["leagueId"])
            and request.query.get("eventId", view["sportXeventId"]) == view["sportXeventId"]
        ]
        return _page("markets", chosen, request.query.get("pageSize", ""), request.query.get("paginationKey", ""))

    def find(self, request: web.Request) -> list[Json]:
        hashes = _texts(request, "marketHashes")
        if not 0 < len(hashes) <= _MOST_FOUND:
            raise Refusal("BAD_MARKET_HASHES")
        found = (self._listings.of_hash(market_hash) for market_hash in hashes)
        return [market.view() for market in found if market is not None]

    def snapshot(self, request: web.Request) -> Json:
        market = self._listings.of_hash(request.query.get("marketHash", ""))
        if market is None:
            raise Refusal("INVALID_MARKET")
        return book_view(market, self._exchange.book(market.contract))

    # --- the account -------------------------------------------------------------------------------------------

    def proxy(self, request: web.Request, user: User, body: bytes) -> Json:
        return {"obv3ProxyWalletAddress": user.proxy, "deployed": True, "multisigSafeAddress": None}

    def balance(self, request: web.Request, user: User, body: bytes) -> Json:
        """What rests does not lower the available amount; what is matched and not decided is escrowed."""
        staked = (f for f in self._fills if f.order.account == user.account)
        escrowed = sum(f.stake - f.refund for f in staked if f.status in (FillStatus.MATCHED, FillStatus.LOCKED))
        row = {
            "userAddress": user.address,
            "wallet": user.proxy,
            "tokenAddress": chain.USDC,
            "escrowAddress": chain.ESCROW,
            "availableAmount": str(self._exchange.accounts[user.account].cash),
            "pendingAvailableAmount": "0",
            "escrowedAmount": str(escrowed),
            "pendingEscrowAmount": "0",
        }
        return {"balances": [row]}

    def fees(self, request: web.Request, user: User, body: bytes) -> Json:
        return {"takerPayoutFee": "0", "refundFee": "0"}

    def token(self, request: web.Request, user: User, body: bytes) -> Json:
        return {"token": self._accounts.token(user, self._clock.now_ms() // 1000 + TOKEN_S)}

    def beat(self, request: web.Request, user: User, body: bytes) -> Json:
        timeout_s = _decode(body, _Beat).timeout_seconds
        if not 0 <= timeout_s <= _LONGEST_BEAT_S:
            raise Refusal([f"timeoutSeconds must not be greater than {_LONGEST_BEAT_S}"])
        if timeout_s:
            self._heartbeats.beat(user.account, timeout_s)
        else:
            self._heartbeats.end(user.account)
        return {"timeoutSeconds": timeout_s, "expiresAt": iso_of_ms(self._clock.now_ms() + timeout_s * 1000)}

    # --- orders and fills --------------------------------------------------------------------------------------

    def place(self, request: web.Request, user: User, body: bytes) -> Json:
        answer = self._desk.place(user, _decode(body, Posting))
        is_taken = any(order["status"] == "SUBMITTED" for order in answer["orders"])
        if is_taken and self._exchange.faults.loses_answer():
            lose_answer(request)
        return answer

    def orders(self, request: web.Request, user: User, body: bytes) -> Json:
        query = request.query
        found = self._desk.resting(user, market_hash=query.get("marketHash", ""), event_id=query.get("eventId", ""))
        views = [self._desk.view(order, user) for order in found]
        return _page("orders", views, query.get("perPage", ""), query.get("nextKey", ""))

    def order(self, request: web.Request, user: User, body: bytes) -> Json:
        order = self._desk.find(user, request.match_info["order_id"])
        if order is None:
            raise Refusal("Order not found", 404)
        return self._desk.view(order, user)

    def cancel(self, request: web.Request, user: User, body: bytes) -> Json:
        named = _decode(body, _Cancel).orders
        if not 0 < len(named) <= MOST_CANCELS:
            raise Refusal([f"orders must contain at least 1 and at most {MOST_CANCELS} elements"])
        return self._desk.cancel(user, [one.order_id for one in named])

    def cancel_all(self, request: web.Request, user: User, body: bytes) -> Json:
        return self._desk.cancel_some(user)

    def cancel_event(self, request: web.Request, user: User, body: bytes) -> Json:
        event_id = request.query.get("eventId", "")
        if not event_id:
            raise Refusal(["eventId must be a string"])
        return self._desk.cancel_some(user, event_id)

    def fill_list(self, request: web.Request, user: User, body: bytes) -> Json:
        query = request.query
        since_ms, until_ms = _time(query.get("startDate")), _time(query.get("endDate"))
        found = [
            fill
            for fill in self._fills
            if fill.order.account == user.account
            and query.get("orderId", fill.order.id) == fill.order.id
            and query.get("tradeId", fill.trade_id) == fill.trade_id
            and query.get("marketHash", fill.order.contract.ref) == fill.order.contract.ref
            and (since_ms is None or fill.matched_ms >= since_ms)
            and (until_ms is None or fill.matched_ms <= until_ms)
        ]
        if query.get("sortAsc") != "true":
            found.reverse()
        views = [self.fill_view(fill, user) for fill in found]
        return _page("fills", views, query.get("perPage", ""), query.get("nextKey", ""))

    def fill_view(self, fill: Fill, user: User) -> Json:
        return fill_view(fill, self._desk.market_of(fill.order), user)

    # --- who asks ----------------------------------------------------------------------------------------------

    def _public(self, answer: Callable[[web.Request], Any]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._limit(request.remote or "", OTHERS)
            return _success(answer(request))

        return handle

    def _private(self, answer: Callable[[web.Request, User, bytes], Any], group: str = OTHERS) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("x-sx-api-key", "")
            if not key:
                raise Refusal("BAD_AUTH", 401)
            user = self._accounts.of_key(key)
            if user is None:
                raise Refusal("INVALID_USER", 401)
            self._limit(key, group)
            return _success(answer(request, user, await request.read()))

        return handle

    def _limit(self, caller: str, group: str) -> None:
        wait_s = self._limits.take(caller, group, self._clock.now_ms())
        if wait_s is not None:
            raise Refusal("Too many requests", 429, retry_after_s=wait_s)


def _success(data: Any) -> web.Response:
    return json_answer({"status": "success", "data": data})


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Refusal([str(error)]) from None


def _texts(request: web.Request, name: str) -> list[str]:
    return [part for value in request.query.getall(name, []) for part in value.split(",") if part]


def _time(text: str | None) -> int | None:
    """A time of ISO 8601 in milliseconds. Raises Refusal."""
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise Refusal(["startDate must be a valid ISO 8601 date string"]) from None


def _page(name: str, rows: Sequence[Json], size_text: str, key: str) -> Json:
    """One page; its `nextKey` is where the next begins, and is missing at the end. Raises Refusal."""
    if any(text and not (text.isascii() and text.isdigit() and len(text) < 9) for text in (size_text, key)):
        raise Refusal(["perPage must be a number"])
    start, size = int(key or 0), int(size_text or _PAGE)
    if not 0 < size <= _LARGEST_PAGE:
        raise Refusal([f"perPage must not be greater than {_LARGEST_PAGE}"])
    more = {"nextKey": str(start + size)} if start + size < len(rows) else {}
    return {name: rows[start : start + size], **more}
