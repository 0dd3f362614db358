"""The order desk: what an order must look like, and what the engine does with it.

The answer to a placement has the order's id and nothing else; what the exchange makes of it comes on the stream, its
refusals too. Only what is no order at all is refused at once. Sources: the sheet's section 4; the venue's page "Orders
API Overview"; the texts that go with a reject reason are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.core.money import InexactAmountError, micros
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket_us.listings import Listings, Market
from hedgerow.sim.dialects.polymarket_us.wire import PRECONDITION, Denial, invalid, not_found
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import (
    CLOSED,
    CROSSES,
    FUNDS,
    LOT,
    NOT_FILLED,
    SCRIPTED,
    TICK,
    Leg,
    Order,
    OrderKind,
    Rejection,
    SelfTrade,
    State,
)

MOST_IN_BATCH = 20

Intent = Literal["ORDER_INTENT_BUY_LONG", "ORDER_INTENT_SELL_LONG", "ORDER_INTENT_BUY_SHORT", "ORDER_INTENT_SELL_SHORT"]
TimeInForce = Literal[
    "TIME_IN_FORCE_GOOD_TILL_CANCEL",
    "TIME_IN_FORCE_GOOD_TILL_DATE",
    "TIME_IN_FORCE_IMMEDIATE_OR_CANCEL",
    "TIME_IN_FORCE_FILL_OR_KILL",
]

_SIDES = {
    "ORDER_INTENT_BUY_LONG": Side.BUY,
    "ORDER_INTENT_SELL_LONG": Side.SELL,
    "ORDER_INTENT_BUY_SHORT": Side.SELL,
    "ORDER_INTENT_SELL_SHORT": Side.BUY,
}
"""What an intent does to the one book, which is in long terms."""

_CLOSES = {"ORDER_INTENT_SELL_LONG": Leg.YES, "ORDER_INTENT_SELL_SHORT": Leg.NO}
"""The holding that an intent sells from."""

_KINDS = {
    "TIME_IN_FORCE_IMMEDIATE_OR_CANCEL": OrderKind.IMMEDIATE,
    "TIME_IN_FORCE_FILL_OR_KILL": OrderKind.ALL_OR_NONE,
}
_OPTION = "ORD_REJECT_REASON_EXCHANGE_OPTION"


class Amount(msgspec.Struct):
    value: str
    currency: Literal["USD"] = "USD"


class NewOrder(msgspec.Struct, rename="camel"):
    """The body of `POST /v1/orders`."""

    market_slug: str
    intent: Intent
    price: Amount
    quantity: Decimal
    type: Literal["ORDER_TYPE_LIMIT"] = "ORDER_TYPE_LIMIT"
    tif: TimeInForce = "TIME_IN_FORCE_GOOD_TILL_CANCEL"
    participate_dont_initiate: bool = False
    good_till_time: str | None = None
    manual_order_indicator: Literal["MANUAL_ORDER_INDICATOR_MANUAL", "MANUAL_ORDER_INDICATOR_AUTOMATIC"] | None = None
    synchronous_execution: bool = False
    max_block_time: str | None = None


@dataclass(slots=True, eq=False)
class Paper:
    """What the venue knows of an order beside the book. order: None for one that the exchange refused."""

    id: str
    account: str
    market: Market
    wanted: NewOrder
    price: int
    size: int
    created_ms: int
    order: Order | None = None
    reject: tuple[str, str] = ("", "")  # reason and text
    executions: list[dict[str, object]] = field(default_factory=list)

    @property
    def side(self) -> Side:
        return _SIDES[self.wanted.intent]

    @property
    def filled(self) -> int:
        return self.order.filled if self.order is not None else 0

    @property
    def rests(self) -> bool:
        order = self.order
        return order is not None and order.remaining > 0 and order.state in (State.PENDING, State.OPEN)

    @property
    def state(self) -> str:
        """In the venue's words."""
        order = self.order
        if order is None:
            return "ORDER_STATE_REJECTED"
        if not order.remaining:
            return "ORDER_STATE_FILLED"
        if order.state is State.PENDING:
            return "ORDER_STATE_PENDING_NEW"
        if order.state is State.OPEN:
            return "ORDER_STATE_PARTIALLY_FILLED" if order.filled else "ORDER_STATE_NEW"
        return "ORDER_STATE_EXPIRED" if order.reason == "expired" else "ORDER_STATE_CANCELED"


class Desk:
    """Orders of all accounts, by id."""

    def __init__(
        self, exchange: Exchange, listings: Listings, clock: WorldClock, refused: Callable[[Paper], None]
    ) -> None:
        """refused: called with an order that the exchange does not take, after it got its id."""
        self.exchange, self.listings = exchange, listings
        self._clock, self._refused = clock, refused
        self._papers: dict[str, Paper] = {}

    def clear(self) -> None:
        self._papers.clear()

    def of_account(self, account: str) -> list[Paper]:
        """Oldest first."""
        return [paper for paper in self._papers.values() if paper.account == account]

    def of_order(self, order: Order) -> Paper | None:
        return self._papers.get(order.id)

    def find(self, account: str, order_id: str) -> Paper:
        """Raises Denial (404)."""
        paper = self._papers.get(order_id)
        if paper is None or paper.account != account:
            raise not_found("order not found")
        return paper

    # --- placing -----------------------------------------------------------------------------------------------

    def place(self, account: str, wanted: NewOrder) -> Paper:
        """Takes an order in, whatever the exchange makes of it. Raises Denial for what is no order."""
        market = self.listings.of_slug(wanted.market_slug)
        if market is None:
            raise not_found("market not found")
        price, size = _micros(wanted.price.value), _micros(wanted.quantity)
        expires_ms = _expiry(wanted)
        paper = Paper(self.exchange.next_order_id(), account, market, wanted, price, size, self._clock.now_ms())
        self._papers[paper.id] = paper
        try:
            self._send(paper, expires_ms)
        except Rejection as rejection:
            paper.reject = _reason(rejection, market, price)
            self._refused(paper)
        return paper

    def _send(self, paper: Paper, expires_ms: int | None) -> None:
        contract, wanted = paper.market.contract, paper.wanted
        leg = _CLOSES.get(wanted.intent)
        if leg is not None and self.exchange.free_holding(paper.account, contract, leg) < paper.size:
            raise Rejection(FUNDS)
        paper.order = self.exchange.place(
            paper.account,
            contract,
            Leg.YES,
            paper.side,
            paper.price,
            paper.size,
            reference=paper.id,
            order_id=paper.id,
            kind=_KINDS.get(wanted.tif, OrderKind.RESTS),
            post_only=wanted.participate_dont_initiate,
            expires_ms=expires_ms,
            self_trade=SelfTrade.ENDS_TAKER,
        )

    # --- cancelling --------------------------------------------------------------------------------------------

    def cancel(self, account: str, order_id: str, slug: str) -> None:
        """Raises Denial for an order that is not the account's, and for one that is over."""
        paper = self.find(account, order_id)
        if paper.market.slug != slug:
            raise invalid("the order is of another market")
        if paper.order is None or not self.exchange.cancel(paper.order, "cancelled by the user"):
            raise Denial(400, PRECONDITION, "order is not open")

    def cancel_quietly(self, account: str, order_ids: list[str]) -> None:
        """A batch: what cannot be cancelled is passed over without a word."""
        for order_id in order_ids:
            paper = self._papers.get(order_id)
            if paper is not None and paper.account == account and paper.order is not None:
                self.exchange.cancel(paper.order, "cancelled by the user")

    def cancel_all(self, account: str, slugs: list[str]) -> list[str]:
        """The ids of what rested; slugs: empty for all markets."""
        resting = [paper for paper in self.of_account(account) if paper.rests]
        chosen = [paper for paper in resting if not slugs or paper.market.slug in slugs]
        self.cancel_quietly(account, [paper.id for paper in chosen])
        return [paper.id for paper in chosen]


def _micros(value: Decimal | str) -> int:
    try:
        return micros(value)
    except InexactAmountError as error:
        raise invalid(str(error)) from None


def _expiry(wanted: NewOrder) -> int | None:
    if wanted.tif != "TIME_IN_FORCE_GOOD_TILL_DATE":
        return None
    try:
        moment = datetime.fromisoformat(wanted.good_till_time or "")
    except ValueError:
        raise invalid("goodTillTime is required for GOOD_TILL_DATE") from None
    if moment.tzinfo is None:
        raise invalid("goodTillTime has no zone")
    return int(moment.timestamp() * 1000)


def _reason(rejection: Rejection, market: Market, price: int) -> tuple[str, str]:
    """The engine's no in the venue's words."""
    grid = market.contract.grid
    is_outside = not grid.lowest <= price <= grid.highest
    words = {
        TICK: ("ORD_REJECT_REASON_PRICE_OUT_OF_BOUNDS", "price is out of bounds")
        if is_outside
        else ("ORD_REJECT_REASON_INVALID_PRICE_INCREMENT", "price is not on the increment"),
        LOT: ("ORD_REJECT_REASON_INCORRECT_QUANTITY", "quantity is not valid"),
        CLOSED: ("ORD_REJECT_REASON_EXCHANGE_CLOSED", "market is closed"),
        NOT_FILLED: ("ORD_REJECT_REASON_NO_LIQUIDITY", "not enough liquidity"),
        FUNDS: (_OPTION, "insufficient buying power"),
        CROSSES: (_OPTION, "order would initiate a trade"),
        SCRIPTED: (str(rejection) if str(rejection) != SCRIPTED else _OPTION, "order was refused"),
    }
    return words[rejection.why]
