"""Takes up committed orders and works on each until it has ended. Any number of processes may run side by side.

An order is worked on by one runner at a time, under a lease. A decision (`abp.deciding`) is made together with those
of other orders in one transaction, which commits the bets with their money and the receipt. Only then are they sent,
each once. A bet whose answer is missing keeps its stake used and is asked for by its reference; after a crash whoever
takes the order up does that, and until then nothing new is sent on that account.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

import structlog

from hedgerow.abp.deciding import Decided, Decider, Leg, LostError, Outcome
from hedgerow.abp.desks import Desks
from hedgerow.abp.offers import Offers
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus
from hedgerow.abp.repository import AbpOrders, Lease, presence_of
from hedgerow.abp.view import View
from hedgerow.abp.work import Work
from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.core.tasks import work as busy
from hedgerow.core.tracing import span, step
from hedgerow.execution.placement import Placement, intent_of
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, StorageError
from hedgerow.storage.grouped import FullError, Grouped

_log = structlog.get_logger(__name__)

LEASE_S = 30.0
_RENEW_EVERY_S = 10.0
_LOOK_AT_PRESENCE_S = 1.0
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
_MOST_DECIDED = 100
"""Orders in one decision: its locks are held while all of them are routed."""
_MOST_UNDECIDED = 300
"""Orders that wait for a decision, before new ones are let in: what is decided on within half a second or so."""
_ROOM_WITHIN_S = 2.0


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
        self._database, self._orders, self._placement = database, orders, placement
        self._clock, self._lease_s = clock, lease_s
        self._works: dict[int, Work] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._presence: asyncio.Task[NoReturn] | None = None
        self._decider = Decider(self.name, orders, bets, desks, offers, view, clock)
        self._decisions = Grouped("decisions", self._decide, most=_MOST_DECIDED, waiting=2 * MOST_ORDERS)
        self._resting = 0
        self._eased = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()
        self._legs: set[asyncio.Task[None]] = set()
        desks.on_decided(self.decided)

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._presence = spawn(self._be_present(), "presence of the runner", is_vital=True)
        self._tasks = [
            spawn(self._take_up(), "take up orders", is_vital=True),
            spawn(self._renew(), "renew leases", is_vital=True),
        ]

    async def stop(self) -> None:
        """Lets bets that are under way be answered, begins nothing new, and gives the orders back."""
        await stop(*self._tasks)
        for found in self._works.values():
            found.safe_until = 0.0
        await self._decisions.idle()
        if self._legs:
            await asyncio.wait(self._legs, timeout=self._lease_s)
        await stop(*self._working)
        try:
            await self._orders.release(self.name)
        except StorageError as error:
            _log.error("orders are not given back; their leases end by themselves", error=str(error))
        if self._presence is not None:
            await stop(self._presence)

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

    # --- new orders ------------------------------------------------------------------------------------------------

    async def wait_for_room(self) -> None:
        """Returns when a new order would be decided on soon: neither do too many wait for that, nor are too many bets
        under way. Raises FullError when that takes too long."""
        try:
            async with asyncio.timeout(_ROOM_WITHIN_S):
                while self._decisions.waiting >= _MOST_UNDECIDED or self._active >= MOST_ORDERS:
                    self._eased.clear()
                    await self._eased.wait()
        except TimeoutError:
            raise FullError(f"{self._active} orders are being worked on") from None

    @property
    def _active(self) -> int:
        """Orders that do not only wait for a price."""
        return len(self._works) - self._resting

    def lease_for(self, orders: int) -> Lease | None:
        """What makes so many new orders this runner's from their first moment; None when its hands are full."""
        return Lease(self.name, self._lease_s) if len(self._works) + orders <= MOST_ORDERS else None

    def begin(self, orders: Sequence[tuple[AbpOrder, str]], leased_at: float) -> None:
        """Works on orders that were committed with its lease, asked for at that time of the loop; each with the
        traceparent of its request."""
        for order, cause in orders:
            self._begin(order, leased_at + self._lease_s - _UNSAFE_BEFORE_END_S, cause)

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

    def _begin(self, order: AbpOrder, safe_until: float, cause: str = "") -> None:
        if order.order_id in self._works:
            return  # its lease was over for a moment; its task sees that it is ours again
        found = self._works[order.order_id] = Work(order, cause, safe_until=safe_until)
        task = spawn(self._traced(found), f"order {order.order_id}")
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

    async def _be_present(self) -> NoReturn:
        """Holds the lock that tells others that this process lives. It goes with the process, long before the leases
        end: until these are over nobody else asks for its bets, and nothing new is sent on their accounts."""
        while True:
            try:
                async with self._database.lock(presence_of(self.name)) as connection:
                    while True:
                        await asyncio.sleep(_LOOK_AT_PRESENCE_S)
                        await connection.fetchval("select 1")
            except StorageError as error:
                _log.warning("this runner's presence is not told", error=str(error))
            await asyncio.sleep(_LOOK_AT_PRESENCE_S)

    # --- one order -------------------------------------------------------------------------------------------------

    async def _traced(self, found: Work) -> None:
        order = found.order
        with span("abp.order", parent=found.cause) as traced:
            traced.tell("hedgerow.order_id", order.order_id)
            traced.tell("hedgerow.client", order.asked.client)
            await self._work(found)
            traced.tell("hedgerow.status", order.status.value)

    async def _work(self, found: Work) -> None:
        order_id = found.order.order_id
        try:
            while True:
                found.wake.clear()
                try:
                    with busy.unit():
                        decided = await self._decided_on(found)
                        if decided.has_ended or await self._send_all(found, decided.legs):
                            return
                except StorageError as error:
                    _log.error("order waits for the database", order_id=order_id, error=str(error))
                    found.sending.clear()  # what was perhaps committed was not sent: it is asked for like the rest
                    await self._clock.sleep(_RETRY_S)
                    continue
                if not decided.legs and not decided.is_taken:
                    await self._pause(found)
        except LostError:
            _log.warning("order is another process's now", order_id=order_id)
        except Exception as error:
            _log.exception("order cannot be worked on", order_id=order_id)
            await self._give_up(found, f"{type(error).__name__} while working on the order")
        finally:
            self._works.pop(order_id, None)
            self._eased.set()

    async def _decided_on(self, found: Work) -> Decided:
        """The decision about an order, committed. Raises StorageError, LostError."""
        with step("abp.decide") as traced:
            try:
                decided = await self._decisions.write(found)
            finally:
                self._eased.set()
            if isinstance(decided, Exception):
                raise decided
            traced.tell("hedgerow.attempt", found.order.attempts)
            traced.tell("hedgerow.bets", len(decided.legs))
        if decided.receipt is not None:
            found.last = decided.receipt
        if decided.has_ended:
            _tell_end(found.order)
        return decided

    async def _decide(self, works: Sequence[Work]) -> Sequence[Outcome]:
        async with self._database.transaction() as connection:
            return await self._decider.decide(connection, works)

    # --- sending ---------------------------------------------------------------------------------------------------

    async def _send_all(self, found: Work, legs: Sequence[Leg]) -> bool:
        """Sends committed bets; True when their answers have filled the order: then it has ended (`count_fill`)."""
        found.sending |= {bet.bet_id for bet, _, _ in legs}
        tasks = [spawn(self._send(found, leg), f"bet {leg[0].bet_id}") for leg in legs]
        for task, (_, _, desk) in zip(tasks, legs, strict=True):
            for under_way in (self._legs, desk.sending):
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        await asyncio.gather(*tasks)
        order = found.order
        taken = (bet.order_stake or Decimal(0) for bet, _, _ in legs if bet.status is BetStatus.CONFIRMED)
        if not legs or order.filled + sum(taken) < order.asked.stake:
            return False
        order.status, order.filled = AbpOrderStatus.FILLED, order.asked.stake
        _tell_end(order)
        return True

    async def _send(self, found: Work, leg: Leg) -> None:
        """Sends a committed bet, once, and sees to it that its answer is committed."""
        bet, offer, desk = leg
        asked = found.order.asked
        try:
            if asyncio.get_running_loop().time() >= found.safe_until:
                bet.move_to(BetStatus.FAILED, "not sent: the order may be another process's")
                await self._save(bet)
                return
            intent = intent_of(
                bet,
                market_ref=offer.market_ref,
                outcome_ref=offer.outcome_ref,
                is_live=offer.is_live,
                accept_better=asked.accepts_better,
                accept_partial=asked.accepts_partial,
            )
            try:
                refusal = await self._placement.send(
                    desk.bookmaker, bet, intent, covers=lambda _: Decimal(0), leave_by=found.safe_until
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
        self._resting += 1
        self._eased.set()
        sleeper = spawn(self._clock.sleep(max(until_ms - now_ms, 1) / 1000), "order pause")
        ringer = spawn(found.wake.wait(), "order bell")
        try:
            await asyncio.wait((sleeper, ringer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._resting -= 1
            sleeper.cancel()
            ringer.cancel()

    async def _give_up(self, found: Work, why: str) -> None:
        """Ends an order that cannot be worked on, unless a bet of it is open: then it is taken up again when its lease
        ends, and the bet is asked for."""
        found.fault = why
        try:
            await self._decided_on(found)
        except (StorageError, LostError) as error:
            _log.error("order is not ended", order_id=found.order.order_id, error=str(error))


def _tell_end(order: AbpOrder) -> None:
    _log.info("order ended", order_id=order.order_id, status=order.status.value, filled=str(order.filled))
