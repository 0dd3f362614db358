"""Polymarket US's side of `venues.taking`: orders that match at once or end, and what they took by their executions.

Backing the short side, as laying the long one, is selling the long contract. The answer to such an order waits for its
end and has its executions; later they are in the account's trades. The venue keeps no reference of ours: a bet without
an answer is recognised, by this process alone, by its market, side, price, size and time; another process can only tell
that nothing of that time can be it. Source: the venue's pages "Orders API Overview" and "Fee Schedule".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, Reason, Refused, Unavailable
from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, Side
from hedgerow.venues.base import Balance, BetRef, Fill, Instrument, Manifest, VenueContext
from hedgerow.venues.polymarket_us import listing, parse, reads, wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.errors import reading, rejection
from hedgerow.venues.polymarket_us.orders import AT_ONCE, WHOLE, take_body
from hedgerow.venues.polymarket_us.rest import Rest, named
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import Ended, Leg, Level, Taken, TakeOrder, keep

_OUTCOMES = {"long": Side.BUY, "short": Side.SELL}
"""The last part of an outcome, `aec-nfl-det-cin-2026-08-13:short`; without one it is the market's long side."""

_CENT = 10_000
_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_REMEMBERED = 10_000
_SKEW_MS = 35_000
"""How far the venue's times may lie from ours: a signature is taken within thirty seconds."""
_PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""

_OPEN_STATES = frozenset({"ORDER_STATE_PENDING_NEW", "ORDER_STATE_PENDING_RISK", "ORDER_STATE_NEW"})
_REJECTED = "ORDER_STATE_REJECTED"


@dataclass(frozen=True, slots=True)
class _Known:
    """A market as it was told. is_open: orders are taken."""

    instrument: Instrument
    is_open: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Sent:
    """An order of this process that has no name yet."""

    order: TakeOrder
    left_ms: int


class PolymarketUsTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._rest = Rest(manifest, context)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._unnamed: OrderedDict[str, _Sent] = OrderedDict()  # by our reference
        self._references: OrderedDict[str, str] = OrderedDict()  # ours, by the venue's id
        self._ids: OrderedDict[str, str] = OrderedDict()  # the venue's, by our reference

    async def open(self) -> None:
        """Asks for the balance, which proves the key. Raises Refused for a wrong one."""
        await self.balance()
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest)

    # --- markets -----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is not read: the outcome names its market."""
        slug, _, outcome = outcome_ref.partition(":")
        side = _OUTCOMES.get(outcome or "long")
        if side is None or not parse.is_slug(slug) or outcome_ref.endswith(":"):
            raise Refused(VENUE, operation, f"{outcome_ref[:90]!r} is no outcome of the venue's", reason=Reason.INVALID)
        known = self._known.get(slug)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, slug)
        if not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        return Leg(known.instrument, side if is_back else side.opposite)

    async def _learn(self, operation: str, slug: str) -> _Known:
        at_ms = self._clock.now_ms()
        market = await reads.market(self._rest, operation, slug)
        with reading(operation):
            known = _Known(listing.instrument_of(market), listing.is_open(market), at_ms)
        keep(self._known, slug, known, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        path = f"/v1/markets/{leg.instrument.ref}/book"
        book = (await self._rest.public(wire.BookAnswer, "book", path)).market_data
        with reading("book"):
            return levels_of(book, leg)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """With the fee of the highest price, since a better one saves more than its higher fee costs; and a cent, by
        which fees that are rounded half to even can be more than that."""
        return -(-cost * size // MICRO) + leg.instrument.taker_fee.of(leg.cost_of(cost), size) + _CENT

    # --- orders ------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """What the answer leaves open, the order is not over yet."""
        body = take_body(order)
        self._rest.take_for_order()
        coming = self._rest.place(wire.Placed, body)
        keep(self._unnamed, order.reference, _Sent(order, self._clock.now_ms()), _REMEMBERED)
        try:
            placed = named(await coming)
        except (Refused, Unavailable):
            self._unnamed.pop(order.reference, None)
            self._known.pop(order.leg.instrument.ref, None)
            raise
        self._name(order.reference, placed.id)
        undecided = Taken(placed.id, order.reference, order.leg.instrument.ref, order.leg.side, 0, 0, 0, is_over=False)
        return self._summed(placed, undecided)

    def _summed(self, placed: wire.Placed, undecided: Taken) -> Taken:
        """What the executions of an answer come to. Raises what the exchange refused the order with."""
        ours = [one for one in placed.executions or () if one.order.id == placed.id]
        if not ours:
            return undecided
        last = ours[-1]
        if last.order.state == _REJECTED:
            self._known.pop(undecided.instrument_ref, None)
            raise rejection(last.order_reject_reason, last.text)
        now_ms = self._clock.now_ms()
        try:
            fills = [parse.execution_fill(one, None, now_ms) for one in ours]
            return _taken(last.order, [fill for fill in fills if fill is not None], undecided.reference)
        except UnreadableError:
            return undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else among the trades of that time."""
        order_id = ref.bet_ref or self._ids.get(ref.reference) or await self._found(ref)
        if order_id is None:
            return None
        order = await self._order(order_id)
        created_ms = 0
        with reading("find"):
            if order.create_time:
                created_ms = parse.time_ms(order.create_time, "createTime")
        told = await reads.trades(self._rest, "find", created_ms, order.market_slug) if order.cum_quantity else []
        with reading("find"):
            fills = [fill for fill in (parse.trade_fill(one, None) for one in told) if fill.venue_ref == order_id]
            return _taken(order, fills, self._references.get(order_id, ""))

    async def _order(self, order_id: str) -> wire.Order:
        try:
            return await reads.order(self._rest, "find", order_id)
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            raise CannotTell(VENUE, "find", "the order is no longer listed", refusal.code) from refusal

    async def _found(self, ref: BetRef) -> str | None:
        """The id of the order that a reference without an answer has. Raises CannotTell while it may arrive, and where
        orders are there that cannot be told apart."""
        sent = self._unnamed.get(ref.reference)
        left_ms = sent.left_ms if sent is not None else ref.sent_at_ms + _PREPARED_WITHIN_MS
        since_ms = min(left_ms, ref.sent_at_ms or left_ms) - _SKEW_MS
        slug = sent.order.leg.instrument.ref if sent is not None else None
        rows = await reads.open_orders(self._rest, "find", slug)
        traded = await reads.trades(self._rest, "find", since_ms, slug)
        with reading("find"):
            rows += [parse.own_side(trade)[1] for trade in traded if trade.is_aggressor]
            alike = {row.id for row in rows if self._may_be(row, sent, since_ms, left_ms)}
        if sent is not None and len(alike) == 1:
            order_id = alike.pop()
            self._name(ref.reference, order_id)
            return order_id
        if alike:
            why = f"{len(alike)} orders of that time may be it, which the venue does not tell apart"
            raise CannotTell(VENUE, "find", why)
        if self._clock.now_ms() - left_ms < reads.GRACE_S * 1_000:
            raise CannotTell(VENUE, "find", "the order is not there, and may still arrive")
        self._unnamed.pop(ref.reference, None)
        return None

    def _may_be(self, row: wire.Order, sent: _Sent | None, since_ms: int, left_ms: int) -> bool:
        """Whether an order that takes at once, of that time, is not known as another's and is as it was sent. Raises
        UnreadableError."""
        if row.tif not in (AT_ONCE, WHOLE) or row.id in self._references:
            return False
        created_ms = parse.time_ms(row.create_time, "createTime") if row.create_time else left_ms
        if not since_ms <= created_ms <= left_ms + reads.GRACE_S * 1_000:
            return False
        if sent is None:
            return True
        order = sent.order
        told = row.market_slug, parse.side_of(row), parse.price(row.price, "price"), row.tif
        wanted = order.leg.instrument.ref, order.leg.side, order.leg.cost_of(order.cost)
        is_alike = told == (*wanted, WHOLE if order.is_whole else AT_ONCE)
        return is_alike and parse.size_of(row.quantity, "quantity") == order.size

    async def history(self, since_ms: int) -> list[Taken]:
        """Orders that took at once; those that were quoted are not bets."""
        told = await reads.trades(self._rest, "settled", since_ms)
        orders: dict[str, tuple[wire.Order, list[Fill]]] = {}
        with reading("settled"):
            for trade in told:
                _, order = parse.own_side(trade)
                if trade.is_aggressor and order.tif in (AT_ONCE, WHOLE):
                    orders.setdefault(order.id, (order, []))[1].append(parse.trade_fill(trade, None))
            found = [
                _taken(order, fills, self._references.get(order_id, "")) for order_id, (order, fills) in orders.items()
            ]
        return [one for one in reversed(found) if one.size]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        slugs = [order.instrument_ref for order in orders]
        told = await reads.resolutions(self._rest, slugs, self._clock.now_ms())
        ended = {one.instrument_ref: one for one in told}
        found = []
        for order in orders:
            resolution = ended.get(order.instrument_ref)
            if resolution is not None:
                status, paid = resolution.seen_by(order.side)
                found.append(Ended(order, status, resolution.at_ms, paid))
        return found

    def _name(self, reference: str, order_id: str) -> None:
        self._unnamed.pop(reference, None)
        keep(self._references, order_id, reference, _REMEMBERED)
        keep(self._ids, reference, order_id, _REMEMBERED)


def levels_of(book: wire.Book, leg: Leg) -> list[Level]:
    """What can be bought of a leg, the cheapest first. Raises UnreadableError."""
    rows = book.offers if leg.side is Side.BUY else book.bids
    levels = [Level(leg.cost_of(parse.price(row.px, "px")), parse.size_of(row.qty, "qty")) for row in rows]
    return sorted((level for level in levels if level.size and 0 < level.cost < MICRO), key=lambda level: level.cost)


def _taken(order: wire.Order, fills: Iterable[Fill], reference: str) -> Taken:
    """What an order took, by its trades, each once; those that were taken back never were. Not over while they do not
    make up what the order says, or while it may still match. Raises UnreadableError."""
    once = {fill.trade_ref: fill for fill in fills if fill.state is not FillState.REVERSED}.values()
    side = parse.side_of(order)
    each = [(fill.price if side is Side.BUY else MICRO - fill.price, fill.size) for fill in once]
    size = sum(fill.size for fill in once)
    nothing = Taken(order.id, reference, order.market_slug, side, 0, 0, 0, is_over=False)
    if order.state in _OPEN_STATES or size != parse.size_of(order.cum_quantity, "cumQuantity"):
        return nothing
    cost = sum(price * amount for price, amount in each) // MICRO
    return replace(nothing, size=size, cost=cost, fee=sum(fill.fee for fill in once), is_over=True)
