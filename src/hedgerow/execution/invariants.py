"""What must hold in the database at all times, as queries that find nothing.

Run by `hedgerow doctor`, and by a service that watches itself. Some rows are written behind others by milliseconds
(docs/decisions/0013), so what a query finds counts as broken only when a second look still finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from hedgerow.core.observe import INVARIANTS_BROKEN
from hedgerow.storage.database import Database

MOST_ROWS = 20
"""Broken rows that one query tells."""

_SECOND_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Invariant:
    """`query` answers one text a row, which names the row and what is wrong with it."""

    name: str
    claim: str
    query: str


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "fill_has_order",
        "every fill belongs to an order that exists, or to none that is known yet",
        """select format('fill %s names order %s', f.fill_id, f.order_id)
           from mm_fills f left join mm_orders o using (order_id)
           where f.order_id is not null and o.order_id is null""",
    ),
    Invariant(
        "fill_is_the_orders",
        "a fill has the client, account, outcome and side of its order",
        """select format('fill %s differs from order %s', f.fill_id, f.order_id)
           from mm_fills f join mm_orders o using (order_id)
           where (f.client, f.account_id, f.fixture_id, f.market_id, f.outcome_id, f.player_id, f.side)
             <> (o.client, o.account_id, o.fixture_id, o.market_id, o.outcome_id, o.player_id, o.side)""",
    ),
    # A fill that the exchange took back is in the order's sum until the exchange's list says otherwise.
    Invariant(
        "matched_is_sum_of_fills",
        "what an order has matched is the sum of its fills",
        """select format('order %s matched %s, its fills %s', o.order_id, o.matched_size, coalesce(f.whole, 0))
           from mm_orders o left join (
             select order_id, sum(size) as whole, sum(size) filter (where state <> 'REVERSED') as standing
             from mm_fills group by order_id) f using (order_id)
           where o.matched_size not between coalesce(f.standing, 0) and coalesce(f.whole, 0)""",
    ),
    Invariant(
        "order_is_not_overfilled",
        "no order has matched more than its size",
        """select format('order %s of %s matched %s', order_id, size, matched_size)
           from mm_orders where matched_size > size""",
    ),
    Invariant(
        "filled_order_is_full",
        "an order is FILLED exactly when it does not rest and has matched its size",
        """select format('order %s is %s with %s of %s', order_id, status, matched_size, size) from mm_orders
           where (status = 'FILLED' and matched_size < size) or (status = 'PLACED' and matched_size >= size)""",
    ),
    Invariant(
        "settled_order_has_result",
        "an order whose outcome is decided and that has matched has its payout and P&L",
        """select format('order %s is %s without a payout', order_id, settlement_status) from mm_orders
           where settlement_status <> 'UNDECIDED' and matched_size > 0 and (payout is null or pnl is null)""",
    ),
    Invariant(
        "reversed_fill_needs_no_hedge",
        "nothing is unhedged of a fill that the exchange took back",
        """select format('fill %s is reversed, %s unhedged', fill_id, unhedged_size) from mm_fills
           where state = 'REVERSED' and unhedged_size > 0""",
    ),
    Invariant(
        "hedge_has_fill",
        "a hedge stands in a market in which its client had a fill",
        """select format('bet %s hedges no fill', b.bet_id) from bets b
           where b.origin = 'mm' and not exists (
             select 1 from mm_fills f
             where f.client = b.client and f.fixture_id = b.fixture_id and f.market_id = b.market_id)""",
    ),
    Invariant(
        "bet_is_counted_once",
        "no bet of a bookmaker stands in two rows",
        """select format('bets %s are all %s at %s', string_agg(bet_id::text, ', ' order by bet_id),
                         bookmaker_bet_id, bookmaker)
           from bets where bookmaker_bet_id is not null and status in ('PLACED', 'CONFIRMED')
           group by account_id, bookmaker, bookmaker_bet_id having count(*) > 1""",
    ),
    Invariant(
        "doubt_is_about_what_is_open",
        "only a bet that is not decided is in doubt",
        """select format('bet %s is %s and in doubt', bet_id, status) from bets
           where in_doubt and status not in ('PENDING', 'PLACED')""",
    ),
    Invariant(
        "placed_bet_was_sent",
        "a bet that the bookmaker has taken was sent",
        """select format('bet %s is %s and was not sent', bet_id, status) from bets
           where status in ('PLACED', 'CONFIRMED') and sent_at is null and not is_test""",
    ),
    Invariant(
        "cover_is_confirmed",
        "only a bet that stands covers anything",
        """select format('bet %s is %s and covers %s', bet_id, status, covers) from bets
           where covers > 0 and status not in ('CONFIRMED', 'VOID', 'CANCELLED')""",
    ),
    Invariant(
        "settled_bet_stood",
        "a bet that is settled was accepted, and its payout is known",
        """select format('bet %s is %s, settled %s, paid %s', bet_id, status, settlement, payout) from bets
           where settlement <> 'UNSETTLED'
             and (status not in ('CONFIRMED', 'VOID', 'CANCELLED') or payout is null)""",
    ),
    Invariant(
        "client_order_is_not_overbet",
        "no more than a client's order is bet, in doubt included",
        """select format('order %s of %s has bets of %s', o.order_id, o.stake, sum(b.order_stake))
           from abp_orders o join bets b on b.origin = 'abp' and b.order_id = o.order_id
           where b.status in ('PENDING', 'PLACED') or b.placed_stake is not null
           group by o.order_id, o.stake having sum(b.order_stake) > o.stake""",
    ),
    Invariant(
        "client_order_is_filled_by_bets",
        "what a client's order has filled is the sum of its bets that were taken",
        """select format('order %s filled %s, its bets %s', o.order_id, o.filled, coalesce(b.taken, 0))
           from abp_orders o left join (
             select order_id, sum(order_stake) as taken from bets
             where origin = 'abp' and placed_stake is not null group by order_id) b using (order_id)
           where o.filled <> coalesce(b.taken, 0)""",
    ),
    Invariant(
        "ended_client_order_is_answered",
        "a client's order that has ended has no bet without an answer",
        """select format('order %s is %s, bet %s is %s', o.order_id, o.status, b.bet_id, b.status)
           from abp_orders o join bets b on b.origin = 'abp' and b.order_id = o.order_id
           where o.status not in ('PENDING', 'PROCESSING') and b.status in ('PENDING', 'PLACED')""",
    ),
    Invariant(
        "ledger_adds_up",
        "what lies in each place of an account is the sum of the moves",
        """select format('account %s: %s %s is %s, its moves %s', account_id, currency, place, b.amount, m.amount)
           from abp_balances b full join (
             select account_id, currency, place, sum(amount) as amount from (
               select account_id, currency, target as place, amount from abp_ledger
               union all select account_id, currency, source, -amount from abp_ledger) moves
             group by account_id, currency, place) m using (account_id, currency, place)
           where coalesce(b.amount, 0) <> coalesce(m.amount, 0)""",
    ),
    Invariant(
        "ledger_holds_what_bets_do",
        "what an account has reserved and staked is what its bets hold",
        """select format('account %s: %s of %s %s, its bets %s', account_id, place, currency, b.amount, held)
           from abp_balances b join lateral (
             select coalesce(sum(case b.place when 'reserved' then reserved else staked end), 0) as held from bets
             where origin = 'abp' and account_id = b.account_id and currency = b.currency) bets on true
           where place in ('reserved', 'staked') and b.amount <> held""",
    ),
    Invariant(
        "outbox_moves",
        "what was committed a minute ago is published",
        """select format('changes wait since %s', min(o.at))
           from outbox o cross join outbox_cursor c
           where (o.xid, o.id) > (c.xid, c.id) and o.at < clock_timestamp() - interval '1 minute'
           having count(*) > 0""",
    ),
)

Broken = Mapping[str, list[str]]
"""What breaks each invariant, by its name; all of them are there."""


async def check(database: Database, *, second_look_s: float = _SECOND_LOOK_S) -> Broken:
    """Looks, and looks again at what was found. The metric `hedgerow_invariants_broken` is set. Raises StorageError."""
    first = await _look(database, INVARIANTS)
    suspect = tuple(invariant for invariant in INVARIANTS if first[invariant.name])
    if suspect:
        await asyncio.sleep(second_look_s)
    again = await _look(database, suspect)
    broken = {name: [row for row in rows if row in again.get(name, ())] for name, rows in first.items()}
    for name, rows in broken.items():
        INVARIANTS_BROKEN.labels(name).set(len(rows))
    return broken


async def _look(database: Database, invariants: tuple[Invariant, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for invariant in invariants:
        # The queries are the constants above.
        rows = await database.fetch(f"select * from ({invariant.query}) broken limit $1", MOST_ROWS)  # noqa: S608
        found[invariant.name] = [row[0] for row in rows]
    return found
