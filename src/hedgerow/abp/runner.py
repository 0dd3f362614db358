"""Takes up committed orders and works on each until it has ended. Any number of processes may run side by side.

An order is worked on by one runner at a time, under a lease. A decision is made in one transaction that holds the
order's row and the ledgers of the accounts: it reads what the order's bets hold, what is free, whether new bets are
allowed at all, routes, and commits the bets with their money and the receipt. Only then are they sent, each once. A
bet whose answer is missing keeps its stake used and is asked for by its reference; after a crash whoever takes the
order up does that, and until then nothing new is sent on that account.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NoReturn

import structlog
from asyncpg import Connection

from hedgerow.abp.amounts import Currency
from hedgerow.abp.candidates import Standing
from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.ledger import hold, lock_accounts
from hedgerow.abp.offers import Offer, Offers
from hedgerow.abp.orders import AbpOrder, Progress, end_of
from hedgerow.abp.receipts import Receipt, receipt_of
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.routing import Allocation, Candidate, Wanted
from hedgerow.abp.view import View
from hedgerow.abp.work import Work, is_undecided, progress_of, taken_of, used_by
from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.core.tasks import work as busy
from hedgerow.execution.placement import Placement
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, StorageError

_log = structlog.get_logger(__name__)

LEASE_S = 30.0
_RENEW_EVERY_S = 10.0
_UNSAFE_BEFORE_END_S = 12.0
"""A bet is not sent so shortly before the lease ends: its request would outlive it."""
_LOOK_EVERY_S = 0.25
"""In the machine's time: orders that another process accepted, or gave up, are seen after so long."""
MOST_ORDERS = 2_000
"""In one process's hands, most of them waiting for a price; others wait for another process, or a free place."""
_MOST_AT_ONCE = 50
_RETRY_S = 1.0
_LONGEST_LOOK_S = 5.0
"""Moves of prices and answers of bets wake an order; new money, terms and switches are seen after so long."""
_PLENTY = Decimal(10) ** 15

_Leg = tuple[Bet, Offer, Desk]


class _LostError(Exception):
    """The order is not this runner's any more."""


class Runner:
    """One process's share of the work."""

    def __init__(
        self,
        database: Database,
        orders: AbpOrders,
        bets: Bets,
        placement: Placement,
        desks: Desks,
        offers: Offers,
        view: View,
        clock: Clock,
        *,
        lease_s: float = LEASE_S,
    ) -> None:
        self.name = str(uuid.uuid4())
        self._database, self._orders, self._bets = database, orders, bets
        self._placement, self._desks, self._offers, self._view = placement, desks, offers, view
        self._clock, self._lease_s = clock, lease_s
        self._works: dict[int, Work] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._working: set[asyncio.Task[None]] = set()
        self._legs: set[asyncio.Task[None]] = set()
        desks.on_decided(self.decided)

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._tasks = [
            spawn(self._take_up(), "take up orders", is_vital=True),
            spawn(self._renew(), "renew leases", is_vital=True),
        ]

    async def stop(self) -> None:
        """Lets bets that are under way be answered, begins nothing new, and gives the orders back."""
        await stop(*self._tasks)
        for found in self._works.values():
            found.safe_until = 0.0
        if self._legs:
            await asyncio.wait(self._legs, timeout=self._lease_s)
        await stop(*self._working)
        try:
            await self._orders.release(self.name)
        except StorageError as error:
            _log.error("orders are not given back; their leases end by themselves", error=str(error))

    def look(self) -> None:
        """New orders were committed."""
        self._wake.set()

    def changed(self, fixture_id: FixtureId) -> None:
        """Prices of a fixture moved: orders that wait for one look again."""
        for found in self._works.values():
            if found.order.asked.fixture_id == fixture_id:
                found.wake.set()

    def look_at(self, order_id: int) -> None:
        """An order was changed by somebody else in this process."""
        if (found := self._works.get(order_id)) is not None:
            found.wake.set()

    async def decided(self, bet: Bet) -> None:
        """A bet that was delayed or in doubt is decided, and that is committed."""
        self.look_at(bet.order_id or 0)

    # --- taking up -------------------------------------------------------------------------------------------------

    async def _take_up(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            room = min(MOST_ORDERS - len(self._works), _MOST_AT_ONCE)
            asked_at = loop.time()
            try:
                found = await self._orders.take_up(self.name, room, self._lease_s) if room else []
            except StorageError as error:
                _log.error("orders are not taken up", error=str(error))
                found = []
            for order in found:
                self._begin(order, asked_at + self._lease_s - _UNSAFE_BEFORE_END_S)
            if len(found) < _MOST_AT_ONCE:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _begin(self, order: AbpOrder, safe_until: float) -> None:
        if order.order_id in self._works:
            return  # its lease was over for a moment; its task sees that it is ours again
        found = self._works[order.order_id] = Work(order, safe_until=safe_until)
        task = spawn(self._work(found), f"order {order.order_id}")
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _renew(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(_RENEW_EVERY_S, self._lease_s / 3))
            asked_at = loop.time()
            try:
                ours = await self._orders.renew(self.name, list(self._works), self._lease_s)
            except StorageError as error:
                _log.error("leases are not renewed", error=str(error))
                continue
            for order_id in ours & self._works.keys():
                self._works[order_id].safe_until = asked_at + self._lease_s - _UNSAFE_BEFORE_END_S

    # --- one order -------------------------------------------------------------------------------------------------

    async def _work(self, found: Work) -> None:
        order_id = found.order.order_id
        try:
            while True:
                found.wake.clear()
                try:
                    with busy.unit():
                        legs = await self._decide(found)
                        if legs is None:
                            return
                        await self._send_all(found, legs)
                except StorageError as error:
                    _log.error("order waits for the database", order_id=order_id, error=str(error))
                    found.sending.clear()  # what was perhaps committed was not sent: it is asked for like the rest
                    await self._clock.sleep(_RETRY_S)
                    continue
                if not legs:
                    await self._pause(found)
        except _LostError:
            _log.warning("order is another process's now", order_id=order_id)
        except Exception as error:
            _log.exception("order cannot be worked on", order_id=order_id)
            await self._give_up(found, f"{type(error).__name__} while working on the order")
        finally:
            self._works.pop(order_id, None)

    async def _decide(self, found: Work) -> list[_Leg] | None:
        """Brings the order to its end (None), or commits the bets that are to be sent now. Raises StorageError,
        _LostError."""
        async with self._database.transaction() as connection:
            order = await self._held(connection, found)
            legs = await self._bets.of_order(connection, order.order_id)
            self._follow(found, legs)
            currency = self._desks.currency(order.asked.currency, self._offers.rates)
            progress = self._progress(found, legs, currency)
            if await self._end(connection, found, progress):
                return None
            if currency is None or not await self._may_bet(connection, found, progress):
                return []
            receipt = await self._route(connection, found, legs, currency, progress)
            if not receipt.decision.allocations:
                found.last = receipt
                # A refusal for good is an end.
                return None if await self._end(connection, found, self._progress(found, legs, currency)) else []
            return await self._commit(connection, found, receipt)

    async def _held(self, connection: Connection[Any], found: Work) -> AbpOrder:
        order = await self._orders.locked(connection, found.order.order_id)
        if order is None or not order.status.is_open:
            raise _LostError
        if not await self._orders.is_held(connection, order.order_id, self.name):
            raise _LostError
        found.order = order
        return order

    def _follow(self, found: Work, legs: Sequence[Bet]) -> None:
        """Bets that nobody waits for: delayed, in doubt, or left behind by a process that died."""
        for bet in legs:
            desk = self._desks.get(bet.account_id)
            if is_undecided(bet) and bet.bet_id not in found.sending and desk is not None:
                desk.reconciler.follow(bet)

    def _progress(self, found: Work, legs: Sequence[Bet], currency: Currency | None) -> Progress:
        order = found.order
        is_expired = self._clock.now() >= order.asked.expires_at
        # Without a rate nothing is bet, and the currency's unit is all that is asked of it.
        known = currency or Currency(order.asked.currency, Decimal(1))
        return progress_of(order, legs, known, is_expired=is_expired, work=found)

    async def _end(self, connection: Connection[Any], found: Work, progress: Progress) -> bool:
        end = end_of(progress)
        if end is None:
            return False
        order = found.order
        order.move_to(*end)
        if found.last is not None and found.last.attempt > order.attempts:
            order.attempts = found.last.attempt
            await self._orders.add_receipt(connection, found.last)
        await self._orders.save(connection, order)
        _log.info("order ended", order_id=order.order_id, status=order.status.value, filled=str(order.filled))
        return True

    async def _may_bet(self, connection: Connection[Any], found: Work, progress: Progress) -> bool:
        if progress.is_expired or progress.is_cancel_wanted or progress.open_stake <= 0 or found.fault is not None:
            return False
        is_safe = asyncio.get_running_loop().time() < found.safe_until
        return is_safe and not await self._orders.is_emergency(connection)

    # --- deciding --------------------------------------------------------------------------------------------------

    async def _route(
        self, connection: Connection[Any], found: Work, legs: Sequence[Bet], currency: Currency, progress: Progress
    ) -> Receipt:
        """The decision of this moment. Ledgers are locked only where something could be bet if the money is there."""
        order, asked = found.order, found.order.asked
        wanted = Wanted(
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
        candidates = self._candidates(found, legs)
        attempt, now = order.attempts + 1, self._clock.now()
        receipt = receipt_of(order.order_id, attempt, now, wanted, candidates)
        if not receipt.decision.allocations:
            return receipt
        candidates = await self._with_money(connection, candidates)
        return receipt_of(order.order_id, attempt, now, wanted, candidates)

    def _candidates(self, found: Work, legs: Sequence[Bet]) -> tuple[Candidate, ...]:
        """All accounts whose bookmaker has a quote, as if they had all the money they need."""
        asked, now_ms = found.order.asked, self._clock.now_ms()

        def standing(desk: Desk, offer: Offer) -> Standing:
            account_id = desk.row.account_id
            unusable = self._view.why_closed(desk) or found.why_held(account_id, now_ms, offer.changed_ms)
            return Standing(_PLENTY, used_by(legs, account_id, offer.changed_ms), desk.failure_rate, unusable)

        return self._view.candidates(asked.client, found.key, asked.outcome_id, standing, is_back=asked.is_back)

    async def _with_money(self, connection: Connection[Any], candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """The candidates with what is free on their accounts, which stays so until the transaction ends."""
        accounts = {one.account_id: one.limits.currency.code for one in candidates}
        free = await lock_accounts(connection, accounts)
        orphaned = await self._orders.orphaned_accounts(connection, list(accounts))
        return tuple(
            replace(
                one,
                limits=replace(one.limits, free=free[one.account_id]),
                unusable="earlier bets are being asked for" if one.account_id in orphaned else one.unusable,
            )
            for one in candidates
        )

    async def _commit(self, connection: Connection[Any], found: Work, receipt: Receipt) -> list[_Leg]:
        """Writes the bets, the money that they hold, and why."""
        found.last, found.order.attempts = receipt, receipt.attempt
        await self._orders.save(connection, found.order)
        await self._orders.add_receipt(connection, receipt)
        legs = [self._leg(found, receipt, allocation) for allocation in receipt.decision.allocations]
        bets = [bet for bet, _, _ in legs]
        await self._bets.insert(connection, bets)
        if found.order.asked.is_test:
            for bet in bets:
                await self._take_test_bet(connection, bet)
            await self._orders.count_fill(connection, found.order.order_id)
            found.wake.set()
            return []
        for bet in bets:
            await hold(connection, bet, self._clock.now())
        found.sending |= {bet.bet_id for bet in bets}
        return legs

    def _leg(self, found: Work, receipt: Receipt, allocation: Allocation) -> _Leg:
        asked = found.order.asked
        candidate = next(one for one in receipt.candidates if one.account_id == allocation.account_id)
        desk = self._desks.get(allocation.account_id)
        offer = self._offers.offer(found.key, asked.outcome_id, VenueSlug(allocation.bookmaker), is_back=asked.is_back)
        if desk is None or offer is None:
            raise RuntimeError(f"account {allocation.account_id} went away while it was decided on")
        # The line that was decided on, also where the price has moved since: the bookmaker then refuses.
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
            order_id=found.order.order_id,
            is_test=asked.is_test,
            is_back=asked.is_back,
            order_stake=allocation.order_stake,
            offer_ms=offer.changed_ms,
            runner=self.name,
        )
        return bet, offer, desk

    async def _take_test_bet(self, connection: Connection[Any], bet: Bet) -> None:
        """A test bet counts as taken as it was asked for; nothing is sent, no money is held."""
        bet.placed_odds, bet.placed_stake, bet.placed_at = bet.requested_odds, bet.requested_stake, self._clock.now()
        bet.move_to(BetStatus.CONFIRMED, "test order")
        await self._bets.save_answer(connection, bet)

    # --- sending ---------------------------------------------------------------------------------------------------

    async def _send_all(self, found: Work, legs: Sequence[_Leg]) -> None:
        tasks = [spawn(self._send(found, leg), f"bet {leg[0].bet_id}") for leg in legs]
        for task, (_, _, desk) in zip(tasks, legs, strict=True):
            for under_way in (self._legs, desk.sending):
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        await asyncio.gather(*tasks)

    async def _send(self, found: Work, leg: _Leg) -> None:
        """Sends a committed bet, once, and sees to it that its answer is committed."""
        bet, offer, desk = leg
        asked = found.order.asked
        try:
            if asyncio.get_running_loop().time() >= found.safe_until:
                bet.move_to(BetStatus.FAILED, "not sent: the order may be another process's")
                await self._save(bet)
                return
            try:
                refusal = await self._placement.send(
                    desk.bookmaker,
                    bet,
                    market_ref=offer.market_ref,
                    outcome_ref=offer.outcome_ref,
                    is_live=offer.is_live,
                    covers=lambda _: Decimal(0),
                    accept_better=asked.accepts_better,
                    accept_partial=asked.accepts_partial,
                    leave_by=found.safe_until,
                )
            except StorageError as error:
                _log.error("a bet's answer is not written yet", bet_id=bet.bet_id, error=str(error))
                refusal = None
                await self._save(bet)
        finally:
            found.sending.discard(bet.bet_id)
        desk.answered(is_failure=bet.in_doubt or bet.status is BetStatus.FAILED)
        if bet.status in (BetStatus.REJECTED, BetStatus.FAILED):
            reason = refusal.reason if refusal is not None else None
            found.refused(bet.account_id, reason, bet.reason, self._clock.now_ms(), offer.changed_ms)

    async def _save(self, bet: Bet) -> None:
        """Writes what is known of a bet, for as long as it takes."""
        backoff = Backoff(0.2, 5.0)
        while True:
            try:
                await self._placement.save(bet)
            except StorageError as error:
                _log.error("a bet's answer is not written yet", bet_id=bet.bet_id, error=str(error))
                await asyncio.sleep(backoff.next_pause_s())
            else:
                return

    # --- waiting ---------------------------------------------------------------------------------------------------

    async def _pause(self, found: Work) -> None:
        """Until something changed, a refused account may be asked again, or the order expires."""
        now_ms = self._clock.now_ms()
        expires_ms = int(found.order.asked.expires_at.timestamp() * 1000)
        times = [now_ms + int(_LONGEST_LOOK_S * 1000), found.next_look_ms(now_ms)]
        if expires_ms > now_ms:
            times.append(expires_ms)
        until_ms = min(time for time in times if time is not None)
        sleeper = spawn(self._clock.sleep(max(until_ms - now_ms, 1) / 1000), "order pause")
        ringer = spawn(found.wake.wait(), "order bell")
        try:
            await asyncio.wait((sleeper, ringer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            ringer.cancel()

    async def _give_up(self, found: Work, why: str) -> None:
        """Ends an order that cannot be worked on, unless a bet of it is open: then it is taken up again when its lease
        ends, and the bet is asked for."""
        found.fault = why
        try:
            async with self._database.transaction() as connection:
                order = await self._held(connection, found)
                legs = await self._bets.of_order(connection, order.order_id)
                await self._end(connection, found, self._progress(found, legs, None))
        except (StorageError, _LostError) as error:
            _log.error("order is not ended", order_id=found.order.order_id, error=str(error))
