"""The Novig connector: the shell around parsing, the conversation and the requests.

What is particular here:

- An order buys an outcome. One instrument stands for a market, on its home outcome; a sale of it buys the other one,
  so that nothing has to be held.
- The answer to a placement only says that the order is in the queue. The socket says what became of it, and an answer
  waits for its first word.
- The venue keeps eight characters of ours and checks none: `orders.flags_of`. A lost answer is resolved by looking
  for them in the list of the account's orders.

Sources: docs.novig.com (NBX, V2), read 2026-11-21. V3 of the API is not spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once, spawn, stop
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
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.account import GRACE_S, Trader
from hedgerow.venues.novig_us.errors import CANCEL, FIND, VENUE, reading
from hedgerow.venues.novig_us.following import Following
from hedgerow.venues.novig_us.listing import LEAGUES, MONEY, listings_of
from hedgerow.venues.novig_us.orders import flags_of, place_body
from hedgerow.venues.novig_us.parse import resolution_of
from hedgerow.venues.novig_us.stream import Session
from hedgerow.venues.opening import await_stream
from hedgerow.venues.sent import Absence, SentOrders

WORD_WITHIN_S = 0.5
"""How long the answer to a placement waits for the stream's first word on the order."""

_AT_ONCE = 256

_log = structlog.get_logger(__name__)


class Novig:
    """One account at Novig. Implements venues.base.Exchange."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError for an account that cannot be used."""
        self.manifest = manifest
        self._clock, self._ws_url = context.clock, context.urls["ws"]
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._sent = SentOrders(40_000)  # an order stands in it by its flags and by its id
        self._absence = Absence(VENUE, context.clock, self._sent, GRACE_S)
        self._words: dict[str, asyncio.Event] = {}  # of orders whose answer waits for the stream's
        self._renewal: asyncio.Task[None] | None = None
        self._sink: EventSink = _nowhere
        self._ready = asyncio.Event()
        self._following = Following(self._trader, self._sent, self._told)
        self._session = Session(
            self._trader,
            context.clock,
            self._sent,
            self._told,
            self._following,
            ready=self._ready.set,
            reconnect=self._reconnect,
        )
        self._stream = Stream(VENUE, self._target, self._session, egress=context.egress)

    # --- opening and closing -----------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        self._sink = sink
        await self._rest.open()
        self._stream.start()
        await await_stream(self._ready, self._session.announce_gap)

    async def close(self) -> None:
        self._sink = _nowhere
        await self._stream.stop()
        await self._following.close()
        await stop(self._renewal)
        await self._rest.close()

    def _target(self) -> Target:
        """An attempt with a token that is too old brings a new one for the next."""
        if self._rest.is_token_old and (self._renewal is None or self._renewal.done()):
            self._renewal = spawn(self._renew(), f"{VENUE} token")
        return Target(self._ws_url, {"Authorization": f"Bearer {self._rest.token.reveal()}"})

    async def _renew(self) -> None:
        try:
            await self._rest.renew_token(unless=self._rest.token)
        except VenueError as error:
            _log.error("token not renewed", venue=VENUE, error=str(error))

    def _reconnect(self) -> None:
        self._stream.reconnect()

    def _told(self, event: ExchangeEvent) -> None:
        if isinstance(event, OrderState) and event.venue_ref in self._words:
            self._words[event.venue_ref].set()
        self._sink(event)

    # --- markets -----------------------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        leagues = LEAGUES.get(sport, ())
        if not leagues:
            return []
        locks = await self._rest.read(wire.Locks, "listings", "/locks")
        found: list[Listing] = []
        for league in leagues:
            query = [("league", league), ("marketType", MONEY)]
            rows = await self._rest.read(list[msgspec.Raw], "listings", "/markets/open", query)
            found += listings_of(rows, locks, sport, self._clock.now_ms())
        for listing in found:
            self._trader.learn(listing.instrument)
        return found

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        for instrument in instruments:
            self._trader.learn(instrument)
        self._following.watch(instruments)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        found = []
        for instrument in instruments:
            market = await self._trader.market("resolutions", instrument.market_ref)
            with reading("resolutions"):
                ended = resolution_of(market, instrument.ref)
            if ended is not None:
                found.append(ended)
        return found

    # --- account -----------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await self._trader.balance()

    async def working(self) -> list[OrderState]:
        return [self._sent.told(state) for state in await self._trader.working(self._sent.ref_of)]

    async def fills(self, since_ms: int) -> list[Fill]:
        rows = await self._trader.fill_rows("fills", since_ms)
        found = [await self._trader.fill(row, self._sent.ref_of(row.order_id)) for row in rows]
        return sorted(found, key=lambda fill: fill.at_ms)

    # --- orders ------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        self._check(quote)
        self._rest.take_for_order()
        now_ms = self._clock.now_ms()
        coming = self._rest.place(place_body(quote, now_ms))
        self._trader.learn(quote.instrument)
        self._sent.add(flags_of(quote.client_ref), quote, now_ms)
        return self._answered(quote, now_ms, coming)

    def _check(self, quote: NewQuote) -> None:
        """Refused, with nothing sent, when the venue would refuse the quote."""
        instrument = quote.instrument
        if quote.price not in instrument.grid:
            raise _refused(f"price {quote.price} is not on the grid", Reason.PRICE)
        if quote.size % instrument.lot or quote.size < instrument.least_at(quote.price):
            raise _refused(f"size {quote.size} is not a whole number of lots, or too small", Reason.LIMIT)
        if quote.expires_at_ms is not None and quote.expires_at_ms <= self._clock.now_ms():
            raise _refused("the order has ended before it was sent", Reason.INVALID)

    async def _answered(self, quote: NewQuote, sent_ms: int, coming: Coroutine[Any, Any, wire.Placed]) -> OrderState:
        order_id = (await coming).id
        if self._sent.get(order_id) is None:
            self._sent.add(order_id, quote, sent_ms)
        await self._hear(order_id)
        known = self._sent.get(order_id)
        state = (known.state if known is not None else None) or _queued(quote, order_id, self._clock.now_ms())
        if not state.filled and (state.status is OrderStatus.FAILED or _would_trade(quote, state)):
            reason = Reason.PRICE if quote.post_only else Reason.OTHER
            raise _refused(f"it was taken and then ended as {state.status}, as an order that would trade", reason)
        return state

    async def _hear(self, order_id: str) -> None:
        """Waits for the stream's first word on the order, which usually overtakes the answer; asks where there is no
        stream."""
        known = self._sent.get(order_id)
        if known is None or known.state is not None:
            return
        if not self._session.is_followed:
            try:
                await self._asked(order_id, known.quote.client_ref)
            except VenueError as error:
                _log.warning("order not read", venue=VENUE, order=order_id, error=str(error))
            return
        word = self._words.setdefault(order_id, asyncio.Event())
        try:
            async with asyncio.timeout(WORD_WITHIN_S):
                await word.wait()
        except TimeoutError:
            return
        finally:
            self._words.pop(order_id, None)

    async def _asked(self, order_id: str, client_ref: str | None) -> OrderState | None:
        row = await self._trader.order(FIND, order_id)
        return None if row is None else self._sent.told(await self._trader.state(row, client_ref))

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders cannot be changed here: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return at_once(self._send_cancel, ref)

    def _send_cancel(self, ref: OrderRef) -> Coroutine[Any, Any, None]:
        order_id = self._id_of(ref)
        if order_id is None:
            raise Refused(VENUE, CANCEL, "the order has no id at the venue", reason=Reason.UNKNOWN_ORDER)
        return self._rest.cancel(order_id)

    async def cancel_all(self) -> None:
        """By the venue's switch, which it lets be used once in half a minute; else by the list of what rests."""
        try:
            await self._rest.kill()
        except Unavailable:
            await self._cancel_listed()

    async def _cancel_listed(self) -> None:
        ids = [state.venue_ref for state in await self.working()]
        if not ids:
            return
        for start in range(0, len(ids), _AT_ONCE):
            await self._rest.cancel_batch(ids[start : start + _AT_ONCE])
        left = {state.venue_ref for state in await self.working()} & set(ids)
        if left:
            raise InDoubt(VENUE, "cancel all", f"{len(left)} orders still rest")

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        order_id = self._id_of(ref)
        if order_id is not None:
            state = await self._asked(order_id, self._sent.ref_of(order_id) or ref.client_ref)
            if state is None:
                raise CannotTell(VENUE, FIND, f"the order {order_id} is not shown any more")
            return state
        if ref.client_ref is None:
            raise CannotTell(VENUE, FIND, "the order has neither an id nor a reference")
        flags = flags_of(ref.client_ref)
        sent = self._sent.get(flags)
        row = await self._trader.by_flags(flags, sent.sent_ms if sent is not None else 0)
        if row is not None:
            if sent is not None:
                self._sent.add(row.id, sent.quote, sent.sent_ms)
            return self._sent.told(await self._trader.state(row, ref.client_ref))
        self._absence.bear(flags)
        return None

    def _id_of(self, ref: OrderRef) -> str | None:
        """The venue's id, where it was told."""
        if ref.venue_ref is not None or ref.client_ref is None:
            return ref.venue_ref
        known = self._sent.id_of(ref.client_ref)
        return None if known == flags_of(ref.client_ref) else known


def _would_trade(quote: NewQuote, state: OrderState) -> bool:
    """Whether it ended as an order does that must not trade and would."""
    return quote.post_only and state.status is OrderStatus.CANCELLED


def _queued(quote: NewQuote, order_id: str, now_ms: int) -> OrderState:
    """An order that was accepted, and of which nothing else is heard."""
    return OrderState.of(quote, order_id, OrderStatus.PENDING_PLACEMENT, now_ms)


def _refused(message: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", message, reason=reason)


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened, and after it is closed, there is no one to tell."""
