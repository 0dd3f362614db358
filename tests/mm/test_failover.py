"""Two processes of market making under load: one is killed, one stands still for longer than its lease."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.mm.leases import LEASE_S
from hedgerow.storage.database import Database

from .fleetkit import Deployment, deployment, until, until_it


async def expect_books_in_order(found: Deployment) -> None:
    await found.settled_down()
    assert found.taken > 0
    await found.finish()
    assert await found.differences() == []
    assert found.crowded == []


async def test_fixtures_of_a_killed_process_are_taken_over(
    tmp_path: Path, database: Database, database_url: Secret
) -> None:
    async with deployment(tmp_path, database, database_url) as found:
        dying, other = found.processes
        async with found.load():
            theirs = [shard for shard, pid in (await found.holders()).items() if pid == dying.pid]
            await dying.kill()
            await found.requoted_after(shards=theirs, within_s=20)
            assert await found.held_by(other)
            await dying.start()
            await until_it(found.shared_out)
        await expect_books_in_order(found)


@pytest.mark.soak
async def test_process_that_stood_still_for_longer_than_its_lease_leaves_its_fixtures_alone(
    tmp_path: Path, database: Database, database_url: Secret
) -> None:
    async with deployment(tmp_path, database, database_url) as found:
        sleeper, other = found.processes
        assert sleeper.pid is not None
        async with found.load():
            theirs = [shard for shard, pid in (await found.holders()).items() if pid == sleeper.pid]
            os.kill(sleeper.pid, signal.SIGSTOP)
            await found.requoted_after(shards=theirs, within_s=LEASE_S + 14)
            assert await found.held_by(other)
            os.kill(sleeper.pid, signal.SIGCONT)
            child = sleeper._child
            assert child is not None
            await until(child.ended.done)
        assert child.ended.result() == 1
        await until_it(lambda: found.held_by(other))
        await expect_books_in_order(found)
