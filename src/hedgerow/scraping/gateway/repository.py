"""Rows of scraping: agents and their keys, shared token buckets, counters of use."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import msgspec

from hedgerow.core.clock import Clock
from hedgerow.core.secrets import Secret, key_hash
from hedgerow.storage.database import Database

PROTOCOLS = ("fetch", "browser", "ws", "amqp")
_TOP_DOMAINS = 10
_FORGOTTEN_AFTER = "1 day"


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent that may link."""

    slug: str
    is_active: bool
    created_at: datetime


class Used(msgspec.Struct, frozen=True):
    """What a key did over one protocol."""

    requests: int = 0
    succeeded: int = 0
    bytes: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.requests + other.requests, self.succeeded + other.succeeded, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Lease:
    """Tokens that were taken from a key's bucket, and how many are left in it."""

    granted: int
    left: float


class ScrapingRepository:
    """Repository of the tables `scraping_*`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    # --- agents ----------------------------------------------------------------------------------------------

    async def set_agent_key(self, slug: str, key: str | None = None) -> Secret:
        """A new key for the agent, made if it is new, to be shown once; an older one stops working. key: a given one
        (demo data)."""
        text = key or str(uuid.uuid4())
        await self._database.execute(
            """insert into scraping_agents (slug, key_hash, created_at) values ($1, $2, $3)
               on conflict (slug) do update set key_hash = excluded.key_hash""",
            slug,
            key_hash(text),
            self._clock.now(),
        )
        return Secret(text)

    async def agents(self) -> list[AgentRow]:
        rows = await self._database.fetch("select slug, is_active, created_at from scraping_agents order by slug")
        return [AgentRow(**row) for row in rows]

    async def set_agent_active(self, slug: str, is_active: bool) -> bool:
        """False when there is no such agent."""
        row = await self._database.fetchrow(
            "update scraping_agents set is_active = $2 where slug = $1 returning slug", slug, is_active
        )
        return row is not None

    async def remove_agent(self, slug: str) -> bool:
        """False when there is no such agent."""
        row = await self._database.fetchrow("delete from scraping_agents where slug = $1 returning slug", slug)
        return row is not None

    async def is_agent(self, slug: str, key: str) -> bool:
        """Whether the key is this agent's, and the agent may link."""
        found = await self._database.fetchval(
            "select key_hash from scraping_agents where slug = $1 and is_active", slug
        )
        return found is not None and compare_digest(bytes(found), key_hash(key))

    async def agents_among(self, credentials: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the slugs and keys that still let an agent link."""
        rows = await self._database.fetch(
            "select slug, key_hash from scraping_agents where is_active and slug = any($1)",
            [slug for slug, _ in credentials],
        )
        hashes = {row["slug"]: bytes(row["key_hash"]) for row in rows}
        return {(slug, key) for slug, key in credentials if compare_digest(hashes.get(slug, b""), key_hash(key))}

    # --- token buckets ---------------------------------------------------------------------------------------

    async def take_tokens(self, key_id: int, rate: float, burst: int, wanted: int) -> Lease:
        """Takes up to `wanted` tokens from the key's bucket, which all gateways share. rate: tokens a second. The
        database's clock counts, so that no two machines disagree."""
        row = await self._database.fetchrow(
            """insert into scraping_buckets as b (key_id, tokens, granted, filled_at)
               values ($1, $3::int - least($3::int, $4::int), least($3::int, $4::int), statement_timestamp())
               on conflict (key_id) do update set
                   granted = least($4::int, floor(least($3::float8, b.tokens + $2::float8 * greatest(0,
                       extract(epoch from statement_timestamp() - b.filled_at)::float8)))::int),
                   tokens = least($3::float8, b.tokens + $2::float8 * greatest(0,
                       extract(epoch from statement_timestamp() - b.filled_at)::float8))
                       - least($4::int, floor(least($3::float8, b.tokens + $2::float8 * greatest(0,
                       extract(epoch from statement_timestamp() - b.filled_at)::float8)))::int),
                   filled_at = greatest(b.filled_at, statement_timestamp())
               returning granted, tokens""",
            key_id,
            rate,
            burst,
            wanted,
        )
        assert row is not None
        return Lease(row["granted"], row["tokens"])

    # --- use -------------------------------------------------------------------------------------------------

    async def add_usage(
        self,
        gateway: uuid.UUID,
        number: int,
        used: Mapping[tuple[int, str], Used],
        domains: Mapping[tuple[int, str], int],
    ) -> None:
        """Adds one flush of a gateway's counters, by (key, protocol) and (key, domain); a flush that was added already
        is not added again."""
        async with self._database.transaction() as connection:
            is_new = await connection.fetchval(
                """insert into scraping_flushes as f (gateway, number, flushed_at) values ($1, $2, $3)
                   on conflict (gateway) do update set number = excluded.number, flushed_at = excluded.flushed_at
                   where f.number < excluded.number returning true""",
                gateway,
                number,
                self._clock.now(),
            )
            if not is_new:
                return
            # In one order, so that gateways that add to the same rows wait for each other and do not lock up.
            await connection.executemany(
                """insert into scraping_usage as u (key_id, protocol, requests, succeeded, bytes)
                   select $1, $2, $3, $4, $5 where exists (select 1 from api_keys where key_id = $1)
                   on conflict (key_id, protocol) do update set requests = u.requests + excluded.requests,
                       succeeded = u.succeeded + excluded.succeeded, bytes = u.bytes + excluded.bytes""",
                [(*key, one.requests, one.succeeded, one.bytes) for key, one in sorted(used.items())],
            )
            await connection.executemany(
                """insert into scraping_domains as d (key_id, domain, requests)
                   select $1, $2, $3 where exists (select 1 from api_keys where key_id = $1)
                   on conflict (key_id, domain) do update set requests = d.requests + excluded.requests""",
                [(*key, requests) for key, requests in sorted(domains.items())],
            )

    async def forget_old_flushes(self) -> None:
        """Of gateways that have long gone."""
        await self._database.execute(
            f"delete from scraping_flushes where flushed_at < now() - interval '{_FORGOTTEN_AFTER}'"
        )

    async def usage(self, key_id: int) -> dict[str, Used]:
        """Everything that was counted of the key, by protocol."""
        rows = await self._database.fetch(
            "select protocol, requests, succeeded, bytes from scraping_usage where key_id = $1", key_id
        )
        return {row["protocol"]: Used(row["requests"], row["succeeded"], row["bytes"]) for row in rows}

    async def top_domains(self, key_id: int) -> list[tuple[str, int]]:
        """Those that were asked for most, and how often."""
        rows = await self._database.fetch(
            """select domain, requests from scraping_domains where key_id = $1
               order by requests desc, domain limit $2""",
            key_id,
            _TOP_DOMAINS,
        )
        return [(row["domain"], row["requests"]) for row in rows]
