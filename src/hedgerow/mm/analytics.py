"""Positions, summaries, profit and loss: what the rows add up to. All in USD, exact decimals.

Sums that belong together are made by the database in one statement, so that they belong to one moment. A fill belongs
to the day it was traded, an order and a bet to the day they were made. Money that results from a division is rounded
to the millionth, each part before it is added, so that parts and totals agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.mm.listing import Days, Where
from hedgerow.mm.locked import locked_pnl
from hedgerow.mm.payouts import payout_sql
from hedgerow.storage.database import Database

_OPEN = "status in ('PENDING_PLACEMENT', 'PLACED')"

POSITION_FILTERS: Mapping[str, str] = {
    "open": f"({_OPEN} and matched_size < size)",
    "matched": "matched_size > 0",
    "filled": "(status = 'FILLED' or matched_size >= size)",
    "cancelled": "status = 'CANCELLED'",
    "active": f"({_OPEN} or matched_size > 0)",
}
"""Which orders a `status` of positions counts. An order that was cancelled after a part of it had matched still holds
that part, so `active` and `matched` count it: what ended without a match is what they leave out."""


# --- orders and bets ---------------------------------------------------------------------------------------------


async def order_summary(database: Database, client: str, days: Days, *, only: str = "true") -> dict[str, Any]:
    """Counts and stakes of a client's orders. only: a condition of `POSITION_FILTERS`.

    totalStake: stakes of all orders; totalMatched: what was matched of them; totalOpen: what is unmatched of the open
    ones.
    """
    where = Where().add("client = {}", client).days("created_at", days)
    row = await database.fetchrow(
        f"""select count(*) as "totalOrders", count(distinct fixture_id) as "fixtureCount",
                   count(distinct exchange) as "exchangeCount", coalesce(sum(stake), 0) as "totalStake",
                   coalesce(sum(matched_stake), 0) as "totalMatched",
                   coalesce(sum(greatest(stake - matched_stake, 0)) filter (where {_OPEN}), 0) as "totalOpen",
                   count(*) filter (where status = 'FILLED') as "filledCount",
                   count(*) filter (where status = 'CANCELLED') as "cancelledCount",
                   count(*) filter (where {_OPEN}) as "openCount"
            from mm_orders where {where.sql} and {only}""",
        *where.values,
    )
    return dict(row or {})


async def bet_summary(database: Database, client: str, days: Days) -> dict[str, Any]:
    """Counts and stakes of a client's hedges.

    totalStake: of placed bets, USD; avgPrice: of placed bets, weighted by stake, None without any.
    """
    where = Where().add("client = {}", client).add("origin = {}", "mm").days("created_at", days)
    row = await database.fetchrow(
        f"""with b as (
                select *, status in ('CONFIRMED', 'VOID') as is_placed, round(placed_stake / usd_rate, 6) as usd
                from bets where {where.sql})
            select count(*) as "totalBets", count(distinct order_id) as "orderCount",
                   count(distinct bookmaker) as "bookmakerCount",
                   coalesce(sum(usd) filter (where is_placed), 0) as "totalStake",
                   round(sum(placed_odds * usd) filter (where is_placed)
                         / nullif(sum(usd) filter (where is_placed), 0), 6) as "avgPrice",
                   count(*) filter (where is_placed) as "placedCount",
                   count(*) filter (where status in ('PENDING', 'PLACED')) as "pendingCount",
                   count(*) filter (where status in ('REJECTED', 'CANCELLED', 'FAILED')) as "declinedCount",
                   count(*) filter (where settlement in ('WON', 'HALF_WON')) as "wonCount",
                   count(*) filter (where settlement in ('LOST', 'HALF_LOST')) as "lostCount"
            from b""",
        *where.values,
    )
    return dict(row or {})


# By the published rule a holder's stake at probability p wins stake × (1/p - 1), which is its contracts minus its
# stake, without a division. For a sell p is 1 - price, and the row's status is stored as its holder sees it.
_ORDER_GAIN = "o.matched_size - o.matched_stake"
_SETTLED = "o.settlement_status <> 'UNDECIDED'"

_ORDER_PNL = f"{payout_sql('o.matched_size', 'o.matched_stake', order='o')} - o.matched_stake"
_FILL_PAYOUT = payout_sql("l.size", "l.stake", order="o")


# --- positions ---------------------------------------------------------------------------------------------------


async def positions(
    database: Database,
    client: str,
    days: Days,
    *,
    statuses: Sequence[str] = ("active",),
    fixture_id: str | None = None,
    exchange: str | None = None,
) -> list[dict[str, Any]]:
    """A client's orders by (fixture, outcome, player, exchange), the latest first, with the names of the fixture.

    statuses: of `POSITION_FILTERS`; an order counts when one of them lets it. totalStake, matchedStake: of all counted
    orders; openStake: unmatched stake of the open ones; avgPrice: price of what was matched, weighted by stake, or of
    what was asked where nothing has matched; boughtShares, soldShares: matched contracts; realizedPnl, unrealizedPnl,
    fees: as `profit_and_loss` tells them for all.
    """
    where = Where().add("client = {}", client).days("created_at", days)
    where.add_if("fixture_id = {}", fixture_id).add_if("exchange = {}", exchange)
    counted = " or ".join(POSITION_FILTERS[status] for status in statuses)
    rows = await database.fetch(
        f"""select g.*, f.participant1_name as "participant1Name", f.participant2_name as "participant2Name",
                   f.sport_id as "sportId", s.name as "sportName", f.tournament_id as "tournamentId",
                   t.name as "tournamentName", t.category as "categoryName", f.start_time as "startTime"
            from (
                select fixture_id as "fixtureId", min(market_id) as "marketId", outcome_id as "outcomeId",
                       player_id as "playerId", exchange, count(*) as "orderCount", sum(stake) as "totalStake",
                       sum(matched_stake) as "matchedStake",
                       coalesce(sum(greatest(stake - matched_stake, 0)) filter (where {_OPEN}), 0) as "openStake",
                       round(coalesce(sum(matched_price * matched_stake) / nullif(sum(matched_stake), 0),
                                      sum(price * stake) / nullif(sum(stake), 0), avg(price)), 6) as "avgPrice",
                       coalesce(sum(matched_size) filter (where side = 'buy'), 0) as "boughtShares",
                       coalesce(sum(matched_size) filter (where side = 'sell'), 0) as "soldShares",
                       coalesce(sum({_ORDER_PNL}) filter (where {_SETTLED}), 0) as "realizedPnl",
                       coalesce(sum({_ORDER_GAIN}) filter (where not {_SETTLED}), 0) as "unrealizedPnl",
                       coalesce(sum(fees) filter (where {_SETTLED}), 0) as fees,
                       max(created_at) as "lastOrderAt"
                from mm_orders o where {where.sql} and ({counted})
                group by fixture_id, outcome_id, player_id, exchange) g
            left join fixtures f on f.fixture_id = g."fixtureId"
            left join sports s on s.sport_id = f.sport_id
            left join tournaments t on t.tournament_id = f.tournament_id
            order by g."lastOrderAt" desc, g."fixtureId", g."outcomeId", g."playerId", g.exchange""",
        *where.values,
    )
    return [dict(row) for row in rows]


# --- profit and loss ---------------------------------------------------------------------------------------------


async def profit_and_loss(database: Database, client: str, days: Days) -> dict[str, Any]:
    """A client's profit and loss in the shape of the API: first its orders alone, by the published rule, then its
    orders and hedges together.

    Of orders that have matched, by their rows:
    realizedPnl: of settled ones matchedStake × (1/probability - 1) WON, -matchedStake LOST, half of it HALF_WON and
    HALF_LOST, 0 VOID; the probability is that of the average fill, 1 - price for a sell. What the exchange paid for a
    contract goes before the rule: some pay a price for a void, not the stake. Without fees and hedges.
    fees: the exchanges' on settled orders; realizedPnl - fees is the sum of the orders' own P&L.
    unrealizedPnl: of unsettled ones matchedStake × (1/probability - 1): what they bring if all of them win.
    pnl = realizedPnl + unrealizedPnl. totalMatchedStake, settledCount, unsettledCount: stake and number of them.

    Of fills and hedges, after fees; a fill that the exchange took back is none:
    nakedPnl: of settled fills, P&L × unhedged part of the fill. netRealizedSpread: of settled fills the rest of their
    P&L, plus the P&L of settled hedges. Together they are the result of all that is settled, to the last digit.
    totalTurnover: money at risk in all fills. validTurnover: sum of |P&L| over settled orders and settled bets.
    unhedgedStake: over all fills, stake × unhedged part; unhedgedStakePct: of totalTurnover, in percent.
    avgHedgePriceDrift: planned odds - taken odds of placed hedges, weighted by stake: above 0, the hedges were dearer
    than planned.
    settledPairCount, nakedSettledCount: settled orders of which some part was hedged, some part was not.
    lockedPnl: what open hedged fills and their hedges bring at least, see `mm.locked`.
    """
    orders = Where().add("client = {}", client).days("created_at", days)
    fills = Where(values=list(orders.values)).add("l.client = {}", client).add("l.state <> {}", "REVERSED")
    fills.days("l.traded_at", days)
    bets = Where(values=list(fills.values)).add("client = {}", client).add("origin = {}", "mm").days("created_at", days)
    row = await database.fetchrow(
        f"""with of_orders as (
                select coalesce(sum({_ORDER_PNL}) filter (where {_SETTLED}), 0) as realized,
                       coalesce(sum({_ORDER_GAIN}) filter (where not {_SETTLED}), 0) as unrealized,
                       coalesce(sum(fees) filter (where {_SETTLED}), 0) as fees,
                       coalesce(sum(matched_stake), 0) as matched,
                       count(*) filter (where {_SETTLED}) as settled,
                       count(*) filter (where not {_SETTLED}) as unsettled
                from mm_orders o
                where {orders.sql} and matched_size > 0),
            f as (
                select l.*, coalesce(o.settlement_status, 'UNDECIDED') <> 'UNDECIDED' as is_settled,
                       {_FILL_PAYOUT} - l.stake - l.fee as pnl
                from mm_fills l left join mm_orders o on o.order_id = l.order_id where {fills.sql}),
            parts as (select *, round(pnl * unhedged_size / size, 6) as naked_pnl from f),
            per_order as (
                select abs(sum(pnl)) as valid, bool_or(is_settled and unhedged_size < size) as is_pair,
                       bool_or(is_settled and unhedged_size > 0) as is_naked
                from f group by coalesce(order_id, -fill_id)),
            b as (
                select round(placed_stake / usd_rate, 6) as usd, planned_odds - placed_odds as drift,
                       case when settlement <> 'UNSETTLED' then round((payout - placed_stake) / usd_rate, 6) end as pnl
                from bets where {bets.sql} and status in ('CONFIRMED', 'VOID')),
            totals as (
                select (select coalesce(sum(stake), 0) from f) as turnover,
                       (select coalesce(sum(round(stake * unhedged_size / size, 6)), 0) from f) as unhedged,
                       (select coalesce(sum(naked_pnl), 0) from parts) as naked,
                       (select coalesce(sum(pnl), 0) from f) + (select coalesce(sum(pnl), 0) from b) as result,
                       (select coalesce(sum(valid), 0) from per_order) + (select coalesce(sum(abs(pnl)), 0) from b)
                         as valid)
            select turnover as "totalTurnover", valid as "validTurnover", result - naked as "netRealizedSpread",
                   naked as "nakedPnl", unhedged as "unhedgedStake",
                   coalesce(round(100 * unhedged / nullif(turnover, 0), 6), 0) as "unhedgedStakePct",
                   coalesce((select round(sum(drift * usd) / nullif(sum(usd), 0), 6) from b where drift is not null), 0)
                     as "avgHedgePriceDrift",
                   (select count(*) from per_order where is_pair) as "settledPairCount",
                   (select count(*) from per_order where is_naked) as "nakedSettledCount",
                   realized + unrealized as "pnl", realized as "realizedPnl", unrealized as "unrealizedPnl",
                   of_orders.fees as "fees", matched as "totalMatchedStake", settled as "settledCount",
                   unsettled as "unsettledCount"
            from totals, of_orders""",
        *bets.values,
    )
    locked = await locked_pnl(database, client, days)
    return {**dict(row or {}), "lockedPnl": locked, "fromDate": days.from_date, "toDate": days.to_date}
