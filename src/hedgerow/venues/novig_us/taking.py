"""Novig's side of `venues.taking`: orders that buy at once or end, and what they took by the account's fills.

A bet buys its outcome, a lay bet the other one. The answer only says that the order is in the queue; what it took is
asked for right after. Sources: docs.novig.com "Place order", "Get order book", "Fees".
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote as quoted

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.account import GRACE_S, Trader
from hedgerow.venues.novig_us.errors import FIND, VENUE, reading
from hedgerow.venues.novig_us.listing import instrument_of, is_open
from hedgerow.venues.novig_us.orders import CURRENCY, flags_of, outcome_of, take_body
from hedgerow.venues.novig_us.parse import levels_of, resolution_of
from hedgerow.venues.taking import Ended, Leg, Level, Taken, TakeOrder, keep

_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_MOST_ORDERS = 20_000
_PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""

_FILLS_RECKONED = 50
"""Each fill's fee may be rounded up."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A market as it was told."""

    instrument: Instrument
    is_open: bool
    at_ms: int


class NovigTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError for an account that cannot be used."""
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order left, by our reference
        self._references: OrderedDict[str, str] = OrderedDict()  # ours, by the venue's id
        self._markets: OrderedDict[str, str] = OrderedDict()  # by the venue's id of an order

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await self._trader.balance()

    # --- markets -----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """Both are the venue's ids."""
        for text in (market_ref, outcome_ref):
            if not _ID.fullmatch(text):
                raise Refused(VENUE, operation, f"{text[:50]!r} is no id of the venue", reason=Reason.INVALID)
        known = self._known.get(market_ref)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, market_ref)
        sides = {outcome_of(known.instrument, side): side for side in Side}
        if outcome_ref not in sides:
            raise Refused(VENUE, operation, "the market has no such outcome", reason=Reason.CLOSED)
        if not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        side = sides[outcome_ref]
        return Leg(known.instrument, side if is_back else side.opposite)

    async def _learn(self, operation: str, market_ref: str) -> _Known:
        market = await self._trader.market(operation, market_ref)
        locks = await self._rest.read(wire.Locks, operation, "/locks")
        now_ms = self._clock.now_ms()
        with reading(operation):
            known = _Known(instrument_of(market, now_ms), is_open(market, locks), now_ms)
        self._trader.learn(known.instrument)
        keep(self._known, market_ref, known, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        path = f"/book/{quoted(leg.instrument.market_ref, safe='')}"
        book = await self._rest.read(wire.Book, "book", path, [("currency", CURRENCY)])
        with reading("book"):
            return levels_of(book, opposite=outcome_of(leg.instrument, leg.side.opposite))

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """With the fee of the highest price: a better one saves more than its higher fee costs."""
        fee = leg.instrument.taker_fee
        rounding = min(size // leg.instrument.lot, _FILLS_RECKONED) * fee.unit if fee.rate else 0
        return -(-cost * size // MICRO) + fee.of(cost, size) + rounding

    # --- orders ------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """Where it cannot be read right after what the order took, it is not over."""
        self._rest.take_for_order()
        coming = self._rest.place(take_body(order))
        keep(self._left, order.reference, self._clock.now_ms(), _MOST_ORDERS)
        try:
            placed = await coming
        except InDoubt:
            raise
        except VenueError as error:
            self._left.pop(order.reference, None)
            if isinstance(error, Refused):
                self._known.pop(order.leg.instrument.market_ref, None)
            raise
        keep(self._references, placed.id, order.reference, _MOST_ORDERS)
        leg = order.leg
        undecided = Taken(placed.id, order.reference, leg.instrument.ref, leg.side, 0, 0, 0, is_over=False)
        try:
            row = await self._trader.order(FIND, placed.id)
            return undecided if row is None else await self._sum(row, self._left[order.reference])
        except VenueError:
            return undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference's flags among the orders of that time."""
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + _PREPARED_WITHIN_MS)
        since_ms = min(left_ms, ref.sent_at_ms or left_ms)
        if ref.bet_ref is not None:
            row = await self._trader.order(FIND, ref.bet_ref)
            if row is None:
                raise CannotTell(VENUE, FIND, "the order is not shown any more")
        else:
            row = await self._trader.by_flags(flags_of(ref.reference), since_ms)
        if row is not None:
            keep(self._references, row.id, ref.reference, _MOST_ORDERS)
            return await self._sum(row, since_ms)
        if self._clock.now_ms() - left_ms < GRACE_S * 1_000:
            raise CannotTell(VENUE, FIND, "the order is not listed, and may still arrive")
        return None

    async def history(self, since_ms: int) -> list[Taken]:
        """Orders that took prices: those of them that were quoted are no bets."""
        by_order: dict[str, list[wire.Fill]] = {}
        for row in reversed(await self._trader.fill_rows("settled", since_ms)):
            if row.is_taker:
                by_order.setdefault(row.order_id, []).append(row)
        return [await self._total(rows) for rows in by_order.values()]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        by_market: dict[str, list[Taken]] = {}
        for order in orders:
            market_ref = self._markets.get(order.venue_ref)
            if market_ref is not None:
                by_market.setdefault(market_ref, []).append(order)
        found = []
        for market_ref, ours in by_market.items():
            market = await self._trader.market("resolutions", market_ref)
            for order in ours:
                with reading("resolutions"):
                    ended = resolution_of(market, order.instrument_ref)
                if ended is not None:
                    status, paid = ended.seen_by(order.side)
                    found.append(Ended(order, status, ended.at_ms, paid))
        return found

    # --- what was taken ----------------------------------------------------------------------------------------

    async def _sum(self, row: wire.Order, since_ms: int) -> Taken:
        """What an order took, by its fills; not over while they do not make up what the order says."""
        state = await self._trader.state(row, None)
        keep(self._markets, row.id, row.market_id, _MOST_ORDERS)
        reference = self._references.get(row.id, "")
        nothing = Taken(row.id, reference, state.instrument_ref, state.side, 0, 0, 0)
        if state.status in (OrderStatus.PENDING_PLACEMENT, OrderStatus.PLACED):
            return replace(nothing, is_over=False)
        if not state.filled:
            return nothing
        rows = await self._trader.fill_rows(FIND, max(since_ms - _PREPARED_WITHIN_MS, 0))
        ours = [one for one in rows if one.order_id == row.id]
        total = await self._total(ours) if ours else nothing
        return total if total.size >= state.filled else replace(nothing, is_over=False)

    async def _total(self, rows: Sequence[wire.Fill]) -> Taken:
        """Of an order's fills."""
        fills = [await self._trader.fill(row, None) for row in rows]
        order_id = rows[0].order_id
        keep(self._markets, order_id, rows[0].market_id, _MOST_ORDERS)
        side = fills[0].side
        return Taken(
            order_id,
            self._references.get(order_id, ""),
            fills[0].instrument_ref,
            side,
            size=sum(fill.size for fill in fills),
            cost=sum((fill.price if side is Side.BUY else MICRO - fill.price) * fill.size // MICRO for fill in fills),
            fee=sum(fill.fee for fill in fills),
        )
