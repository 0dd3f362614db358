"""The bench of exchanges: the connector under test, and the simulated exchange's own books beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.core.tasks import spawn, stop
from hedgerow.exam.bench import FIRST, PARTICIPANTS, SPORT, Bench
from hedgerow.exam.cases import DisprovedError, Enter, Kind, case, expect, expect_same, only
from hedgerow.sim.exchange import Exchange as Engine
from hedgerow.sim.orders import COUNTERPARTY, OrderKind
from hedgerow.sim.orders import Order as Truth
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    ExchangeFactory,
    Fill,
    Instrument,
    Listing,
    NewQuote,
    OrderRef,
    OrderState,
    VenueContext,
)

E = TypeVar("E", bound=ExchangeEvent)

BID, ASK = 500_000, 800_000
"""Prices of the first participant's contract, which every grid of the venues has: odds 2 and 1.25."""

CONTRACTS = 10 * MICRO

_LOOK_S = 0.5
"""How far the world goes at once for a connector that asks."""


@dataclass
class ExchangeBench(Bench):
    """One exchange during one case."""

    factory: ExchangeFactory = field(kw_only=True)
    connector: Exchange = field(init=False)
    events: list[ExchangeEvent] = field(default_factory=list)
    instrument: Instrument = field(init=False)
    has_streams: bool = field(default=True, init=False)

    # --- the connector ------------------------------------------------------------------------------------------

    def build(self, context: VenueContext | None = None) -> Exchange:
        """Another connector of the same account, or of another context; it is closed at the end."""
        made = self.factory(context or self.context)
        self.stack.push_async_callback(made.close)
        return made

    async def begin(self) -> None:
        """Opens the connector and finds the contract that the cases trade."""
        self.connector = self.build()
        await self.connector.open(self.events.append)
        self.instrument = (await self.listing()).instrument
        self.has_streams = bool(self.server.venues.dialects[self.slug].sockets())

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Where the venue has no stream, the connector asks, and the world goes on for it to do so."""
        asking = None if self.has_streams else spawn(self._go_on(), f"exam at {self.slug} goes on")
        try:
            await super().until(holds, what)
        finally:
            await stop(asking)

    async def _go_on(self) -> None:
        while True:
            await self.step(_LOOK_S)

    async def listing(self) -> Listing:
        """Of the contract that pays when the first participant wins. Raises DisprovedError when it is not listed."""
        for listing in await self.connector.listings(SPORT):
            if listing.outcome == PARTICIPANTS[0] and listing.participants == PARTICIPANTS:
                return listing
        raise DisprovedError(f"no contract on {PARTICIPANTS[0]} is listed for {SPORT}")

    def told(self, kind: type[E]) -> list[E]:
        """The stream's events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def quote(self, name: str = "quote", side: Side = Side.BUY, price: int | None = None, **changes: Any) -> NewQuote:
        """A quote that rests when nobody stands against it. name: of its reference."""
        level = price if price is not None else (BID if side is Side.BUY else ASK)
        quote = NewQuote(self.reference(name), self.instrument, side, Micros(level), self.size_at(level))
        return replace(quote, **changes)

    def size_at(self, price: int, size: int = CONTRACTS) -> Micros:
        """The size in whole lots, and no less than the venue takes at the price."""
        lot = self.instrument.lot_at(price)
        return Micros(max(size // lot * lot, self.instrument.least_at(price)))

    def below(self, steps: int = 1) -> int:
        """A price of the grid that is worse than `BID` by so many hundredths, or a little more."""
        price = self.instrument.grid.floor(BID - steps * 10_000)
        assert price is not None
        return price

    def ref(self, state: OrderState) -> OrderRef:
        return OrderRef(self.instrument, state.client_ref, state.venue_ref)

    async def hold(self) -> NewQuote:
        """Buys contracts, so that there is something to sell where that is needed; answers what bought them."""
        bought = self.quote("holding")
        await self.connector.place(bought)
        self.take(Side.SELL, BID)
        await self.until(lambda: sum(fill.size for fill in self.told(Fill)) >= bought.size, "the holding is filled")
        return bought

    # --- the others and the truth -------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        return self.server.venues.exchange(self.slug)

    def take(self, side: Side, price: int, size: int = CONTRACTS, outcome: OutcomeKey = FIRST) -> None:
        """Somebody else trades against what rests, to a price."""
        self.engine.take(outcome, side, price, size)

    def stand(self, side: Side, price: int, size: int = CONTRACTS) -> None:
        """Somebody else's order rests on the first participant's contract."""
        contract, leg = self.engine.contracts_on(FIRST)[0]
        self.engine.place(COUNTERPARTY, contract, leg, side, price, size, reference="exam", kind=OrderKind.RESTS)

    @property
    def truth(self) -> list[Truth]:
        """Every order that the venue ever took from the account."""
        return [order for order in self.engine.orders.values() if order.account == self.account]

    @property
    def order(self) -> Truth:
        """The one order that the venue took from the account."""
        return only("orders were placed", self.truth)

    @property
    def resting(self) -> list[Truth]:
        return self.engine.open_orders(self.account)

    def expect_orders(self, count: int) -> None:
        """So many orders were taken, each once."""
        expect_same("orders that were placed", len(self.truth), count)

    def expect_resting(self, states: Iterable[OrderState]) -> None:
        """The states are exactly what rests at the venue."""
        told = {state.venue_ref: (state.side, state.price, state.size, state.filled) for state in states}
        true = {order.id: (order.side, order.price, order.size, order.filled) for order in self.resting}
        expect_same("what rests", told, true)

    def expect_fills(self, fills: Iterable[Fill]) -> None:
        """The fills, each identity once, are exactly what the venue traded, fees to their smallest unit."""
        told, fees, names = Counter[tuple[Any, ...]](), 0, set[tuple[str, str]]()
        for fill in fills:
            if (fill.trade_ref, fill.venue_ref) in names or fill.state is FillState.REVERSED:
                continue
            names.add((fill.trade_ref, fill.venue_ref))
            told[fill.venue_ref, fill.side, int(fill.price), fill.is_maker] += fill.size
            fees += fill.fee
        true = Counter[tuple[Any, ...]]()
        trades = [(order, match) for order in self.truth for match in order.fills]
        for order, match in trades:
            true[order.id, order.side, match.price, match.is_maker] += match.size
        expect_same("what was traded", told, true)
        unit = max(self.instrument.maker_fee.unit, self.instrument.taker_fee.unit)
        off = abs(fees - sum(match.charged for _, match in trades))
        expect(off <= unit * len(trades), f"the fees are off by {off} micros")

    async def expect_money(self) -> None:
        """The connector's balance is the venue's cash to the micro; what rests is held of it."""
        balance = await self.connector.balance()
        cash = self.engine.accounts[self.account].cash
        risk = sum(order.at_risk(order.price, order.remaining - order.closes) for order in self.resting)
        expect_same("money, held money included", balance.free + balance.held, decimal_of(cash))
        expect_same("money that orders hold", balance.held, decimal_of(risk))
        expect_same("the currency", balance.currency, self.manifest.currency)


def exchange_case(number: str, rule: str) -> Enter[ExchangeBench]:
    """Enters a case of the exchanges into the exam."""
    return case(number, rule, Kind.EXCHANGE)


def newest(states: list[OrderState], order: OrderState) -> OrderState | None:
    """The last of the states that is about the order."""
    return next((state for state in reversed(states) if state.venue_ref == order.venue_ref), None)


def is_told(bench: ExchangeBench, order: OrderState, *statuses: OrderStatus) -> Callable[[], bool]:
    """Whether the stream's last word about the order is one of the statuses."""

    def look() -> bool:
        last = newest(bench.told(OrderState), order)
        return last is not None and last.status in statuses

    return look
