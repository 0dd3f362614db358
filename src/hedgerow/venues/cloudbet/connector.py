"""Cloudbet as a `Bookmaker`: straight bets by Trading v3, found again by our reference, settled from the history.

It serves the client's slug and the partner's, which differ in what they are reached with (`access`). Sources: the
protobuf files, wiki and issues of `cloudbet/docs` and `cloudbet/wiki`, read in November 2026.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable, VenueError
from hedgerow.core.ids import FixtureId, OutcomeKey
from hedgerow.core.money import decimal_of, micros_floor
from hedgerow.core.odds import OddsMicros
from hedgerow.net.budget import Budget
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest, VenueContext
from hedgerow.venues.cloudbet import parse, wire
from hedgerow.venues.cloudbet.access import Access
from hedgerow.venues.cloudbet.errors import ABOVE_MAX, DUPLICATE, REASONS, refusal
from hedgerow.venues.cloudbet.line import NotUnderstoodError, market_url
from hedgerow.venues.cloudbet.margin import Margin
from hedgerow.venues.cloudbet.parse import MalformedError
from hedgerow.venues.cloudbet.requests import second_reference, straight_bet
from hedgerow.venues.cloudbet.rest import TIMEOUT_S, Rest
from hedgerow.venues.reading import reading

_log = structlog.get_logger(__name__)

SURE_AFTER_MS = 3 * int(TIMEOUT_S * 1000) + 5_000
"""A bet that got no answer may still be on its way into the venue: "not found" counts only so long after the time of
sending that the caller noted: a question before the bet, the bet, and a second one with a smaller stake may each take
as long as they can, and five seconds are added."""

ASKED_AGAIN_MS = 5_000
"""So far apart a bet has to be missing twice."""

LATE_MS = 72 * 3_600_000
"""How far before what is asked for the history is read, which goes by the time of placing: statuses can change for days
after a result."""

_EARLIER_MS = 60_000
"""The venue's clock may be behind ours."""

_MOST_REMEMBERED = 10_000
_FINEST = Decimal("1E-8")
_NO_STAKE = Decimal("1E+15")

V = TypeVar("V")


class CloudbetBookmaker:
    """One account at Cloudbet, in one of its currencies."""

    def __init__(self, manifest: Manifest, context: VenueContext, access: Access) -> None:
        """Raises SetupError for an account that wants another trading API than v3."""
        self.manifest = manifest
        self._venue, self._access = manifest.slug, access
        self._account, self._clock, self._fixture_ref = context.account, context.clock, context.fixture_ref
        version = context.account.meta.get("trading_version", "v3")
        if version != "v3":
            what = f"trading_version of a {manifest.slug} account is {version!r}"
            raise SetupError(what, "only v3 is documented: leave it out")
        self._rest = Rest(self._venue, access, context.account.credentials["password"], context.clock, context.egress)
        rate = context.share_of(manifest.rates["line"])
        self._line_budget = Budget(context.clock, rate.per_second, rate.burst)
        self._missing_since_ms: OrderedDict[str, int] = OrderedDict()
        self._called_off: OrderedDict[str, bool] = OrderedDict()  # by event, once it is decided
        self._is_proved = False  # the key is good and the account has the currency

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connects ahead and proves the key. Raises Refused when it is not accepted; a venue that is away is asked
        again before the first bet."""
        await self._rest.open()
        try:
            await self._prove("open")
        except Unavailable as error:
            _log.warning("account not proved yet", venue=self._venue, username=self._account.username, error=str(error))

    async def close(self) -> None:
        await self._rest.close()

    async def _prove(self, operation: str) -> None:
        """Raises Refused with Reason.ACCOUNT when the account has no such currency as ours has."""
        if self._is_proved:
            return
        told = await self._rest.read(operation, "/pub/v1/account/currencies", wire.Currencies)
        if self._account.currency not in (told.currencies or ()):
            why = f"the account has no {self._account.currency}"
            raise Refused(self._venue, operation, why, reason=Reason.ACCOUNT)
        self._is_proved = True

    async def balance(self) -> Balance:
        """Free is the venue's word; held is what is in open bets of the last LATE_MS, for the venue tells no sum."""
        await self._prove("balance")
        currency = self._account.currency
        told = await self._rest.read("balance", f"/pub/v1/account/currencies/{currency}/balance", wire.Amount)
        rows = await self._rest.history(self._clock.now_ms() - LATE_MS)
        open_bets = {row.reference_id: row for row in rows if row.status in parse.OPEN and row.currency == currency}
        with reading(self._venue, "balance"):
            held = sum((parse.amount(row.stake or "", "stake") for row in open_bets.values()), Decimal(0))
            return Balance(parse.amount(told.amount, "amount"), held, currency)

    # --- placing ----------------------------------------------------------------------------------------------

    async def place(self, bet: BetIntent) -> BetReport:
        """Sends a straight bet at the odds of the bet. The venue takes all of a stake or nothing; where a part is
        wanted and the stake is above the account's limit, what the refusal says would be taken is sent once more, under
        a reference that follows from the bet's."""
        if not bet.is_back:
            raise Refused(self._venue, "place", "the venue takes no lay bets", reason=Reason.INVALID)
        url, stake = self._url("place", bet.market_ref, bet.outcome_ref), self._stake(bet)
        event_id = self._event("place", bet.fixture_id)
        await self._prove("place")
        request = straight_bet(bet, bet.reference, event_id, url, stake, self._access.customer)
        answer = await self._rest.place(request)
        if answer.status == ABOVE_MAX and bet.accept_partial:
            most = parse.cut_stake(answer, stake, bet.currency)
            if most is not None:
                request = straight_bet(bet, second_reference(bet.reference), event_id, url, most, self._access.customer)
                answer = await self._rest.place(request)
        return await self._outcome(request, answer)

    async def _outcome(self, request: wire.PlaceBet, answer: wire.Bet) -> BetReport:
        """What an answer to a placement means. A status that is not known leaves the bet in doubt."""
        if answer.status == DUPLICATE:
            return await self._adopted(request.reference_id)
        if answer.status in REASONS:
            raise refusal(self._venue, answer.status, answer.error)
        if answer.status not in parse.TAKEN:
            why = answer.error or "the venue does not say what became of it"
            raise InDoubt(self._venue, "place", why, code=answer.status)
        with reading(self._venue, "place", changes=True):
            return replace(parse.bet(answer, request.reference_id), sent=msgspec.to_builtins(request))

    async def _adopted(self, reference: str) -> BetReport:
        """The bet that holds our reference already; in doubt while the venue does not show it."""
        try:
            report = await self._by_references(reference)
        except VenueError as error:
            raise InDoubt(self._venue, "place", f"the reference is taken, its bet not told: {error.message}") from error
        if report is None:
            raise InDoubt(self._venue, "place", "the reference is taken, but no bet has it")
        return report

    def _stake(self, bet: BetIntent) -> Decimal:
        """Raises Refused for a stake that is none, or is in another currency."""
        if bet.currency != self._account.currency:
            why = f"the bet is in {bet.currency}, the account in {self._account.currency}"
            raise Refused(self._venue, "place", why, reason=Reason.INVALID)
        is_amount = bet.stake.is_finite() and 0 < bet.stake < _NO_STAKE
        if not is_amount or bet.stake % _FINEST:
            raise Refused(
                self._venue, "place", f"{bet.stake} is no stake with at most 8 decimals", reason=Reason.INVALID
            )
        return bet.stake

    def _event(self, operation: str, fixture_id: FixtureId) -> str:
        """The venue's number of the event: the references of a line do not say it. Raises Refused."""
        told = self._fixture_ref(fixture_id)
        if told is None or not (told.isascii() and told.isdigit()):
            why = f"the feed does not say which event {fixture_id} is at the venue"
            raise Refused(self._venue, operation, why, reason=Reason.CLOSED)
        return told

    # --- finding ----------------------------------------------------------------------------------------------

    async def find(self, ref: BetRef) -> BetReport | None:
        """The venue's record of our reference, or of the second request that followed it. Nothing there means never
        placed once it was missing twice, no request can still be on its way, and the history does not have it; where
        the first was above the limit and no second followed, it was rejected."""
        found = await self._by_references(ref.reference) if ref.bet_ref is None else await self._by_id(ref.bet_ref)
        if found is not None and not _was_above_max(found):
            self._missing_since_ms.pop(ref.reference, None)
            return found
        is_in = self._clock.now_ms() >= ref.sent_at_ms + SURE_AFTER_MS
        if not self._was_missing(ref.reference) or not is_in:
            raise CannotTell(self._venue, "find", "no bet has the reference yet, but one may still arrive")
        names = {(ref.bet_ref or ref.reference).casefold(), second_reference(ref.reference)}
        for row in await self._rest.history(ref.sent_at_ms - _EARLIER_MS):
            if row.reference_id is not None and row.reference_id.casefold() in names:
                return await self._report("find", row, row.reference_id)
        return found

    def _was_missing(self, reference: str) -> bool:
        """Whether the bet was missing long enough ago; the first time is noted."""
        now_ms = self._clock.now_ms()
        _keep(self._missing_since_ms, reference, self._missing_since_ms.get(reference, now_ms))
        return now_ms - self._missing_since_ms[reference] >= ASKED_AGAIN_MS

    async def _by_references(self, reference: str) -> BetReport | None:
        """By the bet's own reference; by that of a second request where the first was above the limit, or is not
        kept."""
        first = await self._by_id(reference)
        if first is not None and not _was_above_max(first):
            return first
        return await self._by_id(second_reference(reference)) or first

    async def _by_id(self, reference: str) -> BetReport | None:
        row = await self._rest.read_if_there("find", f"/pub/v3/bets/{reference}/status", wire.Bet)
        return None if row is None else await self._report("find", row, reference)

    async def _report(self, operation: str, row: wire.Bet, reference: str) -> BetReport:
        """Raises CannotTell for a row that cannot be read."""
        is_called_off = row.status == parse.PUSH and await self._is_called_off(row.event_id)
        try:
            return parse.bet(row, reference, is_called_off=is_called_off)
        except MalformedError as error:
            raise CannotTell(self._venue, operation, f"unreadable bet: {error}") from error

    async def _is_called_off(self, event_id: str | None) -> bool:
        """Whether the event of a bet that got its stake back was cancelled. One that the venue does not have any more
        was not, as far as anybody knows."""
        if event_id is None or not (event_id.isascii() and event_id.isdigit()):
            return False
        if event_id in self._called_off:
            return self._called_off[event_id]
        event = await self._rest.read_if_there("event", f"/pub/v2/odds/events/{event_id}", wire.Event)
        if event is not None and event.status in ("CANCELLED", "RESULTED"):
            _keep(self._called_off, event_id, event.status == "CANCELLED")
        return event is not None and event.status == "CANCELLED"

    # --- settlement -------------------------------------------------------------------------------------------

    async def settled(self, since_ms: int) -> list[BetReport]:
        """Settled bets in the order of their placing, each as it stands now. The history tells no time of settlement:
        those placed from LATE_MS before `since_ms` on are answered, so that most are repeats."""
        found: dict[str, BetReport] = {}
        for row in reversed(await self._rest.history(since_ms - LATE_MS)):
            if row.status not in parse.SETTLED or not row.reference_id:
                continue
            try:
                found[row.reference_id.casefold()] = await self._report("settled", row, row.reference_id)
            except CannotTell as error:
                _log.error("settled bet left out", venue=self._venue, reference=row.reference_id, error=str(error))
        return list(found.values())

    # --- the offer --------------------------------------------------------------------------------------------

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The present price and the feed's limits in EUR; the account's own may be lower (issue #120). Unavailable when
        it was asked for too often; an answer says then when it may be asked again."""
        url = self._url("line", market_ref, outcome_ref)
        event_id = self._event("line", outcome.fixture_id)
        if not self._line_budget.try_take(1):
            wait_s = self._line_budget.ready_in_s(1)
            raise Unavailable(self._venue, "line", "asked for too often", retry_after_s=wait_s)
        question = wire.AskLine(event_id, url)
        answer = await self._rest.read_if_there("line", "/pub/v2/odds/lines", wire.Selection, question)
        with reading(self._venue, "line"):
            offer = None if answer is None else parse.live_line(answer, url, market_ref, outcome_ref)
        if offer is None or self._access.margin is None:
            return offer
        return await self._with_margin(offer, event_id, url, self._access.margin)

    async def _with_margin(self, offer: LiveLine, event_id: str, url: str, margin: Margin) -> LiveLine | None:
        """The offer at the partner's odds, its own price the newest; None where the market is not whole, so that its
        margin is not known."""
        event = await self._rest.read_if_there("line", f"/pub/v2/odds/events/{event_id}", wire.EventOffer)
        with reading(self._venue, "line"):
            prices = {} if event is None else parse.prices_of_market(event, url)
        odds = margin.odds({**prices, url: decimal_of(offer.odds)}, url) if url in prices else None
        return None if odds is None else replace(offer, odds=OddsMicros(micros_floor(odds)))

    def _url(self, operation: str, market_ref: str, outcome_ref: str) -> str:
        """Raises Refused for references that are not understood: nothing is sent on a guess."""
        try:
            return market_url(market_ref, outcome_ref)
        except NotUnderstoodError as error:
            raise Refused(self._venue, operation, str(error), reason=Reason.INVALID) from error


def _was_above_max(report: BetReport) -> bool:
    """Whether a second request may have followed."""
    return report.received.get("status") == ABOVE_MAX


def _keep(kept: OrderedDict[str, V], key: str, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MOST_REMEMBERED:
        kept.popitem(last=False)
