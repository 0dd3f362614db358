"""What a bookmaker says of an account's balance, against what the ledger knows.

Its word may count a bet that is under way or not, so it is believed between what is sure either way. What no bet
explains, of a client or of market making, is drift: a deposit, a withdrawal, or a fault; it is booked, and kept as
evidence. First the rules (pure), then the SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.hedges import NO_HEDGES, Hedged, Read, left_open, since_last_word
from hedgerow.abp.ledger import ZERO, Entry, Kind, Move, Place, balances, lock_accounts, moving, post
from hedgerow.storage.database import Database

PAID_WITHIN = timedelta(hours=24)
"""How long after the feed's grade a bookmaker without a statement may still pay, or may have paid, without an alarm."""
_MOST_EVIDENCE = 100


# --- rules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unsure:
    """Money of clients' bets that a bookmaker's word on the balance may count or not.

    going: held in the ledger, but perhaps still there, or there again: of bets that are not answered, that were taken
    since the question, or whose payout the bookmaker may have booked before we could know. coming: given back in the
    ledger since the question, perhaps not yet in the answer. late: paid in the ledger by the feed's grade, at the
    bookmaker at any time: its word is booked, and is no alarm.
    """

    going: Decimal = ZERO
    coming: Decimal = ZERO
    late: Decimal = ZERO

    def around(self, told: Decimal) -> tuple[Decimal, Decimal]:
        """The least and the most that can be bet where a bookmaker says `told`."""
        return told - self.going, told + self.coming


def observe(free: Decimal, unsure: Unsure, told: Decimal) -> list[Move]:
    """The bookmaker says that `told` can be bet: `free` is brought between what surely can and what surely cannot be
    bet, and left alone where it lies there already."""
    least, most = unsure.around(told)
    return moving(
        Move(Kind.CORRECTION, Place.VENUE, Place.FREE, least - free),
        Move(Kind.CORRECTION, Place.FREE, Place.VENUE, free - most),
    )


def drift(free: Decimal, unsure: Unsure, told: Decimal, hedged: Hedged = NO_HEDGES) -> Decimal:
    """What of the bookmaker's word no bet explains: above 0 where it has more than the ledger, below where less."""
    change = balances(observe(free, unsure, told))[Place.FREE]
    return ZERO if -unsure.late - hedged.out <= change <= unsure.late + hedged.back else change


# --- SQL -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observation:
    """What a bookmaker's word did. free: what can be bet now; drift: see `drift`, 0 for the first word ever; left: what
    of market making's bets the ledger may not have even now."""

    free: Decimal
    drift: Decimal
    left: Hedged = NO_HEDGES


async def last_entry(database: Database, account_id: int) -> int:
    """The account's last entry by now, 0 without one; asked for before its bookmaker is. Raises StorageError."""
    found: int | None = await database.fetchval(
        "select entry_id from abp_ledger where account_id = $1 order by entry_id desc limit 1", account_id
    )
    return found or 0


async def book_balance(
    connection: Connection[Any],
    account_id: int,
    currency: str,
    told: Decimal,
    asked_at: datetime,
    at: datetime,
    *,
    since: int | None = None,
    read: Read | None = None,
    has_statement: bool = True,
    is_last_look: bool = True,
) -> Observation:
    """Books the bookmaker's word on what can be bet, as asked for at that time. What no bet explains is kept as
    evidence (`abp_drifts`); before the last look it is only told, and nothing is booked. since: the account's last
    entry before the question, None where nothing can have moved; read: the last word that was booked before, None
    where this process knows of none."""
    free = (await lock_accounts(connection, {account_id: currency}))[account_id]
    unsure = await _unsure(connection, account_id, currency, since, at, has_statement=has_statement)
    hedged, hedges = await since_last_word(connection, account_id, currency, read)
    unexplained = drift(free, unsure, told, hedged)
    if unexplained and not await connection.fetchval(
        "select exists (select 1 from abp_ledger where account_id = $1 and currency = $2)", account_id, currency
    ):
        unexplained = ZERO
    if unexplained and not is_last_look:
        return Observation(free, unexplained)
    if unexplained:
        await _keep_evidence(connection, account_id, currency, at, asked_at, free, told, unexplained, hedges)
    moves = observe(free, unsure, told)
    await post(connection, [Entry(account_id, currency, move, None) for move in moves], at)
    left = left_open(free, *unsure.around(told), hedged)
    return Observation(balances(moves, {Place.FREE: free})[Place.FREE], unexplained, left)


async def _unsure(
    connection: Connection[Any], account_id: int, currency: str, since: int | None, at: datetime, *, has_statement: bool
) -> Unsure:
    """Of an account whose ledger the transaction has locked."""
    rows = await connection.fetch(
        """select coalesce(sum(reserved), 0) as going,
                  coalesce(sum(staked + placed_stake * case when is_back then placed_odds - 1 else 1 end)
                           filter (where staked > 0), 0) as won, 0 as coming
           from bets
           where account_id = $1 and currency = $2 and origin = 'abp' and (reserved > 0 or staked > 0)
           union all
           select coalesce(sum(amount) filter (where source = 'free' or target = 'staked'), 0), 0,
                  coalesce(sum(amount) filter (where target = 'free'), 0)
           from abp_ledger where account_id = $1 and currency = $2 and entry_id > $3 and bet_id is not null""",
        account_id,
        currency,
        since,
    )
    going, won, coming = (sum(column, ZERO) for column in zip(*rows, strict=True))
    if has_statement:  # what was paid is known by reading it first
        return Unsure(going, coming)
    late = await connection.fetchval(
        """select coalesce(sum(payout), 0) from bets
           where account_id = $1 and currency = $2 and origin = 'abp' and settled_by in ('feed', 'operator')
             and settled_at >= $3""",
        account_id,
        currency,
        at - PAID_WITHIN,
    )
    return Unsure(going + won, coming, late)


@dataclass(frozen=True, slots=True)
class Drift:
    """Evidence of one: see `drift`. bets: how many it might have counted or not."""

    venue: str
    username: str
    currency: str
    at: datetime
    ours: Decimal
    told: Decimal
    drift: Decimal
    bets: int


async def drifts(database: Database, since: datetime, most: int) -> list[Drift]:
    """Since a time, the newest first. Raises StorageError."""
    rows = await database.fetch(
        """select a.venue, a.username, d.currency, d.at, d.ours, d.told, d.drift, jsonb_array_length(d.bets) as bets
           from abp_drifts d join accounts a using (account_id) where d.at >= $1 order by d.drift_id desc limit $2""",
        since,
        most,
    )
    return [Drift(**row) for row in rows]


async def _keep_evidence(
    connection: Connection[Any],
    account_id: int,
    currency: str,
    at: datetime,
    asked_at: datetime,
    ours: Decimal,
    told: Decimal,
    unexplained: Decimal,
    hedges: Sequence[int],
) -> None:
    unsure = await connection.fetch(
        """select bet_id, reference::text, origin, status, in_doubt, settlement, reserved, staked, placed_stake, payout
           from bets
           where (account_id = $1 and currency = $2 and origin = 'abp' and (reserved > 0 or staked > 0))
              or bet_id = any($4)
           order by bet_id desc limit $3""",
        account_id,
        currency,
        _MOST_EVIDENCE,
        hedges[:_MOST_EVIDENCE],
    )
    await connection.execute(
        """insert into abp_drifts (account_id, currency, at, asked_at, ours, told, drift, bets)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        account_id,
        currency,
        at,
        asked_at,
        ours,
        told,
        unexplained,
        [dict(row) for row in unsure],
    )
