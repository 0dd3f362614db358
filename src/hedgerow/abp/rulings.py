"""What an operator rules about bets of which nobody else tells: whether one that is in doubt was taken, and how one
ended that neither its bookmaker nor the feed settles.

A ruling is booked as an answer or a settlement is, with its reason in the audit trail. The process that still asks the
bookmaker about a bet finds it decided at its next look; what the bookmaker says later is kept as a late answer, and its
settlement goes before ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.booking import Booking
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.verdicts import book_verdict, wager
from hedgerow.core.clock import Clock
from hedgerow.core.errors import InputError
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.execution.rulings import check_can_be_settled, check_reason, named, ruled
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A bet that waits for somebody's word. for_what: `answer` while it is in doubt, else `settlement`."""

    bet_id: int
    for_what: str
    client: str
    bookmaker: str
    username: str
    bookmaker_bet_id: str | None
    reference: str
    fixture_id: str
    outcome_id: int
    odds: Decimal
    stake: Decimal
    currency: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bookmaker's own history shows of a bet. odds > 1; stake > 0, in the account's currency, the backer's."""

    bookmaker_bet_id: str
    odds: Decimal
    stake: Decimal


@dataclass(frozen=True, slots=True)
class TakenLate:
    """A bet that counts as not taken, and that its bookmaker confirmed afterwards."""

    bet_id: int
    bookmaker: str
    status: str
    taken_as: str | None
    at: datetime


class Rulings:
    """The operator's side of bets."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._bets = Bets(database, clock)
        self._booking = Booking(self._bets, AbpOrders(database, clock), clock)

    async def waiting(self, unsettled_for: timedelta) -> list[Waiting]:
        """Bets in doubt, and bets taken longer ago than so that are not settled; the oldest first, at most
        MOST_SHOWN."""
        rows = await self._database.fetch(
            """select b.bet_id, case when b.in_doubt then 'answer' else 'settlement' end as for_what, b.client,
                      b.bookmaker, a.username, b.bookmaker_bet_id, b.reference::text, b.fixture_id, b.outcome_id,
                      coalesce(b.placed_odds, b.requested_odds) as odds,
                      coalesce(b.placed_stake, b.requested_stake) as stake, b.currency,
                      coalesce(b.placed_at, b.sent_at, b.created_at) as since, b.reason as why
               from bets b join accounts a using (account_id)
               where b.in_doubt
                  or (b.status = 'CONFIRMED' and b.settlement = 'UNSETTLED' and not b.is_test and b.placed_at <= $1)
               order by b.bet_id limit $2""",
            self._clock.now() - unsettled_for,
            MOST_SHOWN,
        )
        return [Waiting(**row) for row in rows]

    async def taken_late(self, within: timedelta) -> list[TakenLate]:
        """Of late answers of the last time, those that contradict what stands; at most MOST_SHOWN."""
        rows = await self._database.fetch(
            """select b.bet_id, b.bookmaker, b.status, a.data ->> 'bookmakerBetId' as taken_as, a.at
               from audit a join bets b on b.bet_id = a.id::bigint
               where a.subject = 'bet' and a.action = 'late answer' and a.at >= $1
                 and a.data ->> 'status' = 'CONFIRMED' and b.placed_stake is null
               order by a.audit_id limit $2""",
            self._clock.now() - within,
            MOST_SHOWN,
        )
        return [TakenLate(**row) for row in rows]

    async def settle(self, bet_id: int, settlement: BetSettlement, payout: Decimal | None, reason: str) -> Bet:
        """Settles a bet that its bookmaker has not settled. payout: what came back, commission taken, where it is not
        what the result pays. Raises InputError."""
        async with self._database.transaction() as connection:
            bet = await self._of_abp(connection, bet_id, reason)
            check_can_be_settled(bet)
            meta = await connection.fetchval("select meta from accounts where account_id = $1", bet.account_id)
            verdict = ruled(wager(bet, meta), settlement, payout)
            await book_verdict(connection, self._bets, bet, verdict, self._clock.now(), reason)
        return bet

    async def never_reached(self, bet_id: int, reason: str) -> Bet:
        """Fails a bet in doubt, of which the bookmaker knows nothing: its stake is free again. Raises InputError."""
        async with self._database.transaction() as connection:
            bet = await self._in_doubt(connection, bet_id, reason)
            bet.move_to(BetStatus.FAILED, f"operator: {reason}")
            await self._answer(connection, bet, reason)
        return bet

    async def was_taken(self, bet_id: int, taken: Taken, reason: str) -> Bet:
        """Confirms a bet in doubt as the bookmaker's history shows it. Raises InputError."""
        async with self._database.transaction() as connection:
            bet = await self._in_doubt(connection, bet_id, reason)
            _check_taken(bet, taken)
            bet.bookmaker_bet_id, bet.placed_odds, bet.placed_stake = taken.bookmaker_bet_id, taken.odds, taken.stake
            bet.placed_at = self._clock.now()
            bet.move_to(BetStatus.CONFIRMED, f"operator: {reason}")
            await self._answer(connection, bet, reason)
        return bet

    async def _answer(self, connection: Connection[Any], bet: Bet, reason: str) -> None:
        bet.in_doubt = False
        await self._booking.write(connection, [bet])
        await note(
            connection,
            self._clock.now(),
            actor="operator",
            subject="bet",
            subject_id=str(bet.bet_id),
            action="decided",
            data={
                "status": bet.status.value,
                "odds": bet.placed_odds,
                "stake": bet.placed_stake,
                "bookmakerBetId": bet.bookmaker_bet_id,
                "reason": reason,
            },
        )

    async def _in_doubt(self, connection: Connection[Any], bet_id: int, reason: str) -> Bet:
        bet = await self._of_abp(connection, bet_id, reason)
        if not bet.in_doubt:
            raise InputError(f"bet {bet_id} is {named(bet)}, not in doubt")
        return bet

    async def _of_abp(self, connection: Connection[Any], bet_id: int, reason: str) -> Bet:
        check_reason(reason)
        bet = await self._bets.locked(connection, bet_id)
        if bet is None:
            raise InputError(f"there is no bet {bet_id}")
        if bet.origin != "abp":
            raise InputError(f"bet {bet_id} is a hedge of market making, whose engine has to decide it: restart it")
        return bet


def _check_taken(bet: Bet, taken: Taken) -> None:
    """Raises InputError for what cannot be the bet that was sent."""
    if not taken.bookmaker_bet_id.strip():
        raise InputError("the bookmaker's own id of the bet is needed: its settlement comes by it")
    if taken.odds <= 1:
        raise InputError(f"odds are above 1, not {taken.odds}")
    if not 0 < taken.stake <= bet.requested_stake:
        raise InputError(f"bet {bet.bet_id} was sent with {bet.requested_stake} {bet.currency}, not {taken.stake}")
