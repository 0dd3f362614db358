"""The parts of a lane without the lane: an account whose exchange answers what a test gives it, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import VenueError
from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.mm.access import Access
from hedgerow.mm.adoption import Adoption
from hedgerow.mm.comparison import Comparison
from hedgerow.mm.intake import Intake
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Pending, Slot, Stakes
from hedgerow.venues.base import Exchange, Fill, Instrument, NewQuote, OrderRef, OrderState

SLUG = VenueSlug("kalshi")
INSTRUMENT = Instrument(SLUG, "contract", "market", PriceGrid.probability(10_000))
PRICE, SIZE = Micros(450_000), Micros(2 * MICRO)
TAG = 7
NOW_MS = 3_600_000
ACCOUNT_ID = 1


def slot_on(side: Side = Side.BUY) -> Slot:
    return Slot(INSTRUMENT, side, OutcomeId(121))


def order_of(number: int, venue_ref: str | None = None, status: OrderStatus = OrderStatus.PLACED) -> Order:
    """A bid that nothing is under way for."""
    order = Order(number, f"ref-{number}", INSTRUMENT, Side.BUY, PRICE, SIZE, 0, venue_ref=venue_ref, status=status)
    order.pending = Pending.NOTHING
    return order


def state_of(
    venue_ref: str, client_ref: str | None, status: OrderStatus = OrderStatus.PLACED, *, filled: int = 0
) -> OrderState:
    """What the exchange says of a bid at the contract."""
    return OrderState(venue_ref, client_ref, INSTRUMENT.ref, Side.BUY, PRICE, SIZE, Micros(filled), status, NOW_MS)


def fill_of(venue_ref: str, client_ref: str | None = None, at_ms: int = NOW_MS) -> Fill:
    """A whole bid was matched."""
    return Fill(
        "trade", venue_ref, client_ref, INSTRUMENT.ref, Side.BUY, PRICE, SIZE, Micros(0), FillState.FINAL, True, at_ms
    )


@dataclass
class Told:
    """What the owner of the account heard, in its order."""

    orders: list[int] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    freed: list[Slot | None] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)


@dataclass
class FakeExchange:
    """known: by the exchange's name or by ours, what it says of an order. fails: how many questions it does not answer
    yet; refuses_cancels: its answer to cancels; computed_ref: its name of an order
    before it is sent."""

    known: dict[str, OrderState] = field(default_factory=dict)
    resting: list[OrderState] = field(default_factory=list)
    trades: list[Fill] = field(default_factory=list)
    fails: list[VenueError] = field(default_factory=list)
    refuses_cancels: VenueError | None = None
    computed_ref: str | None = None
    asked_fills_since: list[int] = field(default_factory=list)
    cancelled: list[str | None] = field(default_factory=list)
    all_cancelled: int = 0

    def _answer(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        self._answer()
        return self.known.get(ref.venue_ref or "") or self.known.get(ref.client_ref or "")

    async def working(self) -> list[OrderState]:
        self._answer()
        return self.resting

    async def fills(self, since_ms: int) -> list[Fill]:
        self._answer()
        self.asked_fills_since.append(since_ms)
        return self.trades

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, self.computed_ref)

    async def cancel(self, ref: OrderRef) -> OrderState | None:
        if self.refuses_cancels is not None:
            raise self.refuses_cancels
        self.cancelled.append(ref.venue_ref)
        return None

    async def cancel_all(self) -> None:
        self._answer()
        self.all_cancelled += 1


class Parts:
    """All that a lane is made of but its sending."""

    def __init__(self) -> None:
        self.exchange, self.told, self.clock = FakeExchange(), Told(), SteppedClock(NOW_MS * 10**6)
        self.stakes = Stakes()
        self.provisional_since_ms: int | None = None
        self.stored: dict[str, Order] = {}  # by the exchange's name
        self.access = Access(
            ACCOUNT_ID,
            SLUG,
            self.clock,
            exchange=self._reached,
            on_order=lambda order: self.told.orders.append(order.order_id),
            on_fill=self.told.fills.append,
            on_free=self.told.freed.append,
            on_link=lambda order: self.told.linked.append(order.order_id),
            provisional_since_ms=lambda: self.provisional_since_ms,
            stored_order=self._stored_order,
        )
        numbers = OrderNumbers()
        numbers.add(range(1_000, 1_100))
        self.index = OrderIndex(self.stakes)
        self.intake = Intake(self.access, self.index)
        self.adoption = Adoption(self.access, self.index, self.intake, numbers, TAG)
        self.comparison = Comparison(self.access, self.index, self.intake, self.adoption)

    async def _stored_order(self, _: Instrument, venue_ref: str, order_id: int | None) -> Order | None:
        by_number = (order for order in self.stored.values() if order.order_id == order_id)
        return self.stored.get(venue_ref) or next(by_number, None)

    def _reached(self) -> Exchange:
        return self.exchange  # type: ignore[return-value] - the parts use no more of it
