"""What a simulated exchange keeps: contracts, orders with their trades, accounts.

A contract pays 1 when its YES outcome wins; an order may name the NO leg and is then the opposite order at the
complement price. All numbers are micros, whole micros only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hedgerow.core.ids import MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side


class Leg(StrEnum):
    YES = "yes"
    NO = "no"


class OrderKind(StrEnum):
    """How long an order lives."""

    RESTS = "rests"  # good till cancelled (or its expiry)
    IMMEDIATE = "immediate"  # what does not match at once is cancelled
    ALL_OR_NONE = "all_or_none"  # matches wholly at once, or not at all


class State(StrEnum):
    """In the ledger's words. `pending` waits for an acceptance delay."""

    PENDING = "pending"
    OPEN = "open"
    ACCEPTED = "accepted"  # wholly matched
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SETTLED = "settled"


class SelfTrade(StrEnum):
    """What happens when an account would trade with itself."""

    ALLOWED = "allowed"
    ENDS_TAKER = "ends_taker"
    ENDS_MAKER = "ends_maker"


class Rejection(Exception):  # noqa: N818
    """The exchange refuses an order; each dialect puts `why` into its venue's words."""

    def __init__(self, why: str, text: str = "") -> None:
        super().__init__(text or why)
        self.why = why


# Why a placement can be refused.
CROSSES, FUNDS, CLOSED, TICK, LOT, DUPLICATE, NOT_FILLED, UNKNOWN, SCRIPTED = (
    "crosses",
    "funds",
    "closed",
    "tick",
    "lot",
    "duplicate",
    "not_filled",
    "unknown",
    "scripted",
)


COMMISSION = "commission"
"""Under what an order's `extra` has the commission that its payout is short of, in micros."""
COUNTERPARTY = "world"
"""The account of the world's own orders; it has no money and is in no ledger."""


def in_yes_terms(leg: Leg, price: int) -> int:
    """A price of the leg's terms in the book's, and back."""
    return price if leg is Leg.YES else MICRO - price


@dataclass(slots=True)
class Contract:
    """One listed contract. `no` is the outcome that the NO leg pays on, where the market has exactly two results."""

    ref: str
    market: MarketKey
    yes: OutcomeKey
    no: OutcomeKey | None
    grid: PriceGrid
    lot: int
    min_size: int
    is_open: bool = True
    result: SettlementStatus | None = None
    names: tuple[str, str] = ("", "")  # the feed's `bookmakerOutcomeId` of YES and of NO

    def lot_at(self, yes_price: int) -> int:
        """The step of sizes at a price of the grid."""
        return self.grid.lot_at(yes_price, self.lot)


@dataclass(slots=True)
class Match:
    """One trade of an order, at the maker's price, in the terms of the order's own leg."""

    id: str
    price: int
    size: int
    fee: int
    is_maker: bool
    at_ms: int
    closed: int = 0  # part of the size that sold what the account held
    withheld: int = 0  # contracts that the exchange kept of what was bought, as its fee

    @property
    def charged(self) -> int:
        """What the fill cost in fees; contracts that were kept at the price of the trade. Micros of money."""
        return self.fee + self.withheld * self.price // MICRO


@dataclass(slots=True, eq=False)
class Order:
    """An order in its own leg's terms; `yes_price` and `is_bid` are the book's."""

    id: str
    reference: str
    account: str
    contract: Contract
    leg: Leg
    side: Side
    price: int
    size: int
    kind: OrderKind
    created_ms: int
    expires_ms: int | None = None
    filled: int = 0
    failed: int = 0  # part of the size whose trades were taken back; it does not rest again
    state: State = State.OPEN
    reason: str = ""
    post_only: bool = False
    self_trade: SelfTrade = SelfTrade.ALLOWED
    closes: int = 0  # part of what remains that sells what the account holds, and needs no money
    reserved: int = 0  # money that what remains has set aside
    fills: list[Match] = field(default_factory=list)
    settlement: SettlementStatus = SettlementStatus.UNDECIDED
    payout: int = 0
    extra: dict[str, Any] = field(default_factory=dict)  # what only the dialect reads

    @property
    def remaining(self) -> int:
        return self.size - self.filled - self.failed

    @property
    def is_bid(self) -> bool:
        return (self.side is Side.BUY) == (self.leg is Leg.YES)

    @property
    def yes_price(self) -> int:
        return in_yes_terms(self.leg, self.price)

    @property
    def outcome(self) -> OutcomeKey | None:
        return self.contract.yes if self.leg is Leg.YES else self.contract.no

    @property
    def closing_leg(self) -> Leg:
        """Which holding the order would reduce: its own leg when selling it, the other when buying against it."""
        if self.side is Side.SELL:
            return self.leg
        return Leg.NO if self.leg is Leg.YES else Leg.YES

    @property
    def paid(self) -> int:
        """Money at risk that the matched part has cost, as it was taken trade by trade."""
        return sum(self.at_risk(match.price, match.size) for match in self.fills)

    def risk_price(self, price: int) -> int:
        """Money at risk per contract at a price of the order's leg: the price when buying, its complement else."""
        return price if self.side is Side.BUY else MICRO - price

    def at_risk(self, price: int, size: int, *, up: bool = False) -> int:
        """Money at risk in contracts at a price of the order's leg, rounded down, or up."""
        return self.contract.grid.at_risk(in_yes_terms(self.leg, price), size, buys=self.is_bid, up=up)


@dataclass(slots=True, eq=False)
class Account:
    """Cash, and contracts held by (contract, leg). `reserved` is the part of the cash that open orders set aside.

    `advance` is cash that a contract has paid out before its end: for YES and NO held together, and for held
    contracts that were sold. It is taken back at settlement, when every order is paid as if it had been kept.
    """

    name: str
    cash: int
    reserved: int = 0
    held: dict[tuple[str, Leg], int] = field(default_factory=dict)
    advance: dict[str, int] = field(default_factory=dict)
