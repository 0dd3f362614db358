"""Placing, quoting and fencing: what the bridge does with the bookmaker.

Source: the protocol's rules on placing without doubt. The bridge stores before it sends; the same reference with the
same body is the same bet; after `notAfter` nothing is sent; a price worse than `limitPrice` is never taken.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from hedgerow.core.ids import OutcomeKey
from hedgerow.sim import book_ids
from hedgerow.sim.bookmaker import ABOVE_MAXIMUM, BELOW_MINIMUM, PRICE, Bet, Bookmaker, Quote
from hedgerow.sim.dialects.bridge import shapes
from hedgerow.sim.dialects.bridge.requests import BetRequest, QuoteRequest, Selection
from hedgerow.sim.dialects.bridge.store import Job, Refusal, Store
from hedgerow.sim.dialects.bridge.terms import Terms
from hedgerow.sim.dialects.bridge.wire import Pace, Problem, malformed, time_text
from hedgerow.sim.orders import CLOSED, FUNDS, SCRIPTED, Rejection, State
from hedgerow.sim.world import CANCELLED, FINISHED, World

Json = dict[str, Any]

_JOB = "bridge"
"""Under this name a bookmaker's bet knows its job."""

_CENT = Decimal("0.01")

_RETRIES = {
    "price_changed": "new_reference",
    "score_changed": "new_reference",
    "suspended": "new_reference",
    "stake_too_low": "new_reference",
    "stake_too_high": "new_reference",
    "exposure_limit": "new_reference",
    "expired": "new_reference",
    "withdrawn": "new_reference",
    "insufficient_funds": "later",
    "too_frequent": "later",
    "not_offered": "never",
    "past_cutoff": "never",
    "unsupported": "never",
    "currency_not_allowed": "never",
    "account_restricted": "never",
    "account_blocked": "never",
    "responsible_gambling_limit": "never",
}
"""How often a bet that was refused for it may be tried again, by code."""

_CODES = {
    CLOSED: "suspended",
    PRICE: "price_changed",
    ABOVE_MAXIMUM: "stake_too_high",
    BELOW_MINIMUM: "stake_too_low",
    FUNDS: "insufficient_funds",
}

_LINES = ("totals", "spreads", "drawnobet")
"""Markets in which a stake comes back because the line was hit."""


class Desk:
    """Sends the jobs of one bridge to its bookmaker."""

    def __init__(self, world: World, book: Bookmaker, store: Store, terms: Terms) -> None:
        self._world, self._book, self._store, self._terms = world, book, store, terms
        self._clock = world.clock
        self._paces = {"bets": Pace(world.clock), "quotes": Pace(world.clock)}
        self._quote_numbers = count(1)
        book.on_bet(self._bet_changed)

    # --- placing ---------------------------------------------------------------------------------------------

    def put(self, account: str, reference: str, request: BetRequest) -> tuple[Job, bool]:
        """The job of a placement, and whether it is new. Raises Problem: nothing was placed by this request."""
        not_after_ms, (stake, price) = request.not_after_ms, request.wanted
        if stake <= 0 or price <= 1:
            raise malformed("stake must be positive and limitPrice above 1", "not_placed")
        if self._store.is_fenced(account, reference):
            raise Problem(410, "fenced", "the reference was fenced", "not_placed")
        known = self._store.job(account, reference)
        if known is not None:
            if known.request != request:
                raise Problem(409, "reference_conflict", "the reference is another bet's", bet=self.shape(known))
            return known, False
        self._paces["bets"].keep(account, self._terms.bets_per_minute)
        now_ms = self._clock.now_ms()
        job = Job(account, reference, request, now_ms, now_ms)
        self._store.keep(job)
        self._clock.later(self._terms.hold_s, lambda: self._send(job, not_after_ms), f"{self._book.slug} bridge sends")
        return job, True

    def fence(self, account: str, reference: str) -> Json:
        """Ends the doubt about a reference."""
        job = self._store.job(account, reference)
        if job is None:
            self._store.fence(account, reference)
            return {"outcome": "not_placed"}
        if job.sent_ms is None and job.refusal is None:
            self._store.fence(account, reference)
            self._refuse(job, "withdrawn", "withdrawn by a fence")
            return {"outcome": "withdrawn", "bet": self.shape(job)}
        return {"outcome": "exists", "bet": self.shape(job)}

    def shape(self, job: Job) -> Json:
        outcome = job.request.selection.outcome
        market = self._world.catalogue.market_of(outcome.outcome_id)
        fixture = self._world.fixtures.get(outcome.fixture_id)
        was_played = fixture is not None and fixture.status_id != CANCELLED
        is_push = was_played and market is not None and market.market_type in _LINES
        return shapes.bet_shape(job, self._book.currency, is_push=is_push, tells_results=self._terms.statement)

    def _send(self, job: Job, not_after_ms: int) -> None:
        """To the bookmaker, unless it was withdrawn or is too late."""
        request = job.request
        if job.refusal is not None:
            return
        if self._clock.now_ms() > not_after_ms:
            self._refuse(job, "expired", "notAfter has passed")
        elif request.side == "lay":
            self._refuse(job, "unsupported", "lay bets are not taken")
        elif request.currency != self._book.currency:
            self._refuse(job, "currency_not_allowed", f"the account is in {self._book.currency}")
        elif (why := self._not_open(request.selection)) is not None:
            self._refuse(job, why, why.replace("_", " "))
        else:
            self._place(job)

    def _place(self, job: Job) -> None:
        request = job.request
        stake, price = request.wanted
        job.sent_ms = self._clock.now_ms()
        try:
            self._book.place(
                job.account,
                request.selection.outcome,
                stake,
                reference=job.reference,
                least_price=price,
                takes_better=request.accept_better,
                cuts_to_limit=request.fill == "up_to",
                extra={_JOB: job},
            )
        except Rejection as rejection:
            code = str(rejection) if rejection.why == SCRIPTED else _CODES[rejection.why]
            if code not in _RETRIES:
                code = "suspended"
            self._refuse(job, code, code.replace("_", " "), self._offer(request))

    def _offer(self, request: BetRequest) -> tuple[str, str] | None:
        """What the bookmaker would take: (stake, price)."""
        quote = self._book.quote(request.selection.outcome)
        if quote is None or not quote.is_open or quote.price is None:
            return None
        stake, _ = request.wanted
        most = stake if quote.limit is None else min(stake, quote.limit)
        return shapes.amount(max(most, quote.limit_min or Decimal(0))), shapes.amount(quote.price)

    def _refuse(self, job: Job, code: str, message: str, offer: tuple[str, str] | None = None) -> None:
        job.refusal = Refusal(code, _RETRIES[code], message, offer if code not in ("expired", "withdrawn") else None)
        job.decided_ms = self._clock.now_ms()
        self._store.touch(job)

    def _bet_changed(self, bet: Bet) -> None:
        job = bet.extra.get(_JOB)
        if not isinstance(job, Job):
            return
        job.bet = bet
        if bet.state is State.REJECTED:
            self._refuse(job, "price_changed", bet.reason)
            return
        if bet.state is not State.PENDING and job.decided_ms is None:
            job.decided_ms = self._clock.now_ms()
        self._store.touch(job)

    # --- what is offered -------------------------------------------------------------------------------------

    def quote(self, account: str, request: QuoteRequest) -> Json:
        """The Quote schema: the price and the account's limits of the moment. Raises Problem 429."""
        self._paces["quotes"].keep(account, self._terms.quotes_per_minute)
        expires_ms = self._clock.now_ms() + int(self._terms.quote_life_s * 1000)
        shape: Json = {"quoteId": f"q{next(self._quote_numbers)}", "expiresAt": time_text(expires_ms)}
        selection = request.selection
        quote = self._book.quote(selection.outcome)
        if self._not_open(selection) is not None or quote is None or request.side == "lay":
            return {**shape, "status": "not_offered"}
        if not quote.is_open or quote.price is None:
            return {**shape, "status": "suspended"}
        return {**shape, "status": "open", **self._terms_of(account, quote, quote.price)}

    def _terms_of(self, account: str, quote: Quote, price: Decimal) -> Json:
        fixture = self._world.fixtures[quote.outcome.fixture_id]
        least = self._terms.least_stake if quote.limit_min is None else quote.limit_min
        most = self._book.balances[account] if quote.limit is None else quote.limit
        return {
            "price": shapes.amount(price),
            "minStake": shapes.amount(least),
            "maxStake": shapes.amount(most),
            "stakeStep": shapes.amount(_CENT),
            "currency": self._book.currency,
            "live": fixture.live,
            "liveDelaySeconds": 0,
            "understoodAs": f"{fixture.participant1_name} v {fixture.participant2_name}, {quote.outcome.outcome_id}",
        }

    def _not_open(self, selection: Selection) -> str | None:
        """Why nobody can bet on the selection, as a code; a suspended one is not asked here."""
        outcome = selection.outcome
        fixture = self._world.fixtures.get(outcome.fixture_id)
        if fixture is None or self._book.quote(outcome) is None or not self._is_ours(selection, outcome):
            return "not_offered"
        return "past_cutoff" if fixture.status_id in (FINISHED, CANCELLED) else None

    def _is_ours(self, selection: Selection, outcome: OutcomeKey) -> bool:
        """Whether the bookmaker's own ids, where they are given, name the same."""
        market = self._world.catalogue.market_of(outcome.outcome_id)
        market_id = outcome.outcome_id if market is None else market.market_id
        slug = self._book.slug
        right = book_ids.market_ref(slug, outcome.fixture_id, market_id), book_ids.outcome_ref(slug, outcome)
        given = selection.bookmaker_market_id, selection.bookmaker_outcome_id
        return all(told in (None, known) for told, known in zip(given, right, strict=True))
