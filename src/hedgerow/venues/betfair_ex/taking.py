"""Betfair as a bookmaker: bets take what stands in the market now, to back and to lay.

`bookmakerOutcomeId` of the odds feed is read as `market id:selection id`; the feed's form is not documented.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.betfair_ex import markets, parse, reads, wire
from hedgerow.venues.betfair_ex.errors import VENUE, report_error
from hedgerow.venues.betfair_ex.fills import took
from hedgerow.venues.betfair_ex.ladder import LADDER
from hedgerow.venues.betfair_ex.orders import PLACE, take_params
from hedgerow.venues.betfair_ex.parse import MalformedError
from hedgerow.venues.betfair_ex.rest import Rest, certain, readable
from hedgerow.venues.taking import PREPARED_WITHIN_MS, Ended, Leg, Level, Taken, TakeOrder

_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_REMEMBERED = 10_000
_HALF_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class _Known:
    instrument: Instrument
    at_ms: int


class BetfairTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock: Clock = context.clock
        orders, read = (context.share_of(manifest.rates[name]) for name in ("orders", "reads"))
        self._rest = Rest(context, orders, read)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._left: OrderedDict[str, int] = OrderedDict()  # when a bet that no answer came for left

    async def open(self) -> None:
        """Logs in, and proves the application key. Raises Refused for wrong ones."""
        await self._rest.open()
        await self.balance()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    # --- markets ------------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is not read: the outcome names its market."""
        if parse.parts_of(outcome_ref) is None:
            why = f"{outcome_ref[:60]!r} is no selection of the venue's"
            raise Refused(VENUE, operation, why, reason=Reason.INVALID)
        instrument = await self._instrument(operation, outcome_ref)
        return Leg(instrument, Side.BUY if is_back else Side.SELL)

    async def _instrument(self, operation: str, ref: str) -> Instrument:
        """With its market's commission. A closed market is not listed."""
        known, now_ms = self._known.get(ref), self._clock.now_ms()
        if known is not None and now_ms - known.at_ms <= _KNOWN_FOR_MS:
            return known.instrument
        market_id, selection_id = ref.split(":")
        told = await reads.catalogue(self._rest, operation, {"marketIds": [market_id]})
        runners = {str(runner.selection_id) for market in told for runner in market.runners}
        if selection_id not in runners:
            raise Refused(VENUE, operation, "the selection is not listed", reason=Reason.CLOSED)
        instrument = readable(operation, markets.instrument_of, told[0], int(selection_id))
        self._known[ref] = _Known(instrument, now_ms)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return instrument

    async def levels(self, leg: Leg) -> list[Level]:
        """Raises Refused for a market that takes no bets now."""
        ref = leg.instrument.ref
        told = await reads.books(self._rest, "book", [leg.instrument.market_ref], "EX_ALL_OFFERS")
        place = markets.runner_of(told, ref)
        if place is None or place[0].status != markets.OPEN:
            self._known.pop(ref, None)
            raise Refused(VENUE, "book", "the market takes no bets now", reason=Reason.CLOSED)
        return readable("book", markets.levels, place[1], leg)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """A bet that meets better odds keeps its stake, and risks no more."""
        return LADDER.at_risk(leg.cost_of(cost), size, buys=leg.side is Side.BUY)

    # --- bets ---------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        params = take_params(order)
        self._rest.take_for_order("place")
        coming = self._rest.change("place", PLACE, params)
        self._remember(order.reference)
        try:
            taken = certain("place", await coming, wire.Report, lambda report: _taken(order, report))
        except InDoubt:
            raise
        except VenueError as error:
            self._left.pop(order.reference, None)
            if isinstance(error, Refused):
                self._known.pop(order.leg.instrument.ref, None)
            raise
        self._left.pop(order.reference, None)
        return taken

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference, among current bets and those that are over."""
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + PREPARED_WITHIN_MS)
        found = await reads.bet(self._rest, bet_id=ref.bet_ref, reference=ref.reference)
        if found is None:
            if ref.bet_ref is not None:
                raise CannotTell(VENUE, "find", "the bet is no longer listed")
            reads.check_gone(self._clock, left_ms)
            self._left.pop(ref.reference, None)
            return None
        self._left.pop(ref.reference, None)
        return parse.taken(found)

    async def history(self, since_ms: int) -> list[Taken]:
        """Bets that were settled since then, those that rested before they were matched among them."""
        since = parse.time_text(since_ms)
        rows = await reads.settled_bets(self._rest, settledDateRange={"from": since})
        rows.sort(key=lambda row: (row.settled_date or "", len(row.bet_id), row.bet_id))
        return [parse.taken(readable("settled", parse.cleared, row)) for row in rows]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        told = await reads.settled_markets(self._rest, [order.instrument_ref.partition(":")[0] for order in orders])
        bets = {bet.bet_id: bet for rows in told.values() for bet in rows if bet.bet_id}
        shares = {bet_id: share for rows in told.values() for bet_id, share in markets.shares(rows).items()}
        found = []
        for order in orders:
            bet = bets.get(order.venue_ref)
            if bet is not None:
                none = Decimal(0)
                found.append(readable("settled", _ended, order, bet, shares.get(order.venue_ref, none)))
        return found

    def _remember(self, reference: str) -> None:
        self._left[reference] = self._clock.now_ms()
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)


def _taken(order: TakeOrder, report: wire.Report) -> Taken:
    """Raises MalformedError, and the report's error."""
    if report.status != "SUCCESS":
        raise report_error(report, "place")
    if len(report.instruction_reports) != 1 or not report.instruction_reports[0].bet_id:
        raise MalformedError("a report without its bet")
    told, leg = report.instruction_reports[0], order.leg
    matched = took(told)
    size = parse.contracts(matched, told.average_price_matched, "averagePriceMatched")
    return parse.taken_of(
        told.bet_id or "",
        order.reference,
        leg.instrument.ref,
        leg.side,
        size,
        matched,
        is_over=told.order_status not in ("EXECUTABLE", "PENDING"),
    )


def _ended(taken: Taken, bet: wire.ClearedOrder, commission: Decimal) -> Ended:
    """A bet's end by its profit, which the venue has rounded to cents. Raises MalformedError."""
    if bet.settled_date is None:
        raise MalformedError("a settled bet without its time")
    cost, size = Decimal(taken.cost).scaleb(-6), Decimal(taken.size).scaleb(-6)
    profit = bet.profit
    if abs(profit - (size - cost)) <= _HALF_CENT:
        status = SettlementStatus.WON
    elif abs(profit + cost) <= _HALF_CENT:
        status = SettlementStatus.LOST
    elif not profit:
        status = SettlementStatus.VOID
    else:
        status = SettlementStatus.HALF_WON if profit > 0 else SettlementStatus.HALF_LOST
    at_ms = parse.time_ms(bet.settled_date, "settledDate")
    return Ended(taken, status, at_ms, credited=cost + profit, commission=commission)
