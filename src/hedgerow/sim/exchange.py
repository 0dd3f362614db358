"""A simulated exchange: contracts, order books with price-time priority, accounts, settlement.

A contract pays 1 when its YES outcome wins. Its book is kept in YES terms; an order may name the NO leg (where the
venue has a token for it) and is then the opposite order at the complement price. All numbers are micros, whole
micros only. The dialects put the venue's words around this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any, Protocol

from hedgerow.core.ids import MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.faults import Faults


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
        return _yes_price(self.leg, self.price)

    @property
    def outcome(self) -> OutcomeKey | None:
        return self.contract.yes if self.leg is Leg.YES else self.contract.no

    def risk_price(self, price: int) -> int:
        """Money at risk per contract at a price of the order's leg: the price when buying, its complement else."""
        return price if self.side is Side.BUY else MICRO - price


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


class EventKind(StrEnum):
    PLACED = "placed"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CHANGED = "changed"  # amended
    REVERSED = "reversed"  # a fill was taken back
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    kind: EventKind
    order: Order
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class LevelEvent:
    """A book level changed: YES terms, the new size and the difference. `cause`: the resting order behind it."""

    contract: Contract
    is_bid: bool
    price: int
    size: int
    difference: int
    cause: Order


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """Two orders met: YES terms, the taker's direction."""

    contract: Contract
    id: str
    price: int
    size: int
    taker: Order
    maker: Order


@dataclass(frozen=True, slots=True)
class SweepEvent:
    """A taker has met all that it could; what is left of it rests or ends after this. Its trades, in order."""

    taker: Order
    trades: tuple[TradeEvent, ...]


@dataclass(frozen=True, slots=True)
class ContractEvent:
    """A contract was listed, opened, closed or resolved."""

    contract: Contract


Event = OrderEvent | LevelEvent | TradeEvent | SweepEvent | ContractEvent

COUNTERPARTY = "world"


class FeeRule(Protocol):
    """The venue's fee in micros of one fill."""

    def __call__(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """price: in YES terms."""
        ...


def _free(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    return 0


class Book:
    """One contract's resting orders: price priority, then time."""

    def __init__(self) -> None:
        self.bids: dict[int, list[Order]] = {}
        self.asks: dict[int, list[Order]] = {}

    def side(self, is_bid: bool) -> dict[int, list[Order]]:
        return self.bids if is_bid else self.asks

    def best(self, is_bid: bool) -> int | None:
        levels = self.side(is_bid)
        if not levels:
            return None
        return max(levels) if is_bid else min(levels)

    def level_size(self, is_bid: bool, price: int) -> int:
        return sum(order.remaining for order in self.side(is_bid).get(price, ()))

    def levels(self, is_bid: bool) -> list[tuple[int, int]]:
        """(price, size) from the best to the worst, YES terms."""
        return [(p, self.level_size(is_bid, p)) for p in sorted(self.side(is_bid), reverse=is_bid)]

    def orders(self) -> Iterator[Order]:
        for levels in (self.bids, self.asks):
            for queue in levels.values():
                yield from queue


class Exchange:
    """The truth of one exchange."""

    def __init__(
        self,
        slug: str,
        clock: WorldClock,
        *,
        nets_pairs: bool = False,
        fee: FeeRule = _free,
        void_pays: Callable[[Contract], int] | None = None,
    ) -> None:
        """nets_pairs: a YES and a NO of one contract held together are paid out at once (Kalshi).

        void_pays: what a contract that neither won nor lost pays to YES, NO gets the rest (Polymarket: a half); None
        gives the stake back, and halves of it.
        """
        self.slug = slug
        self.faults = Faults()
        self.accounts: dict[str, Account] = {}
        self.contracts: dict[str, Contract] = {}
        self.orders: dict[str, Order] = {}
        self._clock, self._nets_pairs, self._fee, self._void_pays = clock, nets_pairs, fee, void_pays
        self._books: dict[str, Book] = {}
        self._by_reference: dict[tuple[str, str], Order] = {}
        self._open: dict[str, dict[str, Order]] = {}
        self._open_on: dict[tuple[str, str], dict[str, Order]] = {}  # by (account, contract)
        self._listeners: list[Callable[[Event], None]] = []
        self._order_numbers, self._match_numbers = count(1), count(1)

    def on_event(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def add_account(self, name: str, cash: int) -> None:
        self.accounts[name] = Account(name, cash)

    def clear(self) -> None:
        """Forgets contracts, orders and positions; accounts and listeners stay."""
        self.contracts.clear()
        self.orders.clear()
        self._books.clear()
        self._by_reference.clear()
        self._open.clear()
        self._open_on.clear()
        self._order_numbers, self._match_numbers = count(1), count(1)

    # --- contracts -------------------------------------------------------------------------------------------

    def add_contract(self, contract: Contract) -> None:
        self.contracts[contract.ref] = contract
        self._books[contract.ref] = Book()
        self._emit(ContractEvent(contract))

    def set_open(self, contract: Contract, is_open: bool) -> None:
        if contract.is_open != is_open and contract.result is None:
            contract.is_open = is_open
            self._emit(ContractEvent(contract))

    def book(self, contract: Contract) -> Book:
        return self._books[contract.ref]

    def contracts_on(self, outcome: OutcomeKey) -> list[tuple[Contract, Leg]]:
        """Every contract leg that pays on the outcome."""
        found = []
        for contract in self.contracts.values():
            if contract.yes == outcome:
                found.append((contract, Leg.YES))
            elif contract.no == outcome:
                found.append((contract, Leg.NO))
        return found

    # --- orders ----------------------------------------------------------------------------------------------

    def next_order_id(self) -> str:
        return f"{self.slug}-{next(self._order_numbers)}"

    def next_trade_id(self) -> str:
        return f"{self.slug}-t{next(self._match_numbers)}"

    def find(self, account: str, reference: str) -> Order | None:
        """The order that the account placed under its own reference."""
        return self._by_reference.get((account, reference))

    def place(
        self,
        account: str,
        contract: Contract,
        leg: Leg,
        side: Side,
        price: int,
        size: int,
        *,
        reference: str,
        kind: OrderKind = OrderKind.RESTS,
        post_only: bool = False,
        needs_holding: bool = False,
        expires_ms: int | None = None,
        order_id: str | None = None,
        self_trade: SelfTrade = SelfTrade.ALLOWED,
        delay_s: float = 0.0,
        extra: dict[str, Any] | None = None,
    ) -> Order:
        """Takes an order in, matches it, rests what is left. Raises Rejection.

        needs_holding: selling is only possible from what is held (token venues). delay_s: the order is pending for so
        long before it meets the book. Prices are in the leg's terms.
        """
        order = Order(
            order_id or self.next_order_id(),
            reference,
            account,
            contract,
            leg,
            side,
            price,
            size,
            kind,
            self._clock.now_ms(),
            post_only=post_only,
            self_trade=self_trade,
            extra=extra or {},
        )
        if account != COUNTERPARTY:
            self._check_shape(order)
        self._check_book(order)
        self._check_money(order, needs_holding=needs_holding)
        self.orders[order.id] = order
        self._by_reference[account, reference] = order
        self._enlist(order)
        if account != COUNTERPARTY:
            delay_s += self.faults.behaviour.acceptDelayMs / 1000
        if delay_s:
            order.state = State.PENDING
            self._clock.later(delay_s, lambda: self._accept(order), f"{self.slug} accepts {order.id}")
        else:
            self._accept(order)
        if expires_ms is not None:
            self.expire_at(order, expires_ms)
        return order

    def expire_at(self, order: Order, expires_ms: int) -> None:
        """What rests of the order then is cancelled; at once for a time that has passed. Replaces an earlier time."""
        order.expires_ms = expires_ms
        if order.state in (State.OPEN, State.PENDING):
            lives_s = (expires_ms - self._clock.now_ms()) / 1000
            self._clock.later(lives_s, lambda: self._expire(order, expires_ms), f"{self.slug} expires {order.id}")

    def rename(self, order: Order, reference: str) -> None:
        """Gives an order another reference of its account's; the old one stays taken. Raises Rejection."""
        if self._by_reference.setdefault((order.account, reference), order) is not order:
            raise Rejection(DUPLICATE)
        order.reference = reference

    def cancel(self, order: Order, reason: str = "") -> bool:
        """Takes the rest of an order out of the book; False when nothing of it rests."""
        if order.state not in (State.OPEN, State.PENDING):
            return False
        self._take_out(order)
        self._end(order, State.CANCELLED, reason)
        return True

    def amend(self, order: Order, price: int, size: int) -> None:
        """Moves a resting order; `size` is the whole order with what is filled. Raises Rejection.

        A smaller size at the same price keeps the place in the queue; anything else loses it. The size that is filled
        already ends the order.
        """
        if order.state is not State.OPEN:
            raise Rejection(UNKNOWN, "the order does not rest")
        if _yes_price(order.leg, price) not in order.contract.grid:
            raise Rejection(TICK)
        if size < order.filled + order.failed or size % order.contract.lot:
            raise Rejection(LOT)
        if size == order.filled + order.failed:
            self.cancel(order, "nothing left")
            return
        if price == order.price and size <= order.size:
            shrinks = order.size - size
            order.size = size
            self._level_changed(order, -shrinks)
            self._claim(order.account, order.contract)
        else:
            self._displace(order, price, size)
        self._emit(OrderEvent(EventKind.CHANGED, order))

    def open_orders(self, account: str | None = None) -> list[Order]:
        """Resting (and pending) orders, oldest first within an account."""
        if account is not None:
            return list(self._open.get(account, {}).values())
        return [order for orders in self._open.values() for order in orders.values()]

    def take(self, outcome: OutcomeKey, side: Side, price: int, size: int) -> list[Match]:
        """The world trades against what rests on an outcome, best price first over all contracts, to `price`.

        price, size: micros, in the outcome's own terms. Answers the trades in the terms of the leg they were made in.
        """
        done: list[Match] = []
        size = int(size * self.faults.behaviour.fillRatio)
        while (best := self._best_offer(outcome, side, price, size)) is not None:
            contract, leg, touch, whole = best
            reference = f"take-{next(self._match_numbers)}"
            order = self.place(
                COUNTERPARTY, contract, leg, side, touch, whole, reference=reference, kind=OrderKind.IMMEDIATE
            )
            done += order.fills
            size -= order.filled
            del self.orders[order.id], self._by_reference[COUNTERPARTY, reference]
        return done

    def rest(self, contract: Contract, leg: Leg, price: int, size: int) -> Order:
        """The world offers a leg for sale; what of its own it would meet goes. The order is in no ledger."""
        reference = f"rest-{next(self._match_numbers)}"
        order = self.place(
            COUNTERPARTY,
            contract,
            leg,
            Side.SELL,
            price,
            size,
            reference=reference,
            self_trade=SelfTrade.ENDS_MAKER,
        )
        del self.orders[order.id], self._by_reference[COUNTERPARTY, reference]
        return order

    def reverse(self, *trade_ids: str) -> bool:
        """Takes trades of one contract back on both sides, as when their settlement on a chain fails: money, fees and
        contracts return, and that part of the orders is gone. All or none: False, and nothing happens, when the
        contract is decided or an account has used what the trades brought it.
        """
        sides = [(o, m) for o in self.orders.values() for m in o.fills if m.id in trade_ids]
        if not sides or sides[0][0].contract.result is not None:
            return False
        self._move_all(sides, -1)
        if not all(self._is_covered(order) for order, _ in sides):
            self._move_all(sides, 1)
            return False
        for order, match in sides:
            order.fills = [other for other in order.fills if other is not match]
            order.filled -= match.size
            order.failed += match.size
            if order.state is State.ACCEPTED:
                order.state, order.reason = State.CANCELLED, "trade failed"
        for order, match in sides:
            self._emit(OrderEvent(EventKind.REVERSED, order, match))
        return True

    # --- money -----------------------------------------------------------------------------------------------

    def held_cash(self, account: str) -> int:
        """What resting orders reserve."""
        return self.accounts[account].reserved

    def free_cash(self, account: str) -> int:
        return self.accounts[account].cash - self.accounts[account].reserved

    def free_holding(self, account: str, contract: Contract, leg: Leg) -> int:
        """Contracts held that no resting sale has claimed."""
        claimed = sum(o.closes for o in self._orders_on(account, contract) if _closing_leg(o) is leg)
        return self._position(account, contract, leg) - claimed

    def settle(self, contract: Contract, result: SettlementStatus) -> None:
        """Decides a contract for its YES leg: resting orders end, matched ones are paid. Again: re-settlement."""
        for order in [o for o in self.open_orders() if o.contract is contract]:
            self.cancel(order, "market resolved")
        contract.is_open = False
        contract.result = result
        for account in self.accounts.values():
            account.cash -= account.advance.pop(contract.ref, 0)
        for order in self.orders.values():
            if order.contract is contract and order.filled and order.account in self.accounts:
                self._pay(order, result)
        for account in self.accounts.values():
            for leg in Leg:
                account.held.pop((contract.ref, leg), None)
        self._emit(ContractEvent(contract))

    def _pay(self, order: Order, result: SettlementStatus) -> None:
        seen = result if order.is_bid else result.mirrored
        if self._void_pays is not None and seen in _NEITHER_WON_NOR_LOST:
            value = self._void_pays(order.contract)
            payout = order.filled * (value if order.is_bid else MICRO - value) // MICRO
        else:
            payout = _payout(seen, order.filled, _paid(order))
        self.accounts[order.account].cash += payout - order.payout
        order.payout, order.settlement, order.state = payout, seen, State.SETTLED
        self._emit(OrderEvent(EventKind.SETTLED, order))

    # --- inside ----------------------------------------------------------------------------------------------

    def _check_shape(self, order: Order) -> None:
        contract = order.contract
        if (order.account, order.reference) in self._by_reference:
            raise Rejection(DUPLICATE)
        if self.faults.refuses():
            raise Rejection(SCRIPTED, self.faults.behaviour.rejectReason)
        if order.yes_price not in contract.grid:
            raise Rejection(TICK)
        if order.size < contract.min_size or order.size % contract.lot:
            raise Rejection(LOT)

    def _check_book(self, order: Order) -> None:
        if not order.contract.is_open:
            raise Rejection(CLOSED)
        if order.post_only and self._crosses(order, order.yes_price):
            raise Rejection(CROSSES)
        if order.kind is OrderKind.ALL_OR_NONE and self._available(order) < order.size:
            raise Rejection(NOT_FILLED)

    def _crosses(self, order: Order, yes_price: int) -> bool:
        """Whether the order would meet another at this price."""
        touch = self.book(order.contract).best(not order.is_bid)
        return touch is not None and (touch <= yes_price if order.is_bid else touch >= yes_price)

    def _check_money(self, order: Order, *, needs_holding: bool) -> None:
        if order.account not in self.accounts:
            return
        closing = self.free_holding(order.account, order.contract, _closing_leg(order))
        if needs_holding and order.side is Side.SELL:
            if closing < order.size:
                raise Rejection(FUNDS, "not enough contracts")
            order.closes = order.size
        elif self._nets_pairs:
            order.closes = min(closing, order.size)
        if self._cost(order) > self.free_cash(order.account):
            raise Rejection(FUNDS)

    def _best_offer(
        self, outcome: OutcomeKey, side: Side, price: int, size: int
    ) -> tuple[Contract, Leg, int, int] | None:
        """The best level that a taker of the outcome can have within his price: contract, leg, price, size."""
        best = None
        for contract, leg in self.contracts_on(outcome):
            book, hits_asks = self.book(contract), (side is Side.BUY) == (leg is Leg.YES)
            touch = book.best(not hits_asks)
            if touch is None or not contract.is_open:
                continue
            whole = min(size, book.level_size(not hits_asks, touch)) // contract.lot * contract.lot
            paid = _yes_price(leg, touch)
            if not whole or (paid > price if side is Side.BUY else paid < price):
                continue
            if best is None or (paid < best[2] if side is Side.BUY else paid > best[2]):
                best = contract, leg, paid, whole
        return best

    def _available(self, order: Order) -> int:
        levels = self.book(order.contract).levels(not order.is_bid)
        good = [s for p, s in levels if (p <= order.yes_price if order.is_bid else p >= order.yes_price)]
        return sum(good)

    def _cost(self, order: Order) -> int:
        """Money that the rest of the order reserves, its fees included."""
        return self._cost_at(order, order.price, order.remaining)

    def _cost_at(self, order: Order, price: int, remaining: int) -> int:
        if order.account not in self.accounts:
            return 0
        opens = max(0, remaining - order.closes)
        fee = self._fee(order.contract, _yes_price(order.leg, price), remaining, is_maker=False)
        return -(-order.risk_price(price) * opens // MICRO) + fee

    def _expire(self, order: Order, expires_ms: int) -> None:
        if order.expires_ms == expires_ms:
            self.cancel(order, "expired")

    def _accept(self, order: Order) -> None:
        if order.state is State.PENDING and not self._may_still_enter(order):
            return
        if order.state not in (State.PENDING, State.OPEN):
            return
        order.state = State.OPEN
        self._emit(OrderEvent(EventKind.PLACED, order))
        if order.kind is not OrderKind.ALL_OR_NONE or self._available(order) >= order.size:
            self._match(order)
        if order.state is State.OPEN and order.remaining and order.kind is not OrderKind.RESTS:
            self._take_out(order)
            self._end(order, State.CANCELLED, "not matched")

    def _may_still_enter(self, order: Order) -> bool:
        """Whether the book, which can have changed during the delay, still takes the order; it ends otherwise."""
        if order.contract.is_open and not (order.post_only and self._crosses(order, order.yes_price)):
            return True
        self._end(order, State.CANCELLED, CROSSES if order.contract.is_open else CLOSED)
        return False

    def _match(self, taker: Order) -> None:
        book = self.book(taker.contract)
        against = book.side(not taker.is_bid)
        trades: list[TradeEvent] = []
        while taker.remaining and taker.state is State.OPEN:
            touch = book.best(not taker.is_bid)
            if touch is None or (touch > taker.yes_price if taker.is_bid else touch < taker.yes_price):
                break
            maker = against[touch][0]
            if maker.account == taker.account and taker.self_trade is not SelfTrade.ALLOWED:
                self.cancel(taker if taker.self_trade is SelfTrade.ENDS_TAKER else maker, "self trade")
                continue
            size = min(maker.remaining, taker.remaining)
            trades.append(self._trade(taker, maker, touch, size))
        if trades:
            self._emit(SweepEvent(taker, tuple(trades)))
        if taker.remaining and taker.kind is OrderKind.RESTS and taker.state is State.OPEN:
            self._rest(taker)

    def _trade(self, taker: Order, maker: Order, yes_price: int, size: int) -> TradeEvent:
        number = self.next_trade_id()
        contract = taker.contract
        queue = self.book(contract).side(maker.is_bid)[yes_price]
        for order, is_maker in ((maker, True), (taker, False)):
            price = _yes_price(order.leg, yes_price)
            fee = self._fee(contract, yes_price, size, is_maker=is_maker) if order.account in self.accounts else 0
            closed = min(order.closes, size)
            match = Match(number, price, size, fee, is_maker, self._clock.now_ms(), closed)
            order.filled += size
            order.closes -= closed
            order.fills.append(match)
            self._reserve(order)
            self._move(order, match, 1)
        for name in dict.fromkeys((maker.account, taker.account)):
            self._claim(name, contract)
        if maker.remaining == 0:
            queue.remove(maker)
            if not queue:
                del self.book(contract).side(maker.is_bid)[yes_price]
        left = self.book(contract).level_size(maker.is_bid, yes_price)
        self._emit(LevelEvent(contract, maker.is_bid, yes_price, left, -size, maker))
        for order in (maker, taker):
            self._emit(OrderEvent(EventKind.FILLED, order, order.fills[-1]))
            if order.remaining == 0:
                self._end(order, State.ACCEPTED)
        trade = TradeEvent(contract, number, yes_price, size, taker, maker)
        self._emit(trade)
        return trade

    def _move(self, order: Order, match: Match, sign: int) -> None:
        """Moves the money and contracts of a fill (sign 1), or back again (-1)."""
        account = self.accounts.get(order.account)
        if account is None:
            return
        ref = order.contract.ref
        account.cash -= sign * (order.risk_price(match.price) * match.size // MICRO + match.fee)
        if match.closed and not self._nets_pairs:
            account.held[ref, order.leg] -= sign * match.closed
            self._advance(account, ref, account.advance.get(ref, 0) + sign * match.closed)
            return
        gains = Leg.YES if order.is_bid else Leg.NO
        account.held[ref, gains] = account.held.get((ref, gains), 0) + sign * match.size
        if self._nets_pairs:
            self._advance(account, ref, min(account.held.get((ref, leg), 0) for leg in Leg))

    def _move_all(self, sides: list[tuple[Order, Match]], sign: int) -> None:
        for order, match in sides:
            self._move(order, match, sign)
        for order, _ in sides:
            self._claim(order.account, order.contract)

    def _is_covered(self, order: Order) -> bool:
        """Whether the order's account still holds what it has sold and what its resting orders claim."""
        if order.account not in self.accounts:
            return True
        holds = all(self.free_holding(order.account, order.contract, leg) >= 0 for leg in Leg)
        return holds and self.free_cash(order.account) >= 0

    def _advance(self, account: Account, ref: str, whole: int) -> None:
        account.cash += whole - account.advance.get(ref, 0)
        account.advance[ref] = whole

    def _enlist(self, order: Order) -> None:
        """The order counts from now on: among the open ones, and with the money it sets aside."""
        self._open.setdefault(order.account, {})[order.id] = order
        self._open_on.setdefault((order.account, order.contract.ref), {})[order.id] = order
        self._reserve(order)

    def _orders_on(self, account: str, contract: Contract) -> Iterable[Order]:
        return self._open_on.get((account, contract.ref), {}).values()

    def _position(self, account: str, contract: Contract, leg: Leg) -> int:
        """Contracts of the leg that the account still has: what was paid out as a pair is gone."""
        owner = self.accounts[account]
        paired = owner.advance.get(contract.ref, 0) if self._nets_pairs else 0
        return owner.held.get((contract.ref, leg), 0) - paired

    def _reserve(self, order: Order) -> None:
        """Brings the money that the order sets aside up to date."""
        account = self.accounts.get(order.account)
        if account is None:
            return
        is_open = order.id in self._open.get(order.account, {})
        cost = self._cost(order) if is_open else 0
        account.reserved += cost - order.reserved
        order.reserved = cost

    def _claim(self, account: str, contract: Contract) -> None:
        """Shares the account's position out anew among the orders that would close it, oldest first.

        Where pairs are paid out, any trade of the contract can use up what an older order meant to close.
        """
        if account not in self.accounts:
            return
        left = {leg: self._position(account, contract, leg) for leg in Leg}
        for order in self._orders_on(account, contract):
            if self._nets_pairs:
                leg = _closing_leg(order)
                order.closes = min(left[leg], order.remaining)
                left[leg] -= order.closes
            else:
                order.closes = min(order.closes, order.remaining)
            self._reserve(order)

    def _displace(self, order: Order, price: int, size: int) -> None:
        """Takes a resting order to another price or a larger size, if it may go there. Raises Rejection."""
        if order.post_only and self._crosses(order, _yes_price(order.leg, price)):
            raise Rejection(CROSSES)
        remaining = size - order.filled - order.failed
        if order.account in self.accounts:
            more = self._cost_at(order, price, remaining) - order.reserved
            if more > self.free_cash(order.account):
                raise Rejection(FUNDS)
        self._take_out(order)
        order.price, order.size = price, size
        self._reserve(order)
        self._claim(order.account, order.contract)
        self._match(order)

    def _rest(self, order: Order) -> None:
        self.book(order.contract).side(order.is_bid).setdefault(order.yes_price, []).append(order)
        self._level_changed(order, order.remaining)

    def _take_out(self, order: Order) -> None:
        levels = self.book(order.contract).side(order.is_bid)
        queue = levels.get(order.yes_price, [])
        if order in queue:
            queue.remove(order)
            if not queue:
                del levels[order.yes_price]
            self._level_changed(order, -order.remaining)

    def _level_changed(self, order: Order, difference: int) -> None:
        size = self.book(order.contract).level_size(order.is_bid, order.yes_price)
        self._emit(LevelEvent(order.contract, order.is_bid, order.yes_price, size, difference, order))

    def _end(self, order: Order, state: State, reason: str = "") -> None:
        order.state, order.reason = state, reason
        self._open.get(order.account, {}).pop(order.id, None)
        self._open_on.get((order.account, order.contract.ref), {}).pop(order.id, None)
        order.closes = 0
        self._reserve(order)
        self._claim(order.account, order.contract)
        if state is State.CANCELLED:
            self._emit(OrderEvent(EventKind.CANCELLED, order))

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    # --- the ledger ------------------------------------------------------------------------------------------

    def ledger(self) -> dict[str, Any]:
        """The venue's own truth in the script's shape: prices as probabilities, stake as money at risk."""
        entries = [_entry(order) for order in self.orders.values()]
        balances = {name: decimal_of(account.cash) for name, account in self.accounts.items()}
        return {"venue": self.slug, "kind": "exchange", "balances": balances, "entries": entries}


def _yes_price(leg: Leg, price: int) -> int:
    """A price of the leg's terms in the book's, and back."""
    return price if leg is Leg.YES else MICRO - price


def _closing_leg(order: Order) -> Leg:
    """Which holding the order would reduce: its own leg when selling it, the other when buying against it."""
    if order.side is Side.SELL:
        return order.leg
    return Leg.NO if order.leg is Leg.YES else Leg.YES


def _paid(order: Order) -> int:
    """Money at risk that the matched part has cost, as it was taken trade by trade."""
    return sum(order.risk_price(match.price) * match.size // MICRO for match in order.fills)


_NEITHER_WON_NOR_LOST = (SettlementStatus.VOID, SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST)


def _payout(seen: SettlementStatus, size: int, stake: int) -> int:
    match seen:
        case SettlementStatus.WON:
            return size
        case SettlementStatus.VOID:
            return stake
        case SettlementStatus.HALF_WON:
            return (size + stake) // 2
        case SettlementStatus.HALF_LOST:
            return stake // 2
        case _:
            return 0


def _entry(order: Order) -> dict[str, Any]:
    outcome = order.outcome or order.contract.yes
    return {
        "id": order.id,
        "reference": order.reference,
        "account": order.account,
        "fixtureId": outcome.fixture_id,
        "outcomeId": outcome.outcome_id,
        "playerId": outcome.player_id,
        "side": order.side.value,
        "price": decimal_of(order.price),
        "stake": decimal_of(order.risk_price(order.price) * order.size // MICRO),
        "currency": "USD",
        "state": order.state.value,
        "matched": decimal_of(_paid(order)),
        "fills": [
            {
                "id": match.id,
                "price": decimal_of(match.price),
                "stake": decimal_of(order.risk_price(match.price) * match.size // MICRO),
                "size": decimal_of(match.size),
                "fee": decimal_of(match.fee),
                "at": match.at_ms,
            }
            for match in order.fills
        ],
        "settlement": None if order.settlement is SettlementStatus.UNDECIDED else order.settlement.value,
        "payout": decimal_of(order.payout) if order.state is State.SETTLED else None,
        "at": order.created_ms,
    }
