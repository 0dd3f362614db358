"""The shards that this process holds: each by a lease in the database, under a token that shuts out who held it before.

A lease lasts six seconds of the database's time and is renewed every second. Whoever was last sure of it four seconds
ago sends nothing any more; what it would still write is refused by the database as soon as another has the shard. The
time between is for what is on its way. A lease whose process has ended on this machine is free at once. No message of
the bus has a part in this. docs/decisions/0158.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import structlog
from asyncpg import Connection

from hedgerow.core.errors import HedgerowError, SetupError
from hedgerow.core.processes import has_ended, own_name
from hedgerow.mm.shards import Shard
from hedgerow.storage.database import Database, Fence, StorageError

_log = structlog.get_logger(__name__)

LEASE_S = 6.0
SENDS_FOR_S = 4.0
"""After a renewal was asked for: the rest of the lease is for requests that are on their way."""
RENEW_EVERY_S = 1.0
_ANSWER_S = 2.0
_FORGOTTEN_S = 3600.0

_FENCE = "select from mm_shards where shard = {shard} and token = {token} for key share"
"""Holds a shard's row until the transaction ends."""


_IS_THERE = "seen_at > clock_timestamp() - make_interval(secs => $1)"


class LeaseLostError(HedgerowError):
    """The shard is another process's now, or may be so."""


class Lease:
    """One shard that this process holds, until it is lost; that never turns back."""

    def __init__(self, shard: Shard, token: int, asked_at: float) -> None:
        """asked_at: the loop's time before the database was asked for it."""
        self.shard, self.token = shard, token
        self._leave_by = asked_at + SENDS_FOR_S
        self._listeners: list[Callable[[bool], None]] = []
        self._lost: bool | None = None  # and whether another surely has it

    @property
    def leave_by(self) -> float:
        """The loop's time after which nothing is sent to a venue."""
        return self._leave_by

    @property
    def is_lost(self) -> bool:
        return self._lost is not None

    def confirmed(self, asked_at: float) -> None:
        """The database has renewed it; asked_at: when it was asked."""
        if not self.is_lost:
            self._leave_by = asked_at + SENDS_FOR_S

    def on_lost(self, listener: Callable[[bool], None]) -> None:
        """The listener is called at once when the lease is lost, or is lost already: True when another process has
        the shard, False when that is not known. It must not block."""
        self._listeners.append(listener)
        if self._lost is not None:
            listener(self._lost)

    def lose(self, *, is_taken: bool) -> None:
        if self._lost is not None:
            return
        self._lost, self._leave_by = is_taken, float("-inf")
        _log.critical("lease lost", shard=self.shard.index, fence=self.token, is_taken=is_taken)
        for listener in self._listeners:
            listener(is_taken)

    @property
    def fence(self) -> Fence:
        """For its holder's transactions: each holds the shard until it ends, and raises LeaseLostError where it is
        another's."""
        return Fence(_FENCE.format(shard=self.shard.index, token=self.token), self._admit)

    def _admit(self, is_held: bool) -> None:
        if not is_held:
            self.lose(is_taken=True)
        if self.is_lost:
            raise LeaseLostError(f"the fixtures of shard {self.shard.index} may be another process's now")


class Leases:
    """What one process holds and may take. Not started: `keep` is to run beside."""

    def __init__(self, database: Database, count: int) -> None:
        """database: with a free connection whenever a renewal is due; count: of shards."""
        self.name = own_name()
        self.held: dict[int, Lease] = {}
        self._database, self._count = database, count

    async def join(self) -> None:
        """Enters this process. Raises SetupError where others divide the fixtures otherwise, StorageError."""
        async with self._database.transaction() as connection:
            await connection.execute("lock table mm_processes, mm_shards in exclusive mode")
            others = await connection.fetch(
                f"select process, shards from mm_processes where {_IS_THERE}",
                LEASE_S,
            )
            counts = {row["shards"] for row in others if not has_ended(row["process"])}
            if counts - {self._count}:
                raise SetupError(
                    f"HEDGEROW_MM_SHARDS is {self._count} here, and {counts.pop()} where market making runs",
                    "set it to the same everywhere, all processes stopped",
                )
            await connection.execute("delete from mm_shards where shard >= $1", self._count)
            await connection.execute(
                "insert into mm_shards (shard) select generate_series(0, $1 - 1) on conflict do nothing", self._count
            )
            await self._tell(connection)

    async def leave(self) -> None:
        """Gives everything back; what is held must be at rest. Raises StorageError."""
        for lease in list(self.held.values()):
            await self.release(lease)
        await self._database.execute("delete from mm_processes where process = $1", self.name)

    async def quota(self) -> int:
        """How many shards this process should hold: all processes as many, but for one, and who has more keeps more."""
        rows = await self._database.fetch(
            f"""select process, (select count(*) from mm_shards s where s.holder = p.process) as held
                from mm_processes p where {_IS_THERE}""",
            LEASE_S,
        )
        alive = [(-row["held"], row["process"]) for row in rows if not has_ended(row["process"])]
        return share_of(self._count, alive, (-len(self.held), self.name))

    async def take(self) -> Lease | None:
        """Takes a shard that nobody holds any more; None: there is none now. Raises StorageError."""
        holders = await self._database.fetch("select distinct holder from mm_shards where holder is not null")
        ended = [row["holder"] for row in holders if has_ended(row["holder"])]
        asked_at = asyncio.get_running_loop().time()
        row = await self._database.fetchrow(
            """update mm_shards set holder = $1, token = nextval('mm_fencing_tokens'),
                                    lease_until = clock_timestamp() + make_interval(secs => $2)
               where shard = (select shard from mm_shards
                              where shard < $4 and (holder is null or lease_until < clock_timestamp()
                                                    or holder = any($3))
                              order by shard limit 1 for update skip locked)
               returning shard, token""",
            self.name,
            LEASE_S,
            ended,
            self._count,
        )
        if row is None:
            return None
        lease = self.held[row["shard"]] = Lease(Shard(row["shard"], self._count), row["token"], asked_at)
        _log.info("shard taken", shard=row["shard"], of=self._count, fence=row["token"])
        return lease

    async def release(self, lease: Lease) -> None:
        """Lets another process have a shard at once; everything of it must be at rest. Raises StorageError."""
        del self.held[lease.shard.index]
        await self._database.execute(
            "update mm_shards set holder = null where shard = $1 and token = $2", lease.shard.index, lease.token
        )
        _log.info("shard given back", shard=lease.shard.index)

    async def keep(self) -> NoReturn:
        """Renews again and again. Raises LeaseLostError when a lease is lost."""
        loop = asyncio.get_running_loop()
        while True:
            asked_at, asked = loop.time(), list(self.held.values())
            try:
                async with asyncio.timeout(_ANSWER_S):
                    tokens = await self._renew()
            except (StorageError, TimeoutError) as error:
                _log.warning("leases are not renewed", error=str(error) or "no answer in time")
                self._lose(lease for lease in asked if loop.time() >= lease.leave_by)
            else:
                # Who stood still for long, and finds its token unchanged, has missed nothing.
                self._lose((lease for lease in asked if lease.token not in tokens), is_taken=True)
                for lease in asked:
                    lease.confirmed(asked_at)
                await self._tell_in_time()
            await asyncio.sleep(RENEW_EVERY_S)

    async def _tell_in_time(self) -> None:
        """Only after nothing was lost: who ends asks for no share."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._tell(self._database)
        except (StorageError, TimeoutError) as error:
            _log.warning("this process is not announced", error=str(error) or "no answer in time")

    def _lose(self, leases: Iterable[Lease], *, is_taken: bool = False) -> None:
        # One that was given back while the database was asked is not lost.
        lost = [lease for lease in leases if self.held.get(lease.shard.index) is lease]
        for lease in lost:
            lease.lose(is_taken=is_taken)
        if lost:
            raise LeaseLostError(f"shards {[lease.shard.index for lease in lost]} may be another process's now")

    async def _renew(self) -> set[int]:
        """The tokens that are still ours. Raises StorageError."""
        rows = await self._database.fetch(
            """update mm_shards set lease_until = clock_timestamp() + make_interval(secs => $2)
               where holder = $1 returning token""",
            self.name,
            LEASE_S,
        )
        return {row["token"] for row in rows}

    async def _tell(self, connection: Database | Connection[Any]) -> None:
        """That this process is there; those that have long gone are forgotten."""
        await connection.execute(
            """with gone as (delete from mm_processes where seen_at < clock_timestamp() - make_interval(secs => $3))
               insert into mm_processes (process, shards, seen_at) values ($1, $2, clock_timestamp())
               on conflict (process) do update set seen_at = excluded.seen_at""",
            self.name,
            self._count,
            _FORGOTTEN_S,
        )


def share_of(count: int, alive: Sequence[tuple[int, str]], own: tuple[int, str]) -> int:
    """How many of `count` shards the process `own` should hold beside the others. Each is (minus what it holds, name):
    where the shards do not come out even, who has more keeps more."""
    ranked = sorted({name: (held, name) for held, name in (*alive, own)}.values())
    rank = ranked.index(own)
    return count // len(ranked) + (rank < count % len(ranked))
