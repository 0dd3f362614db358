"""The order desk: what an order must look like, what the engine does with it, and what the venue calls that.

An order names a strike and is always a purchase of that side; a purchase of the second strike is a sale of the
contract. Of an order that was filled in part and cancelled the filled part remains, as if it had been for that alone.
Sources: the venue's sheet; docs.prophetx.co "Meaning of Enums" and "Submit order".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from hedgerow.core.money import InexactAmountError, Micros, micros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.prophetx.listings import SIDES, Event, Listings
from hedgerow.sim.dialects.prophetx.terms import CENT, Terms, grid
from hedgerow.sim.dialects.prophetx.wire import Denial
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, CROSSES, FUNDS, Leg, Match, Order, Rejection, State

KILL, ADD_ONLY = "fillOrKill", "ALO"
USER, WIPED = "user", "wiped"
"""Why an order ended."""

_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MOST = Decimal(100_000_000)
_RESULTS = {
    SettlementStatus.UNDECIDED: "tbd",
    SettlementStatus.WON: "won",
    SettlementStatus.LOST: "lost",
    SettlementStatus.VOID: "push",
}


class NewOrder(msgspec.Struct):
    """POST submit_order. quantity: the stake in dollars."""

    external_id: str
    strike_id: str
    price: Decimal
    quantity: Decimal
    order_strategy: str | None = None


@dataclass(slots=True, eq=False)
class Ticket:
    """An order as the venue knows it. order: None for one that came to no book; strike: its place in the event."""

    id: str
    account: str
    external_id: str
    event: Event
    strike: int
    american: int
    quantity: int
    created_ms: int
    changed_ms: int
    order: Order | None = None

    @property
    def side(self) -> Side:
        return SIDES[self.strike]

    @property
    def is_open(self) -> bool:
        return self.order is not None and self.order.state in (State.OPEN, State.PENDING)

    @property
    def status(self) -> str:
        order = self.order
        if order is None or (order.state is State.CANCELLED and order.reason in (CROSSES, CLOSED)):
            return "invalid"
        if order.state is State.PENDING:
            return "inactive"
        if order.state is State.SETTLED or self.event.contract.result is not None:
            return "closed"
        if order.state is State.CANCELLED and not order.filled:
            return WIPED if order.reason == WIPED else "canceled"
        return "open"

    @property
    def matching_status(self) -> str:
        if self.order is None or not self.order.filled:
            return "unmatched"
        return "partially_matched" if self.is_open and self.order.remaining else "fully_matched"

    @property
    def winning_status(self) -> str:
        settlement = SettlementStatus.UNDECIDED if self.order is None else self.order.settlement
        return _RESULTS.get(settlement, "no_result")

    @property
    def filled(self) -> int:
        """Micros of the stake that were filled."""
        return 0 if self.order is None else sum(self.staked(match) for match in self.order.fills)

    @property
    def open_quantity(self) -> int:
        if self.order is None or not self.is_open:
            return 0
        return self.order.at_risk(self.order.price, self.order.remaining)

    @property
    def shown_quantity(self) -> int:
        return self.filled if self.filled and not self.is_open else self.quantity

    @property
    def profit(self) -> int:
        """What the shown quantity wins at the order's price. Micros."""
        price = grid().at(self.american)
        return 0 if price is None else grid().contracts(price, self.shown_quantity) - self.shown_quantity

    def staked(self, match: Match) -> int:
        return 0 if self.order is None else self.order.at_risk(match.price, match.size)

    def american_of(self, match: Match) -> int:
        """The odds of a fill, as the side of the order has them."""
        price = match.price if self.side is Side.BUY else grid().opposite(match.price)
        return self.american if price is None else grid().american_of(price)


class Desk:
    """All orders of all accounts."""

    def __init__(self, exchange: Exchange, listings: Listings, clock: WorldClock, terms: Terms) -> None:
        self._exchange, self._listings, self._clock, self._terms = exchange, listings, clock, terms
        self._tickets: dict[str, Ticket] = {}
        self._names: dict[tuple[str, str], Ticket] = {}

    def clear(self) -> None:
        self._tickets.clear()
        self._names.clear()

    # --- placing ---------------------------------------------------------------------------------------------

    def place(self, account: str, wanted: NewOrder) -> Ticket:
        """Raises Denial."""
        event, strike = self._checked(account, wanted)
        now_ms = self._clock.now_ms()
        number = hashlib.sha256(f"prophetx order {len(self._tickets)}".encode()).hexdigest()[:32]
        ticket = Ticket(
            number,
            account,
            wanted.external_id,
            event,
            strike,
            int(wanted.price),
            micros(wanted.quantity),
            now_ms,
            now_ms,
        )
        try:
            self._send(ticket, wanted.order_strategy)
        except Rejection as rejection:
            if rejection.why != CROSSES:
                raise self._denial(rejection) from None
        self._tickets[ticket.id] = self._names[account, ticket.external_id] = ticket
        return ticket

    def _checked(self, account: str, wanted: NewOrder) -> tuple[Event, int]:
        if not _EXTERNAL_ID.fullmatch(wanted.external_id):
            raise Denial(400, "invalid_external_id", "Invalid external id")
        if (account, wanted.external_id) in self._names:
            text = "given user id already has order with the same external id"
            raise Denial(400, "order_external_id_existed", text)
        if wanted.order_strategy not in (None, KILL, ADD_ONLY):
            raise Denial(400, "invalid_param", "Invalid param: order_strategy")
        found = self._listings.strike(wanted.strike_id)
        if found is None:
            raise Denial(400, "strike_id_invalid", "market strike id is invalid")
        self._check_numbers(wanted.price, wanted.quantity)
        if found[0].is_over or not found[0].contract.is_open:
            raise Denial(400, "event_not_available", "event is not available for betting")
        return found

    def _check_numbers(self, american: Decimal, quantity: Decimal) -> None:
        price = grid().at(int(american)) if american.is_finite() and american == int(american) else None
        if price is None:
            raise Denial(400, "invalid_price", "invalid price")
        try:
            stake = micros(quantity)
        except InexactAmountError:
            stake = Micros(0)
        if stake <= 0 or stake % CENT:
            raise Denial(400, "invalid_quantity", "Invalid quantity")
        if quantity > _MOST:
            text = "your order quantity exceeds the maximum allowed"
            raise Denial(400, "order_quantity_exceeds_max", text)
        if grid().contracts(price, stake) % grid().lot_at(price, CENT):
            raise Denial(400, "order_invalid_profit", "update price or quantity then try again")

    def _send(self, ticket: Ticket, strategy: str | None) -> None:
        own = grid().at(ticket.american)
        price = own if own is None or ticket.side is Side.BUY else grid().opposite(own)
        if own is None or price is None:
            raise Denial(400, "invalid_price", "invalid price")
        delay_s = self._terms.live_delay_s if ticket.event.fixture.live else 0.0
        waits_s = delay_s + self._exchange.faults.behaviour.acceptDelayMs / 1000
        ends_ms = ticket.created_ms + int(1000 * (waits_s + self._terms.kill_after_s))
        ticket.order = self._exchange.place(
            ticket.account,
            ticket.event.contract,
            Leg.YES,
            ticket.side,
            price,
            grid().contracts(own, ticket.quantity),
            reference=ticket.external_id,
            order_id=ticket.id,
            post_only=strategy == ADD_ONLY,
            expires_ms=ends_ms if strategy == KILL else None,
            delay_s=delay_s,
            extra={"ticket": ticket},
        )

    def _denial(self, rejection: Rejection) -> Denial:
        match rejection.why:
            case why if why == FUNDS:
                text = "You don't have sufficient amount to proceed the operation"
                return Denial(403, "insufficient_amount", text)
            case why if why == CLOSED:
                return Denial(400, "event_not_available", "event is not available for betting")
            case _:
                code = self._exchange.faults.behaviour.rejectReason or "err_order_placement_disabled"
                return Denial(403, code, "order placement is currently disabled")

    # --- cancelling ------------------------------------------------------------------------------------------

    def cancel(self, account: str, order_id: str, external_id: str) -> Ticket:
        """Raises Denial."""
        ticket = self.ticket(account, order_id)
        if ticket.external_id != external_id:
            raise Denial(400, "order_not_matching_external_id", "external id must matches with existing order")
        if ticket.order is None:
            raise Denial(400, "order_is_invalid", "The order you attempting to cancel is invalid")
        if ticket.order.state is State.PENDING:
            raise Denial(409, "order_is_placing", "cannot cancel a placing order, please try again later")
        if not self._exchange.cancel(ticket.order, USER):
            code = "order_already_cancelled" if ticket.order.state is State.CANCELLED else "order_already_filled"
            raise Denial(400, code, "failed to cancel order")
        return ticket

    def cancel_all(self, account: str) -> None:
        """Raises Denial where nothing rests."""
        ended = [self._exchange.cancel(order, USER) for order in self._exchange.open_orders(account)]
        if not any(ended):
            raise Denial(404, "no_cancellable_orders", "Failed to cancel orders. No available orders to be cancelled")

    def wipe(self, event: Event) -> None:
        """The event turned live: what was placed before goes."""
        for order in self._exchange.open_orders():
            if order.contract is event.contract and order.account in self._exchange.accounts:
                self._exchange.cancel(order, WIPED)

    # --- reading ---------------------------------------------------------------------------------------------

    def ticket(self, account: str, order_id: str) -> Ticket:
        """Raises Denial."""
        found = self._tickets.get(order_id)
        if found is None or found.account != account:
            raise Denial(404, "data_not_found", "Not found: order")
        return found

    def named(self, account: str, order_ids: Iterable[str]) -> list[Ticket]:
        """Those of the ids that are the account's orders, the newest first."""
        found = (self._tickets.get(order_id) for order_id in dict.fromkeys(order_ids))
        mine = [ticket for ticket in found if ticket is not None and ticket.account == account]
        return sorted(mine, key=lambda ticket: ticket.created_ms, reverse=True)

    def tickets(self, account: str) -> list[Ticket]:
        """The newest first."""
        return [ticket for ticket in reversed(self._tickets.values()) if ticket.account == account]

    def note(self, order: Order) -> Ticket | None:
        """The engine changed an order; its ticket, where it is an account's."""
        ticket: Ticket | None = order.extra.get("ticket")
        if ticket is not None:
            ticket.order, ticket.changed_ms = order, self._clock.now_ms()
        return ticket


def number_of(match: Match) -> int:
    """The id of a fill: those of a later one are higher."""
    return int(match.id.rpartition("-")[2].lstrip("t"))
