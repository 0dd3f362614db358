"""ProphetX's side of `venues.taking`: orders to fill or kill, whose rest is cancelled at once.

Every bet buys a strike: backing that of the outcome, laying that of its opposite. The venue leaves an order that is to
be killed some seconds to fill; what of it stands when it is answered, or found, is cancelled, so that nothing rests. So
a bet that was to be taken whole can end in part, and it is told as what it is. Source: docs.prophetx.co "Submit order".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote as quoted

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.prophetx import listing, reads, wire
from hedgerow.venues.prophetx.connector import is_late
from hedgerow.venues.prophetx.errors import VENUE, reading
from hedgerow.venues.prophetx.odds import CENT, GRID, LEAST_STAKE
from hedgerow.venues.prophetx.orders import is_strike, take_body
from hedgerow.venues.prophetx.parse import INACTIVE, INVALID, Part, filled_stake, identity, offers_of
from hedgerow.venues.prophetx.rest import CANCEL, Rest
from hedgerow.venues.prophetx.settled import Gain, gains_of, shares_of
from hedgerow.venues.taking import Ended, Leg, Level, Taken, TakeOrder, keep

_PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""

_MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class _Place:
    """A strike's market, and the strike of the other side."""

    event_id: str
    market_id: str
    opposite: str

    @property
    def market_ref(self) -> str:
        return f"{self.event_id}:{self.market_id}"


class ProphetXTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._is_late = is_late(context)
        self._rest = Rest(manifest, context)
        self._places: OrderedDict[str, _Place] = OrderedDict()  # by strike
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order that no answer came for left
        self._markets: OrderedDict[str, tuple[str, str]] = OrderedDict()  # event and market, by the venue's id

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency, is_late=self._is_late)

    # --- markets ----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`outcome_ref` is the strike; `market_ref` is the feed's and not read."""
        if not is_strike(outcome_ref):
            raise Refused(VENUE, operation, f"{outcome_ref[:40]!r} is no strike", reason=Reason.INVALID)
        place = self._places.get(outcome_ref) or await self._learn(operation, outcome_ref)
        strike = outcome_ref if is_back else place.opposite
        instrument = Instrument(VENUE, strike, place.market_ref, GRID, CENT, CENT, min_notional=LEAST_STAKE)
        return Leg(instrument, Side.BUY)

    async def _learn(self, operation: str, strike_id: str) -> _Place:
        found = await reads.strike(self._rest, operation, strike_id)
        if found is None:
            raise Refused(VENUE, operation, "the strike is in no market", reason=Reason.CLOSED)
        with reading(operation):
            event_id, market_id = identity(found.event_id, "event_id"), identity(found.market_id, "market_id")
        sides = await self._sides(operation, event_id, market_id)
        strikes = [next((row.strike_id for row in side if row.strike_id), None) for side in sides]
        if len(strikes) != 2 or strike_id not in strikes:
            raise Refused(VENUE, operation, "the strike has no other side", reason=Reason.CLOSED)
        opposite = strikes[1 - strikes.index(strike_id)] or ""
        place = _Place(event_id, market_id, opposite)
        keep(self._places, strike_id, place, _MOST_KNOWN)
        if opposite:
            keep(self._places, opposite, _Place(event_id, market_id, strike_id), _MOST_KNOWN)
        return place

    async def _sides(self, operation: str, event_id: str, market_id: str) -> list[list[wire.Selection]]:
        """Raises Refused for a market that takes no orders now: one that is over is not listed."""
        listed = (await reads.markets(self._rest, operation, [event_id])).get(event_id, [])
        market = next((market for market in listed if str(market.id) == market_id), None)
        if market is None or not listing.is_open(market.status):
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        return market.selections or []

    async def levels(self, leg: Leg) -> list[Level]:
        event_id, _, market_id = leg.instrument.market_ref.partition(":")
        sides = await self._sides("book", event_id, market_id)
        rows = [row for side in sides for row in side if row.strike_id == leg.instrument.ref]
        with reading("book"):
            found = [Level(price, size) for price, size in offers_of(rows)]
        return sorted(found, key=lambda level: level.cost)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The stake: the fee is taken of what is won. One that meets better odds stays the same."""
        return GRID.at_risk(cost, size, buys=True)

    # --- orders -----------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        coming = self._rest.place(take_body(order))
        keep(self._left, order.reference, self._clock.now_ms(), _MOST_KNOWN)
        try:
            row = (await coming).data.order
        except InDoubt:
            raise
        except VenueError:
            self._left.pop(order.reference, None)
            raise
        if row.external_id != order.reference or row.strike_id != order.leg.instrument.ref:
            raise InDoubt(VENUE, "place", "the answer is about another order")
        self._left.pop(order.reference, None)
        if row.status == INVALID:
            raise Refused(VENUE, "place", "the order did not become active", reason=Reason.FUNDS, code=INVALID)
        try:
            return await self._ended(row)
        except VenueError:
            return _undecided(row)

    async def _ended(self, row: wire.Order) -> Taken:
        """What an order took; what of it stands is cancelled. Not over while it waits, or where the venue's lists are
        not as far as the order."""
        if row.status == INACTIVE:
            return _undecided(row)
        if row.status == "open" and row.matching_status != "fully_matched":
            row = await self._cancelled(row)
            if row.status == "open" and row.matching_status != "fully_matched":
                return _undecided(row)
        parts = await reads.parts(self._rest, "order", [row])
        with reading("order"):
            return self._taken(row, parts.get(row.order_id, []))

    async def _cancelled(self, row: wire.Order) -> wire.Order:
        body = wire.Cancel(row.order_id, row.external_id or "")
        try:
            await self._rest.change("cancel", CANCEL, body, wire.DoneAnswer)
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
        return await reads.order(self._rest, row.order_id)

    def _taken(self, row: wire.Order, parts: Sequence[Part]) -> Taken:
        """Raises UnreadableError."""
        where = identity(row.sport_event_id, "event id"), identity(row.market_id, "market id")
        keep(self._markets, row.order_id, where, _MOST_KNOWN)
        size, cost = sum(part.size for part in parts), sum(part.stake for part in parts)
        is_over = cost == filled_stake(row)
        return Taken(row.order_id, row.external_id or "", row.strike_id, Side.BUY, size, cost, 0, is_over)

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference."""
        if ref.bet_ref is not None:
            return await self._by_id(ref.bet_ref)
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + _PREPARED_WITHIN_MS)
        since_ms = min(ref.sent_at_ms or left_ms, left_ms)
        row = await reads.named(self._rest, self._clock, ref.reference, left_ms, since_ms=since_ms)
        self._left.pop(ref.reference, None)
        return None if row is None else await self._ended(row)

    async def _by_id(self, order_id: str) -> Taken:
        try:
            return await self._ended(await reads.order(self._rest, quoted(order_id, safe="")))
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            raise CannotTell(VENUE, "find", "the venue does not show the order", refusal.code) from refusal

    # --- what was decided -------------------------------------------------------------------------------------

    async def history(self, since_ms: int) -> list[Taken]:
        """Orders that rested before they were filled are among them."""
        rows = await reads.changed(self._rest, "settled", since_ms, self._clock.now_ms())
        parts = await reads.parts(self._rest, "settled", rows)
        with reading("settled"):
            found = [self._taken(row, parts[row.order_id]) for row in rows if row.order_id in parts]
        return list(reversed(found))

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        ends: dict[str, tuple[Gain, Decimal]] = {}
        places = [self._markets[order.venue_ref] for order in orders if order.venue_ref in self._markets]
        for event_id, market_id in dict.fromkeys(places):
            query = {"event_id": event_id, "market_id": market_id}
            rows = await reads.matched(self._rest, "settled", self._clock.now_ms(), query)
            parts = await reads.parts(self._rest, "settled", rows)
            with reading("settled"):
                gains = gains_of(rows, parts)
            shares = shares_of(gains)
            ends |= {gain.order_id: (gain, shares.get(gain.order_id, Decimal(0))) for gain in gains}
        return [
            Ended(order, gain.result, gain.at_ms, commission=share)
            for order in orders
            if order.venue_ref in ends
            for gain, share in (ends[order.venue_ref],)
        ]


def _undecided(row: wire.Order) -> Taken:
    return Taken(row.order_id, row.external_id or "", row.strike_id, Side.BUY, 0, 0, 0, is_over=False)
