"""The order desk: takes checked orders to the engine, cancels them, and answers in the venue's words.

A bet on outcome two at a probability is a sale of the contract at the complement. Sources: the SX sheet, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.sx_bet import errors
from hedgerow.sim.dialects.sx_bet.accounts import User
from hedgerow.sim.dialects.sx_bet.listings import Listings, Market
from hedgerow.sim.dialects.sx_bet.orders import MOST_MARKETS, MOST_ORDERS, Posted, Posting, Wanted, checked, purchase
from hedgerow.sim.dialects.sx_bet.shapes import WANTED, Json, order_view, outcome_view, wanted_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, FUNDS, SCRIPTED, Leg, Order, OrderKind, Rejection, State

_KINDS = {"GTC": OrderKind.RESTS, "IOC": OrderKind.IMMEDIATE, "FOK": OrderKind.ALL_OR_NONE}
_CANCELLED_AT_ONCE = 50
"""Of everything: how many one request takes."""


class Desk:
    """Orders of all users."""

    def __init__(self, exchange: Exchange, listings: Listings, clock: WorldClock, live_delay_s: int) -> None:
        self._exchange, self._listings, self._clock, self._live_delay_s = exchange, listings, clock, live_delay_s
        self._killed: dict[str, Order] = {}  # by id: what found nothing, and never came to the book

    def clear(self) -> None:
        self._killed.clear()

    # --- placing -----------------------------------------------------------------------------------------------

    def place(self, user: User, posting: Posting) -> Json:
        """Takes the orders of a request one after another. Raises Refusal for the request as a whole, which a lack of
        money is."""
        if not 0 < len(posting.orders) <= MOST_ORDERS:
            raise errors.Refusal([f"orders must contain at least 1 and at most {MOST_ORDERS} elements"])
        if len({posted.market_hash for posted in posting.orders}) > MOST_MARKETS:
            raise errors.Refusal(errors.TOO_MANY_MARKETS)
        return {"orders": [self._answer(user, posted, waits=posting.wait_for_outcome) for posted in posting.orders]}

    def _answer(self, user: User, posted: Posted, *, waits: bool) -> Json:
        named = {"clientOrderId": posted.client_order_id} if posted.client_order_id is not None else {}
        try:
            order = self._place(user, posted)
        except errors.Failure as failure:
            return {"status": "FAILED", "reason": str(failure), **named}
        told = {"status": "SUBMITTED", "orderId": order.id, **named}
        return told | ({"outcome": outcome_view(order)} if waits else {})

    def _place(self, user: User, posted: Posted) -> Order:
        market = self._listings.of_hash(posted.market_hash)
        delay_s = self._live_delay_s if market is not None and market.fixture.live else 0
        wanted = checked(posted, user, self._clock.now_ms() // 1000 + delay_s + 1)
        if market is None:
            raise errors.Failure(errors.NO_MARKET)
        if wanted.order_id in self._exchange.orders or wanted.order_id in self._killed:
            raise errors.Failure(errors.ALREADY_EXISTS)
        if not market.is_open:
            raise errors.Failure(errors.CLOSED)
        if wanted.stake > self._exchange.free_cash(user.account):
            raise errors.Refusal(errors.NO_FUNDS)
        wanted.updated_ms = self._clock.now_ms()
        return self._send(user, wanted, market, delay_s)

    def _send(self, user: User, wanted: Wanted, market: Market, delay_s: int) -> Order:
        """To the book: contracts for the whole stake, where it rests; else for what it meets there now."""
        met = purchase(wanted.stake, wanted.price, self._offers(market, is_outcome_one=wanted.is_outcome_one))
        size, price = met.contracts, wanted.price
        match wanted.time_in_force:
            case "GTC":
                size += met.left * MICRO // wanted.price
            case "FOK" if met.left * MICRO // met.worst:
                size = 0
            case _:
                price = met.worst
                wanted.dropped = met.left if met.left * MICRO // met.worst else 0
        if not size:
            wanted.dropped = wanted.stake
            return self._kill(user, wanted, market)
        try:
            return self._exchange.place(
                user.account,
                market.contract,
                Leg.YES,
                Side.BUY if wanted.is_outcome_one else Side.SELL,
                price if wanted.is_outcome_one else MICRO - price,
                size,
                reference=wanted.order_id,
                order_id=wanted.order_id,
                kind=_KINDS[wanted.time_in_force],
                expires_ms=wanted.expiry_s * 1000 if wanted.time_in_force == "GTC" else None,
                delay_s=delay_s if met.contracts else 0,
                extra={WANTED: wanted},
            )
        except Rejection as rejection:
            if rejection.why == FUNDS:
                raise errors.Refusal(errors.NO_FUNDS) from None
            raise errors.Failure(self._why(rejection)) from None

    def _kill(self, user: User, wanted: Wanted, market: Market) -> Order:
        """An order that must not rest and finds nothing: the venue knows it, and the book does not."""
        order = Order(
            wanted.order_id,
            wanted.order_id,
            user.account,
            market.contract,
            Leg.YES,
            Side.BUY if wanted.is_outcome_one else Side.SELL,
            wanted.price if wanted.is_outcome_one else MICRO - wanted.price,
            0,
            _KINDS[wanted.time_in_force],
            self._clock.now_ms(),
            state=State.CANCELLED,
            reason="not matched",
            extra={WANTED: wanted},
        )
        self._killed[order.id] = order
        return order

    def _offers(self, market: Market, *, is_outcome_one: bool) -> list[tuple[int, int]]:
        """What can be taken of an outcome: the cost of a contract and how many, the cheapest first."""
        levels = self._exchange.book(market.contract).levels(is_bid=not is_outcome_one)
        return [(price if is_outcome_one else MICRO - price, size) for price, size in levels]

    def _why(self, rejection: Rejection) -> str:
        if rejection.why == SCRIPTED:
            return self._exchange.faults.behaviour.rejectReason or errors.CLOSED
        return errors.CLOSED if rejection.why == CLOSED else errors.BAD_ODDS

    # --- what there is -----------------------------------------------------------------------------------------

    def find(self, user: User, order_id: str) -> Order | None:
        """The user's order, whatever became of it."""
        order = self._exchange.orders.get(order_id) or self._killed.get(order_id)
        return order if order is not None and order.account == user.account else None

    def resting(self, user: User, *, market_hash: str = "", event_id: str = "") -> list[Order]:
        """The user's orders that rest or wait, newest first; of one market or event where they are named."""
        return [
            order
            for order in reversed(self._exchange.open_orders(user.account))
            if market_hash in ("", order.contract.ref) and event_id in ("", self.market_of(order).event_id)
        ]

    def view(self, order: Order, user: User) -> Json:
        return order_view(order, self.market_of(order), user)

    def market_of(self, order: Order) -> Market:
        market = self._listings.of_hash(order.contract.ref)
        assert market is not None, "every contract of the venue is listed"
        return market

    # --- cancelling --------------------------------------------------------------------------------------------

    def cancel(self, user: User, order_ids: Iterable[str]) -> Json:
        cancelled, not_cancelled = [], []
        for order_id in dict.fromkeys(order_ids):
            order = self.find(user, order_id)
            if order is not None and self._end(order, "user"):
                cancelled.append({"orderId": order_id})
            else:
                not_cancelled.append({"orderId": order_id, "reason": "NOT_FOUND"})
        return {"cancelled": cancelled, "notCancelled": not_cancelled, "unconfirmed": []}

    def cancel_some(self, user: User, event_id: str = "") -> Json:
        """As many of what rests as one request takes."""
        resting = self.resting(user, event_id=event_id)
        now = resting[:_CANCELLED_AT_ONCE]
        for order in now:
            self._end(order, "user")
        return {"cancelledSubmitted": [{"orderId": order.id} for order in now], "hasMore": len(now) < len(resting)}

    def cancel_of(self, account: str) -> None:
        """The dead man's switch has fired."""
        for order in self._exchange.open_orders(account):
            self._end(order, "heartbeat")

    def cancel_on(self, market: Market) -> None:
        """The match has begun."""
        for order in self._exchange.open_orders():
            if order.contract is market.contract and order.account in self._exchange.accounts:
                self._end(order, "the match has begun")

    def _end(self, order: Order, reason: str) -> bool:
        wanted_of(order).updated_ms = self._clock.now_ms()
        return self._exchange.cancel(order, reason)
