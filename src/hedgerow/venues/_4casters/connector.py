"""The 4casters connector: orders, fills, balance and listings of one account, and its two feeds.

What is particular here:

- An order is named by its placement's `wagerRequestID`; what rests of it is cancelled by another id, which this process
  keeps, or by our reference.
- Our reference comes back with every order and fill and is not checked for being used twice: nothing is sent again, and
  a lost answer is looked up by it. An order that ended with nothing leaves only its own record.
- The venue ends all orders of a game when it starts.
- The dead-man's switch is armed by the first order; how it is taken off is not documented. Closing cancels what rests.

Source: 4casters-io/docs of 2026-08-21, where the sheet says that no reference is public.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, VenueError
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once, spawn, stop
from hedgerow.net.stream import Stream, Target
from hedgerow.venues._4casters import parse, reads, wire
from hedgerow.venues._4casters.errors import VENUE, order_error
from hedgerow.venues._4casters.feeds import Gap, PriceFeed, UserFeed
from hedgerow.venues._4casters.listing import OTHER, SPORTS, listings_of, resolutions_of
from hedgerow.venues._4casters.odds import amount, contracts
from hedgerow.venues._4casters.orders import KnownOrders, quote_body
from hedgerow.venues._4casters.rest import Rest
from hedgerow.venues.base import (
    Balance,
    EventSink,
    ExchangeEvent,
    Fill,
    Instrument,
    Listing,
    Manifest,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    Resolution,
    StreamGap,
    VenueContext,
)
from hedgerow.venues.heartbeat import Heartbeat, Pace
from hedgerow.venues.reading import UnreadableError, reading
from hedgerow.venues.sent import Absence, SentOrders

LAPSE_S = 30
_PACE = Pace(every_s=10.0, retry_s=2.0, lapse_s=LAPSE_S)

_PING_EVERY_S = 10.0
_UP_WITHIN_S = 10.0
_RESULT_EVERY_S, _RESULT_TRIES = 30.0, 120
"""A game that is over is graded some time later."""

_log = structlog.get_logger(__name__)


class FourcastersExchange:
    """One account at 4casters. Implements venues.base.Exchange."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock, self._is_alone = context.clock, context.sharers == 1
        self._rest = Rest(manifest, context)
        self._ws_url, self._egress = context.urls["ws"].rstrip("/"), context.egress
        self._heart = Heartbeat(VENUE, self._beat, context.clock, self._lapsed, _PACE)
        self._sent = SentOrders()
        self._absence = Absence(VENUE, context.clock, self._sent, reads.GRACE_S)
        self._known = KnownOrders()
        self._sink: EventSink = _nowhere
        self._gap = Gap(self._tell, (UserFeed.NAME, PriceFeed.NAME))
        self._user = UserFeed(self._tell, self._gap, self._known)
        self._prices = PriceFeed(self._tell, self._gap, self._ask_for_results)
        self._streams = [
            self._stream("/v2/user", self._user),
            self._stream("/price-stream", self._prices),
        ]
        self._asking: dict[str, asyncio.Task[None]] = {}

    def _stream(self, path: str, feed: UserFeed | PriceFeed) -> Stream:
        def target() -> Target:
            return Target(self._ws_url + path, {"Authorization": self._rest.token.reveal()})

        return Stream(
            f"{VENUE} {feed.NAME} feed",
            target,
            feed,
            ping_every_s=_PING_EVERY_S,
            pong_within_s=_PING_EVERY_S,
            egress=self._egress,
        )

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        self._sink = sink
        await self._rest.open()
        for stream in self._streams:
            stream.start()
        for stream in self._streams:
            if not await stream.wait_up(_UP_WITHIN_S):
                self._gap.announce(f"the {stream.name} could not be opened yet")

    async def close(self) -> None:
        is_counted = self._heart.is_beating and self._is_alone
        await self._heart.stop()
        if is_counted:
            try:
                await self.cancel_all()
            except VenueError as error:
                _log.error("orders may rest until the dead-man's switch acts", venue=VENUE, error=str(error))
        self._sink = _nowhere
        await stop(*self._asking.values())
        for stream in self._streams:
            await stream.stop()
        await self._rest.close()

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._prices.watch(instruments)

    async def _beat(self) -> None:
        await self._rest.change(object, "heartbeat", "/user/ordersHeartbeat", {"timeout": LAPSE_S})

    def _lapsed(self, silent_s: float) -> None:
        self._tell(StreamGap(f"no heartbeat for {silent_s:.0f} s: orders may have been cancelled", is_down=False))

    def _tell(self, event: ExchangeEvent) -> None:
        self._sink(event)

    # --- what the venue lists ---------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        """The match winners of a sport (see `listing`)."""
        word = SPORTS.get(sport)
        if word is None:
            return []
        games = await reads.games(self._rest, "listings", word)
        listed = listings_of(sport, games)
        for game in games:
            self._learn(game)
        return listed

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """Of the contracts that the account's bets were about: the venue tells no other result."""
        rows = await reads.graded_of(self._rest, "resolutions", instruments)
        with reading(VENUE, "resolutions"):
            return resolutions_of(rows, instruments)

    def _ask_for_results(self, instruments: list[Instrument]) -> None:
        game_id = instruments[0].market_ref
        if game_id not in self._asking:
            task = self._asking[game_id] = spawn(self._results(list(instruments)), f"{VENUE} results of {game_id}")
            task.add_done_callback(lambda _: self._asking.pop(game_id, None))

    async def _results(self, instruments: list[Instrument]) -> None:
        """Asks until one of the account's bets on the game is graded."""
        for _ in range(_RESULT_TRIES):
            try:
                found = await self.resolutions(instruments)
            except VenueError as error:
                _log.warning("results not told yet", venue=VENUE, error=str(error))
                found = []
            for one in found:
                self._tell(MarketChange(one.instrument_ref, is_open=False, resolution=one.status))
            if found:
                return
            await self._clock.sleep(_RESULT_EVERY_S, soft=True)

    def _learn(self, game: wire.GameSummary | wire.Game) -> None:
        try:
            self._user.learn(game.id, parse.teams_of(game))
        except UnreadableError as error:
            _log.debug("game without teams", venue=VENUE, game_ref=game.id[:40], error=str(error))

    # --- the account ------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    async def working(self) -> list[OrderState]:
        """The bets say what an order took before it came to rest."""
        rows = await reads.unmatched(self._rest, "working")
        bets = await reads.matched(self._rest, "working") if rows else []
        with reading(VENUE, "working"):
            return self._resting(rows, bets)

    def _resting(self, rows: Iterable[wire.Unmatched], bets: Sequence[wire.Bet]) -> list[OrderState]:
        """Raises UnreadableError."""
        takes = [fill for fill in parse.fills_of(bets) if not fill.is_maker]
        found = []
        for row in rows:
            own = [fill for fill in takes if fill.venue_ref == row.wager_request_id]
            state = parse.resting_state(row, sum(fill.size for fill in own))
            if state is not None:
                self._learn(row.game)
                self._known.note_offer(state.venue_ref, row.id, state.size)
                for fill in own:
                    self._known.note_taken(fill.venue_ref, fill.trade_ref, fill.size)
                found.append(state)
        return found

    async def fills(self, since_ms: int) -> list[Fill]:
        """A bet that is graded meanwhile is in the later list."""
        bets = await reads.matched(self._rest, "fills")
        bets += await reads.graded_since(self._rest, "fills", since_ms)
        with reading(VENUE, "fills"):
            return parse.fills_of(bets, since_ms)

    # --- orders -----------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends the order. What is noted of it follows in the same turn, before anything can be heard of it."""
        now_ms = self._clock.now_ms()
        coming = self._rest.place(quote_body(quote, now_ms))
        self._sent.add(quote.client_ref, quote, now_ms)
        self._note_teams(quote.instrument)
        self._heart.start()
        return self._answered(quote, coming)

    def _note_teams(self, instrument: Instrument) -> None:
        named = parse.parts_of(instrument.ref)
        if named is not None and named[2] == parse.MONEYLINE:
            self._user.learn(named[0], parse.Teams(named[1], instrument.meta.get(OTHER, "")))

    async def _answered(self, quote: NewQuote, coming: Awaitable[wire.PlacedData]) -> OrderState:
        session = only_session(await coming)
        try:
            state = parse.placed_state(session, quote, self._clock.now_ms())
            for fill in session.matched or ():
                size = contracts(fill.odds, amount(fill.amount, "amount"))
                self._known.note_taken(state.venue_ref, fill.tx_id, size)
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
        offer = parse.offer_in(session)
        if offer is not None and offer.order_id is not None:
            self._known.note_offer(state.venue_ref, offer.order_id, state.size)
        return state

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "an edit here is a cancel that may lose the order", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        """By the id of what rests, where this process knows it."""
        order_id = self._known.offer_of(ref.venue_ref)
        if order_id is not None:
            return at_once(self._send_cancel, order_id)
        return self._found_and_cancelled(ref)

    def _send_cancel(self, order_id: str) -> Coroutine[Any, Any, None]:
        coming = self._rest.change(wire.Cancelled, "cancel", "/session/cancel", {"sessionID": order_id})
        return _expect_cancelled(coming)

    async def _found_and_cancelled(self, ref: OrderRef) -> None:
        if ref.client_ref is not None:
            body = {"gameID": ref.instrument.market_ref, "userReferences": [ref.client_ref]}
            told = await self._rest.change(list[wire.Cancelled], "cancel", "/session/cancelByReference", body)
            if not any(one.success for one in told):
                raise _unknown("no order with the reference rests")
            return
        rows = await reads.unmatched(self._rest, "cancel")
        row = next((row for row in rows if row.wager_request_id == ref.venue_ref), None)
        if row is None:
            raise _unknown("the order does not rest")
        await self._send_cancel(row.id)

    async def cancel_all(self) -> None:
        told = await self._rest.change(list[wire.Cancelled], "cancel all", "/session/cancelAllOrders", {})
        failed = [one.reason or "" for one in told if not one.success]
        if failed and await reads.unmatched(self._rest, "cancel all"):
            raise InDoubt(VENUE, "cancel all", f"{len(failed)} orders could not be cancelled: {failed[0][:80]}")

    # --- in doubt ---------------------------------------------------------------------------------------------

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By our reference: what rests of it, what it filled, or that it was cancelled."""
        if ref.client_ref is None:
            raise CannotTell(VENUE, "find", "the order has no reference of ours")
        told = await reads.by_reference(self._rest, "find", ref.client_ref, ref.instrument.market_ref)
        bets = [*told.matched, *told.graded]
        sent = self._sent.get(ref.client_ref)
        with reading(VENUE, "find"):
            resting = self._resting(told.unmatched, bets)
            fills = parse.fills_of(bets)
        if resting:
            return resting[0]
        if fills:
            return parse.ended_state(fills, None if sent is None else sent.quote)
        order_id = self._known.offer_of(ref.venue_ref)
        if order_id is not None and sent is not None:
            return await self._cancelled_state(ref, order_id, sent.quote)
        self._absence.bear(ref.client_ref, has_arrived=ref.has_arrived)
        return None

    async def _cancelled_state(self, ref: OrderRef, order_id: str, quote: NewQuote) -> OrderState:
        """Of an order that rested once, and of which nothing is listed: by its own record."""
        order = (await self._rest.read(wire.LookupData, "order", "/session/lookupOrder", {"orderID": order_id})).order
        if not order.cancelled or ref.venue_ref is None:
            raise CannotTell(VENUE, "find", "the order is neither listed nor said to be cancelled")
        return OrderState(
            ref.venue_ref,
            quote.client_ref,
            quote.instrument.ref,
            quote.side,
            quote.price,
            quote.size,
            Micros(0),
            OrderStatus.CANCELLED,
            self._clock.now_ms(),
        )


async def _expect_cancelled(coming: Awaitable[wire.Cancelled]) -> None:
    """Raises Refused with Reason.UNKNOWN_ORDER where the order does not rest."""
    told = await coming
    if not told.success:
        raise _unknown(told.reason or "the order could not be cancelled")


def _unknown(why: str) -> Refused:
    return Refused(VENUE, "cancel", why, reason=Reason.UNKNOWN_ORDER)


def only_session(told: wire.PlacedData) -> wire.Session:
    """What became of the one order of a placement. Raises what it was refused with, and InDoubt for another count."""
    if len(told.created_sessions) != 1:
        raise InDoubt(VENUE, "place", f"the answer is about {len(told.created_sessions)} orders")
    session = told.created_sessions[0]
    if session.error is not None or session.error_type is not None:
        raise order_error(session.error or "not processed", session.error_type)
    return session


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened, and after it is closed, there is no one to tell."""
