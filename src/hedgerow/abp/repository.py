"""Orders of automated bet placing and their receipts: the only writer of order states.

An order belongs to one runner at a time, by a lease in the database's own time: a trading clock may stand still, a
process that hangs must not keep an order. Whoever ends an order, or adds bets to it, holds its row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.amounts import Currency
from hedgerow.abp.analytics import BetFact
from hedgerow.abp.limits import at_risk
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, NewOrder, PriceRule
from hedgerow.abp.receipts import Receipt, from_json, to_json
from hedgerow.core.clock import Clock
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.storage.database import Database

_COLUMNS = """order_id, client, request_uuid::text, user_ref, fixture_id, market_id, outcome_id, player_id, is_back,
    price, stake, currency, bookmakers, accepts_better, accepts_partial, price_rule, is_test, meta, status, reason,
    filled, attempts, is_cancel_wanted, expires_at, created_at, updated_at, filled_at"""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Orders that match any of these. Empty: none."""

    order_ids: tuple[int, ...] = ()
    request_uuids: tuple[str, ...] = ()
    user_ref: str | None = None
    fixture_id: str | None = None
    statuses: tuple[AbpOrderStatus, ...] = ()


class AbpOrders:
    """Repository of orders."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    # --- one order -----------------------------------------------------------------------------------------------

    async def insert(self, connection: Connection[Any], asked: NewOrder) -> AbpOrder:
        """The new order, PENDING, inside the caller's transaction."""
        row = await connection.fetchrow(
            f"""insert into abp_orders (client, request_uuid, user_ref, fixture_id, market_id, outcome_id, player_id,
                                        is_back, price, stake, currency, bookmakers, accepts_better, accepts_partial,
                                        price_rule, is_test, meta, expires_at, created_at, updated_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)
                returning {_COLUMNS}""",
            asked.client,
            asked.request_uuid,
            asked.user_ref,
            asked.fixture_id,
            asked.market_id,
            asked.outcome_id,
            asked.player_id,
            asked.is_back,
            asked.price,
            asked.stake,
            asked.currency,
            None if asked.bookmakers is None else sorted(asked.bookmakers),
            asked.accepts_better,
            asked.accepts_partial,
            asked.price_rule.value,
            asked.is_test,
            asked.meta,
            asked.expires_at,
            self._clock.now(),
        )
        if row is None:
            raise RuntimeError("an inserted order was not returned")
        return _order(row)

    async def order(self, order_id: int) -> AbpOrder | None:
        row = await self._database.fetchrow(f"select {_COLUMNS} from abp_orders where order_id = $1", order_id)
        return _order(row) if row else None

    async def locked(self, connection: Connection[Any], order_id: int) -> AbpOrder | None:
        """The order as it stands, locked until the caller's transaction ends."""
        row = await connection.fetchrow(f"select {_COLUMNS} from abp_orders where order_id = $1 for update", order_id)
        return _order(row) if row else None

    async def save(self, connection: Connection[Any], order: AbpOrder) -> None:
        """Writes status, reason and fill of a locked order; `updated_at` and `filled_at` follow."""
        order.updated_at = self._clock.now()
        if order.status is AbpOrderStatus.FILLED and order.filled_at is None:
            order.filled_at = order.updated_at
        await connection.execute(
            """update abp_orders set status = $2, reason = $3, filled = $4, is_cancel_wanted = $5, updated_at = $6,
                                     filled_at = $7, attempts = $8
               where order_id = $1""",
            order.order_id,
            order.status.value,
            order.reason,
            order.filled,
            order.is_cancel_wanted,
            order.updated_at,
            order.filled_at,
            order.attempts,
        )

    async def count_fill(self, connection: Connection[Any], order_id: int) -> None:
        """Brings the filled stake of an open order to the sum of its bets that were taken, also of those that the
        bookmaker has called off since: what it gives back is not bet again."""
        order = await self.locked(connection, order_id)
        if order is None or not order.status.is_open:
            return
        order.filled = await connection.fetchval(
            """select least(coalesce(sum(order_stake), 0), $2) from bets
               where origin = 'abp' and order_id = $1 and placed_stake is not null""",
            order_id,
            order.asked.stake,
        )
        await self.save(connection, order)

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
            """update abp_orders set lease_until = clock_timestamp() + $3 * interval '1 second'
               where runner = $1 and order_id = any($2) and lease_until > clock_timestamp() returning order_id""",
            runner,
            list(order_ids),
            lease_s,
        )
        return frozenset(row[0] for row in rows)

    async def release(self, runner: str) -> None:
        """Gives back all that this runner holds, for another to take up at once."""
        await self._database.execute(
            "update abp_orders set runner = null, lease_until = null where runner = $1 and status = 'PROCESSING'",
            runner,
        )

    async def is_held(self, connection: Connection[Any], order_id: int, runner: str) -> bool:
        """Whether the lease of a locked order is this runner's, and not over."""
        held: bool = await connection.fetchval(
            "select runner = $2 and lease_until > clock_timestamp() from abp_orders where order_id = $1",
            order_id,
            runner,
        )
        return bool(held)

    # --- what a decision has to know -----------------------------------------------------------------------------

    async def is_emergency(self, connection: Connection[Any]) -> bool:
        """Whether the operator has stopped all new placements."""
        return bool(await connection.fetchval("select emergency from mm_system"))

    async def orphaned_accounts(self, connection: Connection[Any], account_ids: Collection[int]) -> frozenset[int]:
        """Accounts with bets that a process left behind when it died: the bookmaker has to be asked for them before
        anything new is sent there."""
        rows = await connection.fetch(
            """select distinct b.account_id from bets b join abp_orders o using (order_id)
               where b.origin = 'abp' and b.account_id = any($1) and b.status in ('PENDING', 'PLACED')
                 and (o.runner is null or o.lease_until < clock_timestamp()
                      or (b.status = 'PENDING' and b.runner is distinct from o.runner))""",
            list(account_ids),
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
        """A client's bets that were sent and may stand or stood, tests left out; filters are combined by AND."""
        rows = await self._database.fetch(
            """select b.bookmaker, a.username, o.user_ref, b.fixture_id, b.status, b.settlement,
                      coalesce(b.placed_odds, b.requested_odds) as price,
                      coalesce(b.placed_stake, b.requested_stake) as stake, b.is_back, b.currency, b.usd_rate, b.payout,
                      b.at_risk
               from bets b join abp_orders o using (order_id) join accounts a on a.account_id = b.account_id
               where b.origin = 'abp' and b.client = $1 and not b.is_test
                 and b.status in ('PLACED', 'CONFIRMED', 'VOID', 'CANCELLED')
                 and ($2::text is null or b.bookmaker = $2) and ($3::text is null or a.username = $3)
                 and ($4::text is null or o.user_ref = $4)""",
            client,
            bookmaker,
            account,
            user_ref,
        )
        return [_fact(row) for row in rows]

    # --- receipts ------------------------------------------------------------------------------------------------

    async def add_receipt(self, connection: Connection[Any], receipt: Receipt) -> None:
        await connection.execute(
            "insert into abp_receipts (order_id, attempt, at, receipt) values ($1, $2, $3, $4)",
            receipt.order_id,
            receipt.attempt,
            receipt.at,
            to_json(receipt),
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
