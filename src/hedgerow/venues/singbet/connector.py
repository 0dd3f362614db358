"""Singbet as a `Bookmaker`, through the broker: a quote, the bet, and its tickets under our reference.

Sources: AsianOdds' Web API document (1.8, November 2016) and its wiki, read in November 2026. The broker's reference
does not keep a bet from being made twice, so nothing is ever sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec
import structlog

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import decimal_of, micros_floor
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus
from hedgerow.net.budget import Budget
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest, VenueContext
from hedgerow.venues.reading import UnreadableError, read, reading
from hedgerow.venues.singbet import parse, wire
from hedgerow.venues.singbet.errors import FAILED, VENUE, failure, reason_of
from hedgerow.venues.singbet.line import NotUnderstoodError, Selection, selection_of
from hedgerow.venues.singbet.requests import BOOKIE, EARLY, LIVE, TODAY, placement, quote_question
from hedgerow.venues.singbet.rest import TIMEOUT_S, Rest

_log = structlog.get_logger(__name__)

SURE_AFTER_MS = 9 * int(TIMEOUT_S * 1000) + 7_000
"""A bet that has no ticket may still be on its way: that counts as "never placed" only so long after the time of
sending that the caller noted. Up to nine requests are made by then, each as long as it can take: a login's two, the
balance, two quotes, where a session was over another login's two and the question again, and the bet."""

LATE_MS = 3 * 24 * 3_600_000
"""How far before what is asked for the statement is read, whose days may go by the time of placing."""

_DAY_MS = 24 * 3_600_000
_MOST_DAYS = 31
_CENT = Decimal("0.01")
_NO_STAKE = Decimal("1E+15")
_LONGEST_REFERENCE = 40


class SingbetBookmaker:
    """One API account at the broker."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._account, self._clock = context.account, context.clock
        credentials = context.account.credentials
        username = credentials["username"].reveal() if credentials.get("username") else context.account.username
        self._rest = Rest(context.urls["rest"], username, credentials["password"], context.egress)
        rate = context.share_of(manifest.rates["line"])
        self._line_budget = Budget(context.clock, rate.per_second, max(rate.burst, 1.0))
        self._is_proved = False  # the keys are good and the account is in the currency that we think

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Logs in and proves the account. Raises Refused when it is not accepted; a broker that is away is asked again
        before the first bet."""
        try:
            await self.balance()
        except Unavailable as error:
            _log.warning("account not proved yet", venue=VENUE, username=self._account.username, error=str(error))

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        """Raises Refused with Reason.ACCOUNT when the account is in another currency than ours has."""
        answer = await self._rest.ask("balance", "GetAccountSummary")
        with reading(VENUE, "balance"):
            told = parse.balance(read(wire.Summary, answer.result))
        if told.currency != self._account.currency:
            why = f"the account is in {told.currency}, not in {self._account.currency}"
            raise Refused(VENUE, "balance", why, reason=Reason.ACCOUNT)
        self._is_proved = True
        return told

    # --- placing ----------------------------------------------------------------------------------------------

    async def place(self, bet: BetIntent) -> BetReport:
        """Asks for the book's price and limits, bets at that price where it is no worse than the bet's, and reads the
        tickets. Without a ticket yet, the bet is PLACED: the broker has taken it."""
        if not bet.is_back:
            raise Refused(VENUE, "place", "the venue takes no lay bets", reason=Reason.INVALID)
        if len(bet.reference) > _LONGEST_REFERENCE:
            raise Refused(VENUE, "place", "the reference is too long", reason=Reason.INVALID)
        selection, stake = _selection("place", bet.market_ref, bet.outcome_ref), self._stake(bet)
        if not self._is_proved:
            await self.balance()
        market_type, quote = await self._quote("place", selection, (LIVE,) if bet.is_live else (TODAY, EARLY))
        _check_price(bet, quote)
        request = placement(bet.reference, selection, market_type, quote.odds, _within(bet, stake, quote))
        sent = msgspec.to_builtins(request, builtin_types=(Decimal,))
        _check_placed(await self._rest.place(wire.encode(request)), bet.reference)
        try:
            tickets = await self._tickets("place", bet.reference)
            if tickets:
                return replace(self._report("place", tickets, bet.reference), sent=sent)
        except VenueError as error:
            _log.warning("tickets not read yet", venue=VENUE, reference=bet.reference, error=str(error))
        return BetReport(bet.reference, BetStatus.PLACED, sent=sent)

    async def _quote(
        self, operation: str, selection: Selection, market_types: Sequence[int]
    ) -> tuple[int, parse.Quote]:
        """The book's price and limits, and the list of matches that has the game: which one it is only the broker
        knows. Raises Refused where none offers it."""
        closed = Refused(VENUE, operation, "not offered", reason=Reason.CLOSED)
        for market_type in market_types:
            question = wire.encode(quote_question(selection, market_type))
            try:
                answer = await self._rest.ask(operation, "GetPlacementInfo", body=question)
            except Refused as error:
                if error.reason is not Reason.CLOSED:
                    raise
                closed = error
                continue
            with reading(VENUE, operation):
                rows = read(wire.Quotes, answer.result).odds_placement_data or ()
                row = next((row for row in rows if row.bookie == BOOKIE), None)
                if row is not None and not row.rejected:
                    return market_type, self._own(operation, parse.quote(row))
            if row is not None:
                raise _rejected(operation, row.message or "the book rejects the question")
        raise closed

    def _own(self, operation: str, quote: parse.Quote) -> parse.Quote:
        """Raises Refused for limits in another currency than the account's."""
        if quote.currency != self._account.currency:
            raise Refused(VENUE, operation, f"the limits are in {quote.currency}", reason=Reason.ACCOUNT)
        return quote

    def _stake(self, bet: BetIntent) -> Decimal:
        """The stake with two decimals. Raises Refused for one that would be another amount then, or is none."""
        if bet.currency != self._account.currency:
            why = f"the bet is in {bet.currency}, the account in {self._account.currency}"
            raise Refused(VENUE, "place", why, reason=Reason.INVALID)
        is_amount = bet.stake.is_finite() and 0 < bet.stake < _NO_STAKE
        if not is_amount or bet.stake.quantize(_CENT) != bet.stake:
            raise Refused(VENUE, "place", f"{bet.stake} is no stake in whole hundredths", reason=Reason.INVALID)
        return bet.stake.quantize(_CENT)

    # --- finding ----------------------------------------------------------------------------------------------

    async def find(self, ref: BetRef) -> BetReport | None:
        """The tickets under our reference. None are there: it was never placed, once no request can be on its way any
        more and the list of the latest bets does not have it either."""
        tickets = await self._tickets("find", ref.reference)
        if not tickets and self._clock.now_ms() < ref.sent_at_ms + SURE_AFTER_MS:
            raise CannotTell(VENUE, "find", "no ticket has the reference yet, but one may still come")
        if not tickets:
            answer = await self._rest.ask("find", "GetBets")
            tickets = [row for row in _rows("find", answer) if _is_of(row, ref.reference)]
        if not tickets:
            if ref.bet_ref is not None:
                raise CannotTell(VENUE, "find", f"ticket {ref.bet_ref} is not listed (any more)")
            return None
        report = self._report("find", tickets, ref.reference)
        if ref.stake is not None and report.stake is not None and report.stake > ref.stake:
            _log.error("more was bet than asked for", venue=VENUE, reference=ref.reference, stake=str(report.stake))
        return report

    async def _tickets(self, operation: str, reference: str) -> list[wire.Ticket]:
        """Of one reference, the latest first. That the broker does not find it is an answer too."""
        query = {"betReference": parse.placement_reference(reference)}
        try:
            answer = await self._rest.ask(operation, "GetBetByReference", query)
        except Refused as error:
            if error.reason is Reason.CLOSED:
                return []
            raise
        return [row for row in _rows(operation, answer) if _is_of(row, reference)]

    def _report(self, operation: str, tickets: Sequence[wire.Ticket], reference: str) -> BetReport:
        """Raises CannotTell for tickets that cannot be read."""
        try:
            return parse.report(tickets, reference)
        except UnreadableError as error:
            raise CannotTell(VENUE, operation, f"unreadable ticket: {error}") from error

    # --- settlement -------------------------------------------------------------------------------------------

    async def settled(self, since_ms: int) -> list[BetReport]:
        """Settled bets in the order of their days, each as it stands now, from LATE_MS before `since_ms` (31 days back
        at most), and what the list of ended bets still has: most are repeats."""
        rows: list[wire.Ticket] = []
        for day in _days(since_ms - LATE_MS, self._clock.now_ms()):
            answer = await self._rest.ask("settled", "GetBetHistorySummary", {"date": day, "bookies": BOOKIE})
            with reading(VENUE, "settled"):
                history = read(wire.History, answer.result)
            rows += reversed(_readable(history.bet_summaries or ()))
        answer = await self._rest.ask("settled", "GetNonRunningBets")
        with reading(VENUE, "settled"):
            rows += reversed(_readable(_listed(answer)))
        bets: dict[str, dict[str | int | None, wire.Ticket]] = {}
        for row in rows:
            bets.setdefault(row.bet_placement_reference, {})[row.reference_number] = row
        return [report for tickets in bets.values() if (report := _ended(list(tickets.values()))) is not None]

    # --- the offer --------------------------------------------------------------------------------------------

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The book's own answer. Unavailable when it was asked for too often; it says then when it may be again."""
        selection = _selection("line", market_ref, outcome_ref)
        if not self._line_budget.try_take(1):
            wait_s = self._line_budget.ready_in_s(1)
            raise Unavailable(VENUE, "line", "asked for too often", retry_after_s=wait_s)
        try:
            _, quote = await self._quote("line", selection, (TODAY, EARLY, LIVE))
        except Refused as error:
            if error.reason in (Reason.CLOSED, Reason.PRICE):
                return None
            raise
        odds = OddsMicros(micros_floor(quote.odds))
        return LiveLine(market_ref, outcome_ref, odds, quote.least, quote.most, quote.currency)


def _selection(operation: str, market_ref: str, outcome_ref: str) -> Selection:
    """Raises Refused for references that are not understood: nothing is sent on a guess."""
    try:
        return selection_of(market_ref, outcome_ref)
    except NotUnderstoodError as error:
        raise Refused(VENUE, operation, str(error), reason=Reason.INVALID) from error


def _rejected(operation: str, text: str) -> Refused:
    """A game that is there, and that the book does not take bets on as asked."""
    reason = reason_of(text)
    return Refused(VENUE, operation, text, reason=Reason.CLOSED if reason is Reason.OTHER else reason)


def _check_price(bet: BetIntent, quote: parse.Quote) -> None:
    """Raises Refused where the book's price is not the bet's, nor a better one that is wanted."""
    wanted = decimal_of(bet.odds)
    if quote.odds < wanted or (quote.odds > wanted and not bet.accept_better):
        raise Refused(VENUE, "place", f"the odds are {quote.odds}, not {wanted}", reason=Reason.PRICE)


def _within(bet: BetIntent, stake: Decimal, quote: parse.Quote) -> Decimal:
    """The stake, cut to the limit where a part is wanted. Raises Refused."""
    if stake > quote.most and bet.accept_partial:
        stake = quote.most.quantize(_CENT, rounding="ROUND_DOWN")
    if not quote.least <= stake <= quote.most or stake <= 0:
        why = f"{stake} is not from {quote.least} to {quote.most}"
        raise Refused(VENUE, "place", why, reason=Reason.LIMIT)
    return stake


def _check_placed(answer: wire.Envelope, reference: str) -> None:
    """Raises InDoubt for an answer that does not say that the bet was taken under our reference, Refused where every
    book says that it was not."""
    with reading(VENUE, "place", changes=True):
        told = read(wire.Placed, answer.result)
    books = told.placement_data or ()
    if books and all(book.placed_successfully is False for book in books):
        text = next((book.message for book in books if book.message), "")
        raise failure("place", FAILED, text, changes=True)
    if (told.bet_placement_reference or "").casefold() != parse.placement_reference(reference).casefold():
        raise InDoubt(VENUE, "place", "the answer is of another reference")


def _is_of(ticket: wire.Ticket, reference: str) -> bool:
    return parse.reference_of(ticket).casefold() == reference.casefold()


def _listed(answer: wire.Envelope) -> Sequence[msgspec.Raw]:
    """The tickets of a list, which is in Data; of none where there is nothing. Raises UnreadableError."""
    told = answer.data if bytes(answer.data) != b"null" else answer.result
    return read(list[msgspec.Raw] | None, told) or ()  # type: ignore[arg-type]


def _rows(operation: str, answer: wire.Envelope) -> list[wire.Ticket]:
    """Raises Unavailable when one cannot be read: it must not look as if it were not there."""
    with reading(VENUE, operation):
        return [read(wire.Ticket, raw) for raw in _listed(answer)]


def _readable(raws: Sequence[msgspec.Raw]) -> list[wire.Ticket]:
    """One that cannot be read is logged and left out: it must not hide the others."""
    found = []
    for raw in raws:
        try:
            found.append(read(wire.Ticket, raw))
        except UnreadableError as error:
            _log.error("ticket left out", venue=VENUE, error=str(error))
    return found


def _ended(tickets: list[wire.Ticket]) -> BetReport | None:
    """The bet of the tickets, the latest last; None for one that is open or was rejected, and for what cannot be
    read."""
    try:
        report = parse.report(tickets[::-1], parse.reference_of(tickets[0]))
    except UnreadableError as error:
        reference = tickets[0].bet_placement_reference
        _log.error("settled bet left out", venue=VENUE, reference=reference, error=str(error))
        return None
    return report if report.settlement is not None else None


def _days(from_ms: int, to_ms: int) -> list[str]:
    """The days of a time, as the broker writes them, with one more at both ends: no document names their zone."""
    first = max(from_ms, to_ms - (_MOST_DAYS - 3) * _DAY_MS) - _DAY_MS
    count = (to_ms - first) // _DAY_MS + 2
    return [datetime_of_ms(first + number * _DAY_MS).strftime("%m/%d/%Y") for number in range(count)]
