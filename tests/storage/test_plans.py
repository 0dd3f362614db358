"""Rows are looked up by their key also while a table's statistics know nothing of its growth."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from hedgerow.abp.idempotency import KNOWN
from hedgerow.storage.database import Database

OF_ORDERS = "select * from bets where origin = 'abp' and order_id = any($1) order by bet_id"
NAMED = "select * from bets where account_id = $1 and bookmaker_bet_id = any($2)"
OF_PLACED = "update mm_fills set order_id = $3 where account_id = $1 and exchange_order_id = $2 and order_id is null"
OF_CONTRACT = "select * from mm_orders where account_id = $1 and exchange_outcome_id = $2 and matched_size > 0"
OF_MARKET = "select * from mm_orders where fixture_id = $1 and market_id = $2 and matched_size > 0"
LACKING = "select * from mm_orders where account_id = $1 and status = 'FILLED' and matched_size < size"
GRADED = """select * from bets where account_id = $1 and origin = 'mm' and status = 'CONFIRMED'
    and feed_settlement <> 'UNDECIDED' and feed_settlement <> settlement
    and (settled_by is null or settled_by = 'feed')"""
CASES: list[tuple[str, tuple[Any, ...], str]] = [
    (
        KNOWN,
        (["acme"], ["0b2f4a1e-0f57-4c0e-8c06-0d9a3c4a6d11"], datetime.fromisoformat("2026-08-01T00:00Z")),
        "abp_requests_pkey",
    ),
    (OF_ORDERS, ([1, 2, 3],), "bets_by_abp_order"),
    (NAMED, (1, ["1634000001", "1634000002"]), "bets_by_bookmaker_id"),
    (OF_PLACED, (1, "v-1", 7), "mm_fills_account_id_exchange_order_id_trade_ref_key"),
    (OF_CONTRACT, (1, "t-1"), "mm_orders_matched_by_contract"),
    (OF_MARKET, ("id12990112000000001", 121), "mm_orders_matched_by_market"),
    (LACKING, (1,), "mm_orders_missing_fills"),
    (GRADED, (1,), "bets_graded"),
]


TABLE = re.compile(r" on (bets|abp_requests|mm_fills|mm_orders)\b")


@pytest.mark.parametrize(("statement", "values", "index"), CASES)
async def test_rows_are_looked_up_by_their_key(
    database: Database, statement: str, values: tuple[Any, ...], index: str
) -> None:
    plan = [row[0] for row in await database.fetch(f"explain {statement}", *values)]
    scans = [line for line in plan if "Scan" in line and TABLE.search(line)]
    assert scans
    assert all(index in line for line in scans), plan
