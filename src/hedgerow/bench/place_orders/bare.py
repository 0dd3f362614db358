"""The rows of an order's life, written by asyncpg alone: one statement, which is one transaction, for each stage.

The stages are those that safety asks for: the order with its request's key; the decision with the bet, the money that
it reserves and the receipt; the bookmaker's answer with the money staked and the order's fill. Tables, indexes and
triggers are the product's; every value is known beforehand, nothing is read, nobody waits for anybody: each of the
connections works for a client and an account of its own.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import asyncpg
import msgspec

from hedgerow.abp.limits import USD, LimitFacts
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.receipts import receipt_of, to_json
from hedgerow.abp.routing import Candidate, Wanted
from hedgerow.bench.place_orders import scene
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret
from hedgerow.execution.amounts import Currency

CONNECTIONS = scene.CLIENTS

_ACCEPT = """
with o as (
  insert into abp_orders (client, request_uuid, user_ref, fixture_id, market_id, outcome_id, is_back, price, stake,
                          currency, accepts_better, accepts_partial, price_rule, is_test, runner, lease_until,
                          expires_at, created_at, updated_at)
  values ($1, $2, 'bettor1', $3, $4, $5, true, $6, $7, 'USD', true, true, 'each', false, $8, $9, $9, $10, $10)
  returning order_id)
insert into abp_requests (client, request_uuid, order_id, created_at) select $1, $2, order_id, $10 from o
returning order_id"""

_DECIDE = """
with o as (update abp_orders set status = 'PROCESSING', attempts = 1, updated_at = $3 where order_id = $1),
     r as (insert into abp_receipts (order_id, attempt, at, receipt) values ($1, 1, $3, $4)),
     b as (
  insert into bets (reference, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id, order_id,
                    requested_odds, requested_stake, currency, usd_rate, created_at, order_stake, offer_ms, runner,
                    reserved)
  values ($5, 'abp', $6, $2, 'pinnacle', $7, $8, $9, $1, $10, $11::numeric, 'USD', 1, $3, $11, 0, $12, $11)
  returning bet_id)
insert into abp_ledger (account_id, currency, kind, source, target, amount, bet_id, at)
select $2, 'USD', 'reserve', 'free', 'reserved', $11, bet_id, $3 from b
returning bet_id"""

_ANSWER = """
with b as (
  update bets set status = 'CONFIRMED', bookmaker_bet_id = $4, placed_odds = $5, placed_stake = $6::numeric,
                  sent_at = $7, placed_at = $7, sent_data = $8, received_data = $9, reserved = 0, staked = $6
  where bet_id = $1),
     o as (
  update abp_orders set status = 'FILLED', filled = $6, filled_at = $7, updated_at = $7 where order_id = $2)
insert into abp_ledger (account_id, currency, kind, source, target, amount, bet_id, at)
values ($3, 'USD', 'stake', 'reserved', 'staked', $6, $1, $7)"""


async def seconds_for(url: Secret, orders: int) -> float:
    """How long it takes to write so many orders from their first row to their last."""
    async with asyncpg.create_pool(url.reveal(), min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        accounts = await pool.fetch("select client, account_id from accounts order by account_id")
        await _write_all(pool, accounts, CONNECTIONS)  # each connection has prepared its statements then
        started = time.perf_counter()
        await _write_all(pool, accounts, orders)
        return time.perf_counter() - started


async def _write_all(pool: asyncpg.Pool[asyncpg.Record], accounts: Sequence[asyncpg.Record], orders: int) -> None:
    shares = [orders // CONNECTIONS + (place < orders % CONNECTIONS) for place in range(CONNECTIONS)]
    each = zip(accounts, shares, strict=True)
    await asyncio.gather(*(_write(pool, row["client"], row["account_id"], share) for row, share in each))


async def _write(pool: asyncpg.Pool[asyncpg.Record], client: str, account_id: int, orders: int) -> None:
    clock, runner, receipt = SystemClock(), uuid.uuid4(), _receipt(client, account_id)
    async with pool.acquire() as connection:
        for number in range(orders):
            fixture_id, reference = scene.fixture_id(number % scene.FIXTURES), uuid.uuid4()
            now = clock.now()
            market = (fixture_id, scene.TRADED, scene.OUTCOME)
            order_id = await connection.fetchval(
                _ACCEPT, client, uuid.uuid4(), *market, scene.PRICE, scene.STAKE, runner, now + timedelta(hours=1), now
            )
            bet_id = await connection.fetchval(
                _DECIDE,
                order_id,
                account_id,
                clock.now(),
                receipt,
                reference,
                client,
                *market,
                scene.PRICE,
                scene.STAKE,
                runner,
            )
            sent = scene.sent_data(str(reference), f"line/{number}", scene.STAKE)
            received = scene.received_data(reference.int % 10**12)
            await connection.execute(
                _ANSWER,
                bet_id,
                order_id,
                account_id,
                received["betId"],
                scene.PRICE,
                scene.STAKE,
                clock.now(),
                msgspec.json.encode(sent).decode(),
                msgspec.json.encode(received).decode(),
            )


def _receipt(client: str, account_id: int) -> str:
    """A receipt as the product writes one, made once."""
    wanted = Wanted(
        is_back=True,
        price=Decimal("2.0"),
        open_stake=scene.STAKE,
        currency=USD,
        bookmakers=None,
        accepts_better=True,
        accepts_partial=True,
        price_rule=PriceRule.EACH,
    )
    facts = LimitFacts(
        Currency("USD", Decimal(1)), scene.DEPOSIT, Decimal(1), Decimal(500), entry_max=scene.LIMIT, used=Decimal(0)
    )
    candidate = Candidate(
        account_id,
        scene.SLUG,
        client,
        0,
        scene.PRICE,
        facts,
        market_ref="line/29/1980/1634530286/0000000121/0/total",
        outcome_ref=f"outcome/{scene.OUTCOME}",
    )
    return msgspec.json.encode(to_json(receipt_of(1, 1, SystemClock().now(), wanted, (candidate,)))).decode()
