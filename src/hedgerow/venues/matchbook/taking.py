"""Matchbook's side of `venues.taking`: offers at the worst price that is good enough, whose rest is cancelled at once.

There is no order that matches or ends. An offer that is to take is placed like any other, and what of it stands is
cancelled when its answer is there; where the answer is lost, or the offer waits for the in-play delay, whoever asks for
the offer later cancels it. So a bet that was to be taken whole can end in part, and it is told as what it is.

A row of the odds feed names a runner; which event and market a runner belongs to is learned from the list of events.
Sources: matchbook-sdk 0.1.2; the sheet's sections on offers and commission.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Balance, BetRef, Fill, Instrument, Manifest, OrderState, VenueContext
from hedgerow.venues.matchbook import listing, reads, wire
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.listing import EVENT, OPEN, TAKER_RATE
from hedgerow.venues.matchbook.odds import GRID
from hedgerow.venues.matchbook.offers import levels, placed_row, take_body
from hedgerow.venues.matchbook.parse import MalformedError, amount, fills, identity, order_state
from hedgerow.venues.matchbook.rest import Rest, certain, readable
from hedgerow.venues.matchbook.settled import kept_of_offers, runner_ends, settled_fills
from hedgerow.venues.taking import Ended, Leg, Level, Taken, TakeOrder

_DEPTH = 20
_FILLS_RECKONED, _FEE_UNIT = 50, 10
"""The commission of each bet may be rounded up to its fifth decimal."""

_LEARN_EVERY_MS = 60_000
_MOST_KNOWN = 20_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Where:
    """A runner's place in the tree."""

    event_id: str
    market_id: str


class MatchbookTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._rest = Rest(manifest, context)
        self._runners: OrderedDict[str, _Where] = OrderedDict()
        self._learned_ms: int | None = None
        self._taker_rate = TAKER_RATE  # the highest that was told
        self._left: OrderedDict[str, int] = OrderedDict()  # when an offer that no answer came for left
        self._references: OrderedDict[str, str] = OrderedDict()  # ours, by the venue's id
        self._markets: OrderedDict[str, str] = OrderedDict()  # by the venue's id of an offer

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    # --- markets ----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`outcome_ref` is the runner; `market_ref` is the feed's and not read."""
        if not outcome_ref.isascii() or not outcome_ref.isdecimal() or len(outcome_ref) > 25:
            raise Refused(VENUE, operation, f"{outcome_ref[:40]!r} is no runner", reason=Reason.INVALID)
        where = await self._where(operation, outcome_ref)
        path = f"/edge/rest/events/{where.event_id}/markets/{where.market_id}"
        market = await self._rest.read(operation, "events", path, wire.Market)
        runner = next((runner for runner in market.runners if str(runner.id) == outcome_ref), None)
        if runner is None or not OPEN == market.status == runner.status:
            raise Refused(VENUE, operation, "the market takes no offers now", reason=Reason.CLOSED)
        instrument = readable(operation, listing.instrument_of, where.event_id, market, runner)
        return Leg(instrument, Side.BUY if is_back else Side.SELL)

    async def _where(self, operation: str, runner_id: str) -> _Where:
        """Reads the list of events anew where the runner is not known, once a minute at most."""
        now_ms = self._clock.now_ms()
        is_due = self._learned_ms is None or now_ms - self._learned_ms >= _LEARN_EVERY_MS
        if runner_id not in self._runners and is_due:
            found = await reads.events(self._rest, operation, {"states": listing.LISTED_STATES})
            readable(operation, self._learn, found)
            self._learned_ms = now_ms
        where = self._runners.get(runner_id)
        if where is None:
            raise Refused(VENUE, operation, "the runner is in no market that is listed", reason=Reason.CLOSED)
        return where

    def _learn(self, events: Iterable[wire.Event]) -> None:
        for event in events:
            for market in event.markets or ():
                where = _Where(identity(event.id, "event id"), identity(market.id, "market id"))
                for runner in market.runners:
                    _keep(self._runners, identity(runner.id, "runner id"), where)

    async def levels(self, leg: Leg) -> list[Level]:
        instrument = leg.instrument
        there = await reads.prices(
            self._rest, instrument.meta[EVENT], instrument.market_ref, instrument.ref, depth=_DEPTH
        )
        return readable("book", levels, leg.side, there)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """What is risked, and the highest commission: the rate × the smaller of that and what it can win at the best
        price that stood there."""
        price = leg.cost_of(cost)
        risk = leg.instrument.grid.at_risk(price, size, buys=leg.side is Side.BUY, up=True)
        wins = risk * (MICRO - lowest) // lowest
        return risk + math.ceil(min(risk, wins) * self._taker_rate) + self._rounding(leg.instrument, size)

    def _rounding(self, instrument: Instrument, size: int) -> int:
        return _FEE_UNIT * min(max(size // instrument.lot, 1), _FILLS_RECKONED)

    # --- offers -----------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """Sends the offer and cancels what of it was not matched at once. One that waits is not over yet."""
        coming = self._rest.place(take_body(order))
        _keep(self._left, order.reference, self._clock.now_ms())
        try:
            row = placed_row(await coming, order.reference)
        except InDoubt:
            raise
        except VenueError:
            self._left.pop(order.reference, None)
            raise
        self._left.pop(order.reference, None)
        try:
            state = order_state(row)
        except MalformedError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
        _keep(self._references, state.venue_ref, order.reference)
        leg = order.leg
        undecided = Taken(state.venue_ref, order.reference, leg.instrument.ref, leg.side, 0, 0, 0, is_over=False)
        try:
            return await self._ended(row)
        except VenueError:
            return undecided

    async def _ended(self, row: wire.Offer) -> Taken:
        """What an offer took; what of it stands is cancelled."""
        state = readable("order", order_state, row)
        if state.status.is_open and row.status != "delayed":
            row = await self._cancelled(state)
        return readable("order", self._taken, row)

    async def _cancelled(self, state: OrderState) -> wire.Offer:
        path = f"/edge/rest/v2/offers/{state.venue_ref}"
        try:
            return certain("cancel", await self._rest.cancel("cancel", path), wire.Offer, lambda told: told)
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            return await reads.offer(self._rest, "order", state.venue_ref)

    def _taken(self, row: wire.Offer) -> Taken:
        """Raises MalformedError."""
        state, found = order_state(row), fills(row)
        self._taker_rate = max(self._taker_rate, amount(row.acceptor_commission_rate or Decimal(0), "rate"))
        if row.market_id is not None:
            _keep(self._markets, state.venue_ref, identity(row.market_id, "market-id"))
        reference = state.client_ref or self._references.get(state.venue_ref, "")
        is_over = not state.status.is_open
        return _summed(state.venue_ref, reference, state.instrument_ref, state.side, found, is_over=is_over)

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference in its list; of a settled market by its report."""
        if ref.bet_ref is not None:
            return await self._by_id(ref.bet_ref)
        rows = await reads.offers(self._rest, "find", {})
        row = next((row for row in rows if row.temp_id == ref.reference), None)
        if row is None:
            left_ms = self._left.get(ref.reference, ref.sent_at_ms)
            await reads.expect_never_arrived(self._rest, self._clock.now_ms(), left_ms, None)
        self._left.pop(ref.reference, None)
        return None if row is None else await self._ended(row)

    async def _by_id(self, offer_id: str) -> Taken:
        try:
            return await self._ended(await reads.offer(self._rest, "order", offer_id))
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
        market_id = self._markets.get(offer_id)
        markets = await reads.settled(
            self._rest, "find", market_ids=(market_id,) if market_id else (), since_ms=None if market_id else 0
        )
        for one in readable("find", self._of_report, markets):
            if one.venue_ref == offer_id:
                return one
        raise CannotTell(VENUE, "find", "the offer is listed no longer, and no bet of it was settled")

    async def history(self, since_ms: int) -> list[Taken]:
        """Of the list and of the report: every offer that took something."""
        rows = await reads.offers(self._rest, "settled", {})
        found = {one.venue_ref: one for one in (readable("settled", self._taken, row) for row in rows) if one.size}
        markets = await reads.settled(self._rest, "settled", since_ms=since_ms)
        found |= {one.venue_ref: one for one in readable("settled", self._of_report, markets)}
        return list(found.values())

    def _of_report(self, markets: Sequence[wire.SettledMarket]) -> list[Taken]:
        """The offers of settled bets. Raises MalformedError."""
        found = []
        for market in markets:
            by_offer: dict[tuple[str, str, Side], list[Fill]] = {}
            for fill in settled_fills([market]):
                by_offer.setdefault((fill.venue_ref, fill.instrument_ref, fill.side), []).append(fill)
            for (offer_id, runner_id, side), own in by_offer.items():
                _keep(self._markets, offer_id, identity(market.id, "market id"))
                reference = self._references.get(offer_id, "")
                found.append(_summed(offer_id, reference, runner_id, side, own, is_over=True))
        return found

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        market_ids = list(dict.fromkeys(self._markets[order.venue_ref] for order in orders))
        markets = await reads.settled(self._rest, "decided", market_ids=market_ids)
        ends = readable("decided", runner_ends, markets)
        kept = readable("decided", kept_of_offers, markets)
        found = []
        for order in orders:
            end = ends.get(order.instrument_ref)
            if end is not None:
                status = end.status if order.side is Side.BUY else end.status.mirrored
                commission = kept.get(order.venue_ref, Decimal(0))
                found.append(Ended(order, status, end.at_ms, _half_paid(order, status), commission))
        return found


def _summed(
    offer_id: str, reference: str, runner_id: str, side: Side, found: Sequence[Fill], *, is_over: bool
) -> Taken:
    size, fee = sum(fill.size for fill in found), sum(fill.fee for fill in found)
    cost = sum(GRID.at_risk(fill.price, fill.size, buys=side is Side.BUY) for fill in found)
    return Taken(offer_id, reference, runner_id, side, size, cost, fee, is_over)


def _half_paid(order: Taken, status: SettlementStatus) -> Decimal | None:
    """What a contract paid that half won or half lost; None for the others, which pay by their status."""
    if not order.size:
        return None
    match status:
        case SettlementStatus.HALF_WON:
            return Decimal(order.size + order.cost) / (2 * order.size)
        case SettlementStatus.HALF_LOST:
            return Decimal(order.cost) / (2 * order.size)
        case _:
            return None


def _keep(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MOST_KNOWN:
        kept.popitem(last=False)
