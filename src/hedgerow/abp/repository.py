"""Orders of automated bet placing and their receipts: the only writer of order states.

An order belongs to one runner at a time, by a lease in the database's own time: a trading clock may stand still, a
process that hangs must not keep an order. Whoever ends an order, or adds bets to it, holds its row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.analytics import BetFact
from hedgerow.abp.limits import at_risk
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, NewOrder, PriceRule
from hedgerow.abp.receipts import Receipt, from_json, to_json
from hedgerow.core.clock import Clock
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.execution.amounts import Currency
from hedgerow.storage.database import Database, advisory_key

_COLUMNS = """order_id, client, request_uuid::text, user_ref, fixture_id, market_id, outcome_id, player_id, is_back,
    price, stake, currency, bookmakers, accepts_better, accepts_partial, price_rule, is_test, meta, status, reason,
    filled, attempts, is_cancel_wanted, expires_at, created_at, updated_at, filled_at"""


_ASKED = (
    "client",
    "request_uuid",
    "user_ref",
    "fixture_id",
    "market_id",
    "outcome_id",
    "player_id",
    "is_back",
    "price",
    "stake",
    "currency",
    "accepts_better",
    "accepts_partial",
    "price_rule",
    "is_test",
    "meta",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Whose an order is, for so long."""

    runner: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Orders that match any of these. Empty: none."""

    order_ids: tuple[int, ...] = ()
    request_uuids: tuple[str, ...] = ()
    user_ref: str | None = None
    fixture_id: str | None = None
    statuses: tuple[AbpOrderStatus, ...] = ()


def presence_of(runner: str) -> str:
    """The lock that a runner holds alone as long as it lives."""
    return f"abp runner {runner}"


class AbpOrders:
    """Repository of orders."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    # --- one order -----------------------------------------------------------------------------------------------

    async def number(self, connection: Connection[Any], asked: Sequence[NewOrder]) -> list[AbpOrder]:
        """Orders as they will stand, PENDING, each with its number; nothing is written yet."""
        ids = await connection.fetch(
            "select nextval('abp_orders_order_id_seq') from generate_series(1, $1::integer)", len(asked)
        )
        now = self._clock.now()
        return [
            AbpOrder(row[0], one, AbpOrderStatus.PENDING, "", Decimal(0), 0, False, now, now, None)  # noqa: FBT003
            for row, one in zip(ids, asked, strict=True)
        ]

    async def insert(self, connection: Connection[Any], orders: Sequence[AbpOrder], lease: Lease | None = None) -> None:
        """Writes numbered orders inside the caller's transaction. lease: whose they are at once."""
        asked = [order.asked for order in orders]
        await connection.execute(
            """insert into abp_orders (order_id, client, request_uuid, user_ref, fixture_id, market_id, outcome_id,
                                       player_id, is_back, price, stake, currency, accepts_better, accepts_partial,
                                       price_rule, is_test, meta, expires_at, created_at, updated_at, bookmakers,
                                       runner, lease_until)
               overriding system value
               select order_id, client, request_uuid, user_ref, fixture_id, market_id, outcome_id, player_id, is_back,
                      price, stake, currency, accepts_better, accepts_partial, price_rule, is_test, meta, expires_at,
                      created_at, created_at, string_to_array(bookmakers, ','),
                      $21, clock_timestamp() + $22 * interval '1 second'
               from unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                           $8::bigint[], $9::boolean[], $10::numeric[], $11::numeric[], $12::text[], $13::boolean[],
                           $14::boolean[], $15::text[], $16::boolean[], $17::jsonb[], $18::timestamptz[],
                           $19::timestamptz[], $20::text[])
                    t (order_id, client, request_uuid, user_ref, fixture_id, market_id, outcome_id, player_id,
                       is_back, price, stake, currency, accepts_better, accepts_partial, price_rule, is_test, meta,
                       expires_at, created_at, bookmakers)""",
            [order.order_id for order in orders],
            *([getattr(one, name) for one in asked] for name in _ASKED),
            [order.created_at for order in orders],
            [None if one.bookmakers is None else ",".join(sorted(one.bookmakers)) for one in asked],
            None if lease is None else lease.runner,
            None if lease is None else lease.seconds,
        )

    async def order(self, order_id: int) -> AbpOrder | None:
        row = await self._database.fetchrow(f"select {_COLUMNS} from abp_orders where order_id = $1", order_id)
        return _order(row) if row else None

    async def lock(self, connection: Connection[Any], order_ids: Collection[int]) -> None:
        """Locks orders until the caller's transaction ends, always in the same order."""
        await connection.execute(
            "select from abp_orders where order_id = any($1) order by order_id for update", list(order_ids)
        )

    async def hold(self, connection: Connection[Any], orders: Iterable[AbpOrder], runner: str) -> frozenset[int]:
        """Locks orders until the caller's transaction ends, always in the same order, and brings them to what their
        rows say now. Answers which of them are open, and this runner's by a lease that is not over."""
        known = {order.order_id: order for order in orders}
        rows = await connection.fetch(
            """select order_id, status, reason, filled, attempts, is_cancel_wanted, updated_at, filled_at,
                      runner = $2 and lease_until > clock_timestamp() as is_held
               from abp_orders where order_id = any($1) order by order_id for update""",
            list(known),
            runner,
        )
        for row in rows:
            order = known[row["order_id"]]
            order.status, order.reason = AbpOrderStatus(row["status"]), row["reason"]
            order.filled, order.attempts = row["filled"], row["attempts"]
            order.is_cancel_wanted = row["is_cancel_wanted"]
            order.updated_at, order.filled_at = row["updated_at"], row["filled_at"]
        return frozenset(row["order_id"] for row in rows if row["is_held"] and known[row["order_id"]].status.is_open)

    async def start(self, connection: Connection[Any], order_ids: Collection[int]) -> None:
        """Locked PENDING orders are PROCESSING: no order skips that state, however soon it ends."""
        await connection.execute(
            "update abp_orders set status = 'PROCESSING', updated_at = $2 where order_id = any($1)",
            list(order_ids),
            self._clock.now(),
        )

    async def save(self, connection: Connection[Any], *orders: AbpOrder) -> None:
        """Writes status, reason and fill of locked orders; `updated_at` and `filled_at` follow."""
        now = self._clock.now()
        for order in orders:
            order.updated_at = now
            if order.status is AbpOrderStatus.FILLED and order.filled_at is None:
                order.filled_at = now
        await connection.execute(
            """update abp_orders o
               set status = t.status, reason = t.reason, filled = t.filled, is_cancel_wanted = t.is_cancel_wanted,
                   updated_at = $8, filled_at = t.filled_at, attempts = t.attempts
               from unnest($1::bigint[], $2::text[], $3::text[], $4::numeric[], $5::boolean[], $6::timestamptz[],
                           $7::integer[])
                    t (order_id, status, reason, filled, is_cancel_wanted, filled_at, attempts)
               where o.order_id = t.order_id""",
            [order.order_id for order in orders],
            [order.status.value for order in orders],
            [order.reason for order in orders],
            [order.filled for order in orders],
            [order.is_cancel_wanted for order in orders],
            [order.filled_at for order in orders],
            [order.attempts for order in orders],
            now,
        )

    async def count_fill(self, connection: Connection[Any], *order_ids: int) -> None:
        """Brings the filled stakes of open orders, which are locked, to the sums of their bets that were taken, also
        of those that the bookmaker has called off since: what it gives back is not bet again. An order whose whole
        stake is taken has ended."""
        await connection.execute(
            """update abp_orders o
               set filled = t.filled, updated_at = $2,
                   status = case when t.is_full then 'FILLED' else o.status end,
                   filled_at = case when t.is_full then $2 else o.filled_at end
               from (select order_id, least(b.taken, a.stake) as filled,
                            a.status = 'PROCESSING' and b.taken >= a.stake as is_full
                     from abp_orders a cross join lateral (
                       select sum(order_stake) as taken from bets
                       where order_id = a.order_id and origin = 'abp' and placed_stake is not null) b
                     where a.order_id = any($1) and b.taken is not null) t
               where o.order_id = t.order_id and o.status in ('PENDING', 'PROCESSING') and o.filled <> t.filled""",
            order_ids,
            self._clock.now(),
        )

    # --- leases --------------------------------------------------------------------------------------------------

    async def take_up(self, runner: str, most: int, lease_s: float) -> list[AbpOrder]:
        """Open orders that nobody works on, oldest first: they are this runner's now, and PROCESSING."""
        rows = await self._database.fetch(
            f"""update abp_orders set runner = $1, lease_until = clock_timestamp() + $2 * interval '1 second',
                                      status = 'PROCESSING', updated_at = $4
                where order_id in (
                  select order_id from abp_orders
                  where status in ('PENDING', 'PROCESSING') and (runner is null or lease_until < clock_timestamp())
                  order by order_id limit $3 for update skip locked)
                returning {_COLUMNS}""",
            runner,
            lease_s,
            most,
            self._clock.now(),
        )
        return sorted((_order(row) for row in rows), key=lambda order: order.order_id)

    async def renew(self, runner: str, order_ids: Collection[int], lease_s: float) -> frozenset[int]:
        """Renews the leases; answers which orders are still this runner's."""
        rows = await self._database.fetch(
            # Locked in the order in which decisions and answers lock them: none of them waits for another in a ring.
            """with ours as (
                 select order_id from abp_orders
                 where runner = $1 and order_id = any($2) and lease_until > clock_timestamp()
                 order by order_id for update)
               update abp_orders o set lease_until = clock_timestamp() + $3 * interval '1 second'
               from ours where o.order_id = ours.order_id returning o.order_id""",
            runner,
            list(order_ids),
            lease_s,
        )
        return frozenset(row[0] for row in rows)

    async def release(self, runner: str) -> None:
        """Gives back all that this runner holds, for another to take up at once."""
        await self._database.execute(
            """update abp_orders set runner = null, lease_until = null
               where runner = $1 and status in ('PENDING', 'PROCESSING')""",
            runner,
        )

    # --- what a decision has to know -----------------------------------------------------------------------------

    async def is_emergency(self, connection: Connection[Any]) -> bool:
        """Whether the operator has stopped all new placements."""
        return bool(await connection.fetchval("select emergency from mm_system"))

    async def orphaned_accounts(
        self, connection: Connection[Any], account_ids: Collection[int], runner: str
    ) -> frozenset[int]:
        """Accounts with bets that a process left behind when it died: the bookmaker has to be asked for them before
        anything new is sent there. A process may be dead long before its leases end; runner: who asks, and lives."""
        rows = await connection.fetch(
            """select distinct b.account_id, o.runner::text as runner,
                      o.runner is null or o.lease_until < clock_timestamp()
                        or (b.status = 'PENDING' and b.runner is distinct from o.runner) as is_orphaned
               from bets b join abp_orders o using (order_id)
               where b.origin = 'abp' and b.account_id = any($1) and b.status in ('PENDING', 'PLACED')""",
            list(account_ids),
        )
        others = {row["runner"] for row in rows if not row["is_orphaned"]} - {runner}
        gone = await self._gone(connection, sorted(others)) if others else frozenset()
        return frozenset(row["account_id"] for row in rows if row["is_orphaned"] or row["runner"] in gone)

    async def _gone(self, connection: Connection[Any], runners: Sequence[str]) -> frozenset[str]:
        """Those of the runners whose presence nobody holds. One that lives may be among them, whose connection broke:
        that only makes others wait; its orders stay its own."""
        rows = await connection.fetch(
            """select runner from unnest($1::text[], $2::bigint[]) t (runner, key)
               where pg_try_advisory_xact_lock_shared(key)""",
            runners,
            [advisory_key(presence_of(runner)) for runner in runners],
        )
        return frozenset(row[0] for row in rows)

    # --- lists ---------------------------------------------------------------------------------------------------

    async def find(
        self, client: str, wanted: OrderFilter, *, before_id: int | None = None, limit: int = 100
    ) -> list[AbpOrder]:
        """A client's orders, newest first, from below an id on."""
        condition, values = _condition(client, wanted)
        rows = await self._database.fetch(
            f"""select {_COLUMNS} from abp_orders where {condition} and ($7::bigint is null or order_id < $7)
                order by order_id desc limit $8""",
            *values,
            before_id,
            limit,
        )
        return [_order(row) for row in rows]

    async def lock_open(self, connection: Connection[Any], client: str, wanted: OrderFilter | None) -> list[AbpOrder]:
        """A client's open orders, all or those of the filter, locked in the order of their ids."""
        condition, values = _condition(client, wanted or OrderFilter(statuses=_OPEN))
        rows = await connection.fetch(
            f"""select {_COLUMNS} from abp_orders where {condition} and status in ('PENDING', 'PROCESSING')
                order by order_id for update""",
            *values,
        )
        return [_order(row) for row in rows]

    async def bet_facts(
        self, client: str, *, bookmaker: str | None = None, account: str | None = None, user_ref: str | None = None
    ) -> list[BetFact]:
        """A client's bets that were answered and stand or stood, tests left out; filters are combined by AND."""
        rows = await self._database.fetch(
            """select b.bookmaker, a.username, o.user_ref, b.fixture_id, b.status, b.settlement,
                      coalesce(b.placed_odds, b.requested_odds) as price,
                      coalesce(b.placed_stake, b.requested_stake) as stake, b.is_back, b.currency, b.usd_rate, b.payout,
                      b.at_risk
               from bets b join abp_orders o using (order_id) join accounts a on a.account_id = b.account_id
               where b.origin = 'abp' and b.client = $1 and not b.is_test
                 and b.status in ('PLACED', 'CONFIRMED', 'VOID', 'CANCELLED')
                 and not (b.status = 'PLACED' and b.in_doubt and b.sent_data = '{}' and b.received_data = '{}')
                 and ($2::text is null or b.bookmaker = $2) and ($3::text is null or a.username = $3)
                 and ($4::text is null or o.user_ref = $4)""",
            client,
            bookmaker,
            account,
            user_ref,
        )
        return [_fact(row) for row in rows]

    # --- receipts ------------------------------------------------------------------------------------------------

    async def add_receipt(self, connection: Connection[Any], *receipts: Receipt) -> None:
        await connection.execute(
            """insert into abp_receipts (order_id, attempt, at, receipt)
               select * from unnest($1::bigint[], $2::integer[], $3::timestamptz[], $4::jsonb[])""",
            [receipt.order_id for receipt in receipts],
            [receipt.attempt for receipt in receipts],
            [receipt.at for receipt in receipts],
            [to_json(receipt) for receipt in receipts],
        )

    async def receipts(self, order_id: int) -> list[Receipt]:
        """All decisions about an order, oldest first."""
        rows = await self._database.fetch(
            "select receipt from abp_receipts where order_id = $1 order by attempt", order_id
        )
        return [from_json(row[0]) for row in rows]


_OPEN = (AbpOrderStatus.PENDING, AbpOrderStatus.PROCESSING)


def _condition(client: str, wanted: OrderFilter) -> tuple[str, list[object]]:
    """SQL over $1 to $6 and their values. Filters are combined by OR (contract, Reads)."""
    condition = """client = $1 and (order_id = any($2) or request_uuid = any($3::uuid[]) or user_ref = $4
                                    or fixture_id = $5 or status = any($6))"""
    return condition, [
        client,
        list(wanted.order_ids),
        list(wanted.request_uuids),
        wanted.user_ref,
        wanted.fixture_id,
        [status.value for status in wanted.statuses],
    ]


def _fact(row: Any) -> BetFact:
    currency = Currency(row["currency"], row["usd_rate"])
    return BetFact(
        row["bookmaker"],
        row["username"],
        row["user_ref"],
        row["fixture_id"],
        BetStatus(row["status"]),
        BetSettlement(row["settlement"]),
        row["price"],
        row["at_risk"]
        if row["at_risk"] is not None
        else at_risk(row["stake"], row["price"], currency, is_back=row["is_back"]),
        row["payout"],
        row["usd_rate"],
    )


def _order(row: Any) -> AbpOrder:
    asked = {name: row[name] for name in NewOrder.__slots__}
    asked["bookmakers"] = None if row["bookmakers"] is None else frozenset(row["bookmakers"])
    asked["price_rule"] = PriceRule(row["price_rule"])
    return AbpOrder(
        row["order_id"],
        NewOrder(**asked),
        AbpOrderStatus(row["status"]),
        row["reason"],
        Decimal(row["filled"]),
        row["attempts"],
        row["is_cancel_wanted"],
        row["created_at"],
        row["updated_at"],
        row["filled_at"],
    )
