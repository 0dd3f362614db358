"""The Kalshi connector: orders, fills, balance, listings and the stream of one account.

Only the V2 order API is spoken; its book is in YES terms, as ours. What the venue's documents leave open is decided
on the safe side and said where it is done. Source: docs.kalshi.com api-reference (orders, portfolio, events,
markets), read in November 2026.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any
from urllib.parse import quote as quoted

import msgspec

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once
from hedgerow.net.http import Answer
from hedgerow.net.stream import Target
from hedgerow.venues.base import (
    Balance,
    EventSink,
    Fill,
    Instrument,
    Listing,
    Manifest,
    NewQuote,
    OrderRef,
    OrderState,
    PublicSink,
    Resolution,
    VenueContext,
)
from hedgerow.venues.batches import Fates, one_by_one
from hedgerow.venues.kalshi import listing, parse, reads, wire
from hedgerow.venues.kalshi.auth import Signer
from hedgerow.venues.kalshi.books import BookStream
from hedgerow.venues.kalshi.errors import VENUE, batch_error
from hedgerow.venues.kalshi.orders import amend_body, place_body
from hedgerow.venues.kalshi.rest import PAGE, Query, Rest, certain, readable
from hedgerow.venues.kalshi.stream import AccountStream

# How many unanswered placements are remembered with their time.
_REMEMBERED = 10_000

_EVENTS_PER_PAGE = 200
_SECOND_MS = 1_000


class KalshiExchange:
    """One account at Kalshi."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        credentials = context.account.credentials
        self._account, self._clock, self._egress = context.account, context.clock, context.egress
        self._ws_url = context.urls["ws"]
        self._signer = Signer(credentials["key_id"], credentials["private_key"])
        read, write = (context.share_of(manifest.rates[name]) for name in ("read", "write"))
        self._rest = Rest(context, self._signer, read, write)
        self._stream: AccountStream | None = None
        self._books: BookStream | None = None
        self._watched: tuple[str, ...] = ()
        self._unanswered: OrderedDict[str, int] = OrderedDict()
        self._started_ms = self._clock.now_ms()

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Reads the account's limits, which proves its key, then starts the stream. Raises Refused for a wrong
        key."""
        await self._rest.open()
        self._stream = AccountStream(self._account.username, self._target, sink, self._clock, self._egress)
        self._stream.session.watch(self._watched)
        await self._stream.start()

    def show_books(self, sink: PublicSink) -> None:
        self._books = BookStream(self._account.username, self._target, sink, self._egress)

    async def close(self) -> None:
        for stream in (self._stream, self._books):
            if stream is not None:
                await stream.stop()
        await self._rest.close()

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        """The venue sends the changes of all its markets; those of these instruments are handed on."""
        self._watched = tuple(instrument.ref for instrument in instruments)
        if self._stream is not None:
            self._stream.session.watch(self._watched)
        if self._books is not None:
            self._books.watch(self._watched)

    def _target(self) -> Target:
        return Target(self._ws_url, dict(self._signer.headers(self._clock.now_ms(), "GET", self._ws_url)))

    # --- what the venue lists ---------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        """The match winners of a sport's known series (see `listing`), of events that have a market not yet
        closed."""
        found: list[Listing] = []
        for series in listing.series_of(sport):
            query: Query = {
                "series_ticker": series,
                "with_nested_markets": "true",
                "with_milestones": "true",
                "min_close_ts": self._clock.now_ms() // _SECOND_MS,
                "limit": _EVENTS_PER_PAGE,
            }
            pages = [page async for page in self._rest.pages("events", "/events", wire.EventsPage, query)]
            events = [event for page in pages for event in page.events]
            milestones = [milestone for page in pages for milestone in page.milestones or ()]
            if events:
                found += listing.listings_of(sport, events, milestones, await reads.series_fees(self._rest, series))
        return found

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """Of the markets that are paid out, three months back at most."""
        refs = list(dict.fromkeys(instrument.ref for instrument in instruments))
        return await reads.resolutions(self._rest, self._clock, refs)

    # --- the account ------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self._clock)

    async def working(self) -> list[OrderState]:
        return await self._orders({"status": "resting"})

    async def fills(self, since_ms: int) -> list[Fill]:
        """Three months back at most: the venue moves older fills to its archive."""
        query: Query = {"min_ts": max(0, since_ms // _SECOND_MS - 1), "limit": PAGE}
        found: list[Fill] = []
        async for page in self._rest.pages("fills", "/portfolio/fills", wire.FillsPage, query):
            found += [readable("fills", parse.fill, message) for message in page.fills]
        return sorted((fill for fill in found if fill.at_ms >= since_ms), key=lambda fill: fill.at_ms)

    # --- orders -----------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends a resting order. Where the venue knows its reference already, the order that holds it is looked up
        and is the answer: the venue takes no second one with it, not even after a cancel."""
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        body = place_body(quote)
        self._rest.take("place")
        coming = self._rest.place(body)
        self._remember(quote.client_ref)
        return self._placed(quote, coming)

    async def _placed(self, quote: NewQuote, coming: Awaitable[Answer]) -> OrderState:
        try:
            answer = await coming
            state = certain("place", answer, wire.Placed, lambda placed: parse.placed_state(quote, placed))
        except InDoubt:
            raise
        except VenueError as error:
            self._unanswered.pop(quote.client_ref, None)
            if isinstance(error, Refused) and error.reason is Reason.DUPLICATE:
                return await self._adopt(quote)
            raise
        self._unanswered.pop(quote.client_ref, None)
        return state

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        """Moves the order in place; it keeps its id and our reference."""
        body = amend_body(ref.instrument, side, price, size)
        order_id = await self._order_id("amend", ref)
        self._rest.take("amend")
        answer = await self._rest.amend(quoted(order_id, safe=""), body)
        at_ms, now_filled = certain(
            "amend", answer, wire.Amended, lambda told: (told.ts_ms, parse.amended_fill(told, size, filled))
        )
        if now_filled is None:
            return await self._after_amend(order_id)
        status = OrderStatus.FILLED if now_filled >= size else OrderStatus.PLACED
        return OrderState(order_id, ref.client_ref, ref.instrument.ref, side, price, size, now_filled, status, at_ms)

    async def cancel(self, ref: OrderRef) -> None:
        """The venue says by how much it reduced the order, not what was filled of it. The ticker goes along because
        the venue finds the order's shard by it."""
        order_id = await self._order_id("cancel", ref)
        answer = await self._rest.cancel(quoted(order_id, safe=""), {"market_ticker": ref.instrument.ref})
        certain("cancel", answer, wire.Cancelled, lambda told: parse.amount(told.reduced_by, "reduced_by"))

    def cancel_many(self, refs: Sequence[OrderRef]) -> list[Coroutine[Any, Any, OrderState | None]]:
        """One request for those whose id is known, if the budget holds all of them at once; else one for each."""
        items = [wire.BatchCancelItem(ref.venue_ref, ref.instrument.ref) for ref in refs if ref.venue_ref is not None]
        if not items or not self._rest.take_cancels(len(items)):
            return [self.cancel(ref) for ref in refs]
        answers = iter(one_by_one(at_once(self._send_cancels, items), [item.order_id for item in items]))
        return [self.cancel(ref) if ref.venue_ref is None else next(answers) for ref in refs]

    def _send_cancels(self, items: Sequence[wire.BatchCancelItem]) -> Coroutine[Any, Any, Fates]:
        body = msgspec.json.encode(wire.BatchCancel(list(items)))
        return self._fates(items, self._rest.cancel_many(body))

    async def _fates(self, items: Sequence[wire.BatchCancelItem], coming: Awaitable[Answer]) -> Fates:
        told = certain("cancel", await coming, wire.BatchCancelledAnswer, lambda answer: answer.orders)
        by_id = {item.order_id: item for item in told}
        return {item.order_id: batch_error(by_id.get(item.order_id)) for item in items}

    async def cancel_all(self) -> None:
        """Asks for all resting orders of the account to be cancelled, subaccounts and shards included.

        It is eventual: orders placed within about a minute after it may be cancelled too, so that who calls it does
        not quote in that time, and reads `working` to see it done.
        """
        await self._rest.cancel_all()

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """The order of our reference, from the venue's list of the market's orders of every status.

        Fills cannot help: they carry no reference of ours. None is answered only when the venue's data is from a time
        (`/exchange/user_data_timestamp`, asked before the list) at which the placement could no longer arrive, about
        a minute after it was sent. A placement of an earlier run counts as sent when this connector was made. Orders
        that ended more than three months ago are in the venue's archive, and not looked for.
        """
        if ref.venue_ref is not None:
            return await self._known_order(ref.venue_ref)
        if ref.client_ref is None:
            raise CannotTell(VENUE, "find", "the order has neither our reference nor the venue's")
        data_until_ms = await reads.data_until_ms(self._rest)
        sent_ms = self._unanswered.get(ref.client_ref)
        found = await self._by_reference(ref.instrument, ref.client_ref, sent_ms)
        if found is None and data_until_ms < (sent_ms or self._started_ms) + reads.NEVER_ARRIVES_AFTER_MS:
            raise CannotTell(VENUE, "find", "the order is not listed, but may still arrive")
        self._unanswered.pop(ref.client_ref, None)
        return found

    def _remember(self, client_ref: str) -> None:
        self._unanswered[client_ref] = self._clock.now_ms()
        while len(self._unanswered) > _REMEMBERED:
            self._unanswered.popitem(last=False)

    async def _adopt(self, quote: NewQuote) -> OrderState:
        """The order that holds our reference already; in doubt while the venue does not show it."""
        try:
            found = await self._by_reference(quote.instrument, quote.client_ref, None)
        except (Refused, Unavailable) as error:
            raise InDoubt(VENUE, "place", f"the reference is taken, its order not told: {error.message}") from error
        if found is None:
            raise InDoubt(VENUE, "place", "the reference is taken, but no order with it is listed in this market")
        return found

    async def _after_amend(self, order_id: str) -> OrderState:
        """What became of an order whose amend was accepted, when the answer does not say it."""
        try:
            return await self._order(order_id)
        except (Refused, Unavailable) as error:
            raise InDoubt(VENUE, "amend", f"accepted, but the order is not told: {error.message}") from error

    async def _known_order(self, order_id: str) -> OrderState:
        try:
            return await self._order(order_id)
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            raise CannotTell(VENUE, "find", "the order is no longer listed", refusal.code) from refusal

    async def _order_id(self, operation: str, ref: OrderRef) -> str:
        """The venue's id of an order; asked for where its placement got no answer."""
        if ref.venue_ref is not None:
            return ref.venue_ref
        found = await self.find_order(ref)
        if found is None:
            raise Refused(VENUE, operation, "the order never arrived", reason=Reason.UNKNOWN_ORDER)
        return found.venue_ref

    async def _by_reference(self, instrument: Instrument, client_ref: str, sent_ms: int | None) -> OrderState | None:
        query: dict[str, str | int] = {"ticker": instrument.ref}
        if sent_ms is not None:
            query["min_ts"] = max(0, (sent_ms - reads.NEVER_ARRIVES_AFTER_MS) // _SECOND_MS)
        return next((order for order in await self._orders(query) if order.client_ref == client_ref), None)

    async def _order(self, order_id: str) -> OrderState:
        return readable("order", parse.order_state, await reads.order(self._rest, order_id), self._clock.now_ms())

    async def _orders(self, query: Query) -> list[OrderState]:
        now_ms = self._clock.now_ms()
        rows = await reads.orders(self._rest, query)
        return [readable("orders", parse.order_state, row, now_ms) for row in rows]
