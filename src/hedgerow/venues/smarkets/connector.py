"""The Smarkets connector: orders, fills, balance and listings of one account, followed by asking.

What is particular here:

- There is no stream. The ledger is read on from the last row, once a second while an order is open, less often else;
  of the orders that it speaks of the list and the whole ledger are read. That an answer fails to come is the gap.
- Nothing rests for certain: post-only is looked up in the book before the order leaves, and an expiry is a cancel that
  is sent when it is due. There is no dead-man's switch: what rests when the process ends stays until a halt.
- A cancelled order leaves the list; that and how it ended the ledger tells. Our reference is the order's label, which
  is echoed and not checked: nothing is sent twice, and a lost answer is looked up in list and ledger.

Sources: the venue's OpenAPI description, the sheet.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, Side
from hedgerow.core.tasks import at_once, spawn, stop
from hedgerow.net.http import Answer
from hedgerow.venues.base import (
    Balance,
    EventSink,
    ExchangeEvent,
    Fill,
    Instrument,
    Listing,
    Manifest,
    NewQuote,
    OrderRef,
    OrderState,
    Resolution,
    StreamGap,
    VenueContext,
)
from hedgerow.venues.expiries import Expiries
from hedgerow.venues.reading import reading
from hedgerow.venues.smarkets import following, listing, reads, settled, wire
from hedgerow.venues.smarkets.books import FRESH_MS, Books
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ledger import Place, place_of
from hedgerow.venues.smarkets.orders import quote_body, would_trade
from hedgerow.venues.smarkets.parse import is_id, order_state, placed_state
from hedgerow.venues.smarkets.rest import Rest, certain
from hedgerow.venues.taking import keep

POLL_S = 1.0
_IDLE_POLL_MS, _MARKETS_POLL_MS = 10_000, 10_000
_MAY_BE_VOIDED_MS = 60_000
"""So long after a trade that is not confirmed yet the ledger is read often: in play eight seconds, or some more."""
_REMEMBERED = 20_000
_CANCELS_A_SECOND = 10


class SmarketsExchange:
    """One account at Smarkets. Implements venues.base.Exchange."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock = context.clock
        self._rest = Rest(manifest, context)
        self._books = Books(self._rest, context.clock, FRESH_MS * context.sharers)
        self._markets = following.MarketView()
        self._expiries = Expiries(self.cancel)
        self._rate = reads.STANDARD_RATE
        self._place: Place = (0, 0)
        self._open: OrderedDict[str, None] = OrderedDict()  # orders that may change by themselves
        self._taken: OrderedDict[str, int] = OrderedDict()  # what was matched when an order was placed
        self._unanswered: OrderedDict[str, int] = OrderedDict()
        self._started_ms = self._looked_ms = self._markets_looked_ms = self._clock.now_ms()
        self._sink: EventSink = _nowhere
        self._traded_ms = 0
        self._is_down = False
        self._task: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Signs in, takes what the ledger has now as known, and begins to ask. Raises Refused for a wrong password, and
        for an account in another currency than the manifest's."""
        self._sink = sink
        await self._rest.open()
        self._rate = await reads.commission_rate(self._rest, self.manifest.currency)
        self._place = await reads.last_place(self._rest)
        for state in await reads.working(self._rest, "open"):
            self._note(state)
        self._looked_ms = self._clock.now_ms()
        self._task = spawn(self._follow(), f"{VENUE} follows its account", is_vital=True)

    async def close(self) -> None:
        await stop(self._task)
        await self._rest.close()

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._markets.watch(instruments)
        self._books.watch(self._markets.market_refs)
        self._markets_looked_ms = 0

    # --- following --------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(POLL_S, soft=True)
            await self.turn()

    async def turn(self) -> None:
        """One round of asking. What fails is a gap until it is answered again."""
        await self._expiries.cancel_due(self._clock.now_ms())
        try:
            await self._look_at_orders()
            await self._look_at_markets()
        except VenueError as error:
            self._announce(str(error), is_down=True)
        else:
            self._announce("the ledger is followed again", is_down=False)

    async def _look_at_orders(self) -> None:
        now_ms = self._clock.now_ms()
        may_change = bool(self._open) or bool(self._unanswered) or now_ms < self._traded_ms + _MAY_BE_VOIDED_MS
        is_busy = may_change or self._is_down
        if not is_busy and now_ms - self._looked_ms < _IDLE_POLL_MS:
            return
        rows = await reads.rows_after(self._rest, "orders", self._place)
        order_ids = following.touched(rows)
        if order_ids:
            stories = await reads.stories(self._rest, "orders", order_ids)
            listed = await self._listed(order_ids)
            with reading(VENUE, "orders"):
                told = following.news(rows, stories, listed, self._taken)
            self._tell(told)
        if rows:
            self._place = max(place_of(row) for row in rows)
        self._looked_ms = now_ms

    async def _listed(self, order_ids: Sequence[str]) -> dict[str, OrderState]:
        """What the list tells of the orders in whole."""
        rows = await reads.by_ids(self._rest, "orders", order_ids)
        with reading(VENUE, "orders"):
            states = [order_state(row) for row in rows]
        return {state.venue_ref: state for state in states if state is not None}

    async def _look_at_markets(self) -> None:
        now_ms = self._clock.now_ms()
        market_refs = self._markets.market_refs
        if not market_refs or now_ms - self._markets_looked_ms < _MARKETS_POLL_MS:
            return
        self._tell(self._markets.take(await reads.contracts(self._rest, "markets", market_refs)))
        self._markets_looked_ms = now_ms

    def _note(self, state: OrderState) -> None:
        if state.status.is_open:
            keep(self._open, state.venue_ref, None, _REMEMBERED)
        else:
            self._open.pop(state.venue_ref, None)

    def _announce(self, reason: str, *, is_down: bool) -> None:
        if is_down is not self._is_down:
            self._is_down = is_down
            self._sink(StreamGap(reason, is_down))

    def _tell(self, events: Sequence[ExchangeEvent]) -> None:
        for event in events:
            if isinstance(event, OrderState):
                self._note(event)
            elif isinstance(event, Fill) and event.state is FillState.PROVISIONAL:
                self._traded_ms = self._clock.now_ms()
            self._sink(event)

    # --- what the venue lists ---------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        """The match winners of a sport (see `listing`)."""
        return await listing.listings(self._rest, sport, self._rate)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """With what was kept of the account's winnings in their markets."""
        contracts = await reads.contracts(self._rest, "resolutions", [one.market_ref for one in instruments])
        with reading(VENUE, "resolutions"):
            ends = settled.ends(contracts)
        over = [one.market_ref for one in instruments if one.ref in ends]
        rows = await reads.market_rows(self._rest, "resolutions", over)
        with reading(VENUE, "resolutions"):
            return settled.resolutions(instruments, ends, settled.commissions(rows, ends))

    # --- the account ------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest)

    async def working(self) -> list[OrderState]:
        return await reads.working(self._rest, "working")

    async def fills(self, since_ms: int) -> list[Fill]:
        stories = await reads.stories_since(self._rest, "fills", since_ms)
        found = [fill for story in stories for fill in story.fills(self._taken.get(story.order_id))]
        return sorted((fill for fill in found if fill.at_ms >= since_ms), key=lambda fill: fill.at_ms)

    # --- orders -----------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    async def place(self, quote: NewQuote) -> OrderState:
        """Sends an order that rests. One that must not trade is held against the book first; what comes to stand there
        in between is met all the same."""
        body = quote_body(quote)
        if quote.post_only:
            await self._expect_to_rest(quote)
        coming = self._rest.place(body)
        keep(self._unanswered, quote.client_ref, self._clock.now_ms(), _REMEMBERED)
        if quote.expires_at_ms is not None:
            self._expiries.note(quote.client_ref, self.ref_of(quote), quote.expires_at_ms)
        return await self._placed(quote, coming)

    async def _expect_to_rest(self, quote: NewQuote) -> None:
        instrument = quote.instrument
        book = await self._books.look(instrument.market_ref, instrument.ref)
        with reading(VENUE, "book"):
            trades = would_trade(quote.side, quote.price, book)
        if trades:
            raise Refused(VENUE, "place", "the order would match at once", reason=Reason.PRICE)

    async def _placed(self, quote: NewQuote, coming: Coroutine[Any, Any, wire.Placed]) -> OrderState:
        try:
            answer = await coming
            state = certain("place", lambda: placed_state(answer, quote.client_ref, self._clock.now_ms()))
        except InDoubt:
            raise
        except VenueError:
            self._unanswered.pop(quote.client_ref, None)
            self._expiries.drop(quote.client_ref)
            raise
        if (state.instrument_ref, state.side) != (quote.instrument.ref, quote.side):
            raise InDoubt(VENUE, "place", "the answer is about another order")
        self._unanswered.pop(quote.client_ref, None)
        keep(self._taken, state.venue_ref, int(state.filled), _REMEMBERED)
        keep(self._open, state.venue_ref, None, _REMEMBERED)  # until the ledger tells how it is
        if quote.expires_at_ms is not None:
            named = OrderRef(quote.instrument, quote.client_ref, state.venue_ref)
            self._expiries.note(quote.client_ref, named, quote.expires_at_ms)
        return state

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders are not changed: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        if ref.venue_ref is None:
            return self._found_and_cancelled(ref)
        return at_once(self._send_cancel, ref.venue_ref)

    def _send_cancel(self, order_id: str) -> Coroutine[Any, Any, None]:
        if not is_id(order_id):
            raise Refused(VENUE, "cancel", "the order has no id of the venue", reason=Reason.UNKNOWN_ORDER)
        return _confirmed(self._rest.cancel(order_id))

    async def _found_and_cancelled(self, ref: OrderRef) -> OrderState | None:
        found = await self.find_order(ref)
        if found is None:
            raise Refused(VENUE, "cancel", "the order never arrived", reason=Reason.UNKNOWN_ORDER)
        await self._send_cancel(found.venue_ref)
        return None

    async def cancel_all(self) -> None:
        """At once; where that was used within the last minute, one by one."""
        try:
            await self._rest.cancel_all()
        except Unavailable:
            await self._cancel_each()

    async def _cancel_each(self) -> None:
        for number, state in enumerate(await self.working(), 1):
            try:
                await self._send_cancel(state.venue_ref)
            except Refused as refusal:
                if refusal.reason is not Reason.UNKNOWN_ORDER:
                    raise
            if not number % _CANCELS_A_SECOND:
                await self._clock.sleep(1)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By the venue's id, or by our reference among the contract's orders. An order of an earlier run counts as sent
        when this connector was made."""
        order_id = ref.venue_ref
        if order_id is None:
            order_id = await self._id_of(ref)
            if ref.client_ref is not None:
                self._unanswered.pop(ref.client_ref, None)
        return None if order_id is None else await reads.state_of(self._rest, order_id)

    async def _id_of(self, ref: OrderRef) -> str | None:
        if ref.client_ref is None:
            raise Refused(VENUE, "find", "the order has no reference", reason=Reason.INVALID)
        market = ("market_id", ref.instrument.market_ref)
        sent_ms = self._unanswered.get(ref.client_ref, self._started_ms)
        return await reads.id_by_label(
            self._rest,
            ref.client_ref,
            [market, ("contract_id", ref.instrument.ref)],
            [market],
            now_ms=self._clock.now_ms(),
            sent_ms=sent_ms,
        )


async def _confirmed(coming: Coroutine[Any, Any, Answer]) -> None:
    """The venue confirms a cancel without a word of what was filled."""
    await coming


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened there is no one to tell."""
