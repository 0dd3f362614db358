"""A client's accounts at bookmakers as the client keeps them: made, changed, removed. Credentials only go in.

What a bookmaker logs in with is sealed and shown as `***`: the password, what the venue's manifest declares as secret,
and every entry of `meta` whose name looks like a secret. An entry that comes back as `***` keeps its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from asyncpg import Record

from hedgerow.core.clock import Clock
from hedgerow.core.secrets import MASK, Vault
from hedgerow.storage.accounts import sealing
from hedgerow.storage.database import Database, encode_json
from hedgerow.venues.registry import UnknownVenueError, venue

VERIFY = "verifyBetslip"
"""The entry of an account's meta that has its betslips asked of the bookmaker itself when it is `true`."""
PASSWORD = "password"  # noqa: S105 - the name of a field
_SECRET_NAME = re.compile(
    r"pass|secret|token|auth|key|credential|cookie|session|signature|seed|mnemonic|pin(code)?$", re.IGNORECASE
)
_COLUMNS = {
    "balance": "balance",
    "active": "is_active",
    "priority": "priority",
    "max_stake": "limit_max",
    "min_stake": "limit_min",
    "currency_id": "currency",
}
"""Of what a client may set beside password and meta."""

_OPEN = """exists (select 1 from bets where account_id = $1 and not is_test
                   and (status in ('PENDING', 'PLACED') or (status = 'CONFIRMED' and settlement = 'UNSETTLED')))
           or exists (select 1 from mm_orders where account_id = $1 and status in ('PENDING_PLACEMENT', 'PLACED'))"""


class ClientAccounts:
    """Repository of accounts, for their owners."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def listed(self, client: str, bookmaker: str | None) -> list[Record]:
        """The client's accounts, highest priority first."""
        return await self._database.fetch(
            """select * from accounts where client = $1 and removed_at is null and ($2::text is null or venue = $2)
               order by priority desc, account_id""",
            client,
            bookmaker,
        )

    async def get(self, bookmaker: str, username: str) -> Record | None:
        """The account, whoever owns it."""
        return await self._database.fetchrow(
            "select * from accounts where venue = $1 and username = $2 and removed_at is null", bookmaker, username
        )

    async def create(self, client: str, bookmaker: str, username: str, given: Mapping[str, Any]) -> Record | None:
        """The new account; None when (bookmaker, username) exists. given: fields of the request, by our names."""
        credentials, meta = _split(bookmaker, given["meta"] | _flag(given), {})
        if given.get(PASSWORD) is not None:
            credentials[PASSWORD] = given[PASSWORD]
        async with sealing(self._database) as connection:
            return await connection.fetchrow(
                """insert into accounts (venue, username, client, currency, priority, is_active, sealed, meta,
                                         limit_max, limit_min, balance, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
                   on conflict (venue, username) where removed_at is null do nothing returning *""",
                bookmaker,
                username,
                client,
                given["currency_id"],
                given["priority"],
                given["active"],
                self._sealed(credentials, bookmaker, username),
                meta,
                given["max_stake"],
                given["min_stake"],
                given["balance"],
                self._clock.now(),
            )

    async def change(self, account_id: int, given: Mapping[str, Any]) -> Record | None:
        """The account with the given fields changed; None when it was removed meanwhile."""
        async with sealing(self._database) as connection:
            row = await connection.fetchrow(
                "select * from accounts where account_id = $1 and removed_at is null for update", account_id
            )
            if row is None:
                return None
            columns = {_COLUMNS[name]: value for name, value in given.items() if name in _COLUMNS}
            columns |= self._renewed(row, given) | {"updated_at": self._clock.now()}
            wanted = ", ".join(f"{column} = ${number}" for number, column in enumerate(columns, 2))
            return await connection.fetchrow(
                f"update accounts set {wanted} where account_id = $1 returning *", account_id, *columns.values()
            )

    async def remove(self, account_id: int) -> bool:
        """Forgets the account and its credentials; False while bets or orders on it are open."""
        async with self._database.transaction() as connection:
            # A new bet refers to the row, and waits for this lock.
            await connection.execute("select 1 from accounts where account_id = $1 for update", account_id)
            if await connection.fetchval(f"select {_OPEN}", account_id):
                return False
            await connection.execute(
                """update accounts set removed_at = $2, is_active = false, sealed = ''
                   where account_id = $1 and removed_at is null""",
                account_id,
                self._clock.now(),
            )
            return True

    def _renewed(self, row: Record, given: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of new credentials."""
        if not given.keys() & {"meta", PASSWORD, "verify_betslip"}:
            return {}
        bookmaker, username = row["venue"], row["username"]
        held = msgspec.json.decode(self._vault.open(row["sealed"], f"{bookmaker}/{username}").reveal(), type=dict)
        wanted = given.get("meta", row["meta"]) | {name: row["meta"][name] for name in (VERIFY,) if name in row["meta"]}
        credentials, meta = _split(bookmaker, wanted | _flag(given), held)
        # What an operator stored is in no meta, so that it cannot be meant to go.
        credentials |= {name: text for name, text in held.items() if name not in row["meta"].keys() | wanted.keys()}
        if (password := given.get(PASSWORD, held.get(PASSWORD))) is not None:
            credentials[PASSWORD] = password
        return {"meta": meta, "sealed": self._sealed(credentials, bookmaker, username)}

    def _sealed(self, credentials: Mapping[str, str], bookmaker: str, username: str) -> bytes:
        return self._vault.seal(msgspec.json.encode(credentials).decode(), f"{bookmaker}/{username}")


def _flag(given: Mapping[str, Any]) -> dict[str, str]:
    """`verifyBetslip` as an entry of meta, where the request names it."""
    wanted = given.get("verify_betslip")
    return {} if wanted is None else {VERIFY: "true" if wanted else "false"}


def _split(bookmaker: str, meta: Mapping[str, Any], held: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The credentials in a client's meta, and the meta as it is kept and shown. held: credentials so far."""
    declared: dict[str, bool] = {}
    with suppress(UnknownVenueError):
        declared = {one.name: one.secret for one in venue(bookmaker).manifest.credentials}
    credentials: dict[str, str] = {}
    shown: dict[str, Any] = {}
    for name, value in meta.items():
        comes_back = value == MASK and name in held
        is_secret = comes_back or declared.get(name, is_secret_entry(name, value))
        if comes_back:
            credentials[name] = held[name]
        elif value != MASK and (is_secret or name in declared):
            credentials[name] = value if isinstance(value, str) else encode_json(value).decode()
        shown[name] = MASK if is_secret else value
    return credentials, shown


def is_secret_entry(name: str, value: Any) -> bool:
    """Whether a name looks like a secret's, or one inside the value does."""
    if _SECRET_NAME.search(name):
        return True
    match value:
        case Mapping():
            return any(is_secret_entry(str(inner), item) for inner, item in value.items())
        case list():
            return any(is_secret_entry("", item) for item in value)
    return False
