"""SQL of what market making trades: orders, fills, and the contracts that they are of.

Orders are written behind: their rows follow what happened on the exchange by milliseconds, and after a crash the
exchange's own list is the truth. Fills are written ahead: nothing is hedged that is not committed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from asyncpg import Connection

from hedgerow.core.clock import Clock, datetime_of_ms
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.money import Micros, decimal_of, micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.execution.mapping import Decision
from hedgerow.mm.intake import FILL_OVERLAP_MS
from hedgerow.mm.orders import HedgeLegs, Order, Pending
from hedgerow.mm.payouts import payout_sql
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.bets import Bet, inserted, insertion, values_of_new
from hedgerow.storage.database import HELD, Database
from hedgerow.venues.base import Instrument

_WORTH = payout_sql("excluded.matched_size", "excluded.matched_stake", order="mm_orders")
_FILLED_WORTH = payout_sql("f.size", "f.stake", order="o")
_AS_FILLED = f"""
    update mm_orders o set matched_size = f.size, matched_stake = f.stake, fees = f.fee,
                           matched_price = f.spent / nullif(f.size, 0), matched_at = f.at, payout = {_FILLED_WORTH},
                           pnl = {_FILLED_WORTH} - f.stake - f.fee
    from (select n as order_id, coalesce(sum(l.size), 0) as size, coalesce(sum(l.stake), 0) as stake,
                 coalesce(sum(l.fee), 0) as fee, sum(l.price * l.size) as spent, max(l.traded_at) as at
          from unnest($1::bigint[]) n left join mm_fills l on l.order_id = n and l.state <> 'REVERSED' group by n) f
    where o.order_id = f.order_id and o.matched_size <> f.size"""
"""Brings orders' rows to their fills that stand in the ledger."""
_ORDERS = f"""
    placed as (
        insert into mm_orders select * from jsonb_populate_recordset(null::mm_orders, $1) where {HELD}
        on conflict (order_id) do update set
            price = excluded.price, size = excluded.size, stake = excluded.stake,
            exchange_order_id = coalesce(excluded.exchange_order_id, mm_orders.exchange_order_id),
            status = excluded.status, reason = excluded.reason, matched_size = excluded.matched_size,
            matched_stake = excluded.matched_stake, matched_price = excluded.matched_price, fees = excluded.fees,
            bookmaker_outcome_price = excluded.bookmaker_outcome_price,
            bookmaker_outcome_limit = excluded.bookmaker_outcome_limit, placed_at = excluded.placed_at,
            matched_at = excluded.matched_at, closed_at = excluded.closed_at, payout = {_WORTH},
            pnl = {_WORTH} - excluded.matched_stake - excluded.fees),
    quoted as (
        insert into mm_quotes (order_id, at, action, side, price, size, break_even, edge, why)
        select order_id, at, action, side, price, size, break_even, edge, why
        from jsonb_populate_recordset(null::mm_quotes, $2) where {HELD})"""
"""Orders' rows and quotes' reasons, for `Database.write`."""
_OPEN = "status in ('PENDING_PLACEMENT', 'PLACED')"
"""Of an order: it rests, or may rest."""
_LATEST = "(select * from mm_fills order by fill_id desc limit 10000)"
"""The fills that were recorded last. Orders' rows are written behind: what a run that was killed left of that is about
these, and whoever works on its fixtures next need not look through all fills that there ever were."""
ORPHANED = """state <> 'REVERSED' and not exists (select 1 from mm_orders o where o.order_id = mm_fills.order_id)"""
"""Of a fill: its order is not known yet, or its row is not written."""
MISSING_FILLS = """o.status = 'FILLED' and o.matched_size < o.size
    and o.size > (select coalesce(sum(l.size), 0) from mm_fills l where l.order_id = o.order_id)"""
"""Of an order o: the exchange has filled it whole, and its fills do not tell of all that."""
_NEW_FILL = f"""
    fill as (
        insert into mm_fills (account_id, trade_ref, exchange_order_id, order_id, client, exchange, fixture_id,
                              market_id, outcome_id, player_id, side, price, size, stake, fee, unhedged_size, state,
                              is_maker, traded_at, recorded_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 where {HELD}
        on conflict (account_id, trade_ref, exchange_order_id) do nothing returning fill_id)"""
_STORED = """order_id, client_order_id, exchange_order_id, exchange_outcome_id, side, price, size, status,
    matched_size, matched_stake, fees, created_at, placed_at, matched_at, is_adopted,
    bookmaker_outcome_price, bookmaker_outcome_limit,
    (select coalesce(sum(l.size), 0) from mm_fills l where l.order_id = o.order_id and l.state = 'REVERSED')
        as taken_back, closed_at, reason"""
"""Of an order o: the columns of a `StoredOrder`."""
_IS_NEW = "exists (select from fill)"
_CLIENT_OF_ACCOUNT = "client = (select client from accounts where account_id = $1)"
"""Of an order or a fill: lets the account's be found among its client's, which are in the order of their times."""
_OVERLAP = f"interval '{FILL_OVERLAP_MS} milliseconds'"
_RECORDED_AT, _FIRST_OF_BETS = 20, 21
"""Parameters of a new fill: its last, and the one after it."""
IDS_AT_A_TIME = 100
"""How many order ids one draw from the sequence reserves; the migration's increment."""


def filled_and_unsettled(client: str) -> str:
    """The market of each fill whose order is not settled, or not known, as a query. client: an expression of SQL."""
    return f"""
        select fixture_id, market_id from mm_orders
        where client = {client} and matched_size > 0 and settlement_status = 'UNDECIDED'
        union all
        select fixture_id, market_id from {_LATEST} l
        where client = {client} and state <> 'REVERSED' and coalesce(
            (select settlement_status from mm_orders where order_id = l.order_id), 'UNDECIDED') = 'UNDECIDED'
        union all
        select fixture_id, market_id from mm_fills
        where client = {client} and order_id is null and state <> 'REVERSED'"""


@cache
def _fill_with(bets: int) -> tuple[str, str]:
    """A fill with so many bets that hedge it: parts and answer for `Database.write`."""
    is_new = f"{_IS_NEW} as is_new"
    if not bets:
        return _NEW_FILL, is_new
    part, ids = insertion(bets, _FIRST_OF_BETS, _RECORDED_AT, only_if=_IS_NEW)
    return f"{_NEW_FILL}, {part}", f"{is_new}, {ids}"


@dataclass(frozen=True, slots=True)
class FillRow:
    """One line of the fill ledger. Micros for contracts and money."""

    account_id: int
    trade_ref: str
    venue_ref: str
    order_id: int | None
    client: ClientName
    exchange: VenueSlug
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    player_id: PlayerId
    side: Side
    price: int
    size: int
    stake: int
    fee: int
    unhedged: int
    state: FillState
    is_maker: bool
    traded_ms: int


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """What a later run needs of an order row."""

    order_id: int
    client_ref: str
    venue_ref: str | None
    instrument_ref: str
    side: Side
    price: int
    size: int
    status: OrderStatus
    filled: int
    spent: int
    fees: int
    created_ms: int
    placed_ms: int | None
    matched_ms: int | None
    is_adopted: bool
    hedge_odds: int | None
    hedge_limit: int | None
    taken_back: int = 0
    closed_ms: int | None = None
    reason: str = ""

    def order(self, instrument: Instrument, hedge_legs: HedgeLegs = ()) -> Order:
        """The order again, on its contract; nothing is under way for it."""
        return Order(
            self.order_id,
            self.client_ref,
            instrument,
            self.side,
            Micros(self.price),
            Micros(self.size),
            self.created_ms,
            venue_ref=self.venue_ref,
            status=self.status,
            pending=Pending.NOTHING,
            filled=self.filled,
            spent=self.spent,
            fees=self.fees,
            taken_back=self.taken_back,
            reason=self.reason,
            is_adopted=self.is_adopted,
            placed_ms=self.placed_ms,
            matched_ms=self.matched_ms,
            closed_ms=self.closed_ms,
            hedge_legs=hedge_legs,
            hedge_odds=self.hedge_odds,
            hedge_limit=self.hedge_limit,
        )


class Repository:
    """Orders, fills, mappings and quotes' reasons of market making."""

    def __init__(self, database: Database, clock: Clock, shard: Shard = WHOLE) -> None:
        """shard: the fixtures whose orders and fills are answered where a start asks for them."""
        self._database, self._clock, self._shard = database, clock, shard

    # --- orders ----------------------------------------------------------------------------------------------

    async def draw_order_ids(self) -> range:
        """A block of order ids that no other process has."""
        first = await self._database.fetchval("select nextval('mm_order_numbers')")
        return range(first, first + IDS_AT_A_TIME)

    async def save_orders(self, orders: Sequence[Mapping[str, Any]], quotes: Sequence[Mapping[str, Any]] = ()) -> None:
        """Commits whole order rows (column name -> value), new or changed, and why quotes were sent as they were. What
        was filled and told after the settlement is worth what the rest was settled at. Raises StorageError."""
        await self._database.write(_ORDERS, "true", orders, quotes, is_behind=True)

    async def open_orders(self, account_id: int) -> list[StoredOrder]:
        """Orders of an account that rest, or may rest, as far as the database knows, and those of which fills are
        missing."""
        rows = await self._database.fetch(
            f"""select {_STORED} from mm_orders o
                where order_id in (select order_id from mm_orders where account_id = $1 and {_OPEN}
                                   union all
                                   select order_id from mm_orders o where account_id = $1 and {MISSING_FILLS})
                  and {self._shard.condition()} order by order_id""",
            account_id,
        )
        return [_stored_order(row) for row in rows]

    async def hedge_legs(self, order_ids: Sequence[int]) -> dict[int, HedgeLegs]:
        """The bets and odds that each order was last priced from."""
        rows = await self._database.fetch(
            """select distinct on (order_id) order_id, why -> 'legs' as legs from mm_quotes
               where order_id = any($1) order by order_id, quote_id desc""",
            list(order_ids),
        )
        return {
            row["order_id"]: tuple(
                (OutcomeId(leg["outcomeId"]), OddsMicros(micros(leg["odds"]))) for leg in row["legs"] or ()
            )
            for row in rows
        }

    async def waiting_orders(
        self, client: str, shard: Shard, *, order_id: int | None, exchange: str | None, fixture_id: str | None
    ) -> list[int]:
        """Numbers of a client's orders in a shard that rest, or may rest; None: of any."""
        rows = await self._database.fetch(
            f"""select order_id from mm_orders
                where client = $1 and {_OPEN} and {shard.condition()}
                  and ($2::bigint is null or order_id = $2) and ($3::text is null or exchange = $3)
                  and ($4::text is null or fixture_id = $4) order by order_id""",
            client,
            order_id,
            exchange,
            fixture_id,
        )
        return [row["order_id"] for row in rows]

    async def denied_orders(self, client: str, shard: Shard) -> list[int]:
        """Numbers of a client's orders in a shard that rest, or may rest, though their tournament or their market type
        is off."""
        rows = await self._database.fetch(
            f"""select o.order_id from mm_orders o
                join fixtures f using (fixture_id) left join markets k using (market_id)
                where o.client = $1 and o.status in ('PENDING_PLACEMENT', 'PLACED')
                  and {shard.condition("o.fixture_id")}
                  and (not exists (select 1 from mm_tournaments t where t.client = o.client
                                   and t.tournament_id = f.tournament_id and t.is_active)
                       or exists (select 1 from mm_denied_markets d where d.client = o.client
                                  and d.sport_id = f.sport_id and d.market_type = k.market_type
                                  and d.player_prop = (o.player_id <> 0)))
                order by o.order_id""",
            client,
        )
        return [row["order_id"] for row in rows]

    async def stored_order(
        self, account_id: int, venue_ref: str, order_id: int | None
    ) -> tuple[StoredOrder, list[FillRow]] | None:
        """An order by the exchange's name or by our number, and its fills; None where there is no row of it. Raises
        StorageError."""
        row = await self._database.fetchrow(
            f"""select {_STORED} from mm_orders o
                where account_id = $1 and (exchange_order_id = $2 or order_id = $3)
                order by exchange_order_id = $2 desc nulls last, order_id limit 1""",
            account_id,
            venue_ref,
            order_id,
        )
        return (_stored_order(row), await self._fills("order_id = $1", row["order_id"])) if row else None

    # --- fills -----------------------------------------------------------------------------------------------

    async def record_fill(self, fill: FillRow, bets: Sequence[Bet]) -> bool:
        """Commits a fill, with the bets that it caused, in one round trip; False, with nothing written, when it stands
        there already. Raises StorageError."""
        now = self._clock.now()
        row = await self._database.write(
            *_fill_with(len(bets)),
            fill.account_id,
            fill.trade_ref,
            fill.venue_ref,
            fill.order_id,
            fill.client,
            fill.exchange,
            fill.fixture_id,
            fill.market_id,
            fill.outcome_id,
            fill.player_id,
            fill.side.value,
            decimal_of(fill.price),
            decimal_of(fill.size),
            decimal_of(fill.stake),
            decimal_of(fill.fee),
            decimal_of(fill.unhedged),
            fill.state.value,
            fill.is_maker,
            datetime_of_ms(fill.traded_ms),
            now,
            *values_of_new(bets),
        )
        is_new: bool = row["is_new"]
        if is_new and bets:
            inserted(bets, row, now)
        return is_new

    async def save_unhedged(self, shares: Mapping[tuple[int, str, str], int]) -> None:
        """Commits how much of fills nothing covers: micros of contracts, by account, trade and exchange order. Raises
        StorageError."""
        accounts, trades, orders = zip(*shares, strict=True)
        await self._database.write(
            f"""share as (
                    update mm_fills f set unhedged_size = t.size
                    from unnest($1::bigint[], $2::text[], $3::text[], $4::numeric[]) t (account_id, trade, placed, size)
                    where {HELD} and f.account_id = t.account_id and f.trade_ref = t.trade
                      and f.exchange_order_id = t.placed)""",
            "true",
            accounts,
            trades,
            orders,
            [decimal_of(size) for size in shares.values()],
            is_behind=True,
        )

    async def save_fill_state(
        self, connection: Connection[Any], account_id: int, trade_ref: str, venue_ref: str, state: FillState
    ) -> None:
        """Of a fill that was taken back, its order's row tells no more: nobody else may know that order by now."""
        order_id = await connection.fetchval(
            """update mm_fills
               set state = $4::text, unhedged_size = case when $4 = 'REVERSED' then 0 else unhedged_size end
               where account_id = $1 and trade_ref = $2 and exchange_order_id = $3 returning order_id""",
            account_id,
            trade_ref,
            venue_ref,
            state.value,
        )
        if state is FillState.REVERSED and order_id is not None:
            # Locked before it is added up: of two fills that are taken back at once, the second sees the first.
            await connection.execute("select 1 from mm_orders where order_id = $1 for update", order_id)
            await connection.execute(_AS_FILLED, [order_id])

    async def link_fills(self, connection: Connection[Any], account_id: int, venue_ref: str, order_id: int) -> None:
        """Fills that came before their order was known by the exchange's id now belong to it."""
        await connection.execute(
            """update mm_fills set order_id = $3
               where account_id = $1 and exchange_order_id = $2 and order_id is null""",
            account_id,
            venue_ref,
            order_id,
        )

    async def repair_orders(self, account_id: int) -> None:
        """Brings order rows, which are written behind, to the fills that stand in the ledger: after a crash the row of
        an order may be older than its last fill, or name one that was not committed and will be read again. Fills
        without an order are linked where its row names it."""
        async with self._database.transaction() as connection:
            await connection.execute(
                f"""update mm_fills f set order_id = o.order_id from mm_orders o
                    where f.account_id = $1 and f.order_id is null and o.account_id = f.account_id
                      and o.exchange_order_id = f.exchange_order_id and {self._shard.condition("f.fixture_id")}""",
                account_id,
            )
            differing = await connection.fetchval(
                f"""select array_agg(w.order_id) from (
                        select order_id from mm_orders where account_id = $1 and {_OPEN}
                        union
                        select order_id from mm_orders
                        where account_id = $1 and matched_size > 0 and settlement_status = 'UNDECIDED'
                        union
                        select order_id from {_LATEST} l where account_id = $1) w
                    cross join lateral (
                        select fixture_id, matched_size from mm_orders where order_id = w.order_id offset 0) o
                    cross join lateral (
                        select coalesce(sum(size), 0) as size from mm_fills
                        where order_id = w.order_id and state <> 'REVERSED') f
                    where o.matched_size <> f.size and {self._shard.condition("o.fixture_id")}""",
                account_id,
            )
            if differing:
                await connection.execute(_AS_FILLED, differing)

    async def orphaned_fills(self, account_id: int) -> list[FillRow]:
        """Fills whose order has no row: it was sent, and perhaps ended, in the moment before a crash."""
        condition = f"""account_id = $1 and {self._shard.condition()} and {ORPHANED} and fill_id in (
            select fill_id from mm_fills where order_id is null union all select fill_id from {_LATEST} l)"""
        return await self._fills(condition, account_id)

    async def fills_known_until_ms(self, account_id: int) -> int | None:
        """When the latest recorded fill of the account was traded; while there is none, when its first order was made,
        since any of them may have been filled. None for an account without orders."""
        condition = f"account_id = $1 and {self._shard.condition()}"
        at: datetime | None = await self._database.fetchval(
            f"""select coalesce(
                    (select max(traded_at) from {_LATEST} l where {condition}),
                    (select traded_at from mm_fills where {_CLIENT_OF_ACCOUNT} and {condition}
                     order by traded_at desc limit 1),
                    (select created_at from mm_orders where {_CLIENT_OF_ACCOUNT} and account_id = $1
                       and exists (select from mm_orders where account_id = $1) order by created_at limit 1))""",
            account_id,
        )
        return _ms(at)

    async def fills_of_account(self, account_id: int, since_ms: int) -> list[FillRow]:
        """Fills from a moment on, and from where the exchange will be asked for them, oldest first: what need not be
        counted again."""
        condition = f"""{_CLIENT_OF_ACCOUNT} and account_id = $1 and {self._shard.condition()} and traded_at >= least(
            $2,
            (select max(traded_at) from {_LATEST} l where account_id = $1) - {_OVERLAP},
            (select min(traded_at) from {_LATEST} l where account_id = $1 and state = 'PROVISIONAL') - {_OVERLAP},
            (select min(created_at) from mm_orders o where account_id = $1 and {MISSING_FILLS}) - {_OVERLAP})"""
        return await self._fills(condition, account_id, datetime_of_ms(since_ms))

    async def unsettled_fills(self, client: str) -> list[FillRow]:
        """All fills of markets of which an order or a bet is not settled yet, oldest first: the exposure after a
        restart. Where one venue has settled and another has not, both sides still belong together."""
        return await self._fills("true", client, source=self._unsettled())

    def _unsettled(self) -> str:
        """Those fills of the client $1, as a table of a query: markets first, since they are few."""
        return f"""(
            select l.* from (
                select distinct fixture_id, market_id from (
                    {filled_and_unsettled("$1")}
                    union all
                    select fixture_id, market_id from bets
                    where client = $1 and origin = 'mm'
                      and (status in ('PENDING', 'PLACED') or (status = 'CONFIRMED' and settlement = 'UNSETTLED'))) m
                where {self._shard.condition()}) m
            cross join lateral (
                select * from mm_fills where client = $1 and state <> 'REVERSED' and fixture_id = m.fixture_id
                                         and market_id = m.market_id offset 0) l)"""

    async def _fills(self, condition: str, *values: Any, source: str = "mm_fills") -> list[FillRow]:
        rows = await self._database.fetch(
            f"""select account_id, trade_ref, exchange_order_id, order_id, client, exchange, fixture_id, market_id,
                       outcome_id, player_id, side, price, size, stake, fee, unhedged_size, state, is_maker, traded_at
                from {source} mm_fills where {condition} order by fill_id""",
            *values,
        )
        return [_fill(row) for row in rows]

    async def left_accounts(self, client: str) -> set[int]:
        """The accounts at which orders of a client rest, or may rest, or that have fills of markets not settled."""
        rows = await self._database.fetch(
            f"""select account_id from mm_orders
                where client = $1 and {_OPEN} and {self._shard.condition()}
                union select account_id from {self._unsettled()} l""",
            client,
        )
        return {row["account_id"] for row in rows}

    async def hedge_accounts(self, client: str) -> set[int]:
        """The accounts at which hedges of a client were made that are not decided or not settled."""
        rows = await self._database.fetch(
            """select distinct account_id from bets
               where client = $1 and origin = 'mm'
                 and (status in ('PENDING', 'PLACED') or (status = 'CONFIRMED' and settlement = 'UNSETTLED'))""",
            client,
        )
        return {row["account_id"] for row in rows}

    # --- mappings --------------------------------------------------------------------------------------------

    async def save_mappings(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts or updates mappings; an operator's decision stays."""
        async with self._database.transaction() as connection:
            await connection.execute(
                """insert into mm_mappings (venue, instrument_ref, market_ref, fixture_id, market_id, outcome_id,
                                            opposite_id, verdict, reason, evidence, updated_at)
                   select venue, instrument_ref, market_ref, fixture_id, market_id, outcome_id, opposite_id, verdict,
                          coalesce(reason, ''), evidence, updated_at
                   from jsonb_populate_recordset(null::mm_mappings, $1)
                   on conflict (venue, instrument_ref) do update set
                     market_ref = excluded.market_ref, fixture_id = excluded.fixture_id,
                     market_id = excluded.market_id, outcome_id = excluded.outcome_id,
                     opposite_id = excluded.opposite_id, verdict = excluded.verdict, reason = excluded.reason,
                     evidence = excluded.evidence, updated_at = excluded.updated_at""",
                list(rows),
            )

    async def mapping(self, venue: str, instrument_ref: str) -> Mapping[str, Any] | None:
        """What is stored of one contract; for fills of contracts that are no longer listed."""
        row = await self._database.fetchrow(
            "select * from mm_mappings where venue = $1 and instrument_ref = $2", venue, instrument_ref
        )
        return dict(row) if row else None

    async def open_mappings(self, venues: Sequence[str]) -> list[Mapping[str, Any]]:
        """Proved contracts at these venues whose markets are not settled: the fixture is not over, or something of
        it is not settled. With what the catalogue says of the market."""
        rows = await self._database.fetch(
            f"""select m.venue, m.instrument_ref, m.market_ref, m.fixture_id, m.market_id, m.outcome_id, m.opposite_id,
                      k.sport_id, k.market_type, k.handicap, k.outcomes, f.tournament_id
               from (select fixture_id from fixtures where status_id < 2
                     union select fixture_id from mm_orders where matched_size > 0 and settlement_status = 'UNDECIDED'
                     union select fixture_id from mm_orders where {_OPEN}
                     union select fixture_id from mm_orders o where {MISSING_FILLS}
                     union select fixture_id from mm_fills where order_id is null
                     union select fixture_id from bets where status in ('PENDING', 'PLACED')
                     union select fixture_id from bets where status = 'CONFIRMED' and settlement = 'UNSETTLED') open
               cross join lateral (select * from mm_mappings where fixture_id = open.fixture_id offset 0) m
               join markets k on k.market_id = m.market_id
               join fixtures f on f.fixture_id = m.fixture_id
               where m.venue = any($1) and (m.verdict = 'PROVED' or m.decision = 'CONFIRMED')
                 and m.decision is distinct from 'REJECTED'
               order by m.venue, m.instrument_ref""",
            list(venues),
        )
        return [dict(row) for row in rows]

    async def deployment_tag(self) -> int:
        """The deployment's own number, 32 bits, in the references of its orders."""
        tag: int = await self._database.fetchval("select tag from mm_system")
        return tag

    async def decisions(self) -> dict[tuple[str, str], Decision]:
        """Operators' words on doubtful mappings, by (venue, instrument)."""
        rows = await self._database.fetch(
            "select venue, instrument_ref, decision, fixture_id from mm_mappings where decision is not null"
        )
        return {
            (row["venue"], row["instrument_ref"]): Decision(row["decision"] == "CONFIRMED", row["fixture_id"])
            for row in rows
        }


def _stored_order(row: Any) -> StoredOrder:
    filled, stake = micros(row["matched_size"]), micros(row["matched_stake"])
    return StoredOrder(
        row["order_id"],
        row["client_order_id"],
        row["exchange_order_id"],
        row["exchange_outcome_id"],
        Side(row["side"]),
        micros(row["price"]),
        micros(row["size"]),
        OrderStatus(row["status"]),
        filled,
        stake if row["side"] == "buy" else filled - stake,
        micros(row["fees"]),
        int(row["created_at"].timestamp() * 1000),
        _ms(row["placed_at"]),
        _ms(row["matched_at"]),
        row["is_adopted"],
        _micros(row["bookmaker_outcome_price"]),
        _micros(row["bookmaker_outcome_limit"]),
        micros(row["taken_back"]),
        _ms(row["closed_at"]),
        row["reason"],
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)


def _micros(value: Decimal | None) -> int | None:
    return None if value is None else micros(value)


def _fill(row: Any) -> FillRow:
    return FillRow(
        row["account_id"],
        row["trade_ref"],
        row["exchange_order_id"],
        row["order_id"],
        row["client"],
        row["exchange"],
        row["fixture_id"],
        row["market_id"],
        row["outcome_id"],
        row["player_id"],
        Side(row["side"]),
        micros(row["price"]),
        micros(row["size"]),
        micros(row["stake"]),
        micros(row["fee"]),
        micros(row["unhedged_size"]),
        FillState(row["state"]),
        row["is_maker"],
        int(row["traded_at"].timestamp() * 1000),
    )
