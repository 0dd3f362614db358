"""Both processes of bet placing are killed at random moments of many orders, and the bets are the bookmakers'."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.abp.faultkit import (
    BRIDGED,
    Arena,
    arena,
    assert_invariants,
    assert_ledgers_agree,
    assert_orders_are_kept,
    assert_paid_as_the_bookmakers_did,
)

from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.storage.database import Database

ORDERS = int(os.environ.get("SOAK_ABP_ORDERS", "500"))
KILLS = int(os.environ.get("SOAK_ABP_KILLS", "20"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
LONGEST_LIFE_S = 4.0
LEASE_S, SURE_S = 30.0, 45.0
"""After which a dead process's orders are another's, and Pinnacle is sure of what it does not have."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


async def kill_again_and_again(found: Arena) -> None:
    """One at a time, or both at once; who is dead comes back after a moment. Leases end by themselves."""
    for _ in range(KILLS):
        await asyncio.sleep(found.dice.uniform(0, LONGEST_LIFE_S))
        dying = found.dice.sample(found.processes, found.dice.choice([1, 1, 2]))
        for process in dying:
            await process.kill()
        await asyncio.sleep(found.dice.uniform(0, 1))
        await found.start(*dying)


async def test_no_bet_is_lost_or_doubled(tmp_path: Path, database: Database, database_url: Secret) -> None:
    async with arena(tmp_path, database, database_url, seed=SEED, native=True, lives_s=(3, 8, 60)) as found:
        moving = spawn(found.keep_moving(), "prices and faults")
        killing = spawn(kill_again_and_again(found), "kill")
        pause_s = KILLS * 5.0 / (ORDERS / len(BRIDGED) / 5)  # about as long as the kills take
        sending = [spawn(found.send(client, ORDERS // len(BRIDGED), pause_s=pause_s), client) for client in BRIDGED]
        try:
            sents = await asyncio.gather(*sending)
            await killing
        finally:
            await stop(moving, killing, *sending)
        await found.quiet(within_s=60 + LEASE_S + 3 * SURE_S)
        assert await assert_ledgers_agree(found) > 0
        await assert_orders_are_kept(found, sents)
        found.settle()
        await found.until(
            "select count(*) from bets where placed_stake is not null and settlement = 'UNSETTLED'", 0, within_s=90
        )
        await assert_paid_as_the_bookmakers_did(found)
        await assert_invariants(found)
