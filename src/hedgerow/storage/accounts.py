"""Clients, API keys and accounts at venues: who may do what, with which credentials."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from asyncpg import Connection

from hedgerow.core.clock import Clock
from hedgerow.core.errors import SetupError
from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.secrets import Secret, Vault, key_hash
from hedgerow.storage import audit
from hedgerow.storage.database import Database, Queries, advisory_key

Service = Literal["abp", "mm", "scraping"]

DEFAULT_PER_MINUTE: dict[str, int] = {"abp": 60, "mm": 2000, "scraping": 600}
DEFAULT_PER_SECOND = Decimal(10)

MASTER_KEYS = "master keys"
"""The database lock of who changes them."""


@dataclass(frozen=True, slots=True)
class Client:
    """A trading entity: owns keys, accounts, orders and bets."""

    client: ClientName
    name: str
    is_active: bool
    odds_format: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself was shown once and is not kept."""

    prefix: str
    client: ClientName
    service: Service
    is_active: bool
    per_minute: int
    per_second: Decimal
    bookmakers: tuple[str, ...]
    expires_at: datetime | None
    key_id: int
    max_concurrent: int | None
    targets_allow: tuple[str, ...]
    targets_deny: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VenueAccount:
    """An account at a venue. Money in its currency; `balance` and `held` as last read from the venue."""

    account_id: int
    venue: VenueSlug
    username: str
    client: ClientName
    currency: str
    priority: int
    is_active: bool
    sealed: bytes
    meta: dict[str, str]
    max_outcome_stake: Decimal
    limit_max: Decimal | None
    limit_min: Decimal | None
    balance: Decimal | None
    held: Decimal | None
    balance_at: datetime | None

    @property
    def identity(self) -> str:
        """What its sealed credentials are bound to."""
        return f"{self.venue}/{self.username}"


_KEY_COLUMNS = """prefix, client, service, is_active, per_minute, per_second, bookmakers, expires_at, key_id,
    max_concurrent, targets_allow, targets_deny"""
_ACCOUNT_COLUMNS = """account_id, venue, username, client, currency, priority, is_active, sealed, meta,
    max_outcome_stake, limit_max, limit_min, balance, held, balance_at"""


class Roster:
    """Repository of clients, keys and accounts, as far as no credentials are sealed. Inside a transaction it changes
    with what else that one does."""

    def __init__(self, queries: Queries, clock: Clock) -> None:
        self._queries, self._clock = queries, clock

    # --- clients ---------------------------------------------------------------------------------------------

    async def add_client(self, client: str, name: str) -> bool:
        """False when the client exists already (it is left as it is)."""
        row = await self._queries.fetchrow(
            """insert into clients (client, name, created_at) values ($1, $2, $3)
               on conflict do nothing returning client""",
            client,
            name,
            self._clock.now(),
        )
        return row is not None

    async def clients(self) -> list[Client]:
        rows = await self._queries.fetch("select client, name, is_active, odds_format from clients order by client")
        return [Client(**row) for row in rows]

    async def client(self, client: str) -> Client | None:
        row = await self._queries.fetchrow(
            "select client, name, is_active, odds_format from clients where client = $1", client
        )
        return Client(**row) if row else None

    async def set_client_active(self, client: str, is_active: bool) -> bool:
        """False when there is no such client."""
        row = await self._queries.fetchrow(
            "update clients set is_active = $2 where client = $1 returning client", client, is_active
        )
        return row is not None

    async def set_odds_format(self, client: str, odds_format: str) -> None:
        await self._queries.execute("update clients set odds_format = $2 where client = $1", client, odds_format)

    # --- keys ------------------------------------------------------------------------------------------------

    async def create_key(
        self,
        client: str,
        service: Service,
        *,
        per_minute: int | None = None,
        per_second: Decimal | None = None,
        bookmakers: tuple[str, ...] = (),
        is_active: bool = True,
        expires_at: datetime | None = None,
        max_concurrent: int | None = None,
        targets_allow: tuple[str, ...] = (),
        targets_deny: tuple[str, ...] = (),
        key: str | None = None,
    ) -> Secret:
        """A new key, a random UUID, to be shown once. max_concurrent and targets: of scraping. key: a given one (demo
        data)."""
        text = key or str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        await self._queries.execute(
            """insert into api_keys (key_hash, prefix, client, service, is_active, per_minute, per_second,
                                     bookmakers, expires_at, created_at, max_concurrent, targets_allow, targets_deny)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
               on conflict (key_hash) do nothing""",
            key_hash(text),
            text[:8],
            client,
            service,
            is_active,
            per_minute or DEFAULT_PER_MINUTE[service],
            per_second or DEFAULT_PER_SECOND,
            list(bookmakers),
            expires_at,
            self._clock.now(),
            max_concurrent,
            list(targets_allow),
            list(targets_deny),
        )
        return Secret(text)

    async def find_key(self, key: str, service: Service) -> ApiKey | None:
        """The key, whatever its state; None when it is unknown or for another service."""
        row = await self._queries.fetchrow(
            f"""select {_KEY_COLUMNS} from api_keys where key_hash = $1 and service = $2""",
            key_hash(key),
            service,
        )
        return _key(row) if row else None

    async def keys(self, client: str | None = None) -> list[ApiKey]:
        rows = await self._queries.fetch(
            f"""select {_KEY_COLUMNS} from api_keys where $1::text is null or client = $1
                order by client, service, created_at""",
            client,
        )
        return [_key(row) for row in rows]

    async def set_key_active(self, prefix: str, is_active: bool) -> int:
        """How many keys have this prefix (all of them are changed)."""
        return len(
            await self._queries.fetch(
                "update api_keys set is_active = $2 where prefix = $1 returning prefix", prefix, is_active
            )
        )

    # --- accounts --------------------------------------------------------------------------------------------

    async def accounts(self, *, client: str | None = None, venue: str | None = None) -> list[VenueAccount]:
        """Highest priority first; those that were removed are not among them."""
        rows = await self._queries.fetch(
            f"""select {_ACCOUNT_COLUMNS} from accounts
                where removed_at is null and ($1::text is null or client = $1) and ($2::text is null or venue = $2)
                order by priority desc, account_id""",
            client,
            venue,
        )
        return [_account(row) for row in rows]

    async def set_account_active(self, venue: str, username: str, is_active: bool) -> bool:
        """False when there is no such account."""
        row = await self._queries.fetchrow(
            """update accounts set is_active = $3
               where venue = $1 and username = $2 and removed_at is null returning account_id""",
            venue,
            username,
            is_active,
        )
        return row is not None

    async def set_balance(self, account_id: int, free: Decimal, held: Decimal) -> None:
        """What the venue said. Rows that do not change are not touched, so that nothing is told."""
        await self._queries.execute(
            """update accounts set balance = $2, held = $3, balance_at = $4
               where account_id = $1 and (balance, held) is distinct from ($2, $3)""",
            account_id,
            free,
            held,
            self._clock.now(),
        )


class Accounts(Roster):
    """The same, and the accounts' credentials, which are sealed in transactions of their own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self._database = database

    async def add_account(
        self,
        venue: str,
        username: str,
        client: str,
        *,
        vault: Vault,
        credentials: dict[str, str],
        currency: str = "USD",
        meta: dict[str, str] | None = None,
        max_outcome_stake: Decimal = Decimal(1000),
        priority: int = 0,
        actor: str | None = None,
    ) -> VenueAccount | None:
        """The new account, its credentials sealed; None when (venue, username) exists already. actor: who adds it, for
        the audit trail."""
        async with sealing(self._database) as connection:
            sealed = vault.seal(msgspec.json.encode(credentials).decode(), f"{venue}/{username}")
            row = await connection.fetchrow(
                f"""insert into accounts (venue, username, client, currency, priority, sealed, meta, max_outcome_stake,
                                          created_at)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    on conflict (venue, username) where removed_at is null do nothing returning {_ACCOUNT_COLUMNS}""",
                venue,
                username,
                client,
                currency,
                priority,
                sealed,
                meta or {},
                max_outcome_stake,
                self._clock.now(),
            )
            if row and actor is not None:
                await audit.note(
                    connection,
                    self._clock.now(),
                    actor=actor,
                    subject="account",
                    subject_id=f"{venue}/{username}",
                    action="add account",
                    data={"client": client},
                )
        return _account(row) if row else None

    async def seal_anew(self, vault: Vault) -> int:
        """Seals with the vault's first key what another one sealed, all or nothing; answers how many accounts that
        were. Raises SetupError, and nothing is changed, for one that no key opens."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(  # new bets refer to these rows, and need not wait
                f"""select {_ACCOUNT_COLUMNS} from accounts where removed_at is null
                    order by account_id for no key update"""
            )
            stale = [row for row in map(_account, rows) if not vault.is_current(row.sealed, row.identity)]
            for account in stale:
                sealed = vault.seal(vault.open(account.sealed, account.identity).reveal(), account.identity)
                await connection.execute(
                    "update accounts set sealed = $2 where account_id = $1", account.account_id, sealed
                )
        return len(stale)


@asynccontextmanager
async def sealing(database: Database) -> AsyncIterator[Connection[Any]]:
    """A transaction that stores what is sealed in it. Its keys stay the present ones until it is committed: a change of
    keys waits for it, and it for one that is under way."""
    async with database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock_shared($1)", advisory_key(MASTER_KEYS))
        yield connection


async def check_master_key(accounts: Accounts, vault: Vault) -> None:
    """Raises SetupError when there are accounts and none opens. One that alone does not is told by who uses it."""
    refusal: SetupError | None = None
    for account in await accounts.accounts():
        try:
            open_credentials(account, vault)
        except SetupError as error:
            refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def open_credentials(account: VenueAccount, vault: Vault) -> dict[str, Secret]:
    """An account's credentials by field name. Raises SetupError when the vault's key is not the one that sealed."""
    opened: dict[str, str] = msgspec.json.decode(vault.open(account.sealed, account.identity).reveal())
    return {name: Secret(text) for name, text in opened.items()}


def _key(row: Any) -> ApiKey:
    lists = {name: tuple(row[name]) for name in ("bookmakers", "targets_allow", "targets_deny")}
    return ApiKey(**{**row, **lists})


def _account(row: Any) -> VenueAccount:
    return VenueAccount(**row)
