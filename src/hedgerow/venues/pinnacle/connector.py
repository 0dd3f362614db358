"""Pinnacle as a `Bookmaker`: straight bets, found again by our reference, and settled from the venue's own list.

It serves the client's slug and the partner's, which differ in how a bet is placed (`placing`). Sources: Pinnacle's Bets
API v4, B2B Bets API, Lines API and Customer API (OpenAPI files), README and FAQ, read in November 2026.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import structlog

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.states import BetStatus
from hedgerow.net.budget import Budget
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest, Rate, VenueContext
from hedgerow.venues.pinnacle import parse, wire
from hedgerow.venues.pinnacle.errors import CLOSED_CODES, error_of_placement
from hedgerow.venues.pinnacle.leagues import Leagues
from hedgerow.venues.pinnacle.line import BetType, NotUnderstoodError, Selection, selection_of, team_number
from hedgerow.venues.pinnacle.parse import MalformedError
from hedgerow.venues.pinnacle.placing import Placing
from hedgerow.venues.pinnacle.requests import line_question, straight_bet
from hedgerow.venues.pinnacle.rest import TIMEOUT_S, Query, Rest
from hedgerow.venues.pinnacle.sent import EARLIEST_MS, SentBet, SentBets
from hedgerow.venues.reading import reading
from hedgerow.venues.taking import keep

_log = structlog.get_logger(__name__)

SURE_AFTER_MS = int(TIMEOUT_S * 1000) + 5_000
"""A bet that got no answer may still be on its way into the venue: "no such bet" counts only so long after the request
left, five seconds after it was given up."""

PREPARED_WITHIN_MS = 3 * int(TIMEOUT_S * 1000)
"""How long after the time of sending that the caller noted a bet can leave: up to three reads come before it."""

REMEMBERED_MS = 29 * 60_000
"""The venue tells of a request id for 30 minutes; the last one is left out."""

LATE_MS = 24 * 3_600_000
"""How far back of what is asked for settled bets are read again. The list goes by the time of settlement, and no
document says that a corrected bet moves in it."""

_LIST_GOES_BACK_MS = 30 * 24 * 3_600_000 - 60_000
_SECOND_MS = 1_000
_CENT = Decimal("0.01")
_NO_STAKE = Decimal("1E+15")
_MOST_READY = 100


class _Ready(NamedTuple):
    """A bet whose request can leave. team: TEAM1, TEAM2, DRAW or None; told: the body, for the record."""

    bet: BetIntent
    selection: Selection
    stake: Decimal
    team: str | None
    body: bytes
    told: Mapping[str, Any]


class PinnacleBookmaker:
    """One account at Pinnacle."""

    def __init__(self, manifest: Manifest, context: VenueContext, placing: Placing) -> None:
        self.manifest = manifest
        self._venue, self._placing = manifest.slug, placing
        self._account, self._clock = context.account, context.clock
        credentials = context.account.credentials
        username = credentials["username"].reveal() if credentials.get("username") else context.account.username
        self._rest = Rest(self._venue, context.urls["rest"], username, credentials["password"], placing, context.egress)
        self._leagues = Leagues(self._venue, self._read_leagues, self._clock)
        self._line_rate = _line_rate(manifest, context.account.meta)
        self._line_budgets: dict[int, Budget] = {}
        self._sent = SentBets()
        self._ready: OrderedDict[str, _Ready] = OrderedDict()  # by reference
        self._is_proved = False  # the account exists and is in the currency that we think
        self._is_closed = False  # the venue took no bets when last asked

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connects ahead and reads the balance, which proves the account and its currency. Raises Refused when it is
        not accepted; a venue that is away is asked again before the first bet."""
        await self._rest.open()
        try:
            await self.balance()
        except Unavailable as error:
            _log.warning("account not proved yet", venue=self._venue, username=self._account.username, error=str(error))

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        """Raises Refused with Reason.ACCOUNT when the account is in another currency than ours has: every stake would
        be another amount."""
        answer = await self._rest.read("balance", "/v1/client/balance", wire.BalanceAnswer)
        with reading(self._venue, "balance"):
            told = parse.balance(answer)
        if told.currency != self._account.currency:
            why = f"the account is in {told.currency}, not in {self._account.currency}"
            raise Refused(self._venue, "balance", why, reason=Reason.ACCOUNT)
        self._is_proved = True
        return told

    # --- placing ----------------------------------------------------------------------------------------------

    async def place(self, bet: BetIntent) -> BetReport:
        """Sends a straight bet, risking the stake. The line is its price: when it has moved the bet is refused, or
        taken at better odds where that is wanted and safe (`requests.straight_bet`)."""
        ready = self._ready.pop(bet.reference, None)
        # Mostly it is the very bet that was made ready, and every field of two costs a committed hedge its time.
        if ready is None or (ready.bet is not bet and ready.bet != bet):
            selection, stake = self._checked(bet)
            await self._check_ready(is_live=bet.is_live)
            ready = self._made(bet, selection, stake, await self._team("place", selection))
        else:
            await self._check_ready(is_live=bet.is_live)
        now_ms = self._clock.now_ms()
        sent = SentBet(ready.selection, ready.team, bet.odds, ready.stake, bet.accept_partial, now_ms)
        self._sent.leaves(bet.reference, sent)
        try:
            report = await self._send(ready)
        except (Refused, Unavailable) as error:
            self._sent.answered(bet.reference, None)
            self._is_closed = self._is_closed or error.code in CLOSED_CODES
            raise
        if report.bet_ref is not None:
            self._sent.answered(bet.reference, report.bet_ref)
        return report

    def prepare(self, bet: BetIntent) -> None:
        with suppress(Refused):
            selection, stake = self._checked(bet)
            line = selection.line
            is_first = self._leagues.known(line.sport_id, line.league_id) if selection.needs_league else True
            if is_first is not None:
                team = team_number(selection, home_is_first=is_first)
                keep(self._ready, bet.reference, self._made(bet, selection, stake, team), _MOST_READY)

    def _checked(self, bet: BetIntent) -> tuple[Selection, Decimal]:
        """What is bet on, and the stake with two decimals. Raises Refused for what cannot be sent."""
        if not bet.is_back:
            raise Refused(self._venue, "place", "the venue takes no lay bets", reason=Reason.INVALID)
        return self._selection("place", bet.market_ref, bet.outcome_ref), self._stake(bet)

    def _made(self, bet: BetIntent, selection: Selection, stake: Decimal, team: str | None) -> _Ready:
        request = self._placing.request(straight_bet(bet, selection, team, stake))
        told = msgspec.to_builtins(request, builtin_types=(Decimal,))
        return _Ready(bet, selection, stake, team, wire.encode(request), told)

    async def _send(self, ready: _Ready) -> BetReport:
        reference = ready.bet.reference
        answer = await self._rest.place(ready.body)
        if answer.status != parse.WITH_ERROR:
            with reading(self._venue, "place", changes=True):
                return parse.placed(answer, reference, ready.told)
        error = error_of_placement(self._venue, answer.error_code)
        if isinstance(error, Refused) and error.reason is Reason.DUPLICATE:
            return replace(await self._adopted(reference), sent=ready.told)
        raise error

    async def _adopted(self, reference: str) -> BetReport:
        """The bet that holds our reference already; in doubt while the venue does not show it."""
        try:
            report = await self._by_reference(reference)
        except VenueError as error:
            raise InDoubt(self._venue, "place", f"the reference is taken, its bet not told: {error.message}") from error
        if report is None:
            raise InDoubt(self._venue, "place", "the reference is taken, but no bet has it")
        return report

    def _stake(self, bet: BetIntent) -> Decimal:
        """The stake with two decimals. Raises Refused for one that would be another amount then, or is none."""
        if bet.currency != self._account.currency:
            why = f"the bet is in {bet.currency}, the account in {self._account.currency}"
            raise Refused(self._venue, "place", why, reason=Reason.INVALID)
        is_amount = bet.stake.is_finite() and 0 < bet.stake < _NO_STAKE
        if not is_amount or bet.stake.quantize(_CENT) != bet.stake:
            raise Refused(self._venue, "place", f"{bet.stake} is no stake in whole hundredths", reason=Reason.INVALID)
        return bet.stake.quantize(_CENT)

    def _selection(self, operation: str, market_ref: str, outcome_ref: str) -> Selection:
        """Raises Refused for references that are not understood: nothing is sent on a guess."""
        try:
            return selection_of(market_ref, outcome_ref)
        except NotUnderstoodError as error:
            raise Refused(self._venue, operation, str(error), reason=Reason.INVALID) from error

    async def _check_ready(self, *, is_live: bool) -> None:
        """Raises Unavailable, or Refused, where a bet must not be sent now."""
        if not self._is_proved:
            await self.balance()
        if not self._is_closed:
            return
        told = await self._rest.read("betting_status", "/v4/bets/betting-status", wire.BettingStatus)
        self._is_closed = told.status != "ALL_BETTING_ENABLED"
        if told.status == "ALL_BETTING_CLOSED" or (is_live and self._is_closed):
            raise Unavailable(self._venue, "place", "the venue takes no bets now", code=told.status)

    async def _team(self, operation: str, selection: Selection) -> str | None:
        """TEAM1, TEAM2 or DRAW; None for a total."""
        if not selection.needs_league:
            return team_number(selection, home_is_first=True)
        line = selection.line
        is_first = await self._leagues.home_is_first(operation, line.sport_id, line.league_id)
        return team_number(selection, home_is_first=is_first)

    async def _read_leagues(self, sport_id: int) -> dict[int, bool]:
        answer = await self._rest.read("leagues", "/v2/leagues", wire.LeaguesAnswer, {"sportId": sport_id})
        return parse.home_is_first(answer)

    # --- finding ----------------------------------------------------------------------------------------------

    async def find(self, ref: BetRef) -> BetReport | None:
        """The venue's record of our reference.

        Within half an hour the venue is asked by the reference itself: nothing there means never placed, once no
        request can still be on its way (SURE_AFTER_MS). Later its list of bets is searched: a row with our reference,
        or, for a bet that this process sent, the only row that it can be. Nothing there proves nothing.
        """
        if ref.bet_ref is not None:
            return await self._by_bet_ref(ref.bet_ref, ref.reference)
        is_in = self._clock.now_ms() >= self._latest_leaving_ms(ref) + SURE_AFTER_MS
        found = await self._by_reference(ref.reference)
        if found is None and self._clock.now_ms() >= ref.sent_at_ms + REMEMBERED_MS:
            found = await self._by_search(ref)
        elif found is None and not is_in:
            raise CannotTell(self._venue, "find", "no bet has the reference yet, but one may still arrive")
        if found is None or found.status is not BetStatus.PLACED:
            self._sent.answered(ref.reference, found.bet_ref if found else None)
        return found

    def _latest_leaving_ms(self, ref: BetRef) -> int:
        """When the request left, or the latest that it can have in an earlier run."""
        sent = self._sent.unanswered(ref.reference)
        return ref.sent_at_ms + PREPARED_WITHIN_MS if sent is None else sent.left_ms

    async def _by_bet_ref(self, bet_ref: str, reference: str) -> BetReport:
        rows = await self._rest.bets({"betids": bet_ref})
        row = next((row for row in rows if str(row.bet_id) == bet_ref), None)
        if row is None:
            raise CannotTell(self._venue, "find", f"bet {bet_ref} is not listed (any more)")
        return self._told(row, reference)

    async def _by_reference(self, reference: str) -> BetReport | None:
        """By the request id. Its rows name it or, as v4 documents them, not: only one bet was asked for."""
        rows = await self._rest.bets({"uniqueRequestIds": reference})
        ours = [row for row in rows if (row.unique_request_id or reference).casefold() == reference.casefold()]
        if len(ours) > 1:
            raise CannotTell(self._venue, "find", f"{len(ours)} bets have the reference")
        return self._told(ours[0], reference) if ours else None

    def _told(self, row: wire.StraightBet, reference: str) -> BetReport:
        with reading(self._venue, "find"):
            return parse.bet(row, reference)

    async def _by_search(self, ref: BetRef) -> BetReport:
        """In the list of all bets since it was sent. Raises CannotTell where none, or more than one, can be it."""
        if self._clock.now_ms() - ref.sent_at_ms > _LIST_GOES_BACK_MS:
            raise CannotTell(self._venue, "find", "the bet is older than the venue's lists go back")
        rows = await self._rest.listed_bets(self._since("ALL", ref.sent_at_ms - EARLIEST_MS))
        named = [row for row in rows if (row.unique_request_id or "").casefold() == ref.reference.casefold()]
        sent = self._sent.unanswered(ref.reference)
        alike = [
            row
            for row in rows
            if sent is not None
            and row.unique_request_id is None
            and self._sent.reference_of(str(row.bet_id)) is None
            and sent.could_be(row)
        ]
        candidates = named or alike
        if len(candidates) != 1:
            raise CannotTell(self._venue, "find", f"{len(candidates)} bets of that time can be the one")
        return self._told(candidates[0], ref.reference)

    # --- settlement -------------------------------------------------------------------------------------------

    async def settled(self, since_ms: int) -> list[BetReport]:
        """Settled bets, oldest change first, each in its latest version (updateSequence). Read from LATE_MS before
        `since_ms`, so that most are repeats; 30 days back at most. `reference` is empty where neither the venue nor
        this process names it: `bet_ref` is the key."""
        rows = await self._rest.listed_bets(self._since("SETTLED", since_ms - LATE_MS))
        latest: dict[int | None, wire.StraightBet] = {}
        for row in sorted(rows, key=_sequence):
            latest.pop(row.bet_id, None)
            latest[row.bet_id] = row
        found = []
        for row in latest.values():
            reference = row.unique_request_id or self._sent.reference_of(str(row.bet_id)) or ""
            try:
                report = parse.bet(row, reference)
            except MalformedError as error:
                _log.error("settled bet left out", venue=self._venue, bet_ref=row.bet_id, error=str(error))
                continue
            if report.settlement is not None:
                found.append(report)
        return found

    def _since(self, bet_list: str, from_ms: int) -> Query:
        """A list from a time (whole seconds) to now; `toDate` is exclusive."""
        now_ms = self._clock.now_ms()
        return {
            "betlist": bet_list,
            "fromDate": parse.time_text(max(from_ms, now_ms - _LIST_GOES_BACK_MS)),
            "toDate": parse.time_text(now_ms + _SECOND_MS),
        }

    # --- the present offer ------------------------------------------------------------------------------------

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The offer with the account's own limits. The venue allows few such questions: one that comes too soon after
        the last of its sport is Unavailable, with the time to wait. `market_ref` of the answer has the ids that a bet
        on it needs, an alternative's included."""
        selection = self._selection("line", market_ref, outcome_ref)
        if selection.points is None and selection.line.bet_type is not BetType.MONEYLINE:
            raise Refused(self._venue, "line", f"{outcome_ref!r} names no line", reason=Reason.INVALID)
        team = await self._team("line", selection)
        budget = self._line_budget(selection.line.sport_id)
        if not budget.try_take(1):
            wait_s = budget.ready_in_s(1)
            raise Unavailable(self._venue, "line", "the sport's line was asked for a moment ago", retry_after_s=wait_s)
        answer = await self._rest.read("line", "/v1/line", wire.LineAnswer, line_question(selection, team))
        with reading(self._venue, "line"):
            return parse.live_line(answer, selection, outcome_ref, self._account.currency)

    def _line_budget(self, sport_id: int) -> Budget:
        if sport_id not in self._line_budgets:
            self._line_budgets[sport_id] = Budget(self._clock, self._line_rate.per_second, self._line_rate.burst)
        return self._line_budgets[sport_id]


def _sequence(row: wire.StraightBet) -> int:
    """The place of a bet's last change among all changes."""
    return row.update_sequence or 0


def _line_rate(manifest: Manifest, meta: Mapping[str, str]) -> Rate:
    """How often a sport's line may be asked for: the account's own pace, where it has one."""
    text = meta.get("line_interval_s")
    if text is None:
        return manifest.rates["line"]
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = 0.0
    if not 0 < interval_s < float("inf"):
        raise SetupError(
            f"line_interval_s of a {manifest.slug} account is {text!r}", "give the seconds between two questions"
        )
    return Rate(1 / interval_s, 1)
