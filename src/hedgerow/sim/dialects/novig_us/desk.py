"""The order desk: takes checked orders to the engine, and finds and cancels them.

Every order buys an outcome; buying the away outcome at P is an order of the engine to sell the home one at 1 - P. The
answer to a placement only says that the order is in the queue: one that must not trade and would, or that finds nothing
to meet, ends after it. Orders of one account that meet each other are both cancelled. Source: the Novig sheet, "Common
model"; docs.novig.com "Place order".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from hedgerow.core.money import MICRO, micros_floor
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.novig_us.markets import UNIT, Listings, Market, name
from hedgerow.sim.dialects.novig_us.refusals import Refusal
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import (
    CLOSED,
    CROSSES,
    FUNDS,
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

LONGEST_FLAGS = 8
MOST_CANCELLED = 256
_KINDS = {
    "GTC": OrderKind.RESTS,
    "GTT": OrderKind.RESTS,
    "PO": OrderKind.RESTS,
    "IOC": OrderKind.IMMEDIATE,
    "FOK": OrderKind.ALL_OR_NONE,
}
_SELF_TRADE = "self trade"


class NewOrder(msgspec.Struct, rename="camel"):
    """POST /emm/orders/place. `qty`: cents of payout; `ttl`: milliseconds."""

    outcome_id: str
    price: Decimal
    qty: Decimal
    currency: str
    tif: str = "GTC"
    ttl: int | None = None
    flags: str = ""


@dataclass(slots=True, eq=False)
class Paper:
    """What the venue knows of an order beside the book. order: None for one that did not come to the book."""

    id: str
    account: str
    market: Market
    wanted: NewOrder
    placed_ms: int
    order: Order | None = None

    @property
    def quantity(self) -> int:
        """In units, as it was asked for."""
        return int(self.wanted.qty)

    @property
    def left(self) -> int:
        """In units, what is not filled."""
        return self.quantity if self.order is None else self.order.remaining // UNIT

    @property
    def status(self) -> str:
        order = self.order
        if order is None:
            return "REJECTED" if self.wanted.tif == "PO" else "CANCELED"
        if not order.remaining:
            return "FILLED"
        return {State.PENDING: "PENDING", State.OPEN: "RESTING"}.get(order.state, "CANCELED")


@dataclass(slots=True)
class Desk:
    """Orders of all accounts."""

    exchange: Exchange
    listings: Listings
    clock: WorldClock
    tell_ended: Callable[[Paper], None]
    _papers: dict[str, Paper] = field(default_factory=dict)

    def clear(self) -> None:
        self._papers.clear()

    def paper_of(self, order: Order) -> Paper | None:
        """What is known of an order of the engine; None for one of the world's own."""
        paper = self._papers.get(order.id)
        if paper is not None:
            paper.order = order
        return paper

    def of(self, account: str) -> list[Paper]:
        """All orders of an account, newest first."""
        return [paper for paper in reversed(self._papers.values()) if paper.account == account]

    def named(self, account: str, order_ids: Iterable[str]) -> list[Paper]:
        """Those of the ids that are the account's orders."""
        found = (self._papers.get(order_id) for order_id in dict.fromkeys(order_ids))
        return [paper for paper in found if paper is not None and paper.account == account]

    def find(self, account: str, order_id: str) -> Paper:
        """Raises Refusal."""
        paper = self._papers.get(order_id)
        if paper is None or paper.account != account:
            raise Refusal(404, "Order not found")
        return paper

    def place(self, account: str, wanted: NewOrder) -> Paper:
        """Takes one order in. Raises Refusal."""
        market = self.listings.of_outcome(wanted.outcome_id)
        if market is None:
            raise Refusal(400, "Outcome not found")
        _check(wanted)
        if not market.contract.is_open:
            raise Refusal(400, "Market is not open")
        paper = Paper(name(f"order {self.exchange.next_order_id()}"), account, market, wanted, self.clock.now_ms())
        self._papers[paper.id] = paper
        self._send(paper)
        return paper

    def cancel(self, account: str, order_id: str) -> Paper:
        """Raises Refusal for an order that does not rest."""
        paper = self.find(account, order_id)
        if paper.order is None or not self.exchange.cancel(paper.order, "by user"):
            raise Refusal(404, "Order not found")
        return paper

    def cancel_all(self, papers: Iterable[Paper], why: str = "by user") -> list[Paper]:
        """Those of the orders that rested."""
        return [p for p in list(papers) if p.order is not None and self.exchange.cancel(p.order, why)]

    def drain(self, market: Market) -> None:
        """Going live, and leaving it, cancels what rests of every account. The world's own offers stay: whoever makes
        them would put them up again at once."""
        self.cancel_all([paper for paper in self._papers.values() if paper.market is market], "event went live")

    # --- inside ----------------------------------------------------------------------------------------------

    def _send(self, paper: Paper) -> None:
        wanted, market = paper.wanted, paper.market
        side, price = market.side_of(wanted.outcome_id), micros_floor(wanted.price)
        try:
            paper.order = self.exchange.place(
                paper.account,
                market.contract,
                Leg.YES,
                side,
                price if side is Side.BUY else MICRO - price,
                paper.quantity * UNIT,
                reference=self._reference(paper),
                order_id=paper.id,
                kind=_KINDS[wanted.tif],
                post_only=wanted.tif == "PO",
                expires_ms=None if wanted.ttl is None else paper.placed_ms + wanted.ttl,
                self_trade=SelfTrade.ENDS_TAKER,
            )
        except Rejection as rejection:
            if rejection.why in (CROSSES, NOT_FILLED):
                self.tell_ended(paper)
                return
            del self._papers[paper.id]
            raise self._refusal(rejection) from None
        if paper.order.reason == _SELF_TRADE:
            self._wash(paper.order)

    def _wash(self, taker: Order) -> None:
        """The order met others of its account: they end with it."""
        for other in self.exchange.open_orders(taker.account):
            meets = other.yes_price <= taker.yes_price if taker.is_bid else other.yes_price >= taker.yes_price
            if other.contract is taker.contract and other.is_bid != taker.is_bid and meets:
                self.exchange.cancel(other, _SELF_TRADE)

    def _reference(self, paper: Paper) -> str:
        """The engine's: it takes none twice, the venue does not look at it."""
        flags = paper.wanted.flags
        return flags if flags and self.exchange.find(paper.account, flags) is None else paper.id

    def _refusal(self, rejection: Rejection) -> Refusal:
        words = {
            FUNDS: "Insufficient balance",
            CLOSED: "Market is not open",
            TICK: "Invalid price",
            SCRIPTED: self.exchange.faults.behaviour.rejectReason or "Order rejected",
        }
        return Refusal(400, words.get(rejection.why, "Invalid order"))


def _check(wanted: NewOrder) -> None:
    """Raises Refusal."""
    if wanted.tif not in _KINDS:
        raise Refusal(400, "Invalid tif")
    if wanted.currency != "CASH":
        raise Refusal(400, "Invalid currency")
    if not wanted.price.is_finite() or not 0 < wanted.price < 1 or wanted.price % Decimal("0.001"):
        raise Refusal(400, "Invalid price")
    if not wanted.qty.is_finite() or wanted.qty <= 0 or wanted.qty % 1:
        raise Refusal(400, "Invalid qty: must be a positive integer")
    if len(wanted.flags) > LONGEST_FLAGS:
        raise Refusal(400, f"flags must be at most {LONGEST_FLAGS} characters")
    if (wanted.ttl is None and wanted.tif == "GTT") or (wanted.ttl is not None and wanted.tif not in ("GTT", "PO")):
        raise Refusal(400, "Invalid ttl")
    if wanted.ttl is not None and wanted.ttl <= 0:
        raise Refusal(400, "Invalid ttl")
