"""What is locked in: the profit that open hedged fills, with their hedges, bring whatever the result is.

Unhedged parts of fills stand at cost here, so they add nothing until they are settled. All in USD, exact decimals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.states import Side
from hedgerow.mm.listing import Days, Where
from hedgerow.storage.database import Database


async def locked_pnl(database: Database, client: str, days: Days) -> Decimal:
    """The sum of `locked_in` over a client's open markets: fills traded and bets made on those days."""
    return sum((locked_in(market) for market in await _open_markets(database, client, days)), Decimal(0))


@dataclass(slots=True)
class OpenMarket:
    """What is open in one market: by outcome what would be paid, and what it cost. Only hedged parts of fills."""

    outcomes: set[int]
    bought: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    sold: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    backed: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    cost: Decimal = Decimal(0)


def locked_in(market: OpenMarket) -> Decimal:
    """What the open hedged fills and hedges of a market surely bring: the least that any outcome pays, minus cost.

    A bought contract pays 1 on its outcome, a sold one on every other, a bet its stake × odds on its own, commission
    taken off. Where an exchange settles before the bookmaker does, its fills have left, and the open bets alone count
    at their worst.
    """
    sold = sum(market.sold.values(), Decimal(0))
    outcomes = market.outcomes | market.bought.keys() | market.sold.keys() | market.backed.keys()
    pays = (
        market.bought.get(i, Decimal(0)) + sold - market.sold.get(i, Decimal(0)) + market.backed.get(i, Decimal(0))
        for i in outcomes
    )
    return min(pays, default=Decimal(0)) - market.cost


async def _open_markets(database: Database, client: str, days: Days) -> Iterable[OpenMarket]:
    fills = Where().add("l.client = {}", client).add("l.state <> {}", "REVERSED").days("l.traded_at", days)
    bets = Where(values=list(fills.values)).add("client = {}", client).add("origin = {}", "mm").days("created_at", days)
    rows = await database.fetch(
        f"""select x.*, m.outcomes from (
                select l.fixture_id, l.market_id, l.player_id, l.outcome_id, l.side,
                       sum(l.size - l.unhedged_size) as pays,
                       sum(round((l.stake + l.fee) * (l.size - l.unhedged_size) / l.size, 6)) as cost
                from mm_fills l left join mm_orders o on o.order_id = l.order_id
                where {fills.sql} and coalesce(o.settlement_status, 'UNDECIDED') = 'UNDECIDED'
                group by 1, 2, 3, 4, 5
                union all
                select fixture_id, market_id, player_id, outcome_id, 'back',
                       sum(round(placed_stake * (1 + (placed_odds - 1) * (1 - hedge_commission)) / usd_rate, 6)),
                       sum(round(placed_stake / usd_rate, 6))
                from bets where {bets.sql} and status = 'CONFIRMED' and settlement = 'UNSETTLED'
                group by 1, 2, 3, 4) x
            left join markets m on m.market_id = x.market_id""",
        *bets.values,
    )
    found: dict[tuple[str, int, int], OpenMarket] = {}
    for row in rows:
        outcomes = {outcome["outcomeId"] for outcome in row["outcomes"] or ()}
        market = found.setdefault((row["fixture_id"], row["market_id"], row["player_id"]), OpenMarket(outcomes))
        by_outcome = {Side.BUY: market.bought, Side.SELL: market.sold}.get(row["side"], market.backed)
        by_outcome[row["outcome_id"]] += row["pays"]
        market.cost += row["cost"]
    return found.values()
