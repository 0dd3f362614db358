"""Kalshi's side of `venues.taking`: orders that match at once or end, and what they took by the venue's own sums.

An order's row has what it was filled for and what that cost, so that a bet needs no list of its fills. Sources:
docs.kalshi.com api-reference (create-order-v2, get-order, get-market-orderbook), getting_started/fee_rounding.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.kalshi import listing, markets, parse, reads, wire
from hedgerow.venues.kalshi.auth import Signer
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.kalshi.orders import take_body
from hedgerow.venues.kalshi.rest import Rest, certain, readable
from hedgerow.venues.taking import PREPARED_WITHIN_MS, Ended, Leg, Level, Taken, TakeOrder

_OUTCOMES = {"yes": Side.BUY, "no": Side.SELL}
"""The last part of a row's outcome, `KXATPMATCH-26NOV21SINALC-SIN:yes`; without one it is the market's YES."""

# An account's balance is kept in cents; what a fill leaves below one is a rounding fee, and comes back once it makes a
# whole cent, so that an order never pays more than one of them. Fees themselves are rounded up fill by fill.
_CENT = 10_000
_FILLS_RECKONED = 50

_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_SECOND_MS = 1_000
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A market as it was told. is_open: orders are taken."""

    instrument: Instrument
    is_open: bool
    at_ms: int


class KalshiTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        credentials = context.account.credentials
        self._clock: Clock = context.clock
        signer = Signer(credentials["key_id"], credentials["private_key"])
        self._rest = Rest(context, signer, manifest.rates["read"], manifest.rates["write"])
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order that no answer came for left

    async def open(self) -> None:
        """Reads the account's limits, which proves its key. Raises Refused for a wrong one."""
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self._clock)

    # --- markets ----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is not read: the outcome names its market."""
        ticker, _, outcome = outcome_ref.partition(":")
        side = _OUTCOMES.get(outcome or "yes")
        if side is None or not parse.is_ticker(ticker):
            why = f"{outcome_ref!r} is no outcome of the venue's"
            raise Refused(VENUE, operation, why, reason=Reason.INVALID)
        known = self._known.get(ticker)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, ticker)
        if not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        return Leg(known.instrument, side if is_back else side.opposite)

    async def _learn(self, operation: str, ticker: str) -> _Known:
        """The market with its event's and series' fees."""
        at_ms = self._clock.now_ms()
        market = (await self._rest.read(operation, f"/markets/{quoted(ticker, safe='')}", wire.MarketAnswer)).market
        event_path = f"/events/{quoted(market.event_ticker, safe='')}"
        event = (await self._rest.read(operation, event_path, wire.EventAnswer)).event
        fees = await reads.series_fees(self._rest, event.series_ticker)
        instrument = readable(operation, listing.instrument_of, market, event, fees)
        known = self._known[ticker] = _Known(instrument, market.status == listing.OPEN, at_ms)
        self._known.move_to_end(ticker)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        """The book has bids only: whoever buys YES meets those of NO at the complement."""
        path = f"/markets/{quoted(leg.instrument.ref, safe='')}/orderbook"
        book = (await self._rest.read("book", path, wire.BookAnswer)).orderbook_fp
        bids = book.no_dollars if leg.side is Side.BUY else book.yes_dollars
        return readable("book", markets.offers, bids or [])

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """With the fee of the highest price: a better one saves more than its higher fee costs."""
        lot, fee = leg.instrument.lot, leg.instrument.taker_fee
        rounding = min(size // lot, _FILLS_RECKONED) * fee.unit + _CENT
        return -(-cost * size // MICRO) + fee.of(leg.cost_of(cost), size) + rounding

    # --- orders -----------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """What the answer leaves open, fees to the last digit, is read from the order right after; where that cannot
        be read, or lags behind, the order is not over yet."""
        body = take_body(order)
        self._rest.take("place")
        coming = self._rest.place(body)
        self._remember(order.reference)
        try:
            placed = certain("place", await coming, wire.Placed, lambda told: _placed(told, order))
        except InDoubt:
            raise
        except VenueError as error:
            self._left.pop(order.reference, None)
            if isinstance(error, Refused):
                self._known.pop(order.leg.instrument.ref, None)
            raise
        self._left.pop(order.reference, None)
        if placed.is_over and not placed.size:
            return placed
        return await self._summed(placed)

    async def _summed(self, placed: Taken) -> Taken:
        undecided = Taken(
            placed.venue_ref, placed.reference, placed.instrument_ref, placed.side, 0, 0, 0, is_over=False
        )
        try:
            told = await self._by_id(placed.venue_ref)
        except (Refused, Unavailable):
            return undecided
        return told if told.is_over and told.size >= placed.size else undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else from its list of orders of that time, where our reference stands. Absence counts
        when the venue's data is from a time at which the order could no longer arrive."""
        if ref.bet_ref is not None:
            try:
                return await self._by_id(ref.bet_ref)
            except Refused as refusal:
                if refusal.reason is not Reason.UNKNOWN_ORDER:
                    raise
                raise CannotTell(VENUE, "find", "the order is no longer listed", refusal.code) from refusal
        data_until_ms = await reads.data_until_ms(self._rest)
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + PREPARED_WITHIN_MS)
        since_s = max(0, (min(left_ms, ref.sent_at_ms) - reads.NEVER_ARRIVES_AFTER_MS) // _SECOND_MS)
        rows = await reads.orders(self._rest, {"min_ts": since_s})
        row = next((row for row in rows if row.client_order_id == ref.reference), None)
        if row is None and data_until_ms < left_ms + reads.NEVER_ARRIVES_AFTER_MS:
            raise CannotTell(VENUE, "find", "the order is not listed, but may still arrive")
        self._left.pop(ref.reference, None)
        return None if row is None else readable("find", parse.taken, row)

    async def history(self, since_ms: int) -> list[Taken]:
        """Orders that met others and rested never; those that were quoted are not bets."""
        rows = await reads.orders(self._rest, {"min_ts": max(0, since_ms // _SECOND_MS)})
        took = [readable("settled", parse.taken, row) for row in rows if parse.only_took(row)]
        return took[::-1]  # the venue lists the newest first

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        tickers = list(dict.fromkeys(order.instrument_ref for order in orders))
        ended = {one.instrument_ref: one for one in await reads.resolutions(self._rest, self._clock, tickers)}
        found = []
        for order in orders:
            resolution = ended.get(order.instrument_ref)
            if resolution is not None:
                status, paid = resolution.seen_by(order.side)
                found.append(Ended(order, status, resolution.at_ms, paid))
        return found

    async def _by_id(self, order_id: str) -> Taken:
        return readable("order", parse.taken, await reads.order(self._rest, order_id))

    def _remember(self, reference: str) -> None:
        self._left[reference] = self._clock.now_ms()
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)


def _placed(told: wire.Placed, order: TakeOrder) -> Taken:
    """What the answer says. What remains waits: such an order never rests."""
    filled, remaining = (
        parse.amount(told.fill_count, "fill_count"),
        parse.amount(told.remaining_count, "remaining_count"),
    )
    if filled + remaining > order.size or told.client_order_id not in (None, "", order.reference):
        raise parse.MalformedError("the answer is about another order")
    leg = order.leg
    return Taken(told.order_id, order.reference, leg.instrument.ref, leg.side, filled, 0, 0, is_over=not remaining)
