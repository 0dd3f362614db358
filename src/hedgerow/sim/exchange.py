"""A simulated exchange: contracts, order books with price-time priority, accounts, settlement.

A contract pays 1 when its YES outcome wins. Its book is kept in YES terms; an order may name the NO leg (where the
venue has a token for it) and is then the opposite order at the complement price. All numbers are micros, whole
micros only. The dialects put the venue's words around this.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import decimal_of
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.faults import Faults
from hedgerow.sim.funds import FeeRule, Funds, free
from hedgerow.sim.ledger import entry_of
from hedgerow.sim.order_book import Book
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, SweepEvent, TradeEvent
from hedgerow.sim.orders import (
    CLOSED,
    COUNTERPARTY,
    CROSSES,
    DUPLICATE,
    LOT,
    NOT_FILLED,
    SCRIPTED,
    TICK,
    UNKNOWN,
    Account,
    Contract,
    Leg,
    Match,
    Order,
    OrderKind,
    Rejection,
    SelfTrade,
    State,
    in_yes_terms,
)


class Exchange:
    """The truth of one exchange."""

    def __init__(
        self,
        slug: str,
        clock: WorldClock,
        *,
        nets_pairs: bool = False,
        closing_is_free: bool = True,
        fee: FeeRule = free,
        void_pays: Callable[[Contract], int] | None = None,
        withholds: FeeRule | None = None,
        checks_lots: bool = True,
    ) -> None:
        """nets_pairs: a YES and a NO of one contract held together are paid out at once (Kalshi).

        closing_is_free: then an order that makes pairs with what is held sets no money aside; at SX it does.

        void_pays: what a contract that neither won nor lost pays to YES, NO gets the rest (Polymarket: a half); None
        gives the stake back, and halves of it.

        withholds: the contracts that a purchase brings less, where its fee is taken in what it buys and not in money
        (price in the terms of what is bought). Not for a venue that nets pairs.

        checks_lots: False where the dialect counts an order's contracts at the prices that they will meet: lots of
        several prices are not whole ones at the order's own.
        """
        self.slug = slug
        self.faults = Faults()
        self.contracts: dict[str, Contract] = {}
        self.orders: dict[str, Order] = {}
        self._clock, self._checks_lots = clock, checks_lots
        self._funds = Funds(
            nets_pairs=nets_pairs, closing_is_free=closing_is_free, fee=fee, void_pays=void_pays, withholds=withholds
        )
        self._books: dict[str, Book] = {}
        self._by_reference: dict[tuple[str, str], Order] = {}
        self._open: dict[str, dict[str, Order]] = {}
        self._traded: dict[str, dict[str, Order]] = {}  # by account and id
        self._listeners: list[Callable[[Event], None]] = []
        self._order_numbers, self._match_numbers = count(1), count(1)

    @property
    def accounts(self) -> dict[str, Account]:
        return self._funds.accounts

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
        self._traded.clear()
        self._funds.clear()
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
        self._funds.check(order, needs_holding=needs_holding)
        self.orders[order.id] = order
        self._by_reference[account, reference] = order
        self._open.setdefault(account, {})[order.id] = order
        self._funds.open(order)
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
        if in_yes_terms(order.leg, price) not in order.contract.grid:
            raise Rejection(TICK)
        if size < order.filled + order.failed or size % order.contract.lot_at(in_yes_terms(order.leg, price)):
            raise Rejection(LOT)
        if size == order.filled + order.failed:
            self.cancel(order, "nothing left")
            return
        if price == order.price and size <= order.size:
            shrinks = order.size - size
            order.size = size
            self._level_changed(order, -shrinks)
            self._funds.claim(order.account, order.contract)
        else:
            self._displace(order, price, size)
        self._emit(OrderEvent(EventKind.CHANGED, order))

    def open_orders(self, account: str | None = None) -> list[Order]:
        """Resting (and pending) orders, oldest first within an account."""
        if account is not None:
            return list(self._open.get(account, {}).values())
        return [order for orders in self._open.values() for order in orders.values()]

    def traded_orders(self, account: str) -> list[Order]:
        """Orders of which something was ever filled, by their first fill. Of a day's orders these are few."""
        return list(self._traded.get(account, {}).values())

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
        traded = (order for orders in self._traded.values() for order in orders.values())
        sides = [(o, m) for o in traded for m in o.fills if m.id in trade_ids]
        if not sides or sides[0][0].contract.result is not None:
            return False
        self._move(sides, -1)
        if not all(self._funds.is_covered(order) for order, _ in sides):
            self._move(sides, 1)
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
        return self._funds.free_cash(account)

    def free_holding(self, account: str, contract: Contract, leg: Leg) -> int:
        """Contracts held that no resting sale has claimed."""
        return self._funds.free_holding(account, contract, leg)

    def settle(self, contract: Contract, result: SettlementStatus) -> None:
        """Decides a contract for its YES leg: resting orders end, matched ones are paid. Again: re-settlement."""
        for order in [o for o in self.open_orders() if o.contract is contract]:
            self.cancel(order, "market resolved")
        contract.is_open = False
        contract.result = result
        self._funds.recall_advances(contract)
        for order in self.orders.values():
            if order.contract is contract and order.filled and order.account in self.accounts:
                self._funds.pay(order, result)
                self._emit(OrderEvent(EventKind.SETTLED, order))
        self._funds.end_positions(contract)
        self._emit(ContractEvent(contract))

    # --- inside ----------------------------------------------------------------------------------------------

    def _check_shape(self, order: Order) -> None:
        contract = order.contract
        if (order.account, order.reference) in self._by_reference:
            raise Rejection(DUPLICATE)
        if self.faults.refuses():
            raise Rejection(SCRIPTED, self.faults.behaviour.rejectReason)
        if order.yes_price not in contract.grid:
            raise Rejection(TICK)
        is_whole = not self._checks_lots or not order.size % contract.lot_at(order.yes_price)
        if order.size < contract.min_size or not is_whole:
            raise Rejection(LOT)

    def _check_book(self, order: Order) -> None:
        if not order.contract.is_open:
            raise Rejection(CLOSED)
        if order.post_only and self.book(order.contract).crosses(order, order.yes_price):
            raise Rejection(CROSSES)
        if order.kind is OrderKind.ALL_OR_NONE and self.book(order.contract).available(order) < order.size:
            raise Rejection(NOT_FILLED)

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
            lot = contract.lot_at(touch)
            whole = min(size, book.level_size(not hits_asks, touch)) // lot * lot
            paid = in_yes_terms(leg, touch)
            if not whole or (paid > price if side is Side.BUY else paid < price):
                continue
            if best is None or (paid < best[2] if side is Side.BUY else paid > best[2]):
                best = contract, leg, paid, whole
        return best

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
        if order.kind is not OrderKind.ALL_OR_NONE or self.book(order.contract).available(order) >= order.size:
            self._match(order)
        if order.state is State.OPEN and order.remaining and order.kind is not OrderKind.RESTS:
            self._take_out(order)
            self._end(order, State.CANCELLED, "not matched")

    def _may_still_enter(self, order: Order) -> bool:
        """Whether the book, which can have changed during the delay, still takes the order; it ends otherwise."""
        if order.contract.is_open and not (
            order.post_only and self.book(order.contract).crosses(order, order.yes_price)
        ):
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
            grid, own = taker.contract.grid, taker.yes_price
            size = min(maker.remaining, grid.resized(taker.remaining, own, touch))
            taker.size += size - grid.resized(size, touch, own)
            trades.append(self._trade(taker, maker, touch, size))
        if trades:
            self._emit(SweepEvent(taker, tuple(trades)))
        if taker.remaining and taker.kind is OrderKind.RESTS and taker.state is State.OPEN:
            self._rest(taker)

    def _trade(self, taker: Order, maker: Order, yes_price: int, size: int) -> TradeEvent:
        number = self.next_trade_id()
        contract = taker.contract
        book = self.book(contract)
        for order, is_maker in ((maker, True), (taker, False)):
            price = in_yes_terms(order.leg, yes_price)
            fee = self._funds.fee(order, yes_price, size, is_maker=is_maker)
            closed = min(order.closes, size)
            kept = self._funds.kept(order, price, size, is_maker=is_maker)
            match = Match(number, price, size, fee, is_maker, self._clock.now_ms(), closed, kept)
            order.filled += size
            order.closes -= closed
            order.fills.append(match)
            if order.account != COUNTERPARTY:
                self._traded.setdefault(order.account, {})[order.id] = order
            self._funds.reserve(order)
            self._funds.move(order, match, 1)
        for name in dict.fromkeys((maker.account, taker.account)):
            self._funds.claim(name, contract)
        if maker.remaining == 0:
            book.remove(maker)
        left = book.level_size(maker.is_bid, yes_price)
        self._emit(LevelEvent(contract, maker.is_bid, yes_price, left, -size, maker))
        for order in (maker, taker):
            self._emit(OrderEvent(EventKind.FILLED, order, order.fills[-1]))
            if order.remaining == 0:
                self._end(order, State.ACCEPTED)
        trade = TradeEvent(contract, number, yes_price, size, taker, maker)
        self._emit(trade)
        return trade

    def _move(self, sides: list[tuple[Order, Match]], sign: int) -> None:
        for order, match in sides:
            self._funds.move(order, match, sign)
        for order, _ in sides:
            self._funds.claim(order.account, order.contract)

    def _displace(self, order: Order, price: int, size: int) -> None:
        """Takes a resting order to another price or a larger size, if it may go there. Raises Rejection."""
        if order.post_only and self.book(order.contract).crosses(order, in_yes_terms(order.leg, price)):
            raise Rejection(CROSSES)
        remaining = size - order.filled - order.failed
        self._funds.check_change(order, price, remaining)
        self._take_out(order)
        order.price, order.size = price, size
        self._funds.reserve(order)
        self._funds.claim(order.account, order.contract)
        self._match(order)

    def _rest(self, order: Order) -> None:
        self.book(order.contract).add(order)
        self._level_changed(order, order.remaining)

    def _take_out(self, order: Order) -> None:
        if self.book(order.contract).remove(order):
            self._level_changed(order, -order.remaining)

    def _level_changed(self, order: Order, difference: int) -> None:
        size = self.book(order.contract).level_size(order.is_bid, order.yes_price)
        self._emit(LevelEvent(order.contract, order.is_bid, order.yes_price, size, difference, order))

    def _end(self, order: Order, state: State, reason: str = "") -> None:
        order.state, order.reason = state, reason
        self._open.get(order.account, {}).pop(order.id, None)
        self._funds.close(order)
        if state is State.CANCELLED:
            self._emit(OrderEvent(EventKind.CANCELLED, order))

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    # --- the ledger ------------------------------------------------------------------------------------------

    def ledger(self) -> dict[str, Any]:
        """The venue's own truth in the script's shape, see `sim.ledger`."""
        entries = [entry_of(order) for order in self.orders.values()]
        balances = {name: decimal_of(account.cash) for name, account in self.accounts.items()}
        return {"venue": self.slug, "kind": "exchange", "balances": balances, "entries": entries}
