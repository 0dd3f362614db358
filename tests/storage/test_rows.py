"""What no row of a bet, a fill or the outbox can hold, whoever writes it."""

from __future__ import annotations

import asyncpg
import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

BET = """insert into bets (reference, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id,
                           requested_odds, requested_stake, currency, usd_rate, created_at)
         select gen_random_uuid(), 'mm', 'demo', account_id, venue, 'f', 1, 1, 1.5, 10, 'USD', 1, now() from accounts"""
FILL = """insert into mm_fills (account_id, trade_ref, exchange_order_id, client, exchange, fixture_id, market_id,
                                outcome_id, side, price, size, stake, unhedged_size, state, is_maker, traded_at,
                                recorded_at)
          select account_id, 't', 'o', 'demo', venue, 'f', 1, 1, 'buy', 0.5, 10, 5, 10, 'FINAL', true, now(), now()
          from accounts"""
TOLD = "insert into outbox (channel, event, key, payload) values ('bets', 'INSERT', '1', '{}')"
ROWS = {"bets": BET, "mm_fills": FILL, "outbox": TOLD}


@pytest.fixture
async def rows(database: Database) -> Database:
    """A client with an account, and one row of each table."""
    accounts = Accounts(database, SteppedClock(0))
    await accounts.add_client("demo", "Demo")
    await accounts.add_client("other", "Other")
    await accounts.add_account(
        "kalshi", "main", "demo", vault=Vault(Secret(new_master_key())), credentials={"key": "k"}
    )
    for insert in ROWS.values():
        await database.execute(insert)
    return database


WRONG = (
    ("bets", "requested_odds = 1"),
    ("bets", "requested_stake = 0"),
    ("bets", "usd_rate = 0"),
    ("bets", "reserved = -0.01"),
    ("bets", "staked = -0.01"),
    ("bets", "at_risk = -0.01"),
    ("bets", "hedge_commission = 1.01"),
    ("bets", "origin = 'us'"),
    ("bets", "status = 'LOST'"),
    ("bets", "status = 'CONFIRMED'"),  # without what was placed
    ("bets", "settlement = 'LOSING'"),
    ("bets", "settled_by = 'client'"),
    ("bets", "origin = 'abp'"),  # without an order
    ("mm_fills", "size = 0"),
    ("mm_fills", "stake = -0.01"),
    ("mm_fills", "unhedged_size = -0.01"),
    ("mm_fills", "unhedged_size = 10.01"),  # more than was filled
    ("mm_fills", "side = 'back'"),
    ("mm_fills", "state = 'GONE'"),
    ("outbox", "channel = 'of bets'"),
)


@pytest.mark.parametrize(("table", "change"), WRONG)
async def test_value_that_cannot_be_is_refused(rows: Database, table: str, change: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await rows.execute(f"update {table} set {change}")


@pytest.mark.parametrize("table", ["bets", "mm_fills"])
@pytest.mark.parametrize("change", ["client = 'other'", "client = 'nobody'", "account_id = account_id + 1"])
async def test_account_that_is_not_the_clients_is_refused(rows: Database, table: str, change: str) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await rows.execute(f"update {table} set {change}")


@pytest.mark.parametrize("table", ["bets", "mm_fills"])
async def test_account_with_rows_does_not_change_hands(rows: Database, table: str) -> None:
    await rows.execute(f"delete from {'mm_fills' if table == 'bets' else 'bets'}")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await rows.execute("update accounts set client = 'other'")
