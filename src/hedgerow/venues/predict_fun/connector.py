"""The predict.fun connector: the shell around signing, parsing and the conversation.

What is particular here:

- An order's name is its hash, computed before it leaves, so a lost answer is resolved by asking for it. The venue keeps
  no reference of ours: `working` gives none for orders that another process sent.
- The answer to a placement only says that the order was accepted; a check that comes after it, as whether an order that
  must not trade would, ends the order as cancelled. The stream says so, and an answer waits for its first word.
- A match counts once the chain has it. Until then its fill is provisional, and the order is as it was.

Sources: dev.predict.fun, read 2026-11-21, and the official SDK predict-sdk 0.0.22.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
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
from hedgerow.venues.opening import await_stream
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.account import GRACE_S, Trader
from hedgerow.venues.predict_fun.amounts import whole_quantity
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.predict_fun.errors import reading
from hedgerow.venues.predict_fun.following import MarketWatch
from hedgerow.venues.predict_fun.listing import VARIANTS, listings_of, resolutions_of
from hedgerow.venues.predict_fun.orders import SignedOrder
from hedgerow.venues.predict_fun.parse import fills_of, order_state
from hedgerow.venues.predict_fun.stream import Session
from hedgerow.venues.reading import read
from hedgerow.venues.sent import Absence, SentOrders

WORD_WITHIN_S = 0.5
"""How long the answer to a placement waits for the stream's first word on the order."""

_AT_ONCE = 100

_log = structlog.get_logger(__name__)


class PredictFun:
    """One account at predict.fun. Implements venues.base.Exchange."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.manifest = manifest
        self._clock, self._ws_url = context.clock, context.urls["ws"]
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._sent = SentOrders()
        self._absence = Absence(VENUE, context.clock, self._sent, GRACE_S)
        self._words: dict[str, asyncio.Event] = {}  # of orders whose answer waits for the stream's
        self._renewal: asyncio.Task[None] | None = None
        self._sink: EventSink = _nowhere
        self._ready = asyncio.Event()
        self._markets = MarketWatch(self._trader, context.clock, self._told)
        self._session = Session(
            lambda: self._rest.token,
            self._sent,
            self._told,
            self._ready.set,
            renew=self._start_renewal,
            reconnect=self._reconnect,
            looked=self._markets.look_at,
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
        await self._markets.close()
        await stop(self._renewal)
        await self._rest.close()

    def _target(self) -> Target:
        return Target(self._ws_url, {"x-api-key": self._trader.identity.api_key.reveal()})

    def _reconnect(self) -> None:
        self._stream.reconnect()

    async def _renew(self) -> None:
        """The stream's token was refused: a new one, then the wallet is followed again, on a new socket if need be."""
        try:
            await self._rest.renew_token()
        except VenueError as error:
            _log.error("token not renewed", venue=VENUE, error=str(error))
            self._stream.reconnect()
        else:
            self._session.subscribe_wallet()

    def _told(self, event: ExchangeEvent) -> None:
        if isinstance(event, OrderState) and event.venue_ref in self._words:
            self._words[event.venue_ref].set()
        self._sink(event)

    def _start_renewal(self) -> None:
        if self._renewal is None or self._renewal.done():
            self._renewal = spawn(self._renew(), f"{VENUE} token")

    # --- markets -----------------------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        found: list[Listing] = []
        for variant in VARIANTS:
            query = [("status", "OPEN"), ("marketVariant", variant)]
            async for raw in self._rest.pages("listings", "/v1/categories", query):
                with reading("listings"):
                    category = read(wire.Category, raw)
                found += listings_of(category, sport)
        return found

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._markets.watch(instruments)
        self._session.watch({(one.market_ref, int(one.meta["index"])): one.ref for one in instruments})

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        by_market: dict[str, list[str]] = {}
        for instrument in instruments:
            by_market.setdefault(instrument.market_ref, []).append(instrument.ref)
        found: list[Resolution] = []
        for market_ref, tokens in by_market.items():
            market = await self._trader.market("resolutions", market_ref)
            found += resolutions_of(market, tokens, self._clock.now_ms())
        return found

    # --- account -----------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await self._trader.balance()

    async def working(self) -> list[OrderState]:
        return [self._sent.told(state) for state in await self._trader.working(self._sent.ref_of)]

    async def fills(self, since_ms: int) -> list[Fill]:
        matches = await self._trader.matches("fills", since_ms)
        with reading("fills"):
            found = [fill for match in matches for fill in fills_of(match, self._trader.address, self._sent.ref_of)]
        return sorted(found, key=lambda fill: fill.at_ms)

    # --- orders ------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, self._trader.signer.order_hash(quote))

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        self._check(quote)
        self._rest.take_for_order()
        order = self._trader.signer.sign(quote)
        coming = self._rest.place(order.body)
        is_repeat = self._sent.get(order.order_hash) is not None
        if not is_repeat:
            self._sent.add(order.order_hash, quote, self._clock.now_ms())
        return self._answered(quote, order, coming, is_repeat=is_repeat)

    def _check(self, quote: NewQuote) -> None:
        """Refused, with nothing sent, when the venue would refuse the quote, or worse, cut it."""
        instrument = quote.instrument
        if quote.price not in instrument.grid:
            raise _refused(f"price {quote.price} is not on the grid", Reason.PRICE)
        if quote.size % instrument.lot or quote.size < instrument.least_at(quote.price):
            raise _refused(f"size {quote.size} is not a whole number of lots, or worth too little", Reason.LIMIT)
        if whole_quantity(quote.size) != quote.size:
            raise _refused(f"size {quote.size} has more than five significant digits", Reason.LIMIT)
        if quote.expires_at_ms is not None and quote.expires_at_ms <= self._clock.now_ms():
            raise _refused("the order has ended before it was sent", Reason.INVALID)

    async def _answered(
        self, quote: NewQuote, order: SignedOrder, coming: Awaitable[wire.PlaceAnswer], *, is_repeat: bool
    ) -> OrderState:
        word = self._words.setdefault(order.order_hash, asyncio.Event())
        try:
            try:
                reply = await coming
            except Refused as error:
                return await self._adopted(order.order_hash, error, is_repeat=is_repeat)
            if reply.data.order_hash.lower() != order.order_hash:
                raise InDoubt(VENUE, "place", f"the order has another name than computed: {reply.data.order_hash}")
            await self._hear(order.order_hash, word)
        finally:
            self._words.pop(order.order_hash, None)
        known = self._sent.get(order.order_hash)
        state = (known.state if known is not None else None) or _placed(quote, order, self._clock.now_ms())
        if state.status is OrderStatus.FAILED:
            raise _refused("accepted, and then not taken to the book", Reason.OTHER)
        if quote.post_only and not state.filled and state.status is OrderStatus.CANCELLED:
            raise _refused("cancelled when it came to the book, as an order that would have traded", Reason.PRICE)
        return state

    async def _hear(self, order_hash: str, word: asyncio.Event) -> None:
        """Waits for the stream's first word on the order, which usually overtakes the answer."""
        known = self._sent.get(order_hash)
        if not self._session.is_followed or (known is not None and known.state is not None):
            return
        try:
            async with asyncio.timeout(WORD_WITHIN_S):
                await word.wait()
        except TimeoutError:
            return

    async def _adopted(self, order_hash: str, error: Refused, *, is_repeat: bool) -> OrderState:
        """The order that has the name already: what a repeat is refused with is not published. Raises the error where
        there is none."""
        if not is_repeat:
            raise error
        row = await self._trader.order("find", order_hash)
        if row is None:
            raise error
        return self._known(row)

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders cannot be changed here: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return at_once(self._send_cancel, ref)

    def _send_cancel(self, ref: OrderRef) -> Coroutine[Any, Any, None]:
        order_hash = self._hash_of(ref)
        if order_hash is None:
            raise Refused(VENUE, "cancel", "the order has no name at the venue", reason=Reason.UNKNOWN_ORDER)
        return self._cancelled(order_hash, self._rest.remove("cancel", [order_hash]))

    async def _cancelled(self, order_hash: str, coming: Awaitable[wire.RemoveAnswer]) -> None:
        reply = await coming
        if order_hash in _lower(reply.removed):
            return
        if order_hash in _lower(reply.noop):
            raise Refused(VENUE, "cancel", "nothing of the order rests", reason=Reason.UNKNOWN_ORDER)
        if order_hash in _lower(reply.rejected):
            raise Refused(VENUE, "cancel", "the order is locked, as while a match runs", reason=Reason.OTHER)
        raise InDoubt(VENUE, "cancel", "the answer does not name the order")

    async def cancel_all(self) -> None:
        """By the list of what rests, a hundred at a time: the venue has no such request."""
        hashes = [state.venue_ref for state in await self._trader.working(self._sent.ref_of)]
        locked = 0
        for start in range(0, len(hashes), _AT_ONCE):
            reply = await self._rest.remove("cancel all", hashes[start : start + _AT_ONCE])
            locked += len(reply.rejected)
        if locked:
            raise InDoubt(VENUE, "cancel all", f"{locked} orders are locked and still rest")

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        order_hash = self._hash_of(ref)
        if order_hash is None:
            raise CannotTell(VENUE, "find", "the order has no name at the venue")
        row = await self._trader.order("find", order_hash)
        if row is not None:
            return self._known(row)
        self._absence.bear(order_hash)
        return None

    def _hash_of(self, ref: OrderRef) -> str | None:
        return ref.venue_ref or self._sent.id_of(ref.client_ref)

    def _known(self, row: wire.OrderRow) -> OrderState:
        with reading("find"):
            order_hash = row.order.hash.lower()
            return self._sent.told(order_state(row, self._sent.ref_of(order_hash), self._clock.now_ms()))


def _placed(quote: NewQuote, order: SignedOrder, now_ms: int) -> OrderState:
    """An order that was accepted, and of which nothing else is heard."""
    return OrderState.of(quote, order.order_hash, OrderStatus.PLACED, now_ms)


def _lower(hashes: Sequence[str]) -> set[str]:
    return {order_hash.lower() for order_hash in hashes}


def _refused(message: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", message, reason=reason)


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened, and after it is closed, there is no one to tell."""
