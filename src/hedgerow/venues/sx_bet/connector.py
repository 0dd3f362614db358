"""The SX Bet connector: the shell around signing, parsing and the stream.

What is particular here:

- An order's id is computed before it leaves, so a lost answer is resolved by asking for that id, whatever became of it.
- The venue has no post-only orders: a quote that must not take is held against the book first, at once where the
  market is watched, else by a question. What comes into the book in that moment can still be met.
- A market has one contract here, that of its outcome one; what is sold is a bet on outcome two.
- A stake is fixed at the venue, not a number of contracts: one that meets a better price buys more of them.
- The dead man's switch is armed by the first order. Closing cancels what rests and takes it off.

Sources: the SX sheet, read 2026-11-21, and those that it names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.core.tasks import at_once
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
from hedgerow.venues.heartbeat import Heartbeat, Pace
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.account import Trader
from hedgerow.venues.sx_bet.errors import VENUE, order_error, reading, reason_of
from hedgerow.venues.sx_bet.listing import SPORTS, is_hash, listings_of, resolution_of
from hedgerow.venues.sx_bet.orders import SignedOrder, terms_of
from hedgerow.venues.sx_bet.parse import best_of, fill_of, is_since, order_state, placed_state, price_of, refusal_in
from hedgerow.venues.sx_bet.rest import ALL_ORDERS, ORDERS
from hedgerow.venues.sx_bet.sent import Sent
from hedgerow.venues.sx_bet.socket import AccountStream

LAPSE_S = 30
_PACE = Pace(every_s=10.0, retry_s=2.0, lapse_s=LAPSE_S)

GRACE_S = 60
"""How long after an order left, or was first asked for, its absence proves nothing. The venue documents no such time;
it is a margin over the longest wait for an outcome."""

_LATE_MS = 3_600_000
"""How far back of what is asked for fills are looked at: one that is taken back keeps its time."""

_PAGE = "50"
_MOST_CANCELS = 200

_log = structlog.get_logger(__name__)


class SxBet:
    """One account at SX Bet. Implements venues.base.Exchange."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or not of their form."""
        self.manifest = manifest
        self._clock, self._is_alone = context.clock, context.sharers == 1
        self._ws_url, self._egress = context.urls["ws"], context.egress
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._heart = Heartbeat(VENUE, self._beat, context.clock, self._lapsed, _PACE)
        self._stream: AccountStream | None = None
        self._watched: tuple[str, ...] = ()
        self._sent = Sent()
        self._sink: EventSink = _nowhere

    # --- opening and closing -----------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        self._sink = sink
        await self._trader.sign_in()
        self._stream = AccountStream(
            self._ws_url,
            self._trader.wallet.address,
            self._token,
            sink,
            self._clock,
            self._sent.reference_of,
            self._egress,
        )
        self._stream.session.watch(self._watched)
        await self._stream.start()

    async def close(self) -> None:
        is_counted = self._heart.is_beating and self._is_alone
        await self._heart.stop()
        if is_counted:
            try:
                await self.cancel_all()
                await self._arm(0)
            except VenueError as error:
                _log.error("orders may rest until the dead man's switch acts", venue=VENUE, error=str(error))
        if self._stream is not None:
            await self._stream.stop()
        await self._rest.close()

    async def _token(self) -> str:
        return (await self._rest.read(wire.Token, "realtime token", "/user/realtime-token-v3/api-key")).token

    async def _beat(self) -> None:
        await self._arm(LAPSE_S)

    async def _arm(self, timeout_s: int) -> None:
        """Sets the switch to so many seconds from now; 0 takes it off."""
        body = msgspec.json.encode({"timeoutSeconds": timeout_s})
        await self._rest.change(wire.Beat, "heartbeat", "POST", "/heartbeat/v3", body)

    def _lapsed(self, silent_s: float) -> None:
        self._sink(StreamGap(f"no heartbeat for {silent_s:.0f} s: quotes may have been cancelled", is_down=False))

    # --- markets -----------------------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        numbers = SPORTS.get(sport)
        if numbers is None:
            return []
        query = [("sportIds", ",".join(map(str, numbers))), ("pageSize", _PAGE)]
        raws = await self._rest.pages("listings", "/markets/active", "markets", query, key="paginationKey")
        return listings_of(_readable_markets(raws), sport, self._trader.terms)

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._watched = tuple(instrument.ref for instrument in instruments)
        if self._stream is not None:
            self._stream.session.watch(self._watched)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        hashes = list(dict.fromkeys(instrument.ref for instrument in instruments))
        markets = await self._trader.markets("resolutions", hashes)
        with reading("resolutions"):
            ended = [resolution_of(market, self._clock.now_ms()) for market in markets]
        return [one for one in ended if one is not None]

    # --- account -----------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await self._trader.balance()

    async def working(self) -> list[OrderState]:
        return await self._trader.working(self._sent.reference_of)

    async def fills(self, since_ms: int) -> list[Fill]:
        rows = await self._trader.fills("fills", [("startDate", iso_of_ms(max(since_ms - _LATE_MS, 0)))])
        with reading("fills"):
            return [fill_of(row, self._sent.reference_of(row.order_id)) for row in rows if is_since(row, since_ms)]

    # --- orders ------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        signer = self._trader.known_signer
        order_id = signer.order_id(terms_of(quote)) if signer is not None and is_hash(quote.instrument.ref) else None
        return OrderRef(quote.instrument, quote.client_ref, order_id)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        best = self._stream.session.best(quote.instrument.ref) if self._stream is not None else None
        if quote.post_only and best is None:
            return self._looked_and_posted(quote)
        if quote.post_only and best is not None and best.is_met_by(quote.side, quote.price):
            return self._refused_for_crossing()
        return at_once(self._post, quote)

    async def _refused_for_crossing(self) -> OrderState:
        raise _crossing()

    async def _looked_and_posted(self, quote: NewQuote) -> OrderState:
        self._check(quote)
        order_id = self._trader.signer.order_id(terms_of(quote))
        self._sent.note(order_id, quote.client_ref, self._clock.now_ms())
        book = await self._trader.book(quote.instrument.ref)
        with reading("book"):
            if best_of(book).is_met_by(quote.side, quote.price):
                raise _crossing()
            if self._stream is not None:
                self._stream.session.learn(book)
        return await self._post(quote)

    def _check(self, quote: NewQuote) -> None:
        """Raises Refused, with nothing sent, for what the venue would refuse, or could not hold exactly."""
        instrument = quote.instrument
        if quote.price not in instrument.grid:
            raise _refused(f"price {quote.price} is not on the ladder", Reason.PRICE)
        stake = price_of(quote.side, quote.price) * quote.size // MICRO
        if quote.size % instrument.lot or quote.size <= 0 or stake < instrument.min_notional:
            raise _refused(f"size {quote.size} is not a whole number of lots, or worth too little", Reason.LIMIT)
        if not is_hash(instrument.ref):
            raise _refused(f"{instrument.ref[:70]!r} is no market", Reason.INVALID)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        self._check(quote)
        signer = self._trader.signer
        self._rest.take("orders", "place")
        order = signer.sign(terms_of(quote), "GTC", quote.client_ref)
        coming = self._rest.place(order.body)
        self._sent.note(order.order_id, quote.client_ref, self._clock.now_ms())
        self._heart.start()
        return self._answered(quote, order, coming)

    async def _answered(self, quote: NewQuote, order: SignedOrder, coming: Awaitable[wire.PlaceReply]) -> OrderState:
        reply = only_order(await coming)
        if reply.status == "FAILED" or refusal_in(reply.outcome) is not None:
            error = order_error("place", refusal_in(reply.outcome) or reply.reason)
            if error.reason is Reason.DUPLICATE:
                return await self._adopt(quote, order.order_id)
            raise error
        if (reply.order_id or order.order_id).lower() != order.order_id:
            raise InDoubt(VENUE, "place", f"the venue calls it {reply.order_id}, not {order.order_id}")
        with reading("place", changes=True):
            return placed_state(reply, quote, order.order_id, self._clock.now_ms())

    async def _adopt(self, quote: NewQuote, order_id: str) -> OrderState:
        """The order that was sent before; in doubt while the venue does not show it."""
        try:
            found = await self._known(order_id, quote.client_ref)
        except (Refused, Unavailable) as error:
            raise InDoubt(VENUE, "place", f"the order is there already, and not told: {error.message}") from error
        if found is None:
            raise InDoubt(VENUE, "place", "the order is there already, and is not found")
        return found

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders cannot be changed here: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return at_once(self._send_cancel, ref)

    def _send_cancel(self, ref: OrderRef) -> Coroutine[Any, Any, None]:
        if ref.venue_ref is None:
            raise Refused(VENUE, "cancel", "the order has no id of the venue", reason=Reason.UNKNOWN_ORDER)
        body = msgspec.json.encode({"orders": [{"orderId": ref.venue_ref}]})
        return _cancelled(ref.venue_ref, self._rest.change(wire.CancelReply, "cancel", "DELETE", ORDERS, body))

    async def cancel_all(self) -> None:
        """Asks until nothing more is left to be cancelled; the venue then cancels in its own time."""
        for _ in range(_MOST_CANCELS):
            if not (await self._rest.change(wire.Submitted, "cancel all", "DELETE", ALL_ORDERS)).has_more:
                return
        raise InDoubt(VENUE, "cancel all", f"more rests than {_MOST_CANCELS} requests could cancel")

    # --- in doubt ----------------------------------------------------------------------------------------------

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        order_id = ref.venue_ref
        if order_id is None:
            raise CannotTell(VENUE, "find", "the order has no id of the venue")
        found = await self._known(order_id, ref.client_ref)
        if found is None:
            self._bear_absence(order_id, ref.client_ref)
        return found

    async def _known(self, order_id: str, client_ref: str | None) -> OrderState | None:
        row = await self._trader.order("find", order_id)
        with reading("find"):
            return None if row is None else order_state(row, client_ref, self._clock.now_ms())

    def _bear_absence(self, order_id: str, client_ref: str | None) -> None:
        """Raises CannotTell while the order may still be on its way."""
        now_ms = self._clock.now_ms()
        since_ms = self._sent.since_ms(order_id)
        if since_ms is None:
            since_ms = now_ms
            self._sent.note(order_id, client_ref, now_ms)
        if now_ms - since_ms < GRACE_S * 1_000:
            raise CannotTell(VENUE, "find", f"{order_id} is not there, and may still arrive for {GRACE_S} s")


def only_order(reply: wire.PlaceReply) -> wire.Placed:
    """The answer's one order. Raises InDoubt for any other number."""
    if len(reply.orders) != 1:
        raise InDoubt(VENUE, "place", f"the answer tells of {len(reply.orders)} orders, not of one")
    return reply.orders[0]


async def _cancelled(order_id: str, coming: Awaitable[wire.CancelReply]) -> None:
    reply = await coming
    if any(one.order_id.lower() == order_id for one in reply.cancelled):
        return
    why = next((one.reason for one in reply.not_cancelled if one.order_id.lower() == order_id), None)
    if why is not None and reason_of(why) is not None:
        raise order_error("cancel", why)
    raise InDoubt(VENUE, "cancel", f"the answer does not confirm it: {why or 'the order is not named'}")


def _readable_markets(raws: Iterable[msgspec.Raw]) -> Iterator[wire.Market]:
    """One market that cannot be read spoils nothing but itself."""
    for raw in raws:
        try:
            yield read(wire.Market, raw)
        except UnreadableError as error:
            _log.warning("market unreadable", venue=VENUE, error=str(error))


def _crossing() -> Refused:
    return _refused("the quote would take what stands there", Reason.PRICE)


def _refused(why: str, reason: Reason) -> Refused:
    return Refused(VENUE, "place", why, reason=reason)


def _nowhere(event: ExchangeEvent) -> None:
    """Events before the connector is opened, which there are none of."""
