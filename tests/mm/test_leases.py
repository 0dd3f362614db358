"""Shards held by lease: who takes what, who is shut out, and when nothing may be sent any more."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.errors import SetupError
from hedgerow.core.processes import has_ended, own_name
from hedgerow.core.tasks import spawn, stop
from hedgerow.mm.leases import LEASE_S, SENDS_FOR_S, Lease, LeaseLostError, Leases, share_of
from hedgerow.mm.shards import Shard, shard_of
from hedgerow.storage.database import HELD, Database

from .fleetkit import until_it

LATE = f"late as (update mm_system set reason = 'late' where {HELD})"
EXPIRE = "update mm_shards set lease_until = clock_timestamp() - interval '1 s'"


async def joined(database: Database, count: int = 1) -> Leases:
    leases = Leases(database, count)
    await leases.join()
    return leases


async def taken(leases: Leases) -> Lease:
    lease = await leases.take()
    assert lease is not None
    return lease


async def test_shard_is_one_process_alone(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    await taken(first)
    assert await second.take() is None


async def test_shard_whose_lease_ran_out_is_taken_under_a_higher_token(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    old = await taken(first)
    await database.execute(EXPIRE)
    assert (await taken(second)).token > old.token


async def test_who_held_the_shard_before_writes_nothing_any_more(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    old = await taken(first)
    told: list[bool] = []
    old.on_lost(told.append)
    await database.execute(EXPIRE)
    await taken(second)
    with pytest.raises(LeaseLostError):
        async with database.fenced(old.fence).transaction() as connection:
            await connection.execute("update mm_system set reason = 'late'")
    with pytest.raises(LeaseLostError):
        await database.fenced(old.fence).write(LATE, "true")
    assert await database.fetchval("select reason from mm_system") is None
    assert told == [True]
    assert old.leave_by < asyncio.get_running_loop().time()


async def test_shard_is_not_taken_within_a_transaction_of_its_holder(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    lease = await taken(first)
    async with database.fenced(lease.fence).transaction():
        await database.execute(EXPIRE)  # a renewal meets the transaction as little
        assert await second.take() is None
    await taken(second)


async def test_holder_of_the_shard_writes_at_once(database: Database) -> None:
    lease = await taken(await joined(database))
    await database.fenced(lease.fence).write(LATE, "true")
    assert await database.fetchval("select reason from mm_system") == "late"


async def test_what_is_written_at_once_waits_for_who_takes_the_shard_and_is_refused(database: Database) -> None:
    lease = await taken(await joined(database))
    async with database.transaction() as connection:
        await connection.execute("update mm_shards set token = token + 1, shard = shard")
        await connection.execute("select from mm_shards for update")
        late = spawn(database.fenced(lease.fence).write(LATE, "true"), "late")
        await until_it(lambda: database.fetchval("select exists (select from pg_locks where not granted)"))
    with pytest.raises(LeaseLostError):
        await late
    assert await database.fetchval("select reason from mm_system") is None


async def test_lease_is_confirmed_while_it_is_kept(database: Database) -> None:
    leases = await joined(database)
    lease = await taken(leases)
    before = lease.leave_by
    assert before <= asyncio.get_running_loop().time() + SENDS_FOR_S < asyncio.get_running_loop().time() + LEASE_S
    keeping = spawn(leases.keep(), "keep")
    try:
        async with asyncio.timeout(PATIENCE_S):
            while lease.leave_by == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await stop(keeping)


async def test_lease_that_another_process_has_is_lost(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    await taken(first)
    await database.execute(EXPIRE)
    await taken(second)
    with pytest.raises(LeaseLostError):
        await first.keep()


async def test_lost_lease_is_never_confirmed_again() -> None:
    lease = Lease(Shard(), 1, 0.0)
    lease.lose(is_taken=False)
    lease.confirmed(1e9)
    assert lease.leave_by == float("-inf")


async def test_what_is_given_back_is_free_at_once(database: Database) -> None:
    first, second = await joined(database), await joined(database)
    await first.release(await taken(first))
    await taken(second)


@pytest.fixture
def ended() -> str:
    """The name of a process that has ended."""
    program = "from hedgerow.core.processes import own_name; print(own_name())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


async def test_shard_of_an_ended_process_of_this_machine_is_free_at_once(database: Database, ended: str) -> None:
    leases = await joined(database)
    await database.execute(
        "update mm_shards set holder = $1, lease_until = clock_timestamp() + interval '1 minute'", ended
    )
    await taken(leases)


async def test_processes_divide_the_shards_alike(database: Database) -> None:
    with_all, other = await joined(database, 4), await joined(database, 4)
    for _ in range(4):
        await taken(with_all)
    assert (await with_all.quota(), await other.quota()) == (2, 2)


async def test_process_that_divides_otherwise_is_refused(database: Database) -> None:
    await joined(database, 4)
    with pytest.raises(SetupError, match="HEDGEROW_MM_SHARDS is 2 here, and 4"):
        await joined(database, 2)


@pytest.mark.parametrize("count", [1, 4, 7])
@pytest.mark.parametrize("processes", [1, 2, 3, 9])
def test_shares_make_the_whole(count: int, processes: int) -> None:
    alive = [(0, f"p{number}") for number in range(processes)]
    shares = [share_of(count, alive, one) for one in alive]
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1


def test_process_is_told_from_one_that_has_ended() -> None:
    machine, pid, started, life = own_name().split("/")
    assert not has_ended(own_name())
    assert has_ended(f"{machine}/{pid}/{int(started) + 1}/{life}")
    assert not has_ended(f"elsewhere/{pid}/{int(started) + 1}/{life}")


async def test_database_counts_shards_as_we_do(database: Database) -> None:
    fixtures = [f"id{number:018}" for number in range(50)]
    rows = await database.fetch(
        "select mm_shard_of(f, 7) as shard from unnest($1::text[]) with ordinality x(f, n) order by n", fixtures
    )
    assert [row["shard"] for row in rows] == [shard_of(fixture, 7) for fixture in fixtures]
