"""Money that market making's bets move on an account where clients' bets are placed too.

The ledger books no hedge: nothing may stand between a fill and its hedge, not even a lock. The bookmaker's word brings
what hedges took and got into the ledger; until it does, that money is known here, so that it is neither an alarm nor
bet a second time. Not for what market making's orders hold on an exchange: their rows are written behind
(docs/decisions/0013), and say too late what rests. docs/decisions/0300. First the rules (pure), then the SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.ledger import ZERO
from hedgerow.storage.database import Database

_COMMITS_WITHIN = timedelta(seconds=10)
"""A bet may be seen so long after the time at which it says that it was created."""
_UNKNOWN_FOR = timedelta(hours=24)
"""Where this process has read no balance yet: how long before the ledger's last correction a bet may have been
undecided when that was read."""


# --- rules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hedged:
    """Money that hedges may have taken (`out`), or brought (`back`), and that the ledger does not have yet."""

    out: Decimal = ZERO
    back: Decimal = ZERO


NO_HEDGES = Hedged()


@dataclass(frozen=True, slots=True)
class Read:
    """What the last word on a balance has left open. since: hedges that were created before, and undecided then, are
    in it; left: see `left_open`."""

    since: datetime
    left: Hedged


def left_open(free: Decimal, least: Decimal, most: Decimal, hedged: Hedged) -> Hedged:
    """What the ledger may still not have after it was brought between `least` and `most`: the bookmaker's word leaves
    clients' own bets unsure, and what of it was a hedge is not told. free: before it was brought there."""
    after = min(max(free, least), most)
    lowest, highest = max(least, free - hedged.out), min(most, free + hedged.back)
    return Hedged(max(after - lowest, ZERO), max(highest - after, ZERO))


# --- SQL -----------------------------------------------------------------------------------------------------------


async def undecided_since(database: Database, account_id: int, now: datetime) -> datetime:
    """All hedges that were created before are decided, and in what the bookmaker says from now on; asked for before it
    is. Raises StorageError."""
    oldest: datetime | None = await database.fetchval(
        """select min(created_at) from bets
           where account_id = $1 and origin = 'mm' and status in ('PENDING', 'PLACED')""",
        account_id,
    )
    return min(oldest or now, now - _COMMITS_WITHIN)


_MONEY = """coalesce(b.at_risk, b.placed_stake, b.requested_stake) as risk,
    coalesce(b.placed_stake, b.requested_stake) * (coalesce(b.placed_odds, b.requested_odds) - 1) as profit"""
"""A hedge backs."""


async def since_last_word(
    connection: Connection[Any], account_id: int, currency: str, read: Read | None
) -> tuple[Hedged, list[int]]:
    """What hedges may have moved since the balance was last read, and which they are, the newest first. One that was
    undecided then, or is newer, may have taken its stake, and have it or its payout back; an older one that is not
    settled, its payout at any time; one that was settled since may also have had that corrected."""
    (row,) = await connection.fetch(
        f"""with last as (
              select coalesce($3, (select at - $4::interval from abp_ledger
                                   where account_id = $1 and currency = $2 and bet_id is null
                                   order by entry_id desc limit 1)) as since),
            near as (
              select bet_id from bets where account_id = $1 and status in ('PENDING', 'PLACED')
              union select bet_id from bets
                    where account_id = $1 and status = 'CONFIRMED' and settlement = 'UNSETTLED'
              union select bet_id from bets where account_id = $1 and settled_at >= (select since from last)
              union select bet_id from bets
                    where account_id = $1 and created_at >= (select since from last)
                      and client = (select client from accounts where account_id = $1)),
            hedge as (
              select b.bet_id, {_MONEY},
                     b.status in ('PENDING', 'PLACED') or b.created_at >= (select since from last) as is_new,
                     b.settled_at >= (select since from last) as is_settled_since
              from near join bets b using (bet_id)
              where b.origin = 'mm' and b.currency = $2 and not b.is_test)
            select coalesce(sum(risk) filter (where is_new), 0)
                     + coalesce(sum(risk + profit) filter (where is_settled_since), 0) as out,
                   coalesce(sum(risk + profit), 0) as back,
                   coalesce(array_agg(bet_id order by bet_id desc), '{{}}') as bet_ids
            from hedge""",
        account_id,
        currency,
        None if read is None else read.since,
        _UNKNOWN_FOR,
    )
    before = NO_HEDGES if read is None else read.left
    return Hedged(row["out"] + before.out, row["back"] + before.back), row["bet_ids"]


async def taken_since(
    connection: Connection[Any], accounts: Mapping[int, tuple[str, Read | None]]
) -> dict[int, Decimal]:
    """What hedges may have taken of accounts (id to currency and last reading) since their balances were read, of
    those where they may have. Asked for at every decision: accounts of clients without market making cost nothing."""
    rows = await connection.fetch(
        f"""select t.account_id, (
              select coalesce(sum(risk), 0) from (
                select {_MONEY} from bets b
                where b.account_id = t.account_id and b.currency = t.currency and b.origin = 'mm' and not b.is_test
                  and (b.status in ('PENDING', 'PLACED')
                       or (b.status = 'CONFIRMED' and b.settlement = 'UNSETTLED')
                       or b.settled_at >= t.since)
                  and b.created_at >= coalesce(t.since, '-infinity')
                  and b.status in ('PENDING', 'PLACED', 'CONFIRMED')) hedge) as risk
            from unnest($1::bigint[], $2::text[], $3::timestamptz[]) t (account_id, currency, since)
              join accounts a using (account_id)
            where exists (select from mm_clients m where m.client = a.client)""",
        list(accounts),
        [currency for currency, _ in accounts.values()],
        [None if read is None else read.since for _, read in accounts.values()],
    )
    taken = {row["account_id"]: row["risk"] for row in rows}
    left = {account_id: read.left.out for account_id, (_, read) in accounts.items() if read is not None}
    return {account_id: taken.get(account_id, ZERO) + left.get(account_id, ZERO) for account_id in accounts}
