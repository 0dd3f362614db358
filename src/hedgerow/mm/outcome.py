"""What market making did in all, for a report: counts, money, slippage, and the worst quote. Read from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.mm.repository import ORPHANED
from hedgerow.storage.database import Database


@dataclass(frozen=True, slots=True)
class Outcome:
    """Money in USD. worst_quote_edge: the least, over all quotes, of break-even less price (of price less break-even
    for a sale), recomputed from the odds that each was derived from; None without quotes. slippage: stake-weighted
    planned less taken odds of the hedges. unsettled: orders, bets, and fills whose order is not known yet."""

    quotes: int
    fills: int
    hedges: int
    pnl: Decimal
    pnl_by_venue: dict[str, Decimal]
    unhedged_stake: Decimal
    slippage: Decimal
    worst_quote_edge: Decimal | None
    unsettled: int


async def outcome(database: Database, client: str) -> Outcome:
    """Of one client, all time."""
    counts = await database.fetchrow(
        f"""select (select count(*) from mm_quotes q join mm_orders o using (order_id) where o.client = $1) as quotes,
                  (select count(*) from mm_fills where client = $1 and state <> 'REVERSED') as fills,
                  (select count(*) from bets where client = $1 and origin = 'mm' and status = 'CONFIRMED') as hedges,
                  (select coalesce(sum(round(stake * unhedged_size / size, 6)), 0) from mm_fills
                   where client = $1 and state <> 'REVERSED') as unhedged,
                  (select coalesce(sum((planned_odds - placed_odds) * placed_stake)
                                   / nullif(sum(placed_stake), 0), 0)
                   from bets where client = $1 and origin = 'mm' and status = 'CONFIRMED') as slippage,
                  (select count(*) from mm_orders where client = $1 and matched_size > 0
                   and settlement_status = 'UNDECIDED')
                  + (select count(*) from bets where client = $1 and origin = 'mm'
                     and (status in ('PENDING', 'PLACED') or (status = 'CONFIRMED' and settlement = 'UNSETTLED')))
                  + (select count(*) from mm_fills where client = $1 and {ORPHANED})
                  as unsettled""",
        client,
    )
    assert counts is not None
    venues = await database.fetch(
        """select venue, sum(pnl) as pnl from (
               select exchange as venue, pnl from mm_orders where client = $1 and pnl is not null
               union all
               select bookmaker, round((payout - placed_stake) / usd_rate, 6) from bets
               where client = $1 and origin = 'mm' and payout is not null and placed_stake is not null
           ) trades group by venue order by venue""",
        client,
    )
    by_venue = {row["venue"]: row["pnl"] for row in venues}
    return Outcome(
        counts["quotes"],
        counts["fills"],
        counts["hedges"],
        sum(by_venue.values(), Decimal(0)),
        by_venue,
        counts["unhedged"],
        counts["slippage"],
        await worst_quote_edge(database, client),
        counts["unsettled"],
    )


async def worst_quote_edge(database: Database, client: str) -> Decimal | None:
    """The least distance to break-even at which a quote at hedge parity was sent, from the odds in its audit row alone.

    Buying at p is hedged by backing every other outcome: p* = 1 - sum(1/o). Selling at q by backing the outcome itself:
    q* = 1/o. Source: contract of market making, Pricing.
    """
    edge: Decimal | None = await database.fetchval(
        """select min(case q.side when 'buy' then 1 - legs.parity - q.price else q.price - legs.parity end)
           from mm_quotes q join mm_orders o using (order_id),
                lateral (select sum(1 / (leg ->> 'odds')::numeric) as parity
                         from jsonb_array_elements(q.why -> 'legs') leg) legs
           where o.client = $1 and coalesce(q.why ->> 'mode', 'hedge_parity') = 'hedge_parity'""",
        client,
    )
    return edge
