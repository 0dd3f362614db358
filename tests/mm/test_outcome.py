"""The report's sums, from rows that were written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.outcome import outcome
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

NOW = datetime(2026, 2, 15, 10, 30, tzinfo=UTC)
WHAT = {"fixture_id": "id12990112000000001", "market_id": 121, "outcome_id": 121}


class Rows:
    """Writes rows of one client, defaults included."""

    def __init__(self, database: Database, account_id: int) -> None:
        self.database, self.account_id = database, account_id

    async def insert(self, table: str, **columns: Any) -> None:
        marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self.database.execute(f"insert into {table} ({', '.join(columns)}) values ({marks})", *columns.values())

    async def order(self, order_id: int, **given: Any) -> None:
        usual = {
            "client": "demo",
            "account_id": self.account_id,
            "exchange": "kalshi",
            "side": "buy",
            "price": Decimal("0.45"),
            "size": Decimal(100),
            "stake": Decimal(45),
            "client_order_id": f"ref-{order_id}",
            "exchange_outcome_id": "T-1",
            "status": "FILLED",
            "bookmaker": "pinnacle",
            "created_at": NOW,
        }
        await self.insert("mm_orders", order_id=order_id, **WHAT, **(usual | given))

    async def fill(self, trade_ref: str, **given: Any) -> None:
        usual = {
            "account_id": self.account_id,
            "exchange_order_id": "K1",
            "order_id": 1,
            "client": "demo",
            "exchange": "kalshi",
            "side": "buy",
            "price": Decimal("0.45"),
            "size": Decimal(100),
            "stake": Decimal(45),
            "unhedged_size": Decimal(0),
            "state": "FINAL",
            "is_maker": True,
            "traded_at": NOW,
            "recorded_at": NOW,
        }
        await self.insert("mm_fills", trade_ref=trade_ref, **WHAT, **(usual | given))

    async def quote(self, side: str, price: str, *odds: str) -> None:
        why = {"legs": [{"odds": Decimal(one)} for one in odds]}
        await self.insert(
            "mm_quotes",
            order_id=1,
            at=NOW,
            action="place",
            side=side,
            price=Decimal(price),
            size=Decimal(1),
            break_even=Decimal(0),
            edge=Decimal(0),
            why=why,
        )


@pytest.fixture
async def rows(database: Database) -> Rows:
    accounts = Accounts(database, SystemClock())
    await accounts.add_client("demo", "Demo")
    await Switches(database, SystemClock()).add_client("demo", "pinnacle")
    await accounts.add_account(
        "kalshi", "demo_kalshi", "demo", vault=Vault(Secret(new_master_key())), credentials={"key_id": "k"}
    )
    (account,) = await accounts.accounts(client="demo")
    return Rows(database, account.account_id)


async def test_nothing_done_is_nothing_earned(rows: Rows) -> None:
    done = await outcome(rows.database, "demo")
    assert (done.quotes, done.fills, done.hedges, done.pnl, done.unhedged_stake) == (0, 0, 0, 0, 0)
    assert done.worst_quote_edge is None


async def test_settled_orders_are_summed_by_venue(rows: Rows) -> None:
    await rows.order(1, matched_size=Decimal(100), settlement_status="WON", pnl=Decimal(55))
    await rows.order(2, matched_size=Decimal(100), settlement_status="LOST", pnl=Decimal(-45), exchange="polymarket")
    done = await outcome(rows.database, "demo")
    assert done.pnl_by_venue == {"kalshi": 55, "polymarket": -45}
    assert (done.pnl, done.unsettled) == (10, 0)


async def test_matched_order_without_a_result_is_unsettled(rows: Rows) -> None:
    await rows.order(1, matched_size=Decimal(100))
    await rows.order(2, matched_size=Decimal(0), status="CANCELLED")
    assert (await outcome(rows.database, "demo")).unsettled == 1


async def test_unhedged_stake_is_the_share_of_each_fill_that_nothing_covers(rows: Rows) -> None:
    await rows.order(1, matched_size=Decimal(100))
    await rows.fill("t1", unhedged_size=Decimal(40))
    await rows.fill("t2", unhedged_size=Decimal(0), state="REVERSED")
    done = await outcome(rows.database, "demo")
    assert (done.fills, done.unhedged_stake) == (1, 18)


async def test_worst_edge_is_worked_out_anew_from_the_odds(rows: Rows) -> None:
    await rows.order(1)
    await rows.quote("buy", "0.45", "1.85")  # 1 - 1/1.85 = 0.4594...
    await rows.quote("sell", "0.49", "2.05")  # 1/2.05 = 0.4878...
    done = await outcome(rows.database, "demo")
    assert done.worst_quote_edge == pytest.approx(Decimal("0.49") - 1 / Decimal("2.05"))
    await rows.quote("buy", "0.46", "1.85")
    worse = await outcome(rows.database, "demo")
    assert worse.worst_quote_edge == pytest.approx(1 - 1 / Decimal("1.85") - Decimal("0.46"))
    assert worse.quotes == 3
