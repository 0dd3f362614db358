"""The Betfair Exchange connector: bets that rest, fills, balance, listings and the stream of one account.

Orders and fills are contracts that pay 1 (docs/decisions/0196). The venue has no post-only orders and no expiry: the
first is looked at in the book before a quote leaves, the second is a cancel of ours in time, with the dead-man's switch
behind it. Source: the venue's sheet.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import Micros, micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once, spawn, stop, work
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
from hedgerow.venues.betfair_ex import markets, parse, reads, wire
from hedgerow.venues.betfair_ex.auth import trusting
from hedgerow.venues.betfair_ex.errors import VENUE, report_error
from hedgerow.venues.betfair_ex.fills import FillReader, took
from hedgerow.venues.betfair_ex.heartbeat import Heartbeat
from hedgerow.venues.betfair_ex.ladder import LADDER
from hedgerow.venues.betfair_ex.orders import CANCEL, PLACE, cancel_params, place_params
from hedgerow.venues.betfair_ex.parse import MalformedError
from hedgerow.venues.betfair_ex.rest import Rest, certain
from hedgerow.venues.betfair_ex.stream import AccountStream
from hedgerow.venues.expiries import Expiries

_log = structlog.get_logger(__name__)

EXPIRY_CHECK_S = 0.5

_REMEMBERED = 10_000
_MOST_PAGES = 20

Tops = tuple[Decimal | None, Decimal | None]
"""The best odds to back and to lay."""


class BetfairExchange:
    """One account at Betfair."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        account, self._clock = context.account, context.clock
        orders, read = (context.share_of(manifest.rates[name]) for name in ("orders", "reads"))
        self._rest = Rest(context, orders, read)
        self._trusting = trusting(account.credentials)
        self._account, self._url, self._egress = account, context.urls["stream"], context.egress
        self._is_alone = context.sharers == 1
        self._sink: EventSink = _nobody
        self._fills = FillReader(self._rest, self._clock, self._tell)
        self._heart = Heartbeat(self._rest, self._clock, self._lapsed)
        self._stream: AccountStream | None = None
        self._watched: tuple[str, ...] = ()
        self._unanswered: OrderedDict[str, int] = OrderedDict()
        self._expiries = Expiries(self.cancel)
        self._tending: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._started_ms = self._clock.now_ms()

    # --- life ---------------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        """Logs in, then starts the stream. Raises Refused for wrong keys."""
        self._sink = sink
        await self._rest.open()
        await self._rest.read("open", "AccountAPING/v1.0/getAccountFunds", {}, wire.Funds)  # proves the key
        self._fills.start()
        self._tending = spawn(self._tend(), "betfair expiries", is_vital=True)
        self._stream = AccountStream(
            self._account.username,
            self._url,
            self._trusting,
            sink,
            self._clock,
            lambda: (self._rest.identity.app_key, self._rest.identity.token),
            self._fills.matched,
            self._expired,
            self._egress,
        )
        self._stream.session.watch(self._watched)
        await self._stream.start()

    async def close(self) -> None:
        """What rests is cancelled where nobody else tends the account: the switch would do it a little later."""
        is_counted = self._heart.is_beating and self._is_alone
        await self._heart.stop()
        await stop(self._tending, self._renewing)
        if is_counted:
            try:
                await self.cancel_all()
            except VenueError as error:
                _log.error("bets may rest until the dead-man's switch acts", venue=VENUE, error=str(error))
        if self._stream is not None:
            await self._stream.stop()
        await self._fills.stop()
        await self._rest.close()

    async def _tend(self) -> NoReturn:
        while True:
            await self._clock.sleep(EXPIRY_CHECK_S, soft=True)
            with work.unit():
                await self._expiries.cancel_due(self._clock.now_ms())

    def _tell(self, event: ExchangeEvent) -> None:
        self._sink(event)

    def _lapsed(self, action: str) -> None:
        self._sink(StreamGap(f"the dead-man's switch has acted: {action}", is_down=False))

    def _expired(self) -> None:
        """The stream's session is over: a new one is opened, for the next attempt."""
        token = self._rest.identity.token
        if self._renewing is None or self._renewing.done():
            self._renewing = spawn(self._renew(token), "betfair login")

    async def _renew(self, token: str) -> None:
        try:
            await self._rest.identity.renew(token)
        except VenueError as error:
            _log.error("login failed", venue=VENUE, error=str(error))

    # --- markets ------------------------------------------------------------------------------------------------

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._watched = tuple(instrument.ref for instrument in instruments)
        if self._stream is not None:
            self._stream.session.watch(self._watched)

    async def listings(self, sport: str) -> list[Listing]:
        """The match odds of a sport's event type, by their start."""
        event_type = markets.EVENT_TYPES.get(sport)
        if event_type is None:
            return []
        found: dict[str, wire.Catalogue] = {}
        since: str | None = None
        for _ in range(_MOST_PAGES):
            wanted: dict[str, Any] = {"eventTypeIds": [event_type], "marketTypeCodes": [markets.MATCH_ODDS]}
            if since is not None:
                wanted["marketStartTime"] = {"from": since}
            page = await reads.catalogue(self._rest, "listings", wanted)
            fresh = [market for market in page if market.market_id not in found]
            found |= {market.market_id: market for market in fresh}
            since = page[-1].market_start_time if page else None
            if len(page) < reads.PER_CATALOGUE or not fresh or since is None:
                break
        return list(markets.listings_of(sport, found.values()))

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        return await reads.resolutions(self._rest, self._clock, [instrument.ref for instrument in instruments])

    # --- the account --------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    async def working(self) -> list[OrderState]:
        return await reads.working(self._rest)

    async def fills(self, since_ms: int) -> list[Fill]:
        """Of the markets that are not settled yet: the venue keeps no matches of the others."""
        found = await self._fills.of_bets(await reads.matched(self._rest, since_ms))
        return sorted((fill for fill in found if fill.at_ms >= since_ms), key=lambda fill: fill.at_ms)

    # --- orders -------------------------------------------------------------------------------------------------

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return OrderRef(quote.instrument, quote.client_ref, None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends a bet that rests: at once where the stream shows the market's book, or nothing hangs on it; else the
        book is read first."""
        return at_once(self._post, quote)

    def _post(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        params = place_params(quote)
        if quote.post_only:
            tops = self._stream.session.books.best(quote.instrument.ref) if self._stream is not None else None
            if tops is None:
                return self._read_then_post(quote)
            _check_crossing(quote, tops)
        return self._send(quote, params)

    async def _read_then_post(self, quote: NewQuote) -> OrderState:
        told = await reads.books(self._rest, "place", [quote.instrument.market_ref], "EX_BEST_OFFERS")
        place = markets.runner_of(told, quote.instrument.ref)
        if place is not None:
            _check_crossing(quote, markets.best(place[1]))
        return await self._send(quote, place_params(quote))

    def _send(self, quote: NewQuote, params: Any) -> Coroutine[Any, Any, OrderState]:
        self._rest.take_for_order("place")
        coming = self._rest.change("place", PLACE, params)
        self._remember(quote)
        self._heart.start()
        return self._placed(quote, coming)

    async def _placed(self, quote: NewQuote, coming: Awaitable[msgspec.Raw]) -> OrderState:
        try:
            state = certain("place", await coming, wire.Report, lambda report: self._accepted(quote, report))
        except InDoubt:
            raise
        except VenueError as error:
            self._unanswered.pop(quote.client_ref, None)
            if isinstance(error, Refused) and error.reason is Reason.DUPLICATE:
                return await self._adopt(quote)
            self._expiries.drop(quote.client_ref)
            raise
        self._unanswered.pop(quote.client_ref, None)
        if quote.expires_at_ms is not None:
            named = OrderRef(quote.instrument, quote.client_ref, state.venue_ref)
            self._expiries.note(quote.client_ref, named, quote.expires_at_ms)
        return state

    def _accepted(self, quote: NewQuote, report: wire.Report) -> OrderState:
        """Raises MalformedError, and the report's error."""
        if report.status != "SUCCESS":
            raise report_error(report, "place")
        if len(report.instruction_reports) != 1 or not report.instruction_reports[0].bet_id:
            raise MalformedError("a report without its bet")
        told = report.instruction_reports[0]
        matched = took(told)
        self._fills.placed(told.bet_id or "", matched)
        filled = parse.contracts(matched, told.average_price_matched, "averagePriceMatched")
        left = _left(quote, matched)
        match told.order_status:
            case "EXECUTABLE" | "PENDING" | None:
                status = OrderStatus.PLACED
            case "EXECUTION_COMPLETE":
                status = OrderStatus.FILLED
            case _:
                status = OrderStatus.EXPIRED
        return OrderState(
            told.bet_id or "",
            quote.client_ref,
            quote.instrument.ref,
            quote.side,
            quote.price,
            Micros(filled + left),
            filled,
            status,
            self._clock.now_ms(),
        )

    async def amend(self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        """There is none: replaceOrders cancels, and places a new bet with another id."""
        raise Refused(VENUE, "amend", "bets are not changed: cancel and place", reason=Reason.INVALID)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        """The venue says by how much it cut the bet, not what was matched of it."""
        return at_once(self._start_cancel, ref)

    def _start_cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        if ref.venue_ref is None:
            return self._find_and_cancel(ref)
        return self._cancelled(self._rest.change("cancel", CANCEL, cancel_params(ref.instrument.ref, ref.venue_ref)))

    async def _find_and_cancel(self, ref: OrderRef) -> None:
        found = await self.find_order(ref)
        if found is None:
            raise Refused(VENUE, "cancel", "the bet never arrived", reason=Reason.UNKNOWN_ORDER)
        params = cancel_params(ref.instrument.ref, found.venue_ref)
        await self._cancelled(self._rest.change("cancel", CANCEL, params))

    async def _cancelled(self, coming: Awaitable[msgspec.Raw]) -> None:
        report = certain("cancel", await coming, wire.Report, lambda report: report)
        if report.status != "SUCCESS":
            raise report_error(report, "cancel")

    async def cancel_all(self) -> None:
        """Everything unmatched of the account, in all markets. A bet that is matched meanwhile is no failure."""
        raw = await self._rest.change("cancel_all", CANCEL, {})
        report = certain("cancel_all", raw, wire.Report, lambda report: report)
        if report.status == "TIMEOUT":
            raise report_error(report, "cancel_all")

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """By the venue's id, else by our reference, among current bets and those that are over. None only when the
        placement, of an earlier run counted from when this connector was made, can no longer become a bet."""
        if ref.venue_ref is not None:
            found = await reads.bet(self._rest, bet_id=ref.venue_ref)
            if found is None:
                raise CannotTell(VENUE, "find", "the bet is no longer listed")
            return found.state
        if ref.client_ref is None:
            raise CannotTell(VENUE, "find", "the bet has neither our reference nor the venue's")
        found = await reads.bet(self._rest, reference=ref.client_ref)
        if found is None:
            reads.check_gone(self._clock, self._unanswered.get(ref.client_ref, self._started_ms))
        self._unanswered.pop(ref.client_ref, None)
        return None if found is None else found.state

    # --- inside -------------------------------------------------------------------------------------------------

    def _remember(self, quote: NewQuote) -> None:
        """Also of an order whose answer is lost it is known when it has to end."""
        self._unanswered[quote.client_ref] = self._clock.now_ms()
        while len(self._unanswered) > _REMEMBERED:
            self._unanswered.popitem(last=False)
        if quote.expires_at_ms is not None:
            unnamed = OrderRef(quote.instrument, quote.client_ref, None)
            self._expiries.note(quote.client_ref, unnamed, quote.expires_at_ms)

    async def _adopt(self, quote: NewQuote) -> OrderState:
        """The bet that holds our reference already; in doubt while the venue does not show it."""
        try:
            found = await reads.bet(self._rest, reference=quote.client_ref)
        except (Refused, Unavailable) as error:
            raise InDoubt(VENUE, "place", f"the reference is taken, its bet not told: {error.message}") from error
        if found is None:
            raise InDoubt(VENUE, "place", "the reference is taken, but no bet with it is listed")
        return found.state


def _left(quote: NewQuote, matched: int) -> int:
    """Contracts at the quote's price of the stake that is not matched."""
    stake = LADDER.at_risk(quote.price, quote.size, buys=True)
    return max(0, stake - matched) * LADDER.odds_of(quote.price) // 1_000_000


def _check_crossing(quote: NewQuote, tops: Tops) -> None:
    """Raises Refused for a quote that would meet what stands: a back asks for odds that can be had, a lay offers odds
    that somebody asks for."""
    asked, (to_back, to_lay) = LADDER.odds_of(quote.price), tops
    meets = (
        to_back is not None and micros(to_back) >= asked
        if quote.side is Side.BUY
        else to_lay is not None and micros(to_lay) <= asked
    )
    if meets:
        raise Refused(VENUE, "place", "the bet would be matched at once", reason=Reason.PRICE)


def _nobody(event: object) -> None:
    """Before `open` there is nobody to tell."""
