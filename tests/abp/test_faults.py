"""Two processes, one world that goes wrong, and both killed: afterwards our bets are the bookmakers'."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.storage.database import Database

from .faultkit import (
    BRIDGED,
    Arena,
    arena,
    assert_invariants,
    assert_ledgers_agree,
    assert_orders_are_kept,
    assert_paid_as_the_bookmakers_did,
)

SEED, ROUNDS, ORDERS_EACH = 7, 2, 30


async def kill_both(found: Arena) -> None:
    """At two moments; then the leases of the dead end, and both come back."""
    for process in found.processes:
        await asyncio.sleep(found.dice.uniform(0.3, 0.9))
        await process.kill()
    await found.end_leases()
    await found.start(*found.processes)


async def test_bets_are_the_bookmakers_after_faults_and_kills(
    tmp_path: Path, database: Database, database_url: Secret
) -> None:
    async with arena(tmp_path, database, database_url, seed=SEED, native=False, lives_s=(2, 4)) as found:
        moving = spawn(found.keep_moving(), "prices and faults")
        sending = [spawn(found.send(client, ORDERS_EACH, pause_s=0.3), client) for client in BRIDGED]
        try:
            for _ in range(ROUNDS):
                await kill_both(found)
            sents = await asyncio.gather(*sending)
        finally:
            await stop(moving, *sending)
        await found.quiet()
        assert await assert_ledgers_agree(found) > 0
        await assert_orders_are_kept(found, sents)
        found.settle()
        await kill_both(found)  # who starts reads the statements
        await found.until("select count(*) from bets where placed_stake is not null and settlement = 'UNSETTLED'", 0)
        await assert_paid_as_the_bookmakers_did(found)
        await assert_invariants(found)
