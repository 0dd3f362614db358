"""Every invariant finds what breaks it, and nothing in what is as it should be."""

from __future__ import annotations

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.execution.invariants import (
    EVERY_ROW,
    INVARIANTS,
    MOST_ROWS,
    NEWEST_ROWS,
    Tables,
    check,
    remember_ledgers,
)
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

ORDER = """insert into mm_orders (order_id, client, account_id, exchange, fixture_id, market_id, outcome_id, side,
  price, size, stake, client_order_id, exchange_outcome_id, status, matched_size, bookmaker, created_at)
  values (1, 'acme', 1, 'kalshi', 'f1', 121, 121, 'buy', 0.4, 10, 4, 'ref', 'KX', 'PLACED', 4, 'pinnacle', now())"""
FILL = """insert into mm_fills (account_id, trade_ref, exchange_order_id, order_id, client, exchange, fixture_id,
  market_id, outcome_id, side, price, size, stake, unhedged_size, state, is_maker, traded_at, recorded_at)
  values (1, 't1', 'x1', 1, 'acme', 'kalshi', 'f1', 121, 121, 'buy', 0.4, 4, 1.6, 1, 'FINAL', true, now(), now())"""
BET = """insert into bets (reference, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id,
  requested_odds, requested_stake, currency, usd_rate, covers, status, bookmaker_bet_id, placed_odds, placed_stake,
  created_at, sent_at)
  values (gen_random_uuid(), 'mm', 'acme', 2, 'pinnacle', 'f1', 121, 122, 1.9, 2, 'USD', 1, 3, 'CONFIRMED', '77', 1.9,
          2, now(), now())"""
CLIENT_ORDER = """insert into abp_orders (client, request_uuid, user_ref, fixture_id, market_id, outcome_id, is_back,
  price, stake, currency, accepts_better, accepts_partial, price_rule, is_test, status, filled, expires_at, created_at,
  updated_at)
  values ('acme', gen_random_uuid(), 'bettor', 'f1', 121, 122, true, 1.8, 2, 'EUR', true, true, 'each', false, 'FILLED',
          2, now(), now(), now())"""
CLIENT_BET = """insert into bets (reference, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id,
  requested_odds, requested_stake, currency, usd_rate, status, bookmaker_bet_id, placed_odds, placed_stake, created_at,
  sent_at, order_id, order_stake, staked)
  values (gen_random_uuid(), 'abp', 'acme', 2, 'pinnacle', 'f1', 121, 122, 1.9, 2.5, 'USD', 1, 'CONFIRMED', '78', 1.9,
          2.5, now(), now(), 1, 2, 2.5)"""
RECEIPT = """insert into abp_receipts (order_id, attempt, at, receipt) values (1, 1, now(), '{
  "wanted": {"currency": {"code": "EUR", "per_usd": "0.8"}},
  "candidates": [{"account_id": 2, "limits": {"currency": {"code": "USD", "per_usd": "1"}}}],
  "decision": {"allocations": [{"account_id": 2, "stake": "2.5", "order_stake": "2"}]}}')"""
MOVES = """insert into abp_ledger (account_id, currency, kind, source, target, amount, at) values
  (2, 'USD', 'correction', 'venue', 'free', 100, now()), (2, 'USD', 'correction', 'free', 'staked', 2.5, now())"""
STUCK = (
    "insert into outbox (channel, event, key, payload, at) values ('bets', 'INSERT', '1', '{}', now() - interval '2m')"
)

BREAKS = {
    "fill_has_order": "update mm_fills set order_id = 9",
    "fill_is_the_orders": "update mm_fills set side = 'sell'",
    "matched_is_sum_of_fills": "update mm_orders set matched_size = 5",
    "order_is_not_overfilled": "update mm_orders set size = 3",
    "filled_order_is_full": "update mm_orders set status = 'FILLED'",
    "settled_order_has_result": "update mm_orders set settlement_status = 'WON'",
    "settled_order_adds_up": (
        "update mm_orders set settlement_status = 'VOID', paid_per_contract = 0.5, payout = matched_size, pnl = 0"
    ),
    "reversed_fill_needs_no_hedge": "update mm_fills set state = 'REVERSED'",
    "hedge_has_fill": "update bets set market_id = 122",
    "bet_is_counted_once": BET,
    "doubt_is_about_what_is_open": "update bets set in_doubt = true",
    "placed_bet_was_sent": "update bets set sent_at = null",
    "cover_is_confirmed": "update bets set status = 'PENDING'",
    "settled_bet_stood": "update bets set settlement = 'WON'",
    "client_bet_pays_what_is_booked": (
        "update bets set settlement = 'WON', payout = 5, settled_by = 'feed' where origin = 'abp'"
    ),
    "conversion_is_recorded": "update bets set usd_rate = 2 where origin = 'abp'",
    "client_order_is_not_overbet": "update bets set order_stake = 3 where origin = 'abp'",
    "client_order_is_filled_by_bets": "update abp_orders set filled = 1",
    "ended_client_order_is_answered": "update bets set status = 'PLACED' where origin = 'abp'",
    "ledger_adds_up": "update abp_balances set amount = amount + 1 where place = 'free'",
    "ledger_holds_what_bets_do": "update bets set staked = 1 where origin = 'abp'",
    "outbox_moves": STUCK,
}


@pytest.fixture
async def ledger(database: Database) -> Database:
    """An order that has matched in part, its fill, and a hedge; a client's order that is filled by a bet."""
    accounts = Accounts(database, SystemClock())
    vault = Vault(Secret(new_master_key()))
    await accounts.add_client("acme", "Acme")
    await accounts.add_account("kalshi", "a", "acme", vault=vault, credentials={})
    await accounts.add_account("pinnacle", "a", "acme", vault=vault, credentials={})
    for statement in (ORDER, FILL, BET, CLIENT_ORDER, CLIENT_BET, RECEIPT, MOVES):
        await database.execute(statement)
    return database


async def broken(database: Database, tables: Tables = EVERY_ROW) -> set[str]:
    return {name for name, rows in (await check(database, tables=tables, second_look_s=0)).items() if rows}


either_scope = pytest.mark.parametrize("tables", [EVERY_ROW, NEWEST_ROWS], ids=["every", "newest"])


@either_scope
async def test_sound_ledger_breaks_nothing(ledger: Database, tables: Tables) -> None:
    assert await broken(ledger, tables) == set()


def test_every_invariant_is_broken_below() -> None:
    assert {invariant.name for invariant in INVARIANTS} == set(BREAKS)


@either_scope
@pytest.mark.parametrize("name", BREAKS)
async def test_break_is_found(ledger: Database, name: str, tables: Tables) -> None:
    await ledger.execute(BREAKS[name])
    assert name in await broken(ledger, tables)


async def test_a_conversion_is_recomputed_for_the_part_that_was_taken(ledger: Database) -> None:
    await ledger.execute("update bets set placed_stake = 1, order_stake = 0.8, staked = 1 where origin = 'abp'")
    assert "conversion_is_recorded" not in await broken(ledger)
    await ledger.execute("update bets set order_stake = 0.81 where origin = 'abp'")
    assert "conversion_is_recorded" in await broken(ledger)


# --- ledgers that were added up before --------------------------------------------------------------------------------


async def test_a_ledger_is_added_up_from_where_it_was_found_sound(ledger: Database) -> None:
    await remember_ledgers(ledger)
    await ledger.execute("alter table abp_ledger disable trigger refuse_change")
    await ledger.execute("delete from abp_ledger")
    assert await broken(ledger, NEWEST_ROWS) == set()
    await ledger.execute(MOVES)
    assert "ledger_adds_up" not in await broken(ledger, NEWEST_ROWS)
    await remember_ledgers(ledger)
    row = await ledger.fetchrow("select free, staked, venue from abp_ledger_checked")
    assert row is not None
    assert tuple(row) == (195, 5, -200)


async def test_a_ledger_that_does_not_add_up_is_added_up_from_its_beginning(ledger: Database) -> None:
    await remember_ledgers(ledger)
    await ledger.execute(BREAKS["ledger_adds_up"])
    await remember_ledgers(ledger)
    assert await ledger.fetchval("select count(*) from abp_ledger_checked") == 0
    assert "ledger_adds_up" in await broken(ledger, NEWEST_ROWS)


async def test_unlinked_fill_is_no_break_and_fill_taken_back_is_in_no_sum(ledger: Database) -> None:
    await ledger.execute(FILL.replace("'t1', 'x1', 1,", "'t2', 'x2', null,"))
    await ledger.execute("update mm_fills set state = 'REVERSED', unhedged_size = 0 where trade_ref = 't1'")
    assert await broken(ledger) == {"matched_is_sum_of_fills"}
    await ledger.execute("update mm_orders set matched_size = 0")
    assert await broken(ledger) == set()


async def test_order_that_was_filled_and_whose_fill_was_taken_back_stays_filled(ledger: Database) -> None:
    await ledger.execute("update mm_fills set state = 'REVERSED', unhedged_size = 0")
    await ledger.execute("update mm_orders set status = 'FILLED', size = 4, matched_size = 0")
    assert await broken(ledger) == set()
    await ledger.execute("update mm_orders set matched_size = 0")
    assert await broken(ledger) == set()


async def test_what_heals_before_the_second_look_is_no_break(ledger: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def heal(_: float) -> None:
        await ledger.execute("update mm_orders set matched_size = 4")

    await ledger.execute("update mm_orders set matched_size = 5")
    monkeypatch.setattr("hedgerow.execution.invariants.asyncio.sleep", heal)
    assert {name for name, rows in (await check(ledger)).items() if rows} == set()


async def test_rows_that_are_told_are_bounded(ledger: Database) -> None:
    fills = FILL.replace("values (1, 't1'", "select 1, 't' || n").replace("now(), now())", "now(), now()")
    await ledger.execute(fills.replace("'x1', 1,", "'x2', 9,") + " from generate_series(2, 40) n")
    assert len((await check(ledger, second_look_s=0))["fill_has_order"]) == MOST_ROWS
