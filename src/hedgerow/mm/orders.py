"""One quote's orders on an exchange: what rests, what is under way, what comes next. No I/O.

A slot is one side of one instrument for one account. It holds at most one order that is meant to rest, and at most
one that is on its way out. Each order lives until the exchange has confirmed its end, because a cancel races fills and
an answer can be lost. The rules of conversation:

- the newest intent wins: while a request is under way the slot only remembers what is wanted, and moves on from
  the answer;
- a request without an answer leaves the order in doubt: nothing new is sent for the slot until the exchange has told
  what became of it;
- a fill counts whatever the order's state says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from hedgerow.core.ids import OutcomeId
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import OPEN_ORDERS, MatchedStatus, OrderStatus, Side, check_order_move, matched_status
from hedgerow.mm.quoting import Move, Resting, Wanted, next_move
from hedgerow.mm.sizing import CapName
from hedgerow.venues.base import Instrument, OrderRef, OrderState


class Pending(StrEnum):
    """The request that is under way for an order, if any."""

    NOTHING = "nothing"
    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    LOOKUP = "lookup"  # in doubt: the exchange is being asked


HedgeLegs = tuple[tuple[OutcomeId, OddsMicros], ...]
"""Bets that a fill needs, with the odds that its quote was priced from."""


@dataclass(slots=True, eq=False)
class Stakes:
    """The money at risk in a part of the orders, in micros of USD, kept up to date by the orders themselves: every tick
    asks for it, and a sum over thousands of them would stand in its way.

    open: what rests or may rest; matched: in markets that are not settled; claimed: what quotes that are being worked
    out will add; cap: the most that all may be, None: no cap.
    """

    name: CapName | None = None
    cap: int | None = None
    open: int = 0
    matched: int = 0
    claimed: int = 0

    @property
    def used(self) -> int:
        return self.open + self.matched + self.claimed


def stake_of(side: Side, price: int, size: int, grid: PriceGrid) -> int:
    """The money at risk in contracts, in micros: what is paid for them, or what a sale must pay when it loses, which
    is the rest of what they pay: so an order's sum and its fills' agree. grid: of the contract, which knows what a
    price comes to."""
    spent = grid.at_risk(price, size, buys=True)
    return spent if side is Side.BUY else size - spent


@dataclass(slots=True, eq=False)
class Order:
    """An order of ours on an exchange. Sizes, prices and money in micros."""

    order_id: int
    client_ref: str
    instrument: Instrument
    side: Side
    price: Micros
    size: Micros
    created_ms: int
    venue_ref: str | None = None
    status: OrderStatus = OrderStatus.PENDING_PLACEMENT
    pending: Pending = Pending.PLACE
    filled: int = 0
    spent: int = 0  # Σ price × size of the fills, for the average price
    fees: int = 0
    taken_back: int = 0  # Σ sizes of fills that the exchange took back
    reason: str = ""
    is_adopted: bool = False
    asked_price: int | None = None  # of the last amendment that was sent
    placed_ms: int | None = None
    matched_ms: int | None = None
    closed_ms: int | None = None
    hedge_legs: HedgeLegs = ()  # the bets and odds that it was last priced from
    hedge_odds: int | None = None  # of the dearest of them
    hedge_limit: int | None = None
    open_stake: int = field(default=0, init=False)
    """Money at risk in what still rests or may rest."""
    _counted_in: tuple[Stakes, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        self._count()

    @property
    def remaining(self) -> int:
        return max(0, self.size - self.filled)

    @property
    def told(self) -> int:
        """What its fills have told of, those that were taken back included."""
        return self.filled + self.taken_back

    @property
    def ref(self) -> OrderRef:
        return OrderRef(self.instrument, self.client_ref, self.venue_ref, self.placed_ms is not None)

    @property
    def matched(self) -> MatchedStatus:
        return matched_status(self.filled, self.size)

    @property
    def risk_price(self) -> int:
        return self.price if self.side is Side.BUY else MICRO - self.price

    @property
    def prices(self) -> tuple[int, ...]:
        """Every price at which it rests or may rest: two while nobody knows whether an amendment has arrived."""
        if self.asked_price is None or self.pending is Pending.NOTHING:
            return (self.price,)
        return self.price, self.asked_price

    @property
    def matched_stake(self) -> int:
        """Money at risk in what was filled, at the prices of the fills."""
        return self.spent if self.side is Side.BUY else self.filled - self.spent

    @property
    def stake(self) -> int:
        return stake_of(self.side, self.price, self.size, self.instrument.grid)

    @property
    def is_live(self) -> bool:
        """Whether it rests, or may rest, on the exchange."""
        return self.status in OPEN_ORDERS

    def count_in(self, stakes: tuple[Stakes, ...]) -> None:
        """The order's open stake is part of those sums from now on."""
        for each in self._counted_in:
            each.open -= self.open_stake
        self._counted_in = stakes
        for each in stakes:
            each.open += self.open_stake

    def _count(self) -> None:
        """Works out the open stake anew: every tick asks for those of all orders of a market."""
        is_live = self.status in OPEN_ORDERS
        now = stake_of(self.side, self.price, self.remaining, self.instrument.grid) if is_live else 0
        if (change := now - self.open_stake) != 0:
            for stakes in self._counted_in:
                stakes.open += change
            self.open_stake = now

    def relist(self, instrument: Instrument) -> None:
        """The exchange lists its contract otherwise, perhaps with another grid."""
        self.instrument = instrument
        self._count()

    def resize(self, price: Micros, size: Micros) -> None:
        """The exchange says at what price the order rests, and of what size it is as a whole."""
        self.price, self.size = price, size
        self._count()

    def move_to(self, status: OrderStatus, now_ms: int, reason: str = "") -> None:
        """Changes the status by the table of legal moves. Raises IllegalMoveError."""
        check_order_move(str(self.order_id), self.status, status)
        self.status = status
        self.reason = reason or self.reason
        if status is OrderStatus.PLACED and self.placed_ms is None:
            self.placed_ms = now_ms
        if not status.is_open:
            self.closed_ms = now_ms
        self._count()

    def fill(self, price: int, size: int, fee: int, now_ms: int) -> None:
        """Counts a fill. An order that is filled to its size ends; one that had ended is corrected. More than its size
        was filled where an amendment was sent in the moment before a crash: then it was that large."""
        self.filled += size
        self.size = Micros(max(self.size, self.filled))
        self.spent += self.instrument.grid.at_risk(price, size, buys=True)
        self.fees += fee
        self.matched_ms = now_ms
        if self.filled >= self.size and self.status is not OrderStatus.FILLED:
            self.move_to(OrderStatus.FILLED, now_ms)
            self.pending = Pending.NOTHING
        self._count()

    def take_back(self, price: int, size: int, fee: int) -> None:
        """The exchange took a fill back. That part of the order is gone: it does not rest again."""
        self.filled -= size
        self.taken_back += size
        self.spent -= self.instrument.grid.at_risk(price, size, buys=True)
        self.fees -= fee
        if self.is_live:
            self.size = Micros(max(self.filled, self.size - size))
        self._count()


class Act(StrEnum):
    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"


class Command(msgspec.Struct, frozen=True, gc=False):
    """What the lane is to send now. PLACE: `order` is None, the lane makes it.

    A struct, because it is made on the way from a tick to an order.
    """

    act: Act
    order: Order | None = None
    price: int = 0
    size: int = 0  # of the whole order


MOST_LEAVING = 1
"""Orders of a slot whose cancel is not confirmed yet, beside the one that is meant to rest."""


@dataclass(slots=True, eq=False)
class Slot:
    """One side of one instrument. `outcome_id` is what a buy of the instrument backs; `stakes` are the sums that its
    orders count in, `matched` its own part of what they have matched.

    is_listed: the exchange has shown the contract in this run; until then its orders are left alone, unless it is plain
    that nothing is quoted there any more. is_open: the exchange takes orders on it. held_until_ms: nothing is quoted
    before, because its owner cancelled by hand.
    """

    instrument: Instrument
    side: Side
    outcome_id: OutcomeId
    is_listed: bool = True
    is_open: bool = True
    stakes: tuple[Stakes, ...] = ()
    matched: int = 0
    held_until_ms: int = 0
    wanted: Wanted | None = None
    order: Order | None = None
    leaving: list[Order] = field(default_factory=list)

    @property
    def orders(self) -> list[Order]:
        return [self.order, *self.leaving] if self.order else list(self.leaving)

    @property
    def open_stake(self) -> int:
        stake = self.order.open_stake if self.order else 0
        for order in self.leaving:
            stake += order.open_stake
        return stake

    def match(self, stake: int) -> None:
        """Money at risk was matched; negative: that was taken back, or is settled."""
        self.matched += stake
        for stakes in self.stakes:
            stakes.matched += stake

    def claim(self, stake: int) -> None:
        """Money at risk that its quote will add; negative: it has been sent, or will not be."""
        for stakes in self.stakes:
            stakes.claimed += stake

    def tightest(self) -> tuple[CapName, int] | None:
        """The cap that leaves least to quote with, and how much, its own orders set free; None without any cap."""
        own, found = self.open_stake, None
        for stakes in self.stakes:
            if stakes.cap is not None and stakes.name is not None:
                room = stakes.cap - stakes.used + own
                if found is None or room < found[1]:
                    found = stakes.name, room
        return found

    def bound_by(self, stake: int) -> CapName | None:
        """The first cap that lets no so much be added to what rests, of which all may still be matched, also of an
        order that is on its way out; None: it may be. What makes it less always may."""
        if stake > 0:
            for stakes in self.stakes:
                if stakes.cap is not None and stakes.open + stakes.matched + stake > stakes.cap:
                    return stakes.name
        return None

    def is_too_generous(self, order: Order) -> bool:
        """Whether a resting order offers more than is wanted now."""
        if self.wanted is None:
            return order.is_live
        improvement = self.wanted.price - order.price if self.side is Side.BUY else order.price - self.wanted.price
        return order.is_live and improvement < 0

    def next_command(self, *, amends: bool, hysteresis: int) -> Command | None:
        """What to send now to come nearer to what is wanted; None when nothing is to be sent, or may be yet.

        amends: the exchange moves an order in one step. Without it the old order is cancelled and, without waiting
        for the answer, a new one placed: the sizes leave room for both. A third is never sent.
        """
        order = self.order
        if order is not None and not order.is_live:
            self.order = order = None
        self.leaving = [gone for gone in self.leaving if gone.is_live]
        for gone in self.leaving:
            if gone.pending is Pending.NOTHING:
                return Command(Act.CANCEL, gone)
        if order is not None and order.pending is not Pending.NOTHING:
            return None
        resting = Resting(order.price, Micros(order.remaining)) if order else None
        match next_move(self.side, self.wanted, resting, hysteresis):
            case Move.PLACE if self.wanted is not None and len(self.leaving) <= MOST_LEAVING:
                return Command(Act.PLACE, None, self.wanted.price, self.wanted.size)
            case Move.CANCEL:
                return Command(Act.CANCEL, order)
            case Move.CHANGE if order is not None and self.wanted is not None:
                if amends:
                    return Command(Act.AMEND, order, self.wanted.price, order.filled + self.wanted.size)
                return Command(Act.CANCEL, order) if len(self.leaving) < MOST_LEAVING else None
            case _:
                return None

    def begin(self, command: Command, order: Order) -> None:
        """The command is being sent."""
        match command.act:
            case Act.PLACE:
                order.pending = Pending.PLACE
                self.order = order
            case Act.AMEND:
                order.pending = Pending.AMEND
                order.asked_price = command.price
            case Act.CANCEL:
                order.pending = Pending.CANCEL
                if self.order is order:
                    self.order = None
                if order not in self.leaving:
                    self.leaving.append(order)


def apply_state(order: Order, state: OrderState, now_ms: int) -> bool:
    """Brings an order to what the exchange says of it; True when anything changed. What is older than what is known
    (a "resting" after the end) changes nothing; fills are counted from fills alone."""
    before = (order.status, order.venue_ref, order.price, order.size, order.pending)
    order.venue_ref = order.venue_ref or state.venue_ref
    if state.status is OrderStatus.PLACED:
        if order.status in (OrderStatus.PENDING_PLACEMENT, OrderStatus.FAILED):
            order.move_to(OrderStatus.PLACED, now_ms)
        if order.is_live:
            order.reason = ""  # what was in question is answered: it rests
        if order.is_live and order.pending in (Pending.NOTHING, Pending.AMEND):
            order.resize(state.price, state.size)
    elif state.status is not OrderStatus.PENDING_PLACEMENT and order.is_live:
        if state.size > order.size:  # an amendment of which only the exchange knows
            order.resize(state.price, state.size)
        is_ours = order.pending is Pending.CANCEL and order.reason  # why, whether its answer or the stream is first
        order.move_to(_end_of(order, state), now_ms, "" if is_ours else state.reason)
        order.pending = Pending.NOTHING
    return before != (order.status, order.venue_ref, order.price, order.size, order.pending)


def _end_of(order: Order, state: OrderState) -> OrderStatus:
    """FILLED only by its fills: the exchange's word may come before them."""
    if state.status is OrderStatus.FILLED and order.filled < order.size:
        return OrderStatus.CANCELLED if state.filled < order.size else OrderStatus.FILLED
    return state.status
