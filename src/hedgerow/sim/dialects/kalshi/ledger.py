"""What the accounts did: their orders and fills in order, their positions, their settlements.

A position is kept at average cost, in Kalshi's way: YES and NO of one market are one signed number, and selling what
is held (or buying against it) makes profit or loss at once. Amounts are micros.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Contract, Match, Order


@dataclass(slots=True)
class Position:
    """One account in one market."""

    ticker: str
    net: int = 0  # contracts: + YES, − NO
    cost: int = 0  # what the present contracts were bought for
    realized: int = 0
    fees: int = 0
    traded: int = 0  # money spent over all fills
    volume: int = 0  # contracts over all fills
    bought: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})  # contracts, by whether YES
    updated_ms: int = 0

    def add(self, *, is_yes: bool, price: int, size: int, fee: int, at_ms: int) -> None:
        """A fill that positions the account for YES or NO. price: of YES."""
        own_price = price if is_yes else MICRO - price
        held = self.net if is_yes else -self.net
        closes = min(max(-held, 0), size)
        if closes:
            # What is closed is worth the other side's price: 1 − own.
            basis = self.cost * closes // -held
            self.realized += (MICRO - own_price) * closes // MICRO - basis
            self.cost -= basis
        opens = size - closes
        self.cost += own_price * opens // MICRO
        self.net += size if is_yes else -size
        self.traded += own_price * size // MICRO
        self.fees += fee
        self.volume += size
        self.bought[is_yes] += size
        self.updated_ms = at_ms


@dataclass(frozen=True, slots=True)
class Fill:
    """One side of a trade. `post_position`: the account's contracts in the market after it."""

    number: int
    order: Order
    match: Match
    post_position: int

    @property
    def yes_price(self) -> int:
        """The engine keeps a match in the order's own leg, which is always YES here."""
        return self.match.price


@dataclass(frozen=True, slots=True)
class Settlement:
    """A decided market with what the account held in it."""

    number: int
    contract: Contract
    net: int
    cost: int
    revenue: int
    fees: int
    at_ms: int


@dataclass(slots=True)
class _Books:
    orders: list[Order] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    settlements: dict[str, Settlement] = field(default_factory=dict)


class Ledger:
    """All accounts' books. Orders and fills oldest first."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._books: dict[str, _Books] = {}
        self._numbers = 0

    def clear(self) -> None:
        self._books.clear()

    def orders(self, account: str) -> list[Order]:
        return self._of(account).orders

    def fills(self, account: str) -> list[Fill]:
        return self._of(account).fills

    def positions(self, account: str) -> list[Position]:
        return list(self._of(account).positions.values())

    def position(self, account: str, ticker: str) -> Position:
        """The account's position in a market; an empty one where it never traded."""
        return self._of(account).positions.get(ticker) or Position(ticker)

    def settlements(self, account: str) -> list[Settlement]:
        return sorted(self._of(account).settlements.values(), key=lambda row: row.number)

    def note_order(self, order: Order) -> None:
        self._of(order.account).orders.append(order)

    def note_fill(self, order: Order, match: Match) -> Fill:
        books = self._of(order.account)
        position = books.positions.setdefault(order.contract.ref, Position(order.contract.ref))
        position.add(is_yes=order.is_bid, price=match.price, size=match.size, fee=match.fee, at_ms=match.at_ms)
        fill = Fill(self._next(), order, match, position.net)
        books.fills.append(fill)
        return fill

    def note_result(self, contract: Contract, at_ms: int) -> list[str]:
        """Books a decided contract for all who traded it, or corrects it; answers their names."""
        concerned = [name for name, books in self._books.items() if contract.ref in books.positions]
        for name in concerned:
            books = self._books[name]
            position = books.positions[contract.ref]
            revenue = self._revenue(name, contract, position)
            books.settlements[contract.ref] = Settlement(
                self._next(), contract, position.net, position.cost, revenue, position.fees, at_ms
            )
        return concerned

    def _revenue(self, account: str, contract: Contract, position: Position) -> int:
        """What the engine paid at the end: all payouts without what pairs of YES and NO had paid before."""
        if contract.result is SettlementStatus.UNDECIDED:
            return 0
        paid = sum(order.payout for order in self._of(account).orders if order.contract is contract)
        return paid - min(position.bought.values())

    def _of(self, account: str) -> _Books:
        return self._books.setdefault(account, _Books())

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers
