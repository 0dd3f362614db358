"""The Polymarket US connector: the shell around bodies, parsing, ownership and the conversations.

What is particular here:

- The venue keeps no reference of ours and takes every repeat: nothing is sent twice, and an order without an answer is
  searched for by its market, side, price, size and time (`ownership`).
- The answer to a placement is an id; whether the exchange takes the order comes on the stream. The answer of `place`
  waits for that word, and asks for the order where it does not come. A cancel is accepted in the same way.
- There is one book, of the long side. Selling is buying the short side, at the long side's price.

Sources: docs.polymarket.us as a public repository mirrors it, polymarket-us 2.4.1, the sheet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once
from hedgerow.net.stream import Stream, Target
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
    VenueContext,
)
from hedgerow.venues.batches import Fates, one_by_one
from hedgerow.venues.opening import await_stream
from hedgerow.venues.polymarket_us import listing, parse, reads, wire
from hedgerow.venues.polymarket_us.auth import VENUE, signer_of
from hedgerow.venues.polymarket_us.errors import reading, rejection
from hedgerow.venues.polymarket_us.following import MarketWatch
from hedgerow.venues.polymarket_us.hearing import Hearing
from hedgerow.venues.polymarket_us.orders import quote_body
from hedgerow.venues.polymarket_us.ownership import Ownership
from hedgerow.venues.polymarket_us.rest import Rest, cancel_body, named
from hedgerow.venues.polymarket_us.stream import MARKETS, PRIVATE, AccountSession
from hedgerow.venues.sent import Absence

_EARLIER_MS = 24 * 3_600_000
"""How far back of its sending an order's trades are looked for, whose time of sending only an earlier run knew."""

_log = structlog.get_logger(__name__)


class PolymarketUsExchange:
    """One account at Polymarket US. Implements venues.base.Exchange and CancelsMany."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.manifest = manifest
        self._clock, self._ws_url = context.clock, context.urls["ws"]
        self._signer = signer_of(context.account.credentials)
        self._rest = Rest(manifest, context)
        self._ours = Ownership(context.clock)
        self._absence = Absence(VENUE, context.clock, self._ours.sent, reads.GRACE_S)
        self._sink: EventSink = _nowhere
        self._ready = asyncio.Event()
        self._hearing = Hearing(self._ours, context.clock, self._tell)
        self._session = AccountSession(self._tell, self._hearing.executed, self._ready.set, self._reconnect)
        self._stream = Stream(
            f"{VENUE} {context.account.username}",
            lambda: self._target(PRIVATE),
            self._session,
            egress=context.egress,
        )
        self._markets = MarketWatch(
            self._rest, context.clock, lambda: self._target(MARKETS), self._tell, context.egress
        )

    # --- life --------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Asks for the balance, which proves the key, then starts the stream. Raises Refused for a wrong key."""
        self._sink = sink
        await self.balance()
        await self._rest.open()
        self._stream.start()
        await await_stream(self._ready, self._session.announce_gap)

    async def close(self) -> None:
        self._sink = _nowhere
        await self._stream.stop()
        await self._markets.close()
        await self._rest.close()

    def _target(self, path: str) -> Target:
        url = self._ws_url + path
        return Target(url, dict(self._signer.headers(self._clock.now_ms(), "GET", urlsplit(url).path)))

    def _reconnect(self) -> None:
        self._stream.reconnect()

    def _tell(self, event: ExchangeEvent) -> None:
        self._sink(event)

    async def _until(self, order_id: str, holds: Callable[[OrderState | None], bool]) -> OrderState | None:
        return await self._hearing.until(order_id, holds, is_followed=self._session.is_followed)

    # --- markets -----------------------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        types = listing.types_of(sport)
        if not types:
            return []
        events = await reads.events(self._rest, "listings", types)
        return [found for event in events for found in listing.listings_of(event, sport)]

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._markets.watch(instruments)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        slugs = [instrument.ref for instrument in instruments]
        return await reads.resolutions(self._rest, slugs, self._clock.now_ms())

    # --- account -----------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest)

    async def working(self) -> list[OrderState]:
        states = [self._state("working", order) for order in await reads.open_orders(self._rest, "working")]
        return [state for state in states if state.status.is_open]

    async def fills(self, since_ms: int) -> list[Fill]:
        told = await reads.trades(self._rest, "fills", since_ms)
        with reading("fills"):
            found = []
            for trade in told:
                _, order = parse.own_side(trade)
                found.append(parse.trade_fill(trade, self._ours.reference_of(order)))
        return found[::-1]

    def _state(self, operation: str, order: wire.Order) -> OrderState:
        with reading(operation):
            client_ref = self._ours.reference_of(order)
            return self._ours.sent.told(parse.order_state(order, client_ref, self._clock.now_ms()))

    # --- orders ------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        """What the quote looks like is remembered: after a restart it can be searched for by nothing else."""
        self._ours.asked_for(quote)
        return OrderRef(quote.instrument, quote.client_ref, self._ours.name_of(quote.client_ref))

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        body = quote_body(quote, self._clock.now_ms())
        self._rest.take_for_order()
        coming = self._rest.place(wire.Placed, body)
        self._ours.leaves(quote)
        return self._placed(quote, coming)

    async def _placed(self, quote: NewQuote, coming: Awaitable[wire.Placed]) -> OrderState:
        try:
            answer = named(await coming)
        except (Refused, Unavailable):
            self._ours.settled(quote.client_ref)
            raise
        except BaseException:  # in doubt, or given up
            self._ours.lost(quote.client_ref)
            raise
        else:
            self._ours.named(quote.client_ref, answer.id)
        finally:
            self._hearing.release()
        state = await self._until(answer.id, lambda known: known is not None)
        if state is None:
            state = await self._asked_for(answer.id) or _taken(quote, answer.id, self._clock.now_ms())
        if state.status is OrderStatus.FAILED:
            reason, _, text = state.reason.partition("\n")
            raise rejection(reason, text)
        return state

    async def _asked_for(self, order_id: str) -> OrderState | None:
        """What the venue tells of an order that it has taken; None where it cannot be asked now."""
        try:
            return self._state("order", await reads.order(self._rest, "order", order_id))
        except VenueError as error:
            _log.warning("order not read", venue=VENUE, order=order_id, error=str(error))
            return None

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders are not changed here: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        order_id = self._id_of(ref)
        if order_id is None:
            return self._found_and_cancelled(ref)
        return at_once(self._send_cancel, order_id, ref.instrument.ref)

    def _send_cancel(self, order_id: str, slug: str) -> Coroutine[Any, Any, OrderState]:
        if not parse.is_order_id(order_id):
            raise Refused(VENUE, "cancel", "the order has no id of the venue", reason=Reason.UNKNOWN_ORDER)
        path = f"/v1/order/{order_id}/cancel"
        return self._cancelled(order_id, self._rest.cancel(wire.Cancelled, "cancel", path, cancel_body(slug)))

    async def _cancelled(self, order_id: str, coming: Awaitable[wire.Cancelled]) -> OrderState:
        await coming
        return await self._ended(order_id)

    async def _ended(self, order_id: str) -> OrderState:
        """How an order ended whose cancel was accepted. Raises Refused for one that was over, InDoubt where that is
        not known yet."""
        state = await self._until(order_id, lambda known: known is not None and not known.status.is_open)
        if state is None or state.status.is_open:
            try:
                state = self._state("cancel", await reads.order(self._rest, "cancel", order_id))
            except VenueError as error:
                if isinstance(error, Refused) and error.reason is Reason.UNKNOWN_ORDER:
                    raise
                raise InDoubt(VENUE, "cancel", f"accepted, its end is not known: {error}") from error
        if state.status.is_open:
            raise InDoubt(VENUE, "cancel", "accepted, and the order still rests")
        if state.status in (OrderStatus.FILLED, OrderStatus.FAILED):
            raise Refused(VENUE, "cancel", f"the order is {state.status.lower()}", reason=Reason.UNKNOWN_ORDER)
        return state

    async def _found_and_cancelled(self, ref: OrderRef) -> OrderState | None:
        found = await self.find_order(ref)
        if found is None:
            raise Refused(VENUE, "cancel", "the order never arrived", reason=Reason.UNKNOWN_ORDER)
        return await self._send_cancel(found.venue_ref, found.instrument_ref)

    def cancel_many(self, refs: Sequence[OrderRef]) -> list[Coroutine[Any, Any, OrderState | None]]:
        """In one request for those that have an id. Its answer only echoes them: how each ended is told on the stream,
        or asked for."""
        named = [(self._id_of(ref), ref) for ref in refs]
        items = {order_id: ref.instrument.ref for order_id, ref in named if order_id is not None}
        if len(items) != len(refs):
            return [self.cancel(ref) for ref in refs]
        body = {"orders": [{"orderId": order_id, "marketSlug": slug} for order_id, slug in items.items()]}
        coming = self._rest.cancel(wire.CancelledMany, "cancel many", "/v1/orders/batched/cancel", body)
        return [*one_by_one(self._fates(list(items), coming), list(items))]

    async def _fates(self, order_ids: list[str], coming: Awaitable[wire.CancelledMany]) -> Fates:
        named = set((await coming).canceled_order_ids)
        fates = await asyncio.gather(*(self._fate(order_id, is_named=order_id in named) for order_id in order_ids))
        return dict(zip(order_ids, fates, strict=True))

    async def _fate(self, order_id: str, *, is_named: bool) -> VenueError | None:
        if not is_named:
            return InDoubt(VENUE, "cancel", "the answer does not name the order")
        try:
            await self._ended(order_id)
        except VenueError as error:
            return error
        return None

    async def cancel_all(self) -> None:
        await self._rest.cancel(wire.CancelledMany, "cancel all", "/v1/orders/open/cancel", {"slugs": []})

    # --- looking for one ---------------------------------------------------------------------------------------

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By its id, else by what it looks like: among what rests in its market, then among what has traded there."""
        order_id = self._id_of(ref)
        if order_id is not None:
            return await self._known_order(order_id)
        client_ref = ref.client_ref
        if client_ref is None:
            raise CannotTell(VENUE, "find", "the order has neither our reference nor the venue's")
        alike = await self._search(client_ref, ref.instrument.ref)
        if not alike:
            self._absence.bear(client_ref, has_arrived=ref.has_arrived)
            self._ours.settled(client_ref)
            return None
        if len(alike) > 1 or self._ours.sent.get(client_ref) is None:
            raise CannotTell(VENUE, "find", f"{len(alike)} orders may be it, which the venue does not tell apart")
        self._ours.named(client_ref, alike[0].id)
        return await self._known_order(alike[0].id)

    async def _search(self, client_ref: str, slug: str) -> list[wire.Order]:
        known = self._ours.sent.get(client_ref)
        sent_ms = known.sent_ms if known is not None else self._clock.now_ms()
        resting = await reads.open_orders(self._rest, "find", slug)
        traded = await reads.trades(self._rest, "find", sent_ms - _EARLIER_MS, slug)
        with reading("find"):
            orders = resting + [parse.own_side(trade)[1] for trade in traded]
            return self._ours.unclaimed(orders, client_ref)

    async def _known_order(self, order_id: str) -> OrderState:
        try:
            return self._state("find", await reads.order(self._rest, "find", order_id))
        except Refused as refusal:
            if refusal.reason is not Reason.UNKNOWN_ORDER:
                raise
            raise CannotTell(VENUE, "find", "the order is no longer listed", refusal.code) from refusal

    def _id_of(self, ref: OrderRef) -> str | None:
        return ref.venue_ref or self._ours.name_of(ref.client_ref)


def _taken(quote: NewQuote, order_id: str, now_ms: int) -> OrderState:
    """An order that has its id, and of which nothing else can be learned now."""
    return OrderState.of(quote, order_id, OrderStatus.PENDING_PLACEMENT, now_ms)


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened, and after it is closed, there is no one to tell."""
