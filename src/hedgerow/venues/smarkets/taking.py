"""Smarkets' side of `venues.taking`: orders that match at once or end, wholly or in part.

What such an order traded is read from the ledger, trade by trade: the answer has a mean price in whole points. A row of
the odds feed names a contract; to which market it belongs is learned from the tree of events. Quotes are in pounds.
Sources: the venue's OpenAPI description; the sheet's sections on orders and settlement.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from decimal import Decimal

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.states import FillState, Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.reading import reading
from hedgerow.venues.smarkets import listing, reads, settled
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ladder import GRID
from hedgerow.venues.smarkets.ledger import Story
from hedgerow.venues.smarkets.orders import levels, take_body
from hedgerow.venues.smarkets.parse import OPEN_STATES, is_id, placed_state
from hedgerow.venues.smarkets.rest import Rest, certain
from hedgerow.venues.taking import Ended, Leg, Level, Sums, Taken, TakeOrder, keep

_PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""

_KNOWN_FOR_MS = 60_000
"""So long a contract that was open is taken to be open; the venue refuses what is not."""

_LEARN_EVERY_MS, _RATE_LIVES_MS = 60_000, 3_600_000
_MOST_KNOWN = 20_000
_SETTLED = ("market.settle", "market.resettle", "market.void", "contract.settle", "contract.resettle", "order.settle")
"""The rows that tell in which markets something was decided."""


class SmarketsTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock = context.clock
        self._rest = Rest(manifest, context)
        self._rate = reads.STANDARD_RATE
        self._per_pound: tuple[Decimal, int] | None = None  # and when it was read
        self._contracts: OrderedDict[str, str] = OrderedDict()  # the market, by contract
        self._instruments: OrderedDict[str, tuple[Instrument, int]] = OrderedDict()  # and when it was open
        self._learned_ms: int | None = None
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order that no answer came for left
        self._markets: OrderedDict[str, str] = OrderedDict()  # by the venue's id of an order

    async def open(self) -> None:
        await self._rest.open()
        self._rate = await reads.commission_rate(self._rest, self.manifest.currency)

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest)

    # --- markets ----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`outcome_ref` is the contract; `market_ref` is the feed's and not read."""
        if not is_id(outcome_ref):
            raise Refused(VENUE, operation, f"{outcome_ref[:40]!r} is no contract", reason=Reason.INVALID)
        known, now_ms = self._instruments.get(outcome_ref), self._clock.now_ms()
        if known is None or now_ms - known[1] >= _KNOWN_FOR_MS:
            known = await self._instrument(operation, outcome_ref), now_ms
            keep(self._instruments, outcome_ref, known, _MOST_KNOWN)
        return Leg(known[0], Side.BUY if is_back else Side.SELL)

    async def _instrument(self, operation: str, outcome_ref: str) -> Instrument:
        """Raises Refused for a contract that is not open."""
        market_id = await self._market_of(operation, outcome_ref)
        contracts = await reads.contracts(self._rest, operation, [market_id])
        contract = next((one for one in contracts if one.id == outcome_ref), None)
        if contract is None or contract.state_or_outcome not in OPEN_STATES:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        with reading(VENUE, operation):
            return listing.instrument_of(contract, contracts, None, self._rate)

    async def _market_of(self, operation: str, contract_id: str) -> str:
        """Reads the tree of matches anew where the contract is not known, once a minute at most."""
        now_ms = self._clock.now_ms()
        is_due = self._learned_ms is None or now_ms - self._learned_ms >= _LEARN_EVERY_MS
        if contract_id not in self._contracts and is_due:
            events = await listing.matches(self._rest, operation, None)
            kinds = f"{listing.TWO_WAY},{listing.THREE_WAY}"
            markets = await listing.winner_markets(self._rest, operation, [event.id for event in events], kinds)
            for contract in await reads.contracts(self._rest, operation, [market.id for market in markets]):
                keep(self._contracts, contract.id, contract.market_id, _MOST_KNOWN)
            self._learned_ms = now_ms
        market_id = self._contracts.get(contract_id)
        if market_id is None or not is_id(market_id):
            raise Refused(VENUE, operation, "the contract is in no market that is listed", reason=Reason.CLOSED)
        return market_id

    async def levels(self, leg: Leg) -> list[Level]:
        instrument = leg.instrument
        rate = await self._pound()
        books = await reads.books(self._rest, [instrument.market_ref])
        with reading(VENUE, "book"):
            return levels(leg.side, books.get(instrument.ref), rate)

    async def _pound(self) -> Decimal:
        now_ms = self._clock.now_ms()
        if self._per_pound is None or now_ms - self._per_pound[1] >= _RATE_LIVES_MS:
            self._per_pound = await reads.per_pound(self._rest, self.manifest.currency), now_ms
        return self._per_pound[0]

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """What is risked: commission is taken of winnings, in the end."""
        return GRID.at_risk(leg.cost_of(cost), size, buys=leg.side is Side.BUY, up=True)

    # --- orders -----------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """Sends the order, and reads its trades. One that waits for a delay is not over yet."""
        body = take_body(order)
        coming = self._rest.place(body)
        keep(self._left, order.reference, self._clock.now_ms(), _MOST_KNOWN)
        try:
            answer = await coming
            state = certain("place", lambda: placed_state(answer, order.reference, self._clock.now_ms()))
        except InDoubt:
            raise
        except VenueError:
            self._left.pop(order.reference, None)
            self._instruments.pop(order.leg.instrument.ref, None)
            raise
        if (state.instrument_ref, state.side) != (order.leg.instrument.ref, order.leg.side):
            raise InDoubt(VENUE, "place", "the answer is about another order")
        self._left.pop(order.reference, None)
        keep(self._markets, state.venue_ref, body.market_id, _MOST_KNOWN)
        waiting = Taken(state.venue_ref, order.reference, state.instrument_ref, state.side, 0, 0, 0, is_over=False)
        try:
            told = await self._told(state.venue_ref)
        except VenueError:
            return waiting
        # An order that is over has all of its trades in the ledger, or they are still to come there.
        return told if told is not None and told.size >= state.filled else waiting

    async def _told(self, order_id: str) -> Taken | None:
        """What the ledger says of an order."""
        story = (await reads.stories(self._rest, "order", [order_id])).get(order_id)
        return None if story is None else self._taken(story)

    def _taken(self, story: Story) -> Taken:
        keep(self._markets, story.order_id, story.market_id, _MOST_KNOWN)
        size = sum(one.size for one in story.executions)
        undone = Sums(size - story.filled, settled.cost_of(story, FillState.REVERSED), 0)
        is_over = not story.state.status.is_open
        cost = settled.cost_of(story)
        return Taken(story.order_id, story.label or "", story.contract_id, story.side, size, cost, 0, is_over, undone)

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference, in the list and the ledger."""
        order_id = ref.bet_ref if ref.bet_ref is not None else await self._id_of(ref)
        if order_id is None:
            self._left.pop(ref.reference, None)
            return None
        told = await self._told(order_id)
        if told is None:
            raise CannotTell(VENUE, "find", "the ledger does not have the order")
        self._left.pop(ref.reference, None)
        return told

    async def _id_of(self, ref: BetRef) -> str | None:
        since = reads.time_text(ref.sent_at_ms - _PREPARED_WITHIN_MS)
        return await reads.id_by_label(
            self._rest,
            ref.reference,
            [("created_datetime_min", since)],
            [("timestamp_min", since)],
            now_ms=self._clock.now_ms(),
            sent_ms=self._left.get(ref.reference, ref.sent_at_ms),
        )

    async def history(self, since_ms: int) -> list[Taken]:
        """The orders of every market in which something was decided since then."""
        rows = await reads.rows_since(self._rest, "settled", since_ms, _SETTLED)
        over = [row.market_id for row in rows if row.market_id]
        found = reads.told_in("settled", await reads.market_rows(self._rest, "settled", over))
        return [taken for taken in map(self._taken, found.values()) if taken.size]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        """With what of its winnings the venue kept of each."""
        markets = {order.venue_ref: self._markets.get(order.venue_ref) for order in orders}
        market_ids = [market_id for market_id in markets.values() if market_id is not None]
        contracts = await reads.contracts(self._rest, "decided", market_ids)
        with reading(VENUE, "decided"):
            ends = settled.ends(contracts)
        over = {contract.market_id for contract in contracts if contract.id in ends}
        rows = await reads.market_rows(self._rest, "decided", over)
        with reading(VENUE, "decided"):
            kept = settled.commissions(rows, ends)
        found = []
        for order in orders:
            end, charged = ends.get(order.instrument_ref), kept.get(markets[order.venue_ref] or "")
            if end is not None:
                status = end.status if order.side is Side.BUY else end.status.mirrored
                share = charged.share(order.venue_ref) if charged is not None else Decimal(0)
                found.append(Ended(order, status, end.at_ms, None, share))
        return found
