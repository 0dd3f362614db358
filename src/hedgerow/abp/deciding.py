"""Decides about orders, many in one transaction: what is bet where, as if each were decided after the other.

The transaction holds the orders' rows and the ledgers of all accounts that could be bet on, both locked in the order of
their ids. It reads what the orders' bets hold, what is free, and whether new bets are allowed at all; routing is a pure
function. What one order takes is not free any more for the next. An order whose decision fails takes nothing, and the
others nothing of its failure.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.candidates import Standing
from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.hedges import Read, taken_since
from hedgerow.abp.ledger import hold, lock_accounts, wanted_money
from hedgerow.abp.offers import Momentary, Offer, Offers
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, Progress, end_of
from hedgerow.abp.receipts import Receipt, receipt_of
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.routing import Allocation, Candidate, Wanted, is_up_to_money
from hedgerow.abp.view import View
from hedgerow.abp.work import Work, is_undecided, progress_of, taken_of, used_by
from hedgerow.core.clock import Clock
from hedgerow.core.ids import VenueSlug
from hedgerow.core.states import BetStatus
from hedgerow.execution.amounts import Currency
from hedgerow.storage.bets import Bet, Bets

Leg = tuple[Bet, Offer, Desk]
"""A bet that is to be sent: what for, and where."""


class LostError(Exception):
    """The order is not this runner's any more."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be done about an order when the decision is committed. legs: bets to be sent now; receipt: that of a
    decision to bet; is_taken: the bets were test bets, which count as taken at once."""

    legs: Sequence[Leg] = ()
    receipt: Receipt | None = None
    has_ended: bool = False
    is_taken: bool = False


Outcome = Decided | Exception


@dataclass(slots=True)
class _Case:
    """An order for which something could be bet if the money is there."""

    work: Work
    legs: Sequence[Bet]
    wanted: Wanted
    candidates: tuple[Candidate, ...]
    currency: Currency


@dataclass(slots=True)
class _Written:
    """What the transaction writes in the end. started: orders that end before anybody saw them PROCESSING."""

    started: list[int] = field(default_factory=list)
    orders: list[AbpOrder] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    bets: list[Bet] = field(default_factory=list)
    test_bets: list[Bet] = field(default_factory=list)


class Decider:
    """Decides in the caller's transactions, for one runner."""

    def __init__(
        self, runner: str, orders: AbpOrders, bets: Bets, desks: Desks, offers: Offers, view: View, clock: Clock
    ) -> None:
        self._runner, self._orders, self._bets = runner, orders, bets
        self._desks, self._offers, self._view, self._clock = desks, offers, view, clock

    async def decide(self, connection: Connection[Any], works: Sequence[Work]) -> list[Outcome]:
        """Brings each order to its end, or writes the bets that are to be sent for it; answers in the order given.
        Raises StorageError: nothing is decided then."""
        held = await self._orders.hold(connection, [work.order for work in works], self._runner)
        legs = await self._legs(connection, works)
        is_emergency = await self._orders.is_emergency(connection)
        written = _Written()
        view = self._view.of_now()
        found: list[Outcome | _Case] = []
        for work in works:
            order = work.order
            if order.status.is_open and order.order_id not in held:
                found.append(LostError())
                continue
            try:
                found.append(self._look(work, legs[order.order_id], view, written, may_bet=not is_emergency))
            except Exception as error:
                found.append(error)
        outcomes = await self._spend(connection, found, written)
        await self._write(connection, written)
        return outcomes

    async def _legs(self, connection: Connection[Any], works: Sequence[Work]) -> Mapping[int, list[Bet]]:
        """The bets of each order. One that nothing was decided about has none: they come with a decision."""
        legs: defaultdict[int, list[Bet]] = defaultdict(list)
        asked = [work.order.order_id for work in works if work.order.attempts]
        for bet in await self._bets.of_orders(connection, *asked) if asked else ():
            legs[bet.order_id or 0].append(bet)
        return legs

    # --- without money ---------------------------------------------------------------------------------------------

    def _look(
        self, work: Work, legs: Sequence[Bet], view: View, written: _Written, *, may_bet: bool
    ) -> Decided | _Case:
        """All that can be said before the accounts are locked, which most orders that wait for a price never need."""
        order = work.order
        if not order.status.is_open:
            return Decided(has_ended=True)
        self._follow(work, legs)
        currency = self._desks.currency(order.asked.currency, self._offers.rates)
        progress = self._progress(work, legs, currency)
        if (why := _why_idle(work, progress, currency, may_bet=may_bet)) is not None:
            work.last = self._idle_receipt(work, legs, view, progress, currency, why)
        if self._end(work, progress, written):
            return Decided(has_ended=True)
        if currency is None or not may_bet or not _may_bet(work, progress):
            return self._wait(order, written)
        candidates = self._candidates(work, legs, view)
        case = _Case(work, legs, _wanted(order, legs, currency, progress), candidates, currency)
        if is_up_to_money(case.wanted, case.candidates):
            return case
        return self._nothing_to_bet(case, self._receipt(case, case.candidates), written)

    def _follow(self, work: Work, legs: Sequence[Bet]) -> None:
        """Bets that nobody waits for: delayed, in doubt, or left behind by a process that died."""
        for bet in legs:
            desk = self._desks.get(bet.account_id)
            if is_undecided(bet) and bet.bet_id not in work.sending and desk is not None:
                desk.reconciler.follow(bet)

    def _progress(self, work: Work, legs: Sequence[Bet], currency: Currency | None) -> Progress:
        order = work.order
        is_expired = self._clock.now() >= order.asked.expires_at
        # Without a rate nothing is bet, and the currency's unit is all that is asked of it.
        return progress_of(order, legs, currency or _unrated(order), is_expired=is_expired, work=work)

    def _end(self, work: Work, progress: Progress, written: _Written) -> bool:
        end, order = end_of(progress), work.order
        if end is None:
            return False
        is_unseen = order.status is AbpOrderStatus.PENDING
        if is_unseen:
            order.move_to(AbpOrderStatus.PROCESSING)
        order.move_to(*end)
        if is_unseen:
            written.started.append(order.order_id)
        if work.last is not None and work.last.attempt > order.attempts:
            order.attempts = work.last.attempt
            written.receipts.append(work.last)
        written.orders.append(order)
        return True

    def _wait(self, order: AbpOrder, written: _Written) -> Decided:
        if order.status is AbpOrderStatus.PENDING:
            order.move_to(AbpOrderStatus.PROCESSING)
            written.orders.append(order)
        return Decided()

    def _nothing_to_bet(self, case: _Case, receipt: Receipt, written: _Written) -> Decided:
        """The receipt is kept until the order ends: a refusal for good is an end."""
        case.work.last = receipt
        if self._end(case.work, self._progress(case.work, case.legs, case.currency), written):
            return Decided(has_ended=True)
        return self._wait(case.work.order, written)

    def _receipt(self, case: _Case, candidates: tuple[Candidate, ...]) -> Receipt:
        order = case.work.order
        return receipt_of(order.order_id, order.attempts + 1, self._clock.now(), case.wanted, candidates)

    def _idle_receipt(
        self, work: Work, legs: Sequence[Bet], view: View, progress: Progress, currency: Currency | None, why: str
    ) -> Receipt:
        """That nothing was looked for, and why: it is kept should the order end so."""
        order = work.order
        candidates = tuple(replace(one, unusable=why) for one in self._candidates(work, legs, view))
        wanted = _wanted(order, legs, currency or _unrated(order), progress)
        return receipt_of(order.order_id, order.attempts + 1, self._clock.now(), wanted, candidates)

    def _candidates(self, work: Work, legs: Sequence[Bet], view: View) -> tuple[Candidate, ...]:
        """All accounts whose bookmaker has a quote; nobody has looked at their money yet."""
        asked, now_ms = work.order.asked, self._clock.now_ms()

        def standing(desk: Desk, offer: Offer) -> Standing:
            account_id = desk.row.account_id
            unusable = view.why_closed(desk) or work.why_held(account_id, now_ms, offer.changed_ms)
            return Standing(None, used_by(legs, account_id, offer.changed_ms), desk.failure_rate, unusable)

        return view.candidates(asked.client, work.key, asked.outcome_id, standing, is_back=asked.is_back)

    # --- with money ------------------------------------------------------------------------------------------------

    async def _spend(
        self, connection: Connection[Any], found: Sequence[Outcome | _Case], written: _Written
    ) -> list[Outcome]:
        """Decides the cases one after the other: what one takes is not free for the next."""
        cases = [one for one in found if isinstance(one, _Case)]
        accounts = {one.account_id: one.limits.currency.code for case in cases for one in case.candidates}
        free = await self._free(connection, accounts) if accounts else {}
        orphaned: frozenset[int] = frozenset()
        if accounts:
            orphaned = await self._orders.orphaned_accounts(connection, accounts, self._runner)
        offers = Momentary(self._offers)
        outcomes: list[Outcome] = []
        for one in found:
            if isinstance(one, _Case):
                try:
                    outcomes.append(self._route(one, free, orphaned, offers, written))
                except Exception as error:
                    outcomes.append(error)
            else:
                outcomes.append(one)
        return outcomes

    async def _free(self, connection: Connection[Any], accounts: Mapping[int, str]) -> dict[int, Decimal]:
        """What is free on accounts (id to currency), which are locked from now on: also without what market making's
        bets took after the balance was read."""
        free = await lock_accounts(connection, accounts)
        taken = await taken_since(
            connection, {account_id: (code, self._read(account_id)) for account_id, code in accounts.items()}
        )
        return {account_id: amount - taken[account_id] for account_id, amount in free.items()}

    def _read(self, account_id: int) -> Read | None:
        desk = self._desks.get(account_id)
        return None if desk is None else desk.read

    def _route(
        self, case: _Case, free: dict[int, Decimal], orphaned: Collection[int], offers: Offers, written: _Written
    ) -> Decided:
        """The decision of this moment; `free` is brought to what it leaves."""
        work, order = case.work, case.work.order
        receipt = self._receipt(case, _with_money(case.candidates, free, orphaned))
        if not receipt.decision.allocations:
            return self._nothing_to_bet(case, receipt, written)
        legs = [self._leg(work, receipt, allocation, offers) for allocation in receipt.decision.allocations]
        bets = [bet for bet, _, _ in legs]
        if not order.asked.is_test:
            for bet in bets:
                bet.reserved = wanted_money(bet)
        if order.status is AbpOrderStatus.PENDING:
            order.move_to(AbpOrderStatus.PROCESSING)
        order.attempts = receipt.attempt
        # All that can fail is done: an order is written with its bets and their money, or not at all.
        written.orders.append(order)
        written.receipts.append(receipt)
        if order.asked.is_test:
            written.test_bets += bets
            return Decided(receipt=receipt, is_taken=True)
        for bet in bets:
            free[bet.account_id] -= bet.reserved
        written.bets += bets
        return Decided(legs, receipt)

    def _leg(self, work: Work, receipt: Receipt, allocation: Allocation, offers: Offers) -> Leg:
        asked = work.order.asked
        candidate = next(one for one in receipt.candidates if one.account_id == allocation.account_id)
        desk = self._desks.get(allocation.account_id)
        offer = offers.offer(work.key, asked.outcome_id, VenueSlug(allocation.bookmaker), is_back=asked.is_back)
        if desk is None or offer is None:
            raise RuntimeError(f"account {allocation.account_id} went away while it was decided on")
        # The line that was decided on, also where the price has moved since: the bookmaker then refuses.
        if (offer.market_ref, offer.outcome_ref) != (candidate.market_ref, candidate.outcome_ref):
            offer = replace(offer, market_ref=candidate.market_ref, outcome_ref=candidate.outcome_ref)
        bet = Bet(
            str(uuid.uuid4()),
            "abp",
            asked.client,
            allocation.account_id,
            VenueSlug(allocation.bookmaker),
            asked.fixture_id,
            asked.market_id,
            asked.outcome_id,
            asked.player_id,
            allocation.price,
            allocation.stake,
            allocation.currency,
            candidate.limits.currency.per_usd,
            order_id=work.order.order_id,
            is_test=asked.is_test,
            is_back=asked.is_back,
            order_stake=allocation.order_stake,
            offer_ms=offer.changed_ms,
            runner=self._runner,
        )
        return bet, offer, desk

    # --- writing ---------------------------------------------------------------------------------------------------

    async def _write(self, connection: Connection[Any], written: _Written) -> None:
        """The orders, and the bets with the money that they hold, and why."""
        if written.started:
            await self._orders.start(connection, written.started)
        if written.orders:
            await self._orders.save(connection, *written.orders)
        if written.receipts:
            await self._orders.add_receipt(connection, *written.receipts)
        await self._bets.insert(connection, written.bets + written.test_bets)
        await hold(connection, written.bets, self._clock.now())
        if written.test_bets:
            await self._take(connection, written.test_bets)

    async def _take(self, connection: Connection[Any], bets: Sequence[Bet]) -> None:
        """Test bets count as taken as they were asked for; nothing is sent, no money is held."""
        for bet in bets:
            bet.placed_odds, bet.placed_stake = bet.requested_odds, bet.requested_stake
            bet.placed_at = self._clock.now()
            bet.move_to(BetStatus.CONFIRMED, "test order")
        await self._bets.save_answer(connection, *bets)
        await self._orders.count_fill(connection, *{bet.order_id for bet in bets if bet.order_id is not None})


def _why_idle(work: Work, progress: Progress, currency: Currency | None, *, may_bet: bool) -> str | None:
    """Why nobody looks for a price for what is open of an order; None where somebody does, or did."""
    if progress.open_stake <= 0:
        return None
    if not may_bet:
        return "emergency mode is active"
    if currency is None:
        return f"no rate for {work.order.asked.currency}"
    is_first = work.last is None and work.order.attempts == 0
    return "expired before anybody looked" if is_first and progress.is_expired else None


def _unrated(order: AbpOrder) -> Currency:
    """The order's currency without a rate."""
    return Currency(order.asked.currency, Decimal(1))


def _may_bet(work: Work, progress: Progress) -> bool:
    if progress.is_expired or progress.is_cancel_wanted or progress.open_stake <= 0 or work.fault is not None:
        return False
    return asyncio.get_running_loop().time() < work.safe_until


def _wanted(order: AbpOrder, legs: Sequence[Bet], currency: Currency, progress: Progress) -> Wanted:
    asked = order.asked
    return Wanted(
        asked.is_back,
        asked.price,
        progress.open_stake,
        currency,
        asked.bookmakers,
        asked.accepts_better,
        asked.accepts_partial,
        asked.price_rule,
        taken_of(legs),
    )


def _with_money(
    candidates: Sequence[Candidate], free: Mapping[int, Decimal], orphaned: Collection[int]
) -> tuple[Candidate, ...]:
    """The candidates with what is free on their accounts, which stays so until the transaction ends."""
    return tuple(
        replace(
            one,
            limits=replace(one.limits, free=free[one.account_id]),
            unusable="earlier bets are being asked for" if one.account_id in orphaned else one.unusable,
        )
        for one in candidates
    )
