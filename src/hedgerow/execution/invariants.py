"""What must hold in the database at all times, as queries that find nothing.

Run over all rows by `hedgerow doctor`, and over the newest ones by the services (`execution.watch`). Some rows are
written behind others by milliseconds (docs/decisions/0013), so what a query finds counts as broken only when a second
look still finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hedgerow.core.observe import INVARIANTS_BROKEN

MOST_ROWS = 20
"""Broken rows that one query tells."""

_SECOND_LOOK_S = 1.0


Tables = Mapping[str, str]
"""What the names in braces of a query stand for."""

EVERY_ROW: Tables = {
    "mm_orders": "mm_orders",
    "mm_fills": "mm_fills",
    "bets": "bets",
    "decided_bets": "bets",
    "abp_orders": "abp_orders",
}
# Tables that grow for ever are looked at from their newest end; what is joined to them is found by index.
NEWEST_ROWS: Tables = {
    "mm_orders": "(select * from mm_orders order by order_id desc limit 2000)",
    "mm_fills": "(select * from mm_fills order by fill_id desc limit 2000)",
    "bets": "(select * from bets order by bet_id desc limit 2000)",
    "decided_bets": "(select * from bets order by bet_id desc limit 200)",  # a receipt is large
    "abp_orders": "(select * from abp_orders order by order_id desc limit 2000)",
}


@dataclass(frozen=True, slots=True)
class Invariant:
    """`query` answers one text a row, which names the row and what is wrong with it; tables that grow for ever are in
    braces. newest: another query for the services, where a window would not do."""

    name: str
    claim: str
    query: str
    newest: str | None = None


class Readable(Protocol):
    """A pool, or one connection."""

    async def fetch(self, query: str, /, *values: Any) -> Sequence[Any]: ...


# What lies in each place of a ledger by its balances, and by its entries: by those that were added up before, and those
# that came since.
_LEDGERS = """
    select b.*, coalesce(c.free, 0) + m.free as free, coalesce(c.reserved, 0) + m.reserved as reserved,
           coalesce(c.staked, 0) + m.staked as staked, coalesce(c.venue, 0) + m.venue as venue,
           greatest(coalesce(c.entry_id, 0), m.entry_id) as entry_id
    from (select account_id, currency,
                 coalesce(sum(amount) filter (where place = 'free'), 0) as b_free,
                 coalesce(sum(amount) filter (where place = 'reserved'), 0) as b_reserved,
                 coalesce(sum(amount) filter (where place = 'staked'), 0) as b_staked,
                 coalesce(sum(amount) filter (where place = 'venue'), 0) as b_venue
          from abp_balances group by account_id, currency) b
    left join abp_ledger_checked c using (account_id, currency)
    cross join lateral (
      select coalesce(sum(case 'free' when target then amount when source then -amount else 0 end), 0) as free,
             coalesce(sum(case 'reserved' when target then amount when source then -amount else 0 end), 0) as reserved,
             coalesce(sum(case 'staked' when target then amount when source then -amount else 0 end), 0) as staked,
             coalesce(sum(case 'venue' when target then amount when source then -amount else 0 end), 0) as venue,
             coalesce(max(entry_id), 0) as entry_id
      from abp_ledger l
      where l.account_id = b.account_id and l.currency = b.currency and l.entry_id > coalesce(c.entry_id, 0)) m"""

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "fill_has_order",
        "every fill belongs to an order that exists, or to none that is known yet",
        """select format('fill %s names order %s', f.fill_id, f.order_id)
           from {mm_fills} f left join mm_orders o using (order_id)
           where f.order_id is not null and o.order_id is null""",
    ),
    Invariant(
        "fill_is_the_orders",
        "a fill has the client, account, outcome and side of its order",
        """select format('fill %s differs from order %s', f.fill_id, f.order_id)
           from {mm_fills} f join mm_orders o using (order_id)
           where (f.client, f.account_id, f.fixture_id, f.market_id, f.outcome_id, f.player_id, f.side)
             <> (o.client, o.account_id, o.fixture_id, o.market_id, o.outcome_id, o.player_id, o.side)""",
    ),
    Invariant(
        "matched_is_sum_of_fills",
        "what an order has matched is the sum of its fills, without those that the exchange took back",
        """select format('order %s matched %s, its fills %s', o.order_id, o.matched_size, f.standing)
           from {mm_orders} o cross join lateral (
             select coalesce(sum(size), 0) as standing
             from mm_fills where order_id = o.order_id and state <> 'REVERSED') f
           where o.matched_size <> f.standing""",
    ),
    Invariant(
        "order_is_not_overfilled",
        "no order has matched more than its size",
        """select format('order %s of %s matched %s', order_id, size, matched_size)
           from {mm_orders} o where matched_size > size""",
    ),
    Invariant(
        "filled_order_is_full",
        "an order is FILLED exactly when it does not rest and has matched its size, taken back or not",
        """select format('order %s is %s with %s of %s', order_id, status, matched_size, size) from {mm_orders} o
           where (status = 'PLACED' and matched_size >= size)
              or (status = 'FILLED' and matched_size < size and matched_size + (
                    select coalesce(sum(f.size), 0) from mm_fills f
                    where f.order_id = o.order_id and f.state = 'REVERSED') < size)""",
    ),
    Invariant(
        "settled_order_has_result",
        "an order whose outcome is decided and that has matched has its payout and P&L",
        """select format('order %s is %s without a payout', order_id, settlement_status) from {mm_orders} o
           where settlement_status <> 'UNDECIDED' and matched_size > 0 and (payout is null or pnl is null)""",
    ),
    Invariant(
        "settled_order_adds_up",
        "a settled order was paid the price of its contracts, and earned that less its stake and fees",
        """select format('order %s was paid %s and earned %s', order_id, payout, pnl) from {mm_orders} o
           where settlement_status <> 'UNDECIDED' and matched_size > 0
             and (pnl <> payout - matched_stake - fees or payout <> matched_size * paid_per_contract)""",
    ),
    Invariant(
        "reversed_fill_needs_no_hedge",
        "nothing is unhedged of a fill that the exchange took back",
        """select format('fill %s is reversed, %s unhedged', fill_id, unhedged_size) from {mm_fills} f
           where state = 'REVERSED' and unhedged_size > 0""",
    ),
    Invariant(
        "hedge_has_fill",
        "a hedge stands in a market in which its client had a fill",
        """select format('bet %s hedges no fill', b.bet_id) from {bets} b
           where b.origin = 'mm' and not exists (
             select 1 from mm_fills f
             where f.client = b.client and f.fixture_id = b.fixture_id and f.market_id = b.market_id)""",
    ),
    Invariant(
        "bet_is_counted_once",
        "no bet of a bookmaker stands in two rows",
        """select format('bet %s and bet %s are both %s at %s', b.bet_id, o.bet_id, b.bookmaker_bet_id, b.bookmaker)
           from {bets} b join bets o using (account_id, bookmaker, bookmaker_bet_id)
           where o.bet_id < b.bet_id and b.status in ('PLACED', 'CONFIRMED') and o.status in ('PLACED', 'CONFIRMED')""",
    ),
    Invariant(
        "doubt_is_about_what_is_open",
        "only a bet that is not decided is in doubt",
        """select format('bet %s is %s and in doubt', bet_id, status) from {bets} b
           where in_doubt and status not in ('PENDING', 'PLACED')""",
    ),
    Invariant(
        "placed_bet_was_sent",
        "a bet that the bookmaker has taken was sent",
        """select format('bet %s is %s and was not sent', bet_id, status) from {bets} b
           where status in ('PLACED', 'CONFIRMED') and sent_at is null and not is_test""",
    ),
    Invariant(
        "cover_is_confirmed",
        "only a bet that stands covers anything",
        """select format('bet %s is %s and covers %s', bet_id, status, covers) from {bets} b
           where covers > 0 and status not in ('CONFIRMED', 'VOID', 'CANCELLED')""",
    ),
    Invariant(
        "settled_bet_stood",
        "a bet that is settled was accepted, and its payout is known",
        """select format('bet %s is %s, settled %s, paid %s', bet_id, status, settlement, payout) from {bets} b
           where settlement <> 'UNSETTLED'
             and (status not in ('CONFIRMED', 'VOID', 'CANCELLED') or payout is null)""",
    ),
    Invariant(
        "client_bet_pays_what_is_booked",
        "what a client's settled bet paid and took is what its entries moved, by the word of somebody",
        """select format('bet %s was paid %s by %s, its entries %s', b.bet_id, b.payout, b.settled_by, m.moved)
           from {bets} b cross join lateral (
             select coalesce(sum(case 'free' when target then amount when source then -amount else 0 end), 0) as moved,
                    coalesce(sum(amount) filter (where target = 'staked'), 0) as staked
             from abp_ledger where bet_id = b.bet_id) m
           where b.origin = 'abp' and not b.is_test and b.settlement <> 'UNSETTLED'
             and (b.settled_by is null or m.moved <> b.payout - m.staked)""",
    ),
    # To whole micros, upwards; a bet that was taken in part stands for that part (docs/decisions/0105).
    Invariant(
        "conversion_is_recorded",
        "what a client's bet stands for in its order's currency follows from the rates in its receipt",
        """select format('bet %s of %s %s stands for %s of its order, by no receipt', b.bet_id, b.requested_stake,
                         b.currency, b.order_stake)
           from {decided_bets} b where b.origin = 'abp' and not exists (
             select 1 from abp_receipts r
               cross join lateral jsonb_array_elements(r.receipt -> 'decision' -> 'allocations') a
               cross join lateral jsonb_array_elements(r.receipt -> 'candidates') c
               cross join lateral (select a ->> 'order_stake' as order_stake, c -> 'limits' -> 'currency' as account,
                                          r.receipt -> 'wanted' -> 'currency' as wanted) w
             where r.order_id = b.order_id and (a ->> 'account_id')::bigint = b.account_id
               and (c ->> 'account_id')::bigint = b.account_id and (a ->> 'stake')::numeric = b.requested_stake
               and w.account ->> 'code' = b.currency and (w.account ->> 'per_usd')::numeric = b.usd_rate
               and abs(w.order_stake::numeric - b.requested_stake * case w.wanted ->> 'code' when b.currency then 1
                       else (w.wanted ->> 'per_usd')::numeric / b.usd_rate end) <= 0.000001
               and abs(w.order_stake::numeric * coalesce(b.placed_stake, b.requested_stake) / b.requested_stake
                       - b.order_stake) <= 0.000001)""",
    ),
    Invariant(
        "client_order_is_not_overbet",
        "no more than a client's order is bet, in doubt included",
        """select format('order %s of %s has bets of %s', o.order_id, o.stake, b.held)
           from {abp_orders} o cross join lateral (
             select sum(order_stake) as held from bets
             where origin = 'abp' and order_id = o.order_id
               and (status in ('PENDING', 'PLACED') or placed_stake is not null)) b
           where b.held > o.stake""",
    ),
    Invariant(
        "client_order_is_filled_by_bets",
        "what a client's order has filled is the sum of its bets that were taken",
        """select format('order %s filled %s, its bets %s', o.order_id, o.filled, coalesce(b.taken, 0))
           from {abp_orders} o cross join lateral (
             select sum(order_stake) as taken from bets
             where origin = 'abp' and order_id = o.order_id and placed_stake is not null) b
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
        newest=f"""select format('account %s: %s lies as %s, its moves %s', account_id, currency,
                         (b_free, b_reserved, b_staked, b_venue), (free, reserved, staked, venue))
           from ({_LEDGERS}) ledgers
           where (b_free, b_reserved, b_staked, b_venue) <> (free, reserved, staked, venue)""",  # noqa: S608
    ),
    Invariant(
        "ledger_holds_what_bets_do",
        "what an account has reserved and staked is what its bets hold",
        """select format('account %s: %s of %s %s, its bets %s', account_id, place, currency, b.amount, held)
           from abp_balances b join lateral (
             select coalesce(sum(case b.place when 'reserved' then reserved else staked end), 0) as held from bets
             where origin = 'abp' and account_id = b.account_id and currency = b.currency
               and (reserved > 0 or staked > 0)) bets on true
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


async def check(source: Readable, *, tables: Tables = EVERY_ROW, second_look_s: float = _SECOND_LOOK_S) -> Broken:
    """Looks, and looks again at what was found. The metric `hedgerow_invariants_broken` is set. Raises what the source
    does: StorageError, or the driver's errors."""
    first = await _look(source, INVARIANTS, tables)
    suspect = tuple(invariant for invariant in INVARIANTS if first[invariant.name])
    if suspect:
        await asyncio.sleep(second_look_s)
    again = await _look(source, suspect, tables)
    broken = {name: [row for row in rows if row in again.get(name, ())] for name, rows in first.items()}
    for name, rows in broken.items():
        INVARIANTS_BROKEN.labels(name).set(len(rows))
    return broken


async def remember_ledgers(source: Readable) -> None:
    """Lets the next check of the ledgers begin where this one ends, for those that add up; the others are added up from
    their beginning."""
    # The query is a constant above.
    await source.fetch(
        f"""with ledgers as ({_LEDGERS}), sound as (
              insert into abp_ledger_checked (account_id, currency, entry_id, free, reserved, staked, venue)
              select account_id, currency, entry_id, free, reserved, staked, venue from ledgers
              where (b_free, b_reserved, b_staked, b_venue) = (free, reserved, staked, venue)
              on conflict (account_id, currency) do update
              set entry_id = excluded.entry_id, free = excluded.free, reserved = excluded.reserved,
                  staked = excluded.staked, venue = excluded.venue
              where abp_ledger_checked.entry_id < excluded.entry_id)
            delete from abp_ledger_checked c using ledgers l
            where (c.account_id, c.currency) = (l.account_id, l.currency)
              and (b_free, b_reserved, b_staked, b_venue) <> (l.free, l.reserved, l.staked, l.venue)"""  # noqa: S608
    )


async def _look(source: Readable, invariants: tuple[Invariant, ...], tables: Tables) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for invariant in invariants:
        query = invariant.query if tables is EVERY_ROW else invariant.newest or invariant.query
        # The queries are the constants above.
        rows = await source.fetch(
            f"select * from ({query.format_map(tables)}) broken limit $1",  # noqa: S608
            MOST_ROWS,
        )
        found[invariant.name] = [row[0] for row in rows]
    return found
