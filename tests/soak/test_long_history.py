"""A start, and what is asked all the time, reads what is open, however much has been traded before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.ids import ClientName
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.daily import result_of_day
from hedgerow.mm.repository import Repository
from hedgerow.mm.shards import Shard
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

CLIENT = ClientName("demo")
ORDERS, PER_FIXTURE, PER_FILL = 500_000, 1_000, 10
OPEN, UNSETTLED = 2_000, 10_000
"""Of the latest orders: those that rest, and those of which what matched is not settled."""
LAST_OPEN = (ORDERS - UNSETTLED) // PER_FIXTURE
"""The first match that is not over."""
MOST_ROWS = 40_000
"""That one question may read: the latest ten thousand fills, their orders, and what is open. Of orders there are half a
million, of fills and of contracts fifty thousand each."""

TRADED = f"""
    insert into mm_orders (order_id, client, account_id, exchange, fixture_id, market_id, outcome_id, side, price, size,
                           stake, client_order_id, exchange_order_id, exchange_outcome_id, status, matched_size,
                           matched_stake, matched_price, settlement_status, pnl, bookmaker, created_at, settled_at)
    select n, $1, $2, 'kalshi', 'id12990112' || lpad((n / {PER_FIXTURE})::text, 9, '0'), 121, 121, 'buy', 0.5, 10, 5,
           'h' || n, 'v' || n, 't' || (n / {PER_FIXTURE}),
           case when n % {PER_FILL} = 0 then 'FILLED' when n > {ORDERS - OPEN} then 'PLACED' else 'CANCELLED' end,
           m.size, m.size / 2, case when m.size > 0 then 0.5 end,
           case when m.is_settled then 'WON' else 'UNDECIDED' end, case when m.is_settled then 5 end, 'pinnacle', m.at,
           case when m.is_settled then m.at end
    from generate_series(1, {ORDERS}) n cross join lateral (
        select case when n % {PER_FILL} = 0 then 10 else 0 end as size,
               now() - ({ORDERS} - n) * interval '10 seconds' as at,
               n % {PER_FILL} = 0 and n <= {ORDERS - UNSETTLED} as is_settled) m"""
FILLED = """
    insert into mm_fills (account_id, trade_ref, exchange_order_id, order_id, client, exchange, fixture_id, market_id,
                          outcome_id, side, price, size, stake, unhedged_size, state, is_maker, traded_at, recorded_at)
    select account_id, 't' || order_id, exchange_order_id, order_id, client, exchange, fixture_id, market_id,
           outcome_id, side, price, size, stake, 0, 'FINAL', true, created_at, created_at
    from mm_orders where status = 'FILLED'"""
MATCHES = f"""
    insert into fixtures (fixture_id, sport_id, tournament_id, participant1_name, participant2_name, start_time,
                          status_id, updated_at)
    select 'id12990112' || lpad(n::text, 9, '0'), 12, 990112, 'A', 'B', 0, case when n < {LAST_OPEN} then 2 else 1 end,
           now()
    from generate_series(0, {ORDERS // PER_FIXTURE}) n"""
MARKET = """
    insert into markets (market_id, sport_id, market_type, period, handicap, name, outcomes)
    values (121, 12, 'moneyline', 'fulltime', 0, 'Winner', '[]')"""
CONTRACTS = """
    insert into mm_mappings (venue, instrument_ref, market_ref, fixture_id, market_id, outcome_id, opposite_id, verdict,
                             evidence, updated_at)
    select 'kalshi', 't' || fixture_id || n, 'm', fixture_id, 121, 121, 122, 'PROVED', '[]', now()
    from fixtures cross join generate_series(1, 100) n"""
READ = """
    select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables
    where relname in ('mm_orders', 'mm_fills', 'mm_mappings')"""


@pytest.fixture
async def one_connection(database_url: Secret) -> AsyncIterator[Database]:
    """What a session read is counted when it says so, so that all is done in one."""
    database = await Database.connect(database_url, size=1)
    yield database
    await database.close()


async def rows_read(database: Database, question: Callable[[], Awaitable[object]]) -> int:
    """Of orders, fills and contracts, by whatever plan."""
    before = await counted(database)
    await question()
    return await counted(database) - before


async def counted(database: Database) -> int:
    await database.execute("select pg_stat_force_next_flush()")
    found: int = await database.fetchval(READ)
    return found


async def traded_before(database: Database, clock: Clock) -> int:
    """Half a million orders of one account; its number."""
    accounts = Accounts(database, clock)
    await accounts.add_client(CLIENT, "Demo")
    await Switches(database, clock).add_client(CLIENT, "pinnacle")
    account = await accounts.add_account(
        "kalshi", "main", CLIENT, vault=Vault(Secret(new_master_key())), credentials={}
    )
    assert account is not None
    async with database.transaction() as connection:
        await connection.execute("set local statement_timeout = 0")
        await connection.execute(TRADED, CLIENT, account.account_id, timeout=300)
        await connection.execute(FILLED, timeout=300)
        for rows in (MATCHES, MARKET, CONTRACTS):
            await connection.execute(rows)
        await connection.execute("update clients set is_active = false")
        await connection.execute("analyze")
    return account.account_id


@pytest.mark.parametrize("shard", [Shard(), Shard(1, 4)], ids=["whole", "one of four"])
async def test_questions_read_what_is_open(one_connection: Database, shard: Shard) -> None:
    database, clock = one_connection, SystemClock()
    account = await traded_before(database, clock)
    repository = Repository(database, clock, shard)
    hour_ago = clock.now_ms() - 3_600_000
    day = (clock.now() - timedelta(days=1)).date()
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "repair": lambda: repository.repair_orders(account),
        "last fill": lambda: repository.fills_known_until_ms(account),
        "decisions": repository.decisions,
        "contracts": lambda: repository.open_mappings(["kalshi"]),
        "unsettled": lambda: repository.unsettled_fills(CLIENT),
        "fills": lambda: repository.fills_of_account(account, hour_ago),
        "open orders": lambda: repository.open_orders(account),
        "orphans": lambda: repository.orphaned_fills(account),
        "accounts": lambda: repository.left_accounts(CLIENT),
        "switches": Switches(database, clock).controls,
        "day": lambda: result_of_day(database, CLIENT, day),
    }
    read = {name: await rows_read(database, question) for name, question in questions.items()}
    assert await rows_read(database, lambda: database.fetch("select sum(size) from mm_orders")) >= ORDERS
    assert {name: rows for name, rows in read.items() if rows > MOST_ROWS} == {}
