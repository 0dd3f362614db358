"""The ProphetX connector: orders, fills, balance and listings of one account.

What is particular here:

- Our reference is unique at the venue: a lost answer is looked up by it, and a repeat is refused.
- Nothing ends by itself and nothing is changed in place: an expiry is a cancel that is sent when it is due. There is no
  dead-man's switch; what rests stays when this process goes, until somebody cancels it.
- The socket is authorised by a request, again with every new token. What it cannot tell is asked for: after each break,
  and every quarter of an hour.

Sources: docs.prophetx.co, pages of August and September 2026; the venue's sheet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any
from urllib.parse import quote as quoted

import structlog

from hedgerow import __version__
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
from hedgerow.venues.expiries import Expiries
from hedgerow.venues.opening import await_stream
from hedgerow.venues.prophetx import listing, reads, settled, wire
from hedgerow.venues.prophetx.errors import NOTHING_RESTS, VENUE, reading
from hedgerow.venues.prophetx.listing import TOURNAMENT
from hedgerow.venues.prophetx.orders import Memory, quote_body
from hedgerow.venues.prophetx.parse import Sides, fill_of, identity, row_time_ms, time_ms
from hedgerow.venues.prophetx.rest import CANCEL, CANCEL_ALL, Rest
from hedgerow.venues.prophetx.stream import PING, PING_EVERY_S, Session
from hedgerow.venues.reading import UnreadableError

TURN_S = 1.0
_LOOK_EVERY_MS, _CONNECTION_EVERY_MS, _CONNECTION_AGAIN_MS = 15 * 60_000, 30 * 60_000, 30_000

_log = structlog.get_logger(__name__)


class ProphetXExchange:
    """One account at ProphetX. Implements venues.base.Exchange."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock = context.clock
        self._scheme = "wss" if context.urls["rest"].startswith("https") else "ws"
        self._is_late = is_late(context)
        self._rest = Rest(manifest, context)
        self._sides = Sides()
        self._memory = Memory(self._sides)
        self._expiries = Expiries(self.cancel)
        self._tournaments: list[str] = []
        self._connection: wire.Connection | None = None
        self._started_ms = self._looked_ms = self._connection_read_ms = self._clock.now_ms()
        self._sink: EventSink = _nowhere
        self._ready = asyncio.Event()
        self._session = Session(
            self._memory,
            context.clock,
            self._told,
            self._ready.set,
            authorise=self._start_authorising,
            reconnect=self._reconnect,
        )
        self._stream = Stream(VENUE, self._target, self._session, says=(PING, PING_EVERY_S), egress=context.egress)
        self._authorising: asyncio.Task[None] | None = None
        self._upkeep: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Raises Refused for wrong keys."""
        self._sink = sink
        await self._rest.open()
        self._connection = await self._rest.connection()
        self._stream.start()
        self._upkeep = spawn(self._keep_up(), f"{VENUE} upkeep", is_vital=True)
        await await_stream(self._ready, self._session.announce_gap)

    async def close(self) -> None:
        self._sink = _nowhere
        await self._stream.stop()
        await stop(self._upkeep, self._authorising)
        await self._rest.close()

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._sides.learn(instruments)
        markets: dict[str, list[str]] = {}
        for instrument in instruments:
            markets.setdefault(instrument.market_ref, []).append(instrument.ref)
        self._session.watch(markets)
        named = {instrument.meta[TOURNAMENT]: None for instrument in instruments if TOURNAMENT in instrument.meta}
        if list(named) != self._tournaments:
            self._tournaments = list(named)
            self._authorise_again()

    def _told(self, event: ExchangeEvent) -> None:
        self._sink(event)

    # --- the socket -------------------------------------------------------------------------------------------

    def _target(self) -> Target:
        """Where the venue says that the socket is."""
        known = self._connection or wire.Connection("")
        host = known.ws_host or f"ws-{known.cluster}.pusher.com"
        path = f"/app/{quoted(known.key, safe='')}?protocol=7&client=hedgerow&version={__version__}"
        return Target(f"{self._scheme}://{host}{path}")

    def _reconnect(self) -> None:
        self._stream.reconnect()

    def _start_authorising(self, socket_id: str) -> None:
        if self._authorising is not None:
            self._authorising.cancel()
        self._authorising = spawn(self._authorise(socket_id), f"{VENUE} channels")

    def _authorise_again(self) -> None:
        if self._session.socket_id:
            self._start_authorising(self._session.socket_id)

    async def _authorise(self, socket_id: str) -> None:
        try:
            told = await self._rest.register(socket_id, self._tournaments)
        except VenueError as error:
            _log.warning("channels not authorised", venue=VENUE, error=str(error))
            self._reconnect()
        else:
            self._session.authorised(socket_id, told)

    # --- upkeep -----------------------------------------------------------------------------------------------

    async def _keep_up(self) -> None:
        while True:
            await self._clock.sleep(TURN_S, soft=True)
            await self.turn()

    async def turn(self) -> None:
        """What is due: cancels of what expired, a new token, a new socket where one is silent, a look at everything."""
        await self._expiries.cancel_due(self._clock.now_ms())
        if self._session.is_silent:
            self._session.announce_gap("nothing was heard for too long")
            self._reconnect()
        now_ms = self._clock.now_ms()
        if now_ms - self._looked_ms >= _LOOK_EVERY_MS:
            self._looked_ms = now_ms
            self._session.missed("what the socket cannot tell is looked at")
        try:
            if await self._rest.keep_fresh():
                self._authorise_again()
            await self._look_at_connection(now_ms)
        except VenueError as error:
            _log.warning("upkeep failed", venue=VENUE, error=str(error))

    async def _look_at_connection(self, now_ms: int) -> None:
        every_ms = _CONNECTION_EVERY_MS if self._session.is_followed else _CONNECTION_AGAIN_MS
        if now_ms - self._connection_read_ms < every_ms:
            return
        self._connection_read_ms = now_ms
        told = await self._rest.connection()
        if told != self._connection:
            self._connection = told
            self._reconnect()

    # --- what the venue lists ---------------------------------------------------------------------------------

    async def listings(self, sport: str) -> list[Listing]:
        """The moneylines of a sport (see `listing`)."""
        names = listing.SPORTS.get(sport, frozenset())
        found: list[Listing] = []
        for tournament in await reads.tournaments(self._rest) if names else ():
            if tournament.sport is None or tournament.sport.name.casefold() not in names:
                continue
            events = await reads.events(self._rest, "listings", {"tournament_id": str(tournament.id)})
            with reading("listings"):
                ids = [identity(event.event_id, "event_id") for event in events]
            markets = await reads.markets(self._rest, "listings", ids)
            for event in events:
                found += listing.listings_of(sport, tournament, event, markets.get(str(event.event_id), []))
        self._sides.learn(one.instrument for one in found)
        return found

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """Of the contracts that the account's orders were about: the venue tells no other result."""
        found: list[Resolution] = []
        by_market: dict[str, list[Instrument]] = {}
        for instrument in instruments:
            by_market.setdefault(instrument.market_ref, []).append(instrument)
        for market, ours in by_market.items():
            event_id, _, market_id = market.partition(":")
            query = {"event_id": event_id, "market_id": market_id}
            rows = await reads.matched(self._rest, "resolutions", self._clock.now_ms(), query)
            parts = await reads.parts(self._rest, "resolutions", rows)
            with reading("resolutions"):
                gains = settled.gains_of(rows, parts)
                ended = [settled.resolution_of(instrument, rows, gains) for instrument in ours]
            found += [one for one in ended if one is not None]
        return found

    async def _learn(self, operation: str, rows: Sequence[wire.Order]) -> None:
        """Which sides the strikes of orders are, where that is not known: of an earlier process."""
        with reading(operation):
            unknown = {identity(row.sport_event_id, "event id") for row in rows if row.strike_id not in self._sides}
        if not unknown:
            return
        ids = sorted(unknown)
        events = await reads.events(self._rest, operation, {"event_ids": ",".join(ids)})
        markets = await reads.markets(self._rest, operation, ids)
        for event in events:
            for market in markets.get(str(event.event_id), []):
                try:
                    self._sides.learn([listing.instrument_of(event.event_id, market, event)])
                except UnreadableError:  # no match of two: none of ours
                    continue

    # --- the account ------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency, is_late=self._is_late)

    async def working(self) -> list[OrderState]:
        rows = await reads.working(self._rest, self._clock.now_ms())
        await self._learn("working", rows)
        with reading("working"):
            states = [self._memory.state(row, row_time_ms(row)) for row in rows]
        return [state for state in states if state.status.is_open]

    async def fills(self, since_ms: int) -> list[Fill]:
        rows = await reads.changed(self._rest, "fills", since_ms, self._clock.now_ms())
        parts = await reads.parts(self._rest, "fills", rows)
        filled = [row for row in rows if row.order_id in parts]
        await self._learn("fills", filled)
        with reading("fills"):
            found = [
                fill_of(part, row, self._sides, self._memory.quote(row), time_ms(row.created_at, "created_at"))
                for row in reversed(filled)
                for part in parts[row.order_id]
                if part.at_ms >= since_ms
            ]
        return sorted(found, key=lambda fill: fill.at_ms)

    # --- orders -----------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        return at_once(self._send, quote)

    def _send(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        coming = self._rest.place(quote_body(quote))
        self._memory.expect(quote, self._clock.now_ms())
        if quote.expires_at_ms is not None:
            self._expiries.note(quote.client_ref, self.ref_of(quote), quote.expires_at_ms)
        return self._placed(quote, coming)

    async def _placed(self, quote: NewQuote, coming: Awaitable[wire.PlacedAnswer]) -> OrderState:
        try:
            row = (await coming).data.order
            state = self._read_answer(quote, row)
        except InDoubt:
            raise
        except VenueError:
            self._expiries.drop(quote.client_ref)
            raise
        if quote.expires_at_ms is not None:
            named = OrderRef(quote.instrument, quote.client_ref, state.venue_ref)
            self._expiries.note(quote.client_ref, named, quote.expires_at_ms)
        return state

    def _read_answer(self, quote: NewQuote, row: wire.Order) -> OrderState:
        """Raises Refused for an order that the venue took and then found invalid: one that must not trade would have;
        of others the balance, as the venue's documents say."""
        with reading("place", changes=True):
            state = self._memory.state(row, self._clock.now_ms())
        if state.client_ref != quote.client_ref:
            raise InDoubt(VENUE, "place", "the answer is about another order")
        if state.status is OrderStatus.FAILED:
            reason = Reason.PRICE if quote.post_only else Reason.FUNDS
            raise Refused(VENUE, "place", "the order did not become active", reason=reason, code=row.status)
        return state

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        raise Refused(VENUE, "amend", "orders are not changed: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        """The venue wants both names of an order: what is missing is looked up first."""
        if ref.venue_ref is None or ref.client_ref is None:
            return self._found_and_cancelled(ref)
        return at_once(self._send_cancel, ref.venue_ref, ref.client_ref)

    def _send_cancel(self, order_id: str, reference: str) -> Coroutine[Any, Any, None]:
        return self._cancelled(self._rest.change("cancel", CANCEL, wire.Cancel(order_id, reference), wire.DoneAnswer))

    async def _cancelled(self, coming: Awaitable[wire.DoneAnswer]) -> None:
        if not (await coming).data.success:
            raise InDoubt(VENUE, "cancel", "the venue does not say that it succeeded")

    async def _found_and_cancelled(self, ref: OrderRef) -> None:
        found = await self.find_order(ref)
        if found is None or found.client_ref is None:
            raise Refused(VENUE, "cancel", "the order never arrived", reason=Reason.UNKNOWN_ORDER)
        await self._send_cancel(found.venue_ref, found.client_ref)

    async def cancel_all(self) -> None:
        try:
            await self._cancelled(self._rest.change("cancel all", CANCEL_ALL, None, wire.DoneAnswer))
        except Refused as refusal:
            if refusal.code != NOTHING_RESTS:
                raise

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By the venue's id, or by our reference among those that were placed about then. An order of an earlier
        process counts as sent when this connector was made."""
        self._sides.learn([ref.instrument])
        if ref.venue_ref is not None:
            row: wire.Order | None = await reads.order(self._rest, quoted(ref.venue_ref, safe=""))
        elif ref.client_ref is not None:
            sent_ms = self._memory.sent_ms(ref.client_ref)
            left_ms, since_ms = (self._started_ms, 0) if sent_ms is None else (sent_ms, sent_ms)
            row = await reads.named(self._rest, self._clock, ref.client_ref, left_ms, since_ms=since_ms)
        else:
            raise CannotTell(VENUE, "find", "the order has neither our reference nor the venue's")
        if row is None:
            return None
        await self._learn("find", [row])
        with reading("find"):
            return self._memory.state(row, row_time_ms(row))


def is_late(context: VenueContext) -> bool:
    """Whether the account's stakes leave its balance only at settlement, as its operator says."""
    told = context.account.credentials.get("deduction")
    return told is not None and told.reveal().strip().casefold() == "late"


def _nowhere(event: ExchangeEvent) -> None:
    """Before the connector is opened, and after it is closed, there is no one to tell."""
