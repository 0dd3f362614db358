"""The order desk: what an order request must look like, and what the engine does with it.

V2 only: one book in YES terms, `bid` buys YES, `ask` sells it. Sources: the sheet's section 4, Kalshi's order pages,
recorded answers. The world has one shard and one subaccount; requests that name another are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.kalshi.amounts import count_of, price_of
from hedgerow.sim.dialects.kalshi.errors import denial, invalid, missing, not_found, of_rejection
from hedgerow.sim.dialects.kalshi.groups import Groups
from hedgerow.sim.dialects.kalshi.ledger import Ledger
from hedgerow.sim.dialects.kalshi.listings import Listings, Market, Phase
from hedgerow.sim.dialects.kalshi.orders import META, AmendBody, DecreaseBody, Meta, PlaceBody, meta_of, resting_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, DUPLICATE, Leg, Order, OrderKind, Rejection, SelfTrade, State

_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_:-]{1,64}", re.ASCII)
_KINDS = {
    "good_till_canceled": OrderKind.RESTS,
    "immediate_or_cancel": OrderKind.IMMEDIATE,
    "fill_or_kill": OrderKind.ALL_OR_NONE,
}
_SELF_TRADE = {"taker_at_cross": SelfTrade.ENDS_TAKER, "maker": SelfTrade.ENDS_MAKER}
_SIDES = {"bid": Side.BUY, "ask": Side.SELL}


@dataclass(frozen=True, slots=True)
class Changed:
    """What an amend did: whether it filled or changed what rests, and where its fills begin in the order's."""

    order: Order
    moved: bool
    first_fill: int


class Desk:
    """Takes orders of accounts. Raises Denial for what Kalshi would refuse."""

    def __init__(
        self,
        exchange: Exchange,
        clock: WorldClock,
        listings: Listings,
        ledger: Ledger,
        groups: Groups,
        cancel_all_lag_s: float,
    ) -> None:
        self._exchange, self._clock = exchange, clock
        self._listings, self._ledger, self._groups = listings, ledger, groups
        self._cancel_all_lag_s = cancel_all_lag_s
        self.trading_active, self.exchange_active = True, True

    # --- the calls -------------------------------------------------------------------------------------------

    def place(self, account: str, body: PlaceBody) -> Order:
        market = self._checked_market(body)
        size, price = _count(body.count, "count"), _price(body.price)
        if body.client_order_id and not _CLIENT_ORDER_ID.fullmatch(body.client_order_id):
            raise invalid("client_order_id")
        self._refuse_when_paused(for_cancel=False)
        group = self._groups.admit(account, body.order_group_id) if body.order_group_id else None
        if market.phase is not Phase.ACTIVE:
            raise of_rejection(Rejection(CLOSED))
        if body.reduce_only:
            size = self._reducing(account, market, body.side, size)
        order_id = self._exchange.next_order_id()
        meta = Meta(
            size,
            self._clock.now_ms(),
            body.self_trade_prevention_type,
            body.post_only,
            body.cancel_order_on_pause,
            body.order_group_id,
            bool(body.client_order_id),
        )
        try:
            order = self._exchange.place(
                account,
                market.contract,
                Leg.YES,
                _SIDES[body.side],
                price,
                size,
                reference=body.client_order_id or order_id,
                kind=_KINDS[body.time_in_force],
                post_only=body.post_only,
                expires_ms=None if body.expiration_time is None else body.expiration_time * 1000,
                order_id=order_id,
                self_trade=_SELF_TRADE[body.self_trade_prevention_type],
                extra={META: meta},
            )
        except Rejection as rejection:
            raise of_rejection(rejection) from None
        self._ledger.note_order(order)
        if group is not None:
            self._groups.join(group, order)
        return order

    def amend(self, account: str, order_id: str, body: AmendBody) -> Changed:
        for name in ("ticker", "side", "price", "count"):
            if not getattr(body, name):
                raise missing(name)
        order = self._resting(account, order_id)
        self._check_same(order, body)
        self._refuse_when_paused(for_cancel=False)
        self._market_of(order)
        size, price = _count(body.count, "count"), _price(body.price)
        if meta_of(order).post_only and self._would_cross(order, price):
            raise denial(400, "invalid_order", "post only cross")
        renamed = body.updated_client_order_id
        if renamed and self._exchange.find(account, renamed) not in (None, order):
            raise of_rejection(Rejection(DUPLICATE))
        resting, first_fill = resting_of(order), len(order.fills)
        try:
            self._exchange.amend(order, price, size)
            self._exchange.rename(order, renamed or order.reference)
        except Rejection as rejection:
            raise of_rejection(rejection) from None
        meta_of(order).initial = size
        if body.expiration_time is not None:
            self._exchange.expire_at(order, body.expiration_time * 1000)
        return Changed(order, resting != resting_of(order) or len(order.fills) > first_fill, first_fill)

    def decrease(self, account: str, order_id: str, body: DecreaseBody) -> Order:
        if (body.reduce_by is None) == (body.reduce_to is None):
            raise invalid("exactly one of reduce_by and reduce_to must be provided")
        order = self._resting(account, order_id)
        self._refuse_when_paused(for_cancel=True)
        self._market_of(order)
        if body.reduce_to is not None:
            remaining = _count(body.reduce_to, "reduce_to", may_be_zero=True)
        else:
            remaining = order.remaining - _count(body.reduce_by or "", "reduce_by")
        if not 0 <= remaining <= order.remaining:
            raise denial(400, "invalid_order_size", by_engine=True)
        try:
            self._exchange.amend(order, order.price, order.filled + remaining)
        except Rejection as rejection:
            raise of_rejection(rejection) from None
        return order

    def cancel(self, account: str, order_id: str) -> tuple[Order, int]:
        """The order and how many contracts were taken from it."""
        order = self._resting(account, order_id)
        self._refuse_when_paused(for_cancel=True)
        self._market_of(order)
        reduced = order.remaining
        self._exchange.cancel(order, "cancelled by the member")
        return order, reduced

    def cancel_all(self, account: str) -> None:
        """Cancels what rests of the account, now or after the lag."""
        self._refuse_when_paused(for_cancel=True)
        self._clock.later(self._cancel_all_lag_s, lambda: self._sweep(account), "kalshi cancels all")

    def pause(self, *, trading_active: bool, exchange_active: bool) -> None:
        """Starts or ends a pause; orders that asked for it are cancelled when one starts."""
        was_open = self.trading_active and self.exchange_active
        self.trading_active, self.exchange_active = trading_active, exchange_active
        if was_open and not (trading_active and exchange_active):
            for order in self._exchange.open_orders():
                if meta_of(order).cancels_on_pause:
                    self._exchange.cancel(order, "pause")

    def order(self, account: str, order_id: str) -> Order:
        """Raises Denial (404)."""
        order = self._exchange.orders.get(order_id)
        if order is None or order.account != account:
            raise not_found()
        return order

    # --- checks ----------------------------------------------------------------------------------------------

    def _checked_market(self, body: PlaceBody) -> Market:
        required = ("ticker", "side", "count", "price", "time_in_force", "self_trade_prevention_type")
        lacks = [name for name in required if not getattr(body, name)]
        if lacks:
            raise missing(*lacks)
        for name, known in (
            ("side", _SIDES),
            ("time_in_force", _KINDS),
            ("self_trade_prevention_type", _SELF_TRADE),
        ):
            if getattr(body, name) not in known:
                raise invalid(f"{name} must be one of {', '.join(known)}")
        if body.expiration_time is not None and body.time_in_force != "good_till_canceled":
            raise invalid("expiration_time needs time_in_force good_till_canceled")
        if body.post_only and body.time_in_force != "good_till_canceled":
            raise invalid("post_only needs time_in_force good_till_canceled")
        if body.subaccount or body.exchange_index not in (0, -1):
            raise invalid("unknown subaccount or exchange_index")
        market = self._listings.markets.get(body.ticker)
        if market is None:
            raise denial(404, "market_not_found", by_engine=True)
        return market

    def _resting(self, account: str, order_id: str) -> Order:
        """An order that still rests. The engine says not found for all others alike: done, gone or never there."""
        order = self._exchange.orders.get(order_id)
        if order is None or order.account != account or order.state not in (State.OPEN, State.PENDING):
            raise not_found(by_engine=True)
        return order

    def _market_of(self, order: Order) -> Market:
        """Raises Denial once the market has closed: then even cancels fail."""
        market = self._listings.markets[order.contract.ref]
        if market.phase in (Phase.CLOSED, Phase.FINALIZED):
            raise of_rejection(Rejection(CLOSED))
        return market

    def _refuse_when_paused(self, *, for_cancel: bool) -> None:
        if not self.exchange_active:
            raise denial(409, "exchange_is_paused")
        if not self.trading_active and not for_cancel:
            raise denial(409, "trading_is_paused")

    def _check_same(self, order: Order, body: AmendBody) -> None:
        if body.ticker != order.contract.ref:
            raise denial(400, "order_ticker_mismatch", by_engine=True)
        if _SIDES.get(body.side) is not order.side:
            raise denial(400, "order_side_mismatch", by_engine=True)
        if body.client_order_id and body.client_order_id != order.reference:
            raise denial(400, "order_id_and_client_order_id_mismatch", by_engine=True)

    def _would_cross(self, order: Order, price: int) -> bool:
        touch = self._exchange.book(order.contract).best(not order.is_bid)
        return touch is not None and (touch <= price if order.is_bid else touch >= price)

    def _reducing(self, account: str, market: Market, side: str, size: int) -> int:
        """The size cut to what the account holds on the other side."""
        net = self._ledger.position(account, market.ticker).net
        held = -net if side == "bid" else net
        if held <= 0:
            raise denial(400, "invalid_order", "reduce only order would not reduce the position")
        return min(size, held)

    def _sweep(self, account: str) -> None:
        for order in self._exchange.open_orders(account):
            if self._listings.markets[order.contract.ref].phase in (Phase.ACTIVE, Phase.INACTIVE):
                self._exchange.cancel(order, "cancelled by the member")


def _count(text: str, name: str, *, may_be_zero: bool = False) -> int:
    size = count_of(text)
    if size is None:
        raise invalid(f"{name} must be a count with up to 2 decimals")
    if size == 0 and not may_be_zero:
        raise denial(400, "invalid_order_size", by_engine=True)
    return size


def _price(text: str) -> int:
    price = price_of(text)
    if price is None:
        raise invalid("price must be dollars with 2 to 4 decimals")
    return price
