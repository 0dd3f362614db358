"""The Polymarket connector: the shell around signing, parsing and the two conversations.

What is particular here:

- An order's id is computed before it leaves, so a lost answer is resolved by asking for that id. The venue keeps no
  reference of ours: `working` gives none for orders that another process sent.
- The dead-man's switch is armed by the first order and cannot be disarmed. From then on closing cancels what rests:
  left alone, the venue would do it ten seconds later.
- Orders that do not fit into their budget are refused to the caller, unsent; nothing waits in line. Cancels have a
  budget of their own at the venue and are sent in any case.

Sources: Polymarket documentation, read 2026-11-21, and the official SDK polymarket-client 0.14.0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once
from hedgerow.venues.base import (
    Balance,
    EventSink,
    ExchangeEvent,
    Fee,
    Fill,
    Instrument,
    Listing,
    Manifest,
    NewQuote,
    OrderRef,
    OrderState,
    PublicSink,
    Resolution,
    StreamGap,
    VenueContext,
)
from hedgerow.venues.batches import Fates, one_by_one
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.account import Trader
from hedgerow.venues.polymarket.auth import channel_login
from hedgerow.venues.polymarket.channels import Channels
from hedgerow.venues.polymarket.errors import VENUE, VERSION_MISMATCH, reading, text_error, tick_in
from hedgerow.venues.polymarket.heartbeat import Heartbeat
from hedgerow.venues.polymarket.listing import MONEYLINE, SPORTS_FEE, listings_of, resolutions_of
from hedgerow.venues.polymarket.orders import (
    SHORTEST_EXPIRATION_S,
    OrderSigner,
    SignedOrder,
    lifetime_of,
    salt_and_timestamp,
)
from hedgerow.venues.polymarket.parse import fills_of, order_state, placed_state, tick_change, traded_state
from hedgerow.venues.polymarket.rest import Query
from hedgerow.venues.polymarket.stream import UserSession
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sent import Absence, SentOrders

OPEN_WITHIN_S = 10.0
"""How long opening waits for the user channel before it goes on without."""

GRACE_S = 60
"""How long after an order left, or was first asked for, its absence proves nothing: placements have come through
after many seconds (Polymarket/clob-client issue 244, ts-sdk issue 98)."""

_CONDITIONS_AT_ONCE = 50

_log = structlog.get_logger(__name__)


class Polymarket:
    """One account at Polymarket. Implements venues.base.Exchange."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or do not fit together."""
        self.manifest = manifest
        self._clock, self._is_alone = context.clock, context.sharers == 1
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._channels = Channels(context.urls["ws"], context.egress)
        self._heart = Heartbeat(self._rest.beat, context.clock, self._lapsed)
        self._sent = SentOrders()
        self._absence = Absence(VENUE, context.clock, self._sent, GRACE_S)
        self._fees: dict[str, Fee] = {}
        self._sink: EventSink = _nowhere

    # --- opening and closing -----------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        self._sink = sink
        key = await self._trader.sign_in()
        is_ready = asyncio.Event()
        session = UserSession(
            lambda: channel_login(key), self._trader.owner, self._sent, self._fee_of, self._clock, sink, is_ready.set
        )
        await self._channels.open(session, is_ready, OPEN_WITHIN_S)

    def show_books(self, sink: PublicSink) -> None:
        self._channels.shown = sink

    async def close(self) -> None:
        is_counted = self._heart.is_beating and self._is_alone
        await self._heart.stop()
        if is_counted:
            try:
                await self.cancel_all()
            except VenueError as error:
                _log.error("orders may rest until the dead-man's switch acts", venue=VENUE, error=str(error))
        await self._channels.close()
        await self._rest.close()

    def _lapsed(self, silent_s: float) -> None:
        self._sink(StreamGap(f"no heartbeat for {silent_s:.0f} s: quotes may have been cancelled", is_down=False))

    # --- markets -----------------------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        query = [("closed", "false"), ("sports_market_types", MONEYLINE), ("include_tag", "true")]
        return listings_of([market async for market in self._rest.markets("listings", query)], sport)

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._fees = {instrument.ref: instrument.taker_fee for instrument in instruments}
        await self._channels.follow([instrument.ref for instrument in instruments], self._sink)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        wanted = {instrument.ref: instrument for instrument in instruments}
        conditions = sorted({instrument.market_ref for instrument in instruments})
        found: list[Resolution] = []
        for start in range(0, len(conditions), _CONDITIONS_AT_ONCE):
            asked = conditions[start : start + _CONDITIONS_AT_ONCE]
            query = [("closed", "true"), *(("condition_ids", condition) for condition in asked)]
            markets = [market async for market in self._rest.markets("resolutions", query)]
            found += resolutions_of(markets, wanted, self._clock.now_ms())
        return found

    # --- account -----------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await self._trader.balance(self.working)

    async def working(self) -> list[OrderState]:
        raws = await self._rest.pages("working", "/data/orders")
        with reading("working"):
            states = [self._told(read(wire.OpenOrder, raw)) for raw in raws]
        return [state for state in states if state.status.is_open]

    async def fills(self, since_ms: int) -> list[Fill]:
        # The venue's times are whole seconds, so the second in which `since_ms` lies belongs to the answer.
        since_s = since_ms // 1000
        found = await self._trades("fills", [("after", str(max(since_s - 1, 0)))])
        return sorted((fill for fill in found if fill.at_ms >= since_s * 1000), key=lambda fill: fill.at_ms)

    async def _trades(self, operation: str, query: Query) -> list[Fill]:
        """Our legs of all trades for a query."""
        trades = await self._trader.trades(operation, query)
        owner = self._trader.owner
        with reading(operation):
            return [fill for trade in trades for fill in fills_of(trade, owner, self._fee_of, self._sent.ref_of)]

    def _fee_of(self, token: str) -> Fee:
        return self._fees.get(token, SPORTS_FEE)

    # --- orders ------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        order_id, signer = self._sent.id_of(quote.client_ref), self._trader.known_signer
        if order_id is None and signer is not None:
            order_id = signer.order_id(quote)
        return OrderRef(quote.instrument, quote.client_ref, order_id)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return self._placed(quote, at_once(self._post, quote))

    def expect(self, client_ref: str) -> None:
        salt_and_timestamp(client_ref)

    def rehearse(self, quote: NewQuote) -> None:
        if (signer := self._trader.known_signer) is not None:
            self._rest.rehearse(signer.sign(quote).body)

    async def _placed(self, quote: NewQuote, answer: Awaitable[OrderState]) -> OrderState:
        try:
            return await answer
        except Refused as error:
            self._learn_tick(quote, error)
            if VERSION_MISMATCH not in error.message or not await self._trader.read_version():
                raise
        # The order was refused, so another one for the exchange's present version cannot be its double.
        return await self._post(quote)

    def _check(self, quote: NewQuote) -> OrderSigner:
        """What signs the quote. Refused, with nothing sent, when the venue would refuse it, or worse, round it."""
        instrument = quote.instrument
        signer = self._trader.signer
        if quote.price not in instrument.grid:
            raise _refused(f"price {quote.price} is not on the grid", Reason.PRICE)
        if quote.size % instrument.lot or quote.size < instrument.min_size:
            raise _refused(f"size {quote.size} is not a whole number of lots, or too small", Reason.LIMIT)
        expiration = lifetime_of(quote).expiration
        if expiration and expiration < self._clock.now_ms() // 1000 + SHORTEST_EXPIRATION_S:
            raise _refused("the venue takes no order that lives for less than two minutes", Reason.INVALID)
        return signer

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        signer = self._check(quote)
        self._rest.take("orders", "place")
        order = signer.sign(quote)
        coming = self._rest.place(order.body)
        self._heart.start()
        self._sent.add(order.order_id, quote, self._clock.now_ms())
        self._fees.setdefault(quote.instrument.ref, quote.instrument.taker_fee)
        return self._answered(quote, order, coming)

    async def _answered(self, quote: NewQuote, order: SignedOrder, coming: Awaitable[wire.PlaceReply]) -> OrderState:
        reply = await coming
        if reply.errorMsg or not reply.success or not reply.orderID:
            raise text_error("place", reply.errorMsg or "", changes=True)
        order_id = reply.orderID.lower()
        if order_id != order.order_id:
            _log.error("order has another id than computed", venue=VENUE, computed=order.order_id, told=order_id)
            self._sent.add(order_id, quote, self._clock.now_ms())
        try:
            state = placed_state(reply, quote, order_id, self._clock.now_ms())
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
        return self._sent.told(state)

    def _learn_tick(self, quote: NewQuote, error: Refused) -> None:
        """A refusal for the price names the market's present tick, which the market channel may not have told yet."""
        tick = tick_in(error.message)
        if tick is None:
            return
        try:
            self._sink(tick_change(quote.instrument.ref, tick))
        except UnreadableError as unreadable:
            _log.warning("tick not learned", venue=VENUE, error=str(unreadable))

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders cannot be changed here: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return at_once(self._send_cancel, ref)

    def _send_cancel(self, ref: OrderRef) -> Coroutine[Any, Any, None]:
        order_id = self._id_of(ref)
        if order_id is None:
            raise Refused(VENUE, "cancel", "the order has no id of the venue", reason=Reason.UNKNOWN_ORDER)
        body = msgspec.json.encode({"orderID": order_id})
        return self._cancelled(order_id, self._rest.cancel("cancel", "/order", body))

    async def _cancelled(self, order_id: str, coming: Awaitable[wire.CancelReply]) -> None:
        error = _fate(await coming, order_id)
        if error is not None:
            raise error

    def cancel_many(self, refs: Sequence[OrderRef]) -> list[Coroutine[Any, Any, OrderState | None]]:
        order_ids = [order_id for ref in refs if (order_id := self._id_of(ref)) is not None]
        answers = iter(one_by_one(at_once(self._send_cancels, order_ids), order_ids) if order_ids else ())
        return [self.cancel(ref) if self._id_of(ref) is None else next(answers) for ref in refs]

    def _send_cancels(self, order_ids: Sequence[str]) -> Coroutine[Any, Any, Fates]:
        return self._fates(order_ids, self._rest.cancel("cancel", "/orders", msgspec.json.encode(order_ids)))

    async def _fates(self, order_ids: Sequence[str], coming: Awaitable[wire.CancelReply]) -> Fates:
        reply = await coming
        return {order_id: _fate(reply, order_id) for order_id in order_ids}

    def _id_of(self, ref: OrderRef) -> str | None:
        return self._sent.id_of(ref.client_ref) or ref.venue_ref

    async def cancel_all(self) -> None:
        reply = await self._rest.cancel("cancel all", "/cancel-all")
        for order_id, why_not in (reply.not_canceled or {}).items():
            error = text_error("cancel all", why_not, changes=True)
            if not (isinstance(error, Refused) and error.reason is Reason.UNKNOWN_ORDER):
                raise InDoubt(VENUE, "cancel all", f"{order_id} and maybe others still rest: {why_not}")

    # --- in doubt ----------------------------------------------------------------------------------------------

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        # An order that was signed again for another exchange version has a later id than the reference says.
        order_ids = dict.fromkeys(filter(None, (self._sent.id_of(ref.client_ref), ref.venue_ref)))
        if not order_ids:
            raise CannotTell(VENUE, "find", "the order has no id of the venue")
        for order_id in order_ids:
            state = await self._resting(order_id) or await self._ended(order_id, ref)
            if state is not None:
                return state
        for order_id in order_ids:
            self._absence.bear(order_id, has_arrived=ref.has_arrived and order_id == ref.venue_ref)
        return None

    async def _resting(self, order_id: str) -> OrderState | None:
        """The order in the venue's list of those that rest; None when it is not there."""
        order = await self._trader.open_order("find", order_id)
        if order is None:
            return None
        with reading("find"):
            return self._told(order)

    async def _ended(self, order_id: str, ref: OrderRef) -> OrderState | None:
        """The order by what it traded, or by what the venue said of it before; None when there is neither."""
        trades = await self._trades("find", [("market", ref.instrument.market_ref)])
        known = self._sent.get(order_id)
        legs = [fill for fill in trades if fill.venue_ref == order_id]
        if legs:
            return traded_state(legs, known.quote if known is not None else None)
        if known is None or known.state is None:
            return None
        if known.state.status.is_open:
            return replace(known.state, status=OrderStatus.CANCELLED, reason="rests no more and did not trade")
        return known.state

    def _told(self, order: wire.OpenOrder) -> OrderState:
        state = order_state(order, self._sent.ref_of(order.id), self._clock.now_ms())
        self._sent.told(state)
        return state


def _fate(reply: wire.CancelReply, order_id: str) -> VenueError | None:
    """Why an order was not cancelled; None: it was."""
    why_not = (reply.not_canceled or {}).get(order_id)
    if why_not is not None:
        return text_error("cancel", why_not, changes=True)
    if order_id not in (reply.canceled or ()):
        return InDoubt(VENUE, "cancel", "the answer does not name the order")
    return None


def _refused(message: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", message, reason=reason)


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened there is no one to tell."""
