"""The order desk: what an order must look like, what the engine does with it, and what becomes of it in play.

A label is stored and never checked. Source: the venue's OpenAPI description and sheet; the order types' table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import Side
from hedgerow.sim.dialects.smarkets.engine import SmarketsExchange
from hedgerow.sim.dialects.smarkets.journal import Journal
from hedgerow.sim.dialects.smarkets.ladder import MOST_QUANTITY, POINT, UNIT
from hedgerow.sim.dialects.smarkets.listings import Event, Listings, Market, Runner
from hedgerow.sim.dialects.smarkets.terms import Terms
from hedgerow.sim.dialects.smarkets.wire import Denial, invalid
from hedgerow.sim.orders import CLOSED, FUNDS, NOT_FILLED, SCRIPTED, TICK, Leg, Order, OrderKind, Rejection, State

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
GTC, GTH, KEEP, IOC = "good_til_cancelled", "good_til_halted", "keep_in_play", "immediate_or_cancel"
WENT_LIVE, HALTED = "market_live", "market_halted"

_HIGHEST_POINTS = 9_999


class NewOrder(msgspec.Struct):
    """POST /v3/orders/."""

    market_id: str
    contract_id: str
    price: int
    quantity: int
    side: str
    type: str = GTH
    minimum_accepted_quantity: int = 0
    label: str | None = None


@dataclass(slots=True, eq=False)
class Placed:
    """An order that was taken."""

    order: Order
    market: Market
    runner: Runner
    type: str
    label: str | None

    @property
    def pending(self) -> int:
        """What of its matches is not confirmed yet. Micros."""
        unconfirmed = unconfirmed_of(self.order)
        return sum(match.size for match in self.order.fills if match.id in unconfirmed)

    @property
    def state(self) -> str:
        order = self.order
        if order.state is State.SETTLED:
            return "settled"
        if order.state is State.ACCEPTED or (order.filled and order.state is State.CANCELLED):
            return "filled"
        return "partial" if order.filled else "created"

    @property
    def is_open(self) -> bool:
        return self.order.state in (State.OPEN, State.PENDING)

    @property
    def is_listed(self) -> bool:
        """An order that ended with nothing matched leaves the list."""
        return self.is_open or bool(self.order.fills)


def unconfirmed_of(order: Order) -> set[str]:
    """The ids of an order's matches that can still be taken back; to be changed in place."""
    unconfirmed: set[str] = order.extra.setdefault("unconfirmed", set())
    return unconfirmed


class Desk:
    """All orders of all accounts, by id."""

    def __init__(self, exchange: SmarketsExchange, listings: Listings, journal: Journal, terms: Terms) -> None:
        self.placed: dict[str, Placed] = {}
        self._exchange, self._listings, self._journal, self._terms = exchange, listings, journal, terms
        self._taken = 0

    def clear(self) -> None:
        self.placed.clear()

    def place(self, account: str, wanted: NewOrder) -> Placed:
        """Raises Denial (400)."""
        market, runner = self._where(wanted)
        side, price, size = self._checked(wanted)
        if self._exchange.crosses_own(account, runner.contract, side, price):
            raise Denial(400, "ORDER_REJECTED_CROSSED_SELF")
        kind = self._kind(wanted, runner, side, price)
        self._taken += 1
        try:
            order = self._exchange.place(
                account,
                runner.contract,
                Leg.YES,
                side,
                price,
                size,
                reference=self._reference(account, wanted.label),
                kind=kind,
                delay_s=self._terms.bet_delay_s if market.event.fixture.live else 0,
                extra={"label": wanted.label},
            )
        except Rejection as rejection:
            raise _denial(rejection, market) from None
        placed = Placed(order, market, runner, wanted.type, wanted.label)
        self.placed[order.id] = placed
        if order.state is State.PENDING:
            self._journal.created(order, market.id)
        elif kind is not OrderKind.RESTS and not order.filled:
            raise Denial(400, "ORDER_CANCELLED_INSUFFICIENT_LIQUIDITY")
        return placed

    def _where(self, wanted: NewOrder) -> tuple[Market, Runner]:
        found = self._listings.find(wanted.contract_id)
        if wanted.market_id not in self._listings.markets:
            raise Denial(400, "ORDER_REJECTED_MARKET_NOT_FOUND")
        if found is None or found[0].id != wanted.market_id:
            raise Denial(400, "ORDER_REJECTED_CONTRACT_NOT_FOUND")
        return found

    def _checked(self, wanted: NewOrder) -> tuple[Side, int, int]:
        """(side, price, size) in the engine's terms. Raises Denial."""
        side = SIDES.get(wanted.side)
        if side is None or wanted.type not in (GTC, GTH, KEEP, IOC):
            raise invalid("side or type")
        if not 1 <= wanted.price <= _HIGHEST_POINTS or not 0 <= wanted.quantity <= MOST_QUANTITY:
            raise invalid("price or quantity is out of range")
        if not 0 <= wanted.minimum_accepted_quantity <= MOST_QUANTITY:
            raise invalid("minimum_accepted_quantity is out of range")
        price, size = wanted.price * POINT, wanted.quantity * UNIT
        if price * size < micros(self._terms.least_stake) * MICRO:
            raise Denial(400, "ORDER_INVALID_INVALID_QUANTITY")
        return side, price, size

    def _kind(self, wanted: NewOrder, runner: Runner, side: Side, price: int) -> OrderKind:
        if wanted.type != IOC:
            return OrderKind.RESTS
        least = wanted.minimum_accepted_quantity * UNIT
        if least >= wanted.quantity * UNIT:
            return OrderKind.ALL_OR_NONE
        levels = self._exchange.book(runner.contract).levels(is_bid=side is Side.SELL)
        good = sum(size for at, size in levels if (at <= price if side is Side.BUY else at >= price))
        if good < least:
            raise Denial(400, "ORDER_CANCELLED_INSUFFICIENT_LIQUIDITY")
        return OrderKind.IMMEDIATE

    def _reference(self, account: str, label: str | None) -> str:
        """The engine's: it takes none twice, the venue does."""
        is_free = bool(label) and self._exchange.find(account, label or "") is None
        return label if is_free and label else f"order {self._taken}"

    # --- ends ------------------------------------------------------------------------------------------------

    def cancel(self, account: str, order_id: str) -> None:
        """Raises Denial: 404 for an unknown order, 400 for one that is over."""
        placed = self.placed.get(order_id)
        if placed is None or placed.order.account != account:
            raise Denial(404, "ORDER_CANCEL_REJECTED_NOT_FOUND")
        if not self._exchange.cancel(placed.order):
            raise Denial(400, "ORDER_CANCEL_REJECTED_NOT_LIVE")

    def cancel_all(self, account: str, market_id: str) -> None:
        """market_id: of these alone; empty: all."""
        self._end(p for p in self._open() if p.order.account == account and market_id in ("", p.market.id))

    def turn_live(self, event: Event) -> None:
        self._end((p for p in self._open() if p.market.event is event and p.type == GTC), WENT_LIVE)

    def halt(self, event: Event) -> None:
        self._end((p for p in self._open() if p.market.event is event and p.type != KEEP), HALTED)

    def _open(self) -> list[Placed]:
        return [placed for placed in self.placed.values() if placed.is_open]

    def _end(self, ending: Iterable[Placed], why: str = "") -> None:
        for placed in list(ending):
            self._exchange.cancel(placed.order, why)

    # --- reading ---------------------------------------------------------------------------------------------

    def listed(self, account: str, order_ids: Sequence[str]) -> list[Placed]:
        """order_ids: of these alone; none: all."""
        named = [self.placed[i] for i in dict.fromkeys(order_ids) if i in self.placed]
        asked = named if order_ids else self.placed.values()
        return [p for p in asked if p.order.account == account and p.is_listed]


def _denial(rejection: Rejection, market: Market) -> Denial:
    match rejection.why:
        case why if why == CLOSED:
            word = {"settled": "MARKET_SETTLED", "voided": "MARKET_SETTLED"}.get(market.state, "MARKET_HALTED")
            return Denial(400, f"ORDER_REJECTED_{word}")
        case why if why == FUNDS:
            return Denial(400, "ORDER_REJECTED_INSUFFICIENT_FUNDS")
        case why if why == TICK:
            return Denial(400, "ORDER_INVALID_INVALID_PRICE")
        case why if why == NOT_FILLED:
            return Denial(400, "ORDER_CANCELLED_INSUFFICIENT_LIQUIDITY")
        case why if why == SCRIPTED:
            return Denial(400, str(rejection) if str(rejection) != why else "ORDER_REJECTED_TRADING_SUSPENDED")
        case _:
            return Denial(400, "ORDER_INVALID_INVALID_QUANTITY")
