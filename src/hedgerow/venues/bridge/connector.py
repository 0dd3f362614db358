"""A bookmaker behind a bridge: bets that are placed once whatever the number of calls, and whose doubt a fence ends.

Source: the bridge protocol 1.0.0, its OpenAPI document and its rules.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import msgspec
import structlog

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.errors import InDoubt, Reason, Refused, SetupError, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import minor_unit
from hedgerow.core.states import BetStatus
from hedgerow.net.budget import Budget
from hedgerow.venues.addresses import address_of
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest, VenueContext
from hedgerow.venues.bridge import parse, wire
from hedgerow.venues.bridge.errors import error_of_rejection
from hedgerow.venues.bridge.marks import Marks
from hedgerow.venues.bridge.parse import MalformedError
from hedgerow.venues.bridge.requests import NotUnderstoodError, bet_request, quote_request, selection_of
from hedgerow.venues.bridge.rest import Rest
from hedgerow.venues.bridge.terms import NotUsableError, Terms, terms_of

_log = structlog.get_logger(__name__)

_NOT_THERE = frozenset({"not_placed", "withdrawn"})
_NO_STAKE = Decimal("1E+15")


@dataclass(frozen=True, slots=True)
class _Ready:
    """The bridge was asked, and may be used."""

    terms: Terms
    bets: Budget
    quotes: Budget


class BridgeBookmaker:
    """One account at one bookmaker, by its operator's bridge."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        """Raises SetupError for an account that does not say where its bridge is."""
        self.manifest = manifest
        self._account, self._clock, self._describe = context.account, context.clock, context.describe
        url, self._may_be_simulated = address_of(manifest, context.account, context.urls["rest"], "bridge_url")
        credentials = context.account.credentials
        name = credentials["username"].reveal() if credentials.get("username") else context.account.username
        secret = credentials.get("hmac_secret") or None
        tls = _tls(manifest.slug, context.account.meta)
        self._rest = Rest(manifest.slug, url, name, credentials["password"], secret, self._clock, context.egress, tls)
        self._ready: _Ready | None = None
        self._marks = Marks()

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connects ahead, and asks the bridge what it is. Raises Refused when it must not be used, or does not accept
        the account; a bridge that is away is asked again before the first bet."""
        await self._rest.open()
        try:
            await self._proved("open")
        except Unavailable as error:
            _log.warning("bridge not proved yet", venue=self.manifest.slug, error=str(error))

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        """Raises Refused with Reason.ACCOUNT for a bridge that must not be used, and when the account is in another
        currency than ours has: every stake would be another amount."""
        await self._proved("balance")
        return await self._read_balance()

    async def _read_balance(self) -> Balance:
        told = self._rest.readable("balance", parse.balance, await self._rest.balance())
        if told.currency != self._account.currency:
            why = f"the account is in {told.currency}, not in {self._account.currency}"
            raise self._refused("balance", why, Reason.ACCOUNT)
        return told

    async def _proved(self, operation: str) -> _Ready:
        """What the bridge says of itself, asked once. Raises Refused for one that must not be used."""
        if self._ready is not None:
            return self._ready
        info = await self._rest.info()
        simulated = self._may_be_simulated
        try:
            terms = terms_of(info, self.manifest.slug, self._account.currency, may_be_simulated=simulated)
        except NotUsableError as error:
            raise self._refused(operation, f"the bridge is not used: {error}", Reason.ACCOUNT) from error
        await self._read_balance()
        bets, quotes = (Budget(self._clock, rate.per_second, rate.burst) for rate in (terms.bets, terms.quotes))
        self._ready = _Ready(terms, bets, quotes)
        self.manifest = replace(self.manifest, lays=terms.lays, has_statement=terms.has_statement)
        return self._ready

    # --- placing ----------------------------------------------------------------------------------------------

    async def place(self, bet: BetIntent) -> BetReport:
        """Sends a bet once. A worse price than the bet's is never taken; after a while the bridge must not send it
        any more (`Terms.send_within_ms`)."""
        selection = self._selection("place", bet.market_ref, bet.outcome_ref, bet.outcome)
        stake = self._stake(bet)
        ready = await self._proved("place")
        if not bet.is_back and not ready.terms.lays:
            raise self._refused("place", "the bridge takes no lay bets", Reason.INVALID)
        if not ready.bets.try_take(1):
            raise self._refused("place", "as many bets as the bridge takes in a minute were sent", Reason.RATE)
        not_after = iso_of_ms(self._clock.now_ms() + ready.terms.send_within_ms)
        request = bet_request(bet, selection, stake, not_after, takes_part=ready.terms.takes_part)
        try:
            row, is_new = await self._rest.place(bet.reference, wire.encode(request))
        except Refused as error:
            if error.reason is not Reason.DUPLICATE:
                raise
            row, is_new = await self._adopted(bet.reference), False
        if is_new and row.revision <= self._marks.last:
            self._marks.clear()  # a bridge that was put back counts anew: its changes are read from the start
        report = self._rest.certain(_report, row, bet.reference, msgspec.to_builtins(request))
        if report.status is BetStatus.REJECTED:
            raise error_of_rejection(self.manifest.slug, row.rejection)
        odds = report.odds or bet.odds
        is_worse = odds < bet.odds if bet.is_back else odds > bet.odds
        if is_worse or (report.stake or stake) > stake:
            # It stands all the same, so it is reported as it is; the operator has to hear of such a bridge.
            _log.error("bet placed beyond its limits", venue=self.manifest.slug, reference=bet.reference)
        return report

    async def _adopted(self, reference: str) -> wire.Bet:
        """The bet that holds our reference already. A refusal would free a stake that may stand, so that whatever
        hinders reading it is a doubt."""
        try:
            return await self._rest.bet(reference)
        except VenueError as error:
            why = f"the reference is taken, its bet not told: {error.message}"
            raise InDoubt(self.manifest.slug, "place", why) from error

    def _selection(self, operation: str, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> wire.Selection:
        """Raises Refused for references that are not understood: nothing is sent on a guess."""
        try:
            return selection_of(market_ref, outcome_ref, outcome, self._describe(outcome))
        except NotUnderstoodError as error:
            raise self._refused(operation, str(error), Reason.INVALID) from error

    def _stake(self, bet: BetIntent) -> Decimal:
        """The stake in whole minor units. Raises Refused for one that would be another amount then, or is none."""
        if bet.currency != self._account.currency:
            why = f"the bet is in {bet.currency}, the account in {self._account.currency}"
            raise self._refused("place", why, Reason.INVALID)
        unit = minor_unit(bet.currency)
        is_amount = bet.stake.is_finite() and 0 < bet.stake < _NO_STAKE
        if not is_amount or bet.stake.quantize(unit) != bet.stake:
            raise self._refused("place", f"{bet.stake} is no stake in whole units of {unit}", Reason.INVALID)
        return bet.stake.quantize(unit)

    # --- finding ----------------------------------------------------------------------------------------------

    async def find(self, ref: BetRef) -> BetReport | None:
        """The bridge's record of our reference. One that it does not know is fenced: from then on it is surely not
        there, because the bridge refuses it for good. A known bet is only read; a fence would withdraw one that still
        waits to be sent."""
        try:
            row = await self._rest.bet(ref.reference)
        except Refused as error:
            if error.reason is not Reason.UNKNOWN_ORDER:
                raise
            return await self._fenced(ref.reference)
        return self._rest.readable("find", _report, row, ref.reference)

    async def _fenced(self, reference: str) -> BetReport | None:
        result = await self._rest.fence(reference)
        if result.outcome in _NOT_THERE:
            return None
        if result.outcome != "exists" or result.bet is None:
            raise Unavailable(self.manifest.slug, "find", f"unreadable answer: outcome {result.outcome!r}")
        return self._rest.readable("find", _report, result.bet, reference)

    # --- settlement -------------------------------------------------------------------------------------------

    async def settled(self, since_ms: int) -> list[BetReport]:
        """Settled bets, oldest change first, each in its latest version. Read from where an
        earlier reading ended before `since_ms`, so that some are repeats."""
        latest: dict[str, BetReport] = {}
        rows = await self._rest.changes(self._marks.before(since_ms))
        for row in rows:
            latest.pop(row.reference, None)
            try:
                report = parse.bet(row)
            except MalformedError as error:
                _log.error("settled bet left out", venue=self.manifest.slug, reference=row.reference, error=str(error))
                continue
            if report.settlement is not None:
                latest[row.reference] = report
        if rows:
            updated_ms = self._rest.readable("settled", parse.time_ms, rows[-1].updated_at, "updatedAt")
            self._marks.note(updated_ms, rows[-1].revision)
        return list(latest.values())

    # --- the present offer ------------------------------------------------------------------------------------

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The offer with the account's own limits. One that is asked for beyond the bridge's pace is Unavailable, with
        the time to wait."""
        selection = self._selection("line", market_ref, outcome_ref, outcome)
        quotes = (await self._proved("line")).quotes
        if not quotes.try_take(1):
            why, wait_s = "as many offers as the bridge tells in a minute were asked for", quotes.ready_in_s(1)
            raise Unavailable(self.manifest.slug, "line", why, retry_after_s=wait_s)
        answer = await self._rest.quote(quote_request(selection))
        currency = self._account.currency
        return self._rest.readable("line", parse.live_line, answer, market_ref, outcome_ref, currency)

    def _refused(self, operation: str, why: str, reason: Reason) -> Refused:
        return Refused(self.manifest.slug, operation, why, reason=reason)


def _report(row: wire.Bet, reference: str, sent: Mapping[str, object] | None = None) -> BetReport:
    """The bet of our reference. Raises MalformedError for another's."""
    if row.reference.casefold() != reference.casefold():
        raise MalformedError(f"reference is another bet's: {row.reference}")
    return parse.bet(row, sent)


def _tls(slug: str, meta: Mapping[str, str]) -> ssl.SSLContext | None:
    """What the bridge's certificate is checked against: the account's own authority, where it names one (`bridge_ca`,
    PEM text). Raises SetupError."""
    authority = meta.get("bridge_ca")
    if not authority:
        return None
    try:
        return ssl.create_default_context(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise SetupError(
            f"bridge_ca of an account at {slug} is not read: {error}", "give a certificate in PEM"
        ) from None
