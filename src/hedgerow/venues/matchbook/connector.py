"""The Matchbook connector: offers, fills, balance and listings of one account, followed by asking.

What is particular here:

- There is no stream. Once a second the offers that changed of late are asked for while any is open, less often else,
  and the markets that are watched every few seconds; that an answer fails to come is the gap.
- Nothing rests for certain: post-only is looked up in the book before the offer leaves, and an expiry is a cancel that
  is sent when it is due. What nobody tends the dead-man's switch takes out.
- Our reference is echoed and not checked: nothing is sent twice, and a lost answer is looked up in the list.

Sources: matchbook-sdk 0.1.2, the venue's reference as the sheet restates it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
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
from hedgerow.venues.matchbook import listing, parse, reads, wire
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.following import MarketView, OfferView
from hedgerow.venues.matchbook.heartbeat import Heartbeat
from hedgerow.venues.matchbook.listing import EVENT
from hedgerow.venues.matchbook.offers import placed_row, quote_body, would_trade
from hedgerow.venues.matchbook.rest import Query, Rest, certain, readable
from hedgerow.venues.matchbook.settled import resolutions_of, settled_fills

_OFFERS = "/edge/rest/v2/offers"

POLL_S = 1.0
_IDLE_POLL_MS, _MARKETS_POLL_MS = 10_000, 5_000
_OVERLAP_S = 60
"""Changes are asked for from so long before the last look: the list has no cursor."""
_WHOLE_LOOK_MS = 60_000
"""So often the whole list is looked at: an offer of a market that was settled meanwhile is in none of its parts."""

_REMEMBERED = 10_000

_log = structlog.get_logger(__name__)


class MatchbookExchange:
    """One account at Matchbook. Implements venues.base.Exchange."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock, self._is_alone = context.clock, context.sharers == 1
        self._rest = Rest(manifest, context)
        self._heart = Heartbeat(self._rest, context.clock, self._lapsed)
        self._offers, self._markets = OfferView(), MarketView()
        self._unanswered: OrderedDict[str, int] = OrderedDict()
        self._expiries = Expiries(self.cancel)
        self._started_ms = self._clock.now_ms()
        self._looked_ms = self._markets_looked_ms = self._all_looked_ms = self._started_ms
        self._sink: EventSink = _nowhere
        self._is_down = False
        self._task: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Signs in, takes what is listed now as known, and begins to ask. Raises Refused for a wrong password."""
        self._sink = sink
        await self._rest.open()
        readable("open", self._offers.take, await reads.offers(self._rest, "open", {}))
        self._looked_ms = self._all_looked_ms = self._clock.now_ms()
        self._task = spawn(self._follow(), f"{VENUE} follows its account", is_vital=True)

    async def close(self) -> None:
        """Where the switch is armed, what rests is cancelled: left alone, the venue would do it some seconds later."""
        await stop(self._task)
        if self._heart.is_armed and self._is_alone:
            try:
                await self.cancel_all()
            except VenueError as error:
                _log.error("offers may rest until the dead-man's switch acts", venue=VENUE, error=str(error))
        await self._rest.close()

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._markets.watch(instruments)
        self._markets_looked_ms = 0

    # --- following --------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(POLL_S, soft=True)
            await self.turn()

    async def turn(self) -> None:
        """One round of asking. What fails is a gap until it is answered again."""
        await self._heart.turn()
        await self._expiries.cancel_due(self._clock.now_ms())
        try:
            await self._look_at_offers()
            await self._look_at_markets()
        except VenueError as error:
            self._announce(str(error), is_down=True)
        else:
            self._announce("offers are followed again", is_down=False)

    async def _look_at_offers(self) -> None:
        now_ms = self._clock.now_ms()
        is_busy = self._offers.has_open or bool(self._unanswered) or self._is_down
        if not is_busy and now_ms - self._looked_ms < _IDLE_POLL_MS:
            return
        if now_ms - self._all_looked_ms >= _WHOLE_LOOK_MS:
            await self._look_at_all_offers(now_ms)
        else:
            interval_s = (now_ms - self._looked_ms) // 1000 + _OVERLAP_S
            rows = await reads.offers(self._rest, "offers", {"interval": interval_s})
            self._tell(readable("offers", self._offers.take, rows))
        self._looked_ms = now_ms

    async def _look_at_all_offers(self, now_ms: int) -> None:
        """What became of an open offer that is listed no more is to be asked for by who placed it."""
        open_before = self._offers.open_refs
        rows = await reads.offers(self._rest, "offers", {})
        self._tell(readable("offers", self._offers.take, rows))
        gone = open_before - {str(row.id) for row in rows}
        if gone:
            self._offers.forget(gone)
            reason = f"open offers that are listed no more: {len(gone)}"
            self._tell([StreamGap(reason, is_down=True), StreamGap(reason, is_down=False)])
        self._all_looked_ms = now_ms

    async def _look_at_markets(self) -> None:
        now_ms = self._clock.now_ms()
        if not self._markets.watched or now_ms - self._markets_looked_ms < _MARKETS_POLL_MS:
            return
        event_ids = dict.fromkeys(instrument.meta[EVENT] for instrument in self._markets.watched)
        events = await reads.events_of(self._rest, "markets", list(event_ids))
        self._tell(readable("markets", self._markets.take, events))
        over = readable("markets", self._markets.to_ask_for, events)
        ended = {one.instrument_ref: one.status for one in await self.resolutions(over)} if over else {}
        self._tell(self._markets.note_results(ended))
        self._markets_looked_ms = now_ms

    def _announce(self, reason: str, *, is_down: bool) -> None:
        if is_down is not self._is_down:
            self._is_down = is_down
            self._sink(StreamGap(reason, is_down))

    def _lapsed(self, silent_s: float) -> None:
        self._sink(StreamGap(f"no heartbeat for {silent_s:.0f} s: offers may have been cancelled", is_down=False))

    def _tell(self, events: Sequence[ExchangeEvent]) -> None:
        for event in events:
            self._sink(event)

    # --- what the venue lists ---------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        """The match winners of a sport (see `listing`)."""
        sport_id = listing.SPORTS.get(sport)
        if sport_id is None:
            return []
        query: Query = {"sport-ids": sport_id, "states": listing.LISTED_STATES, "include-event-participants": "true"}
        return listing.listings_of(sport, await reads.events(self._rest, "listings", query))

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """Of the contracts that the account's bets were about: the venue tells no other result."""
        market_ids = list(dict.fromkeys(instrument.market_ref for instrument in instruments))
        if not market_ids:
            return []
        markets = await reads.settled(self._rest, "resolutions", market_ids=market_ids)
        return readable("resolutions", resolutions_of, markets, instruments)

    # --- the account ------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    async def working(self) -> list[OrderState]:
        """From the whole list: of the statuses that rest the list's filter knows only some."""
        rows = await reads.offers(self._rest, "working", {})
        states = [readable("working", parse.order_state, row) for row in rows]
        return [state for state in states if state.status.is_open]

    async def fills(self, since_ms: int) -> list[Fill]:
        """Of offers whose market is not settled, and of bets that were settled since."""
        rows = await reads.offers(self._rest, "fills", {})
        found = [fill for row in rows for fill in readable("fills", parse.fills, row)]
        markets = await reads.settled(self._rest, "fills", since_ms=since_ms)
        found += readable("fills", settled_fills, markets)
        once = {(fill.trade_ref, fill.venue_ref): fill for fill in found if fill.at_ms >= since_ms}
        return sorted(once.values(), key=lambda fill: fill.at_ms)

    # --- offers -----------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    async def place(self, quote: NewQuote) -> OrderState:
        """Sends an offer that rests. One that must not trade is held against the book first; what comes to stand there
        in between is met all the same."""
        body = quote_body(quote)
        if quote.post_only:
            await self._expect_to_rest(quote)
        coming = self._rest.place(body)
        self._heart.arm()
        self._remember(quote)
        return await self._placed(quote, coming)

    async def _expect_to_rest(self, quote: NewQuote) -> None:
        instrument = quote.instrument
        event_id = instrument.meta.get(EVENT, "")
        there = await reads.prices(self._rest, event_id, instrument.market_ref, instrument.ref, depth=1)
        if readable("book", would_trade, quote.side, quote.price, there):
            raise Refused(VENUE, "place", "the offer would match at once", reason=Reason.PRICE)

    async def _placed(self, quote: NewQuote, coming: Awaitable[Answer]) -> OrderState:
        try:
            row = placed_row(await coming, quote.client_ref)
            state = self._state("place", row)
        except InDoubt:
            raise
        except VenueError:
            self._unanswered.pop(quote.client_ref, None)
            self._expiries.drop(quote.client_ref)
            raise
        self._unanswered.pop(quote.client_ref, None)
        if quote.expires_at_ms is not None:
            named = OrderRef(quote.instrument, quote.client_ref, state.venue_ref)
            self._expiries.note(quote.client_ref, named, quote.expires_at_ms)
        return state

    def _state(self, operation: str, row: wire.Offer) -> OrderState:
        try:
            state = parse.order_state(row)
        except parse.MalformedError as error:
            raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error
        self._offers.expect(state)
        return state

    def _remember(self, quote: NewQuote) -> None:
        self._unanswered[quote.client_ref] = self._clock.now_ms()
        while len(self._unanswered) > _REMEMBERED:
            self._unanswered.popitem(last=False)
        if quote.expires_at_ms is not None:
            self._expiries.note(quote.client_ref, self.ref_of(quote), quote.expires_at_ms)

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "offers are not changed: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        if ref.venue_ref is None:
            return self._found_and_cancelled(ref)
        return at_once(self._send_cancel, ref.venue_ref)

    def _send_cancel(self, offer_id: str) -> Coroutine[Any, Any, OrderState]:
        if not offer_id.isdecimal():
            raise Refused(VENUE, "cancel", "the offer has no id of the venue", reason=Reason.UNKNOWN_ORDER)
        return self._cancelled(self._rest.cancel("cancel", f"{_OFFERS}/{offer_id}"))

    async def _cancelled(self, coming: Awaitable[Answer]) -> OrderState:
        return certain("cancel", await coming, wire.Offer, parse.order_state)

    async def _found_and_cancelled(self, ref: OrderRef) -> OrderState | None:
        found = await self.find_order(ref)
        if found is None:
            raise Refused(VENUE, "cancel", "the offer never arrived", reason=Reason.UNKNOWN_ORDER)
        return await self._send_cancel(found.venue_ref)

    async def cancel_all(self) -> None:
        """Without a filter, all open offers of the account."""
        answer = await self._rest.cancel("cancel all", _OFFERS)
        certain("cancel all", answer, wire.OffersAnswer, lambda told: told.offers)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By the venue's id, or by our reference in its list of the runner's offers. An offer of an earlier run counts
        as sent when this connector was made."""
        if ref.venue_ref is not None:
            return await self._known_order(ref.venue_ref)
        if ref.client_ref is None:
            raise CannotTell(VENUE, "find", "the offer has neither our reference nor the venue's")
        rows = await reads.offers(self._rest, "find", {"runner-ids": ref.instrument.ref})
        found = next((row for row in rows if row.temp_id == ref.client_ref), None)
        if found is None:
            sent_ms = self._unanswered.get(ref.client_ref, self._started_ms)
            await reads.expect_never_arrived(self._rest, self._clock.now_ms(), sent_ms, ref.instrument.ref)
        self._unanswered.pop(ref.client_ref, None)
        return None if found is None else readable("find", parse.order_state, found)

    async def _known_order(self, offer_id: str) -> OrderState:
        try:
            return readable("order", parse.order_state, await reads.offer(self._rest, "order", offer_id))
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            raise CannotTell(VENUE, "find", "the offer is no longer listed", refusal.code) from refusal


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened there is no one to tell."""
