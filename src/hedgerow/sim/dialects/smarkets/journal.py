"""The ledger of each account: a row for everything that happened to its orders and its money, by (seq, subseq).

Rows of one cause share their `seq`. Which members a source fills in is not documented; see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.smarkets.ladder import POINT, quantity_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Order

CREATE, ACCEPT, CANCEL, EXECUTE, CONFIRM, VOID, SETTLE, MARKET_SETTLE, MARKET_UNSETTLE = (
    "order.create",
    "order.book.accept",
    "order.book.cancel",
    "order.execute",
    "order.execute.confirm",
    "order.execute.void",
    "order.settle",
    "market.settle",
    "market.unsettle",
)


@dataclass(frozen=True, slots=True)
class Row:
    """Amounts are in the account's currency; money: the cash after it."""

    seq: int
    subseq: int
    at_ms: int
    source: str
    market_id: str
    money: Decimal
    contract_id: str | None = None
    order_id: str | None = None
    label: str | None = None
    side: str | None = None
    price: int | None = None
    quantity: int | None = None
    quantity_change: int | None = None
    money_change: Decimal | None = None
    commission: Decimal | None = None
    extra: str | None = None


class Journal:
    """Of all accounts."""

    def __init__(self, exchange: Exchange, clock: WorldClock) -> None:
        self._exchange, self._clock = exchange, clock
        self._rows: dict[str, list[Row]] = {}
        self._last_of: dict[str, int] = {}

    def clear(self) -> None:
        self._rows.clear()
        self._last_of.clear()

    def rows(self, account: str) -> Sequence[Row]:
        """Oldest first."""
        return self._rows.get(account, ())

    def last_of(self, order: Order) -> int:
        """The number of the last row about an order."""
        return self._last_of.get(order.id, 0)

    def created(self, order: Order, market_id: str) -> None:
        """Once for each order."""
        if order.id not in self._last_of:
            self._note(order, market_id, CREATE, quantity=quantity_of(order.size), price=order.price // POINT)

    def accepted(self, order: Order, market_id: str) -> None:
        self._note(order, market_id, ACCEPT, quantity=quantity_of(order.size), price=order.price // POINT)

    def ended(self, order: Order, market_id: str, why: str | None) -> None:
        left = quantity_of(order.remaining)
        self._note(order, market_id, CANCEL, quantity=0, change=-left, price=order.price // POINT, extra=why)

    def executed(self, order: Order, market_id: str, source: str, price: int, size: int) -> None:
        """source: EXECUTE, CONFIRM or VOID."""
        change = {EXECUTE: -1, CONFIRM: 0, VOID: 1}[source] * quantity_of(size)
        quantity = quantity_of(size if source == CONFIRM else order.remaining)
        self._note(order, market_id, source, quantity=quantity, change=change, price=price // POINT)

    def settled(self, order: Order, market_id: str) -> None:
        paid = decimal_of(order.payout)
        self._note(order, market_id, SETTLE, quantity=quantity_of(order.filled), price=order.price // POINT, paid=paid)

    def market(self, account: str, market_id: str, source: str, commission: Decimal) -> None:
        self._add(account, market_id, source, commission=commission, money_change=-commission)

    def _note(
        self,
        order: Order,
        market_id: str,
        source: str,
        *,
        quantity: int,
        price: int,
        change: int = 0,
        paid: Decimal | None = None,
        extra: str | None = None,
    ) -> None:
        self._last_of[order.id] = self._add(
            order.account,
            market_id,
            source,
            contract_id=order.contract.ref,
            order_id=order.id,
            label=order.extra.get("label"),
            side=order.side.value,
            price=price,
            quantity=quantity,
            quantity_change=change,
            money_change=paid,
            extra=extra,
        )

    def _add(self, account: str, market_id: str, source: str, **members: Any) -> int:
        """members: of `Row`."""
        rows = self._rows.setdefault(account, [])
        before = rows[-1] if rows else None
        continues = (
            before is not None
            and source == ACCEPT
            and (before.source, before.order_id) == (CREATE, members["order_id"])
        )
        seq = 1 if before is None else before.seq + (not continues)
        cash = decimal_of(self._exchange.accounts[account].cash)
        rows.append(Row(seq, int(continues), self._clock.now_ms(), source, market_id, cash, **members))
        return seq
