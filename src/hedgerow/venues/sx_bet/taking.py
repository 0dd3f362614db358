"""SX Bet's side of `venues.taking`: orders that match at once or end (IOC, FOK), on either outcome of a market.

A bet lays an outcome by betting on the other one. The order fixes its stake, so that a better price brings more
contracts and never costs more; what was taken is summed over the order's fills. Nothing rests, so that the dead man's
switch is neither armed nor fed here. What the venue keeps of what it pays out is told with the settled fills. Sources:
the SX sheet, sections 3, 4 and 6.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hedgerow.core.clock import Clock, iso_of_ms
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import FillState, SettlementStatus, Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.account import Trader
from hedgerow.venues.sx_bet.connector import GRACE_S, only_order
from hedgerow.venues.sx_bet.errors import VENUE, order_error, reading
from hedgerow.venues.sx_bet.listing import is_open, result_of
from hedgerow.venues.sx_bet.orders import taking_terms
from hedgerow.venues.sx_bet.parse import fill_state, offers, part_of, refusal_in, side_of
from hedgerow.venues.sx_bet.sent import Sent
from hedgerow.venues.sx_bet.values import epoch_ms, whole
from hedgerow.venues.taking import NOTHING, PREPARED_WITHIN_MS, Ended, Leg, Level, Sums, Taken, TakeOrder, keep

_OUTCOME = re.compile(r"(0x[0-9a-f]{64}):([12])")
"""A bookmaker's outcome in the feed: the market's hash and the outcome's number. The form is ours: no recording of the
feed shows the venue's."""

_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_MOST_ENDED = 50_000  # more than the orders of one statement


@dataclass(frozen=True, slots=True)
class _Known:
    """A market as it was told. is_open: orders are taken."""

    instrument: Instrument
    is_open: bool
    at_ms: int


class SxTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or not of their form."""
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._sent = Sent()
        self._ended: OrderedDict[str, Ended] = OrderedDict()  # by the venue's id, as its fills said last

    async def open(self) -> None:
        await self._trader.sign_in()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await self._trader.balance()

    # --- markets -----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is not read: the outcome names its market."""
        named = _OUTCOME.fullmatch(outcome_ref)
        if named is None:
            raise Refused(VENUE, operation, f"{outcome_ref[:80]!r} is no outcome", reason=Reason.INVALID)
        market_hash, number = named.groups()
        known = self._known.get(market_hash)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, market_hash)
        if not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        side = side_of(is_outcome_one=number == "1")
        return Leg(known.instrument, side if is_back else side.opposite)

    async def _learn(self, operation: str, market_hash: str) -> _Known:
        """Markets that settle by halves are not bet on: how V3 tells it is not documented."""
        at_ms = self._clock.now_ms()
        markets = await self._trader.markets(operation, [market_hash])
        market = next((one for one in markets if one.market_hash == market_hash), None)
        if market is None:
            raise Refused(VENUE, operation, "the venue has no such market", reason=Reason.CLOSED)
        if market.is_quarter_line_market:
            raise Refused(VENUE, operation, "a line that settles by halves is not bet on", reason=Reason.INVALID)
        instrument = self._trader.terms.instrument(market_hash)
        known = _Known(replace(instrument, min_size=instrument.lot), is_open(market), at_ms)
        keep(self._known, market_hash, known, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        book = await self._trader.book(leg.instrument.ref)
        with reading("book"):
            return [Level(cost, size) for cost, size in offers(book, leg.side)]

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The order's stake: it never takes more."""
        return -(-cost * size // MICRO)

    # --- orders ------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        signer = self._trader.known_signer
        return None if signer is None else signer.order_id(taking_terms(order))

    async def take(self, order: TakeOrder) -> Taken:
        """What was taken is summed over the order's fills, which are read right after; where they do not make up the
        answer yet, the order is not over."""
        signer = self._trader.signer
        self._rest.take("orders", "place")
        signed = signer.sign(taking_terms(order), "FOK" if order.is_whole else "IOC", order.reference)
        coming = self._rest.place(signed.body)
        self._sent.note(signed.order_id, order.reference, self._clock.now_ms())
        reply = only_order(await coming)
        if reply.status == "FAILED" or refusal_in(reply.outcome) is not None:
            self._known.pop(order.leg.instrument.ref, None)
            raise order_error("place", refusal_in(reply.outcome) or reply.reason)
        if (reply.order_id or signed.order_id).lower() != signed.order_id:
            raise InDoubt(VENUE, "place", f"the venue calls it {reply.order_id}, not {signed.order_id}")
        leg = order.leg
        undecided = Taken(signed.order_id, order.reference, leg.instrument.ref, leg.side, 0, 0, 0, is_over=False)
        outcome = reply.outcome
        if outcome is None or outcome.state not in ("FULLY_FILLED", "PARTIAL_FILL_DONE", "CANCELLED"):
            return undecided  # held for the betting delay, or rests, which such an order never does for long
        with reading("place", changes=True):
            matched = whole(outcome.fill_amount or "0")
        try:
            return await self._summed(undecided, matched)
        except VenueError:
            return undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the id that was computed and kept before the order left; another process needs no more."""
        if ref.bet_ref is None:
            raise CannotTell(VENUE, "find", "the order has no id of the venue")
        row = await self._trader.order("find", ref.bet_ref)
        if row is None:
            self._bear_absence(ref.bet_ref, ref.sent_at_ms)
            return None
        side = side_of(is_outcome_one=row.is_betting_outcome_one)
        undecided = Taken(row.id, ref.reference, row.market_hash, side, 0, 0, 0, is_over=False)
        if row.status != "INACTIVE":
            return undecided
        with reading("find"):
            matched = whole(row.total_bet_size) - whole(row.remaining_size)
        return await self._summed(undecided, matched)

    def _bear_absence(self, order_id: str, sent_at_ms: int) -> None:
        """Raises CannotTell while the order may still be on its way."""
        left_ms = self._sent.since_ms(order_id)
        left_ms = sent_at_ms + PREPARED_WITHIN_MS if left_ms is None else left_ms
        if self._clock.now_ms() - left_ms < GRACE_S * 1_000:
            raise CannotTell(VENUE, "find", f"{order_id} is not there, and may still arrive")

    async def history(self, since_ms: int) -> list[Taken]:
        by_order: dict[str, list[wire.FillRow]] = {}
        for row in await self._trader.fills("settled", [("startDate", iso_of_ms(max(since_ms, 0)))]):
            by_order.setdefault(row.order_id, []).append(row)
        took = {order_id: rows for order_id, rows in by_order.items() if not all(row.is_maker for row in rows)}
        return [self._sum(order_id, self._sent.reference_of(order_id) or "", rows) for order_id, rows in took.items()]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        """By the fills that were read for these orders."""
        ends = ((order, self._ended.get(order.venue_ref)) for order in orders)
        return [replace(end, taken=order) for order, end in ends if end is not None]

    # --- fills -------------------------------------------------------------------------------------------------

    async def _summed(self, undecided: Taken, matched: int) -> Taken:
        """The order by its fills; undecided while they do not make up what is known to be matched, but for the dust
        that each of them may lose."""
        if not matched:
            return replace(undecided, is_over=True)
        rows = await self._trader.fills("find", [("orderId", undecided.venue_ref)])
        ours = [row for row in rows if row.order_id == undecided.venue_ref]
        found = self._sum(undecided.venue_ref, undecided.reference, ours) if ours else undecided
        return found if ours and found.cost + len(ours) >= matched else undecided

    def _sum(self, order_id: str, reference: str, rows: Sequence[wire.FillRow]) -> Taken:
        with reading("fills"):
            stands = _total(row for row in rows if not _is_undone(row))
            undone = _total(row for row in rows if _is_undone(row))
            whole_order = stands + undone
            side = side_of(is_outcome_one=rows[0].is_betting_outcome_one)
            sums = (whole_order.size, whole_order.cost, 0)
            taken = Taken(order_id, reference, rows[0].market_hash, side, *sums, undone=undone)
            end = _end_of(taken, rows)
        if end is None:
            self._ended.pop(order_id, None)
        else:
            keep(self._ended, order_id, end, _MOST_ENDED)
        return taken


def _is_undone(row: wire.FillRow) -> bool:
    return fill_state(row.status) is FillState.REVERSED


def _total(rows: Iterable[wire.FillRow]) -> Sums:
    """Raises UnreadableError."""
    total = NOTHING
    for row in rows:
        part = part_of(row)
        total += Sums(part.size, part.cost, 0)
    return total


def _end_of(taken: Taken, rows: Sequence[wire.FillRow]) -> Ended | None:
    """How the order's fills were settled; None while one of them is not. One whose fills were all taken back has
    nothing left to be decided. Raises UnreadableError."""
    standing = [row for row in rows if not _is_undone(row)]
    if not standing:
        at_ms = max(epoch_ms(row.updated_at or row.created_at) for row in rows)
        return Ended(taken, SettlementStatus.VOID, at_ms)
    settled = [row.settlement for row in standing if row.settlement is not None]
    if len(settled) < len(standing):
        return None
    latest = max(settled, key=lambda one: epoch_ms(one.settle_date))
    result = result_of(latest.outcome)
    kept = decimal_of(sum(whole(one.settle_fee_amount) for one in settled))
    status = result if taken.side is Side.BUY else result.mirrored
    return Ended(taken, status, epoch_ms(latest.settle_date), commission=kept)
