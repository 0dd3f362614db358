"""The account's ledger as stories of orders: how each was made, what it traded, how it ended.

A row has a place, (seq, subseq), which names a trade for good. A match in play is unconfirmed for some seconds and can
be taken back; which one a later row is about is told by its order, price and quantity. Sources: the venue's OpenAPI
description names the rows, the sheet says what they are for; that an execution's quantity is the change of the order's
is the sheet's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.parse import identity, price, side_of, size, time_ms

CREATE, CANCEL = "order.create", "order.book.cancel"
EXECUTE, CONFIRM, VOID = "order.execute", "order.execute.confirm", "order.execute.void"
ORDER_SOURCES = (CREATE, "order.book.accept", "order.book.reject", CANCEL, EXECUTE, CONFIRM, VOID)
RESULT_SOURCES = (
    *(EXECUTE, CONFIRM, VOID),
    *(f"order.{what}" for what in ("settle", "unsettle", "void", "unvoid", "reduce")),
    *(f"execution.{what}" for what in ("settle", "unsettle", "void", "unvoid", "reduce")),
    *(f"contract.{what}" for what in ("settle", "unsettle", "resettle", "void", "reduce", "unreduce")),
    *(f"market.{what}" for what in ("settle", "unsettle", "partial_unsettle", "resettle", "void", "unvoid")),
    "commission.update",
)
"""What is noted of trades, of results, and of the money that follows from them."""

_REJECTED = ("order.book.reject", "order.reject.")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade. place: of its row; decided: of the row that confirmed it or took it back."""

    place: Place
    price: Micros
    size: Micros
    at_ms: int
    state: FillState = FillState.PROVISIONAL
    decided: Place | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What the ledger says of one order."""

    order_id: str
    market_id: str
    contract_id: str
    side: Side
    label: str | None
    price: Micros
    size: Micros
    created_ms: int
    executions: tuple[Execution, ...]
    end: OrderStatus | None  # where it ended before it was filled

    @property
    def filled(self) -> Micros:
        return Micros(sum(one.size for one in self.executions if one.state is not FillState.REVERSED))

    @property
    def state(self) -> OrderState:
        status = self.end or (OrderStatus.FILLED if self.filled >= self.size else OrderStatus.PLACED)
        return OrderState(
            self.order_id,
            self.label,
            self.contract_id,
            self.side,
            self.price,
            self.size,
            self.filled,
            status,
            self.created_ms,
        )

    def fills(self, taken: int | None = None) -> list[Fill]:
        """taken: the size that was matched when the order was placed; None: what was matched at that same time."""
        found, seen = [], 0
        for one in self.executions:
            is_taker = seen < taken if taken is not None else one.at_ms <= self.created_ms
            seen += one.size
            found.append(self._fill(one, is_maker=not is_taker))
        return found

    def _fill(self, one: Execution, *, is_maker: bool) -> Fill:
        return Fill(
            trade_ref=trade_ref(one.place),
            venue_ref=self.order_id,
            client_ref=self.label,
            instrument_ref=self.contract_id,
            side=self.side,
            price=one.price,
            size=one.size,
            fee=Micros(0),
            state=one.state,
            is_maker=is_maker,
            at_ms=one.at_ms,
        )


def place_of(row: wire.Row) -> Place:
    return row.seq, row.subseq


def trade_ref(place: Place) -> str:
    return f"{place[0]}.{place[1]}"


def by_order(rows: Iterable[wire.Row]) -> dict[str, list[wire.Row]]:
    """The rows that are about an order, each once, in their order."""
    once = {place_of(row): row for row in rows if row.order_id is not None}
    found: dict[str, list[wire.Row]] = {}
    for _, row in sorted(once.items()):
        found.setdefault(identity(row.order_id, "order_id"), []).append(row)
    return found


def story_of(rows: Sequence[wire.Row]) -> Story | None:
    """The story of one order from its rows, as `by_order` has them; None where its beginning is not among them.
    Raises UnreadableError."""
    first = next((row for row in rows if row.source == CREATE), None)
    if first is None:
        return None
    executions: list[Execution] = []
    end: OrderStatus | None = None
    for row in rows:
        if row.source == EXECUTE:
            executions.append(Execution(place_of(row), price(row.price), _changed(row), time_ms(row.timestamp)))
        elif row.source in (CONFIRM, VOID):
            _decide(executions, row)
        elif row.source == CANCEL:
            end = OrderStatus.EXPIRED if row.extra else OrderStatus.CANCELLED
        elif row.source.startswith(_REJECTED):
            end = OrderStatus.FAILED
    return Story(
        order_id=identity(first.order_id, "order_id"),
        market_id=identity(first.market_id, "market_id"),
        contract_id=identity(first.contract_id, "contract_id"),
        side=side_of(first.side),
        label=first.label or None,
        price=price(first.price),
        size=size(first.quantity_user_currency, "quantity"),
        created_ms=time_ms(first.timestamp),
        executions=tuple(executions),
        end=end,
    )


def _changed(row: wire.Row) -> Micros:
    """What an execution took from its order, or what was given back."""
    change = row.quantity_user_currency_change
    if not change:
        raise UnreadableError(f"{row.source} without a change of quantity")
    return size(abs(change), "quantity_change")


def _decide(executions: list[Execution], row: wire.Row) -> None:
    is_void = row.source == VOID
    quantity = row.quantity_user_currency_change or (0 if is_void else row.quantity_user_currency)
    wanted = price(row.price), size(abs(quantity or 0), "quantity")
    for number, one in enumerate(executions):
        if one.state is FillState.PROVISIONAL and (one.price, one.size) == wanted:
            state = FillState.REVERSED if is_void else FillState.FINAL
            executions[number] = replace(one, state=state, decided=place_of(row))
            return
    if is_void:
        raise UnreadableError("an execution was taken back that is not in the ledger")
