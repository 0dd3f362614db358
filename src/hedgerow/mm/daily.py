"""What a client won or lost on a day: for the stop on the day's loss, not for accounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hedgerow.core.ids import ClientName
from hedgerow.storage.database import Database


async def result_of_day(database: Database, client: ClientName, day: date) -> Decimal:
    """In USD after fees, of the markets that were settled whole on that day (UTC).

    Fills and hedges of a market belong together: while one side waits for its result the other alone would look like a
    loss or a gain that nobody made, so a market counts when the last of its orders and bets is settled.
    """
    result: Decimal = await database.fetchval(
        """with touched as (
               select fixture_id, market_id from mm_orders where client = $1 and settled_at >= ($2::date)::timestamptz
               union
               select fixture_id, market_id from bets where client = $1 and settled_at >= ($2::date)::timestamptz),
           ended as (
               select sum(l.pnl) as pnl, max(l.settled_at) as at from touched t cross join lateral (
                   select player_id, pnl, settled_at, settlement_status = 'UNDECIDED' as is_open from mm_orders
                   where client = $1 and matched_size > 0 and fixture_id = t.fixture_id and market_id = t.market_id
                   union all
                   select player_id, (payout - placed_stake) / usd_rate, settled_at,
                          status in ('PENDING', 'PLACED') or settlement = 'UNSETTLED'
                   from bets
                   where client = $1 and origin = 'mm' and status in ('PENDING', 'PLACED', 'CONFIRMED', 'VOID')
                     and fixture_id = t.fixture_id and market_id = t.market_id) l
               group by t.fixture_id, t.market_id, l.player_id having not bool_or(l.is_open))
           select coalesce(sum(pnl), 0) from ended
           where at >= ($2::date)::timestamptz and at < ($2::date + 1)::timestamptz""",
        client,
        day,
    )
    return result
