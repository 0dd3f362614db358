"""The operator API, as far as the pages use it. It has no credentials to tell."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.answers import Row, read
from hedgerow.net.calls import Caller

PREFIX = "/api/v1"
NAME = "operator"
"""What whoever holds the operator's key is called."""

_TIMEOUT_S = 10.0

Switch = Literal["emergency", "stop", "soft-pause", "clear"]


class Client(Row, frozen=True, kw_only=True):
    """bookmaker: of market making; None for who is none of its clients."""

    client: str
    name: str
    active: bool
    bookmaker: str | None


class Key(Row, frozen=True, kw_only=True):
    """prefix: the first eight characters of the key, all that is known of it."""

    prefix: str
    client: str
    service: str
    active: bool
    requests_per_minute: int
    requests_per_second: Decimal
    expires_at: datetime | None


class NewKey(Row, frozen=True, kw_only=True):
    key: Secret
    client: str
    service: str


class Account(Row, frozen=True, kw_only=True):
    """Money in currency."""

    venue: str
    username: str
    client: str
    currency: str
    active: bool
    priority: int
    max_outcome_stake: Decimal
    balance: Decimal | None
    balance_at: datetime | None


class Tournament(Row, frozen=True, kw_only=True):
    """limit_ratio: share of the hedge's limit that is quoted, 0 to 1."""

    client: str
    tournament_id: int
    name: str | None
    sport: str | None
    active: bool
    limit_ratio: Decimal
    price_ticks: int


class System(Row, frozen=True, kw_only=True):
    """The switches over the whole deployment."""

    emergency: bool
    stopped: bool
    soft_paused: bool
    reason: str | None
    since: datetime | None


class OperatorApi:
    """One key's. Every call raises CallError for an error status, Unavailable or InDoubt for none."""

    def __init__(self, url: str, key: Secret) -> None:
        self._caller = Caller("the operator API", url + PREFIX, key, timeout_s=_TIMEOUT_S)

    async def close(self) -> None:
        await self._caller.close()

    async def whoami(self) -> str:
        """There is one operator."""
        await self._caller.get("/emergency")
        return NAME

    async def clients(self) -> list[Client]:
        return read(await self._caller.get("/clients"), list[Client])

    async def add_client(self, client: str, name: str, bookmaker: str) -> Client:
        """name, bookmaker: "" for none."""
        body = {"client": client, "name": name or None, "bookmaker": bookmaker or None}
        return read(await self._caller.post("/clients", body), Client)

    async def switch_client(self, client: str, *, active: bool) -> None:
        await self._caller.patch(f"/clients/{_part(client)}", {"active": active})

    async def keys(self) -> list[Key]:
        return read(await self._caller.get("/keys"), list[Key])

    async def create_key(self, client: str, service: str) -> NewKey:
        """With the usual limits of the service."""
        told: dict[str, Any] = await self._caller.post("/keys", {"client": client, "service": service})
        return NewKey(key=Secret(told["key"]), client=client, service=service)

    async def switch_key(self, prefix: str, *, active: bool) -> None:
        await self._caller.patch(f"/keys/{_part(prefix)}", {"active": active})

    async def accounts(self) -> list[Account]:
        """Highest priority first."""
        return read(await self._caller.get("/accounts"), list[Account])

    async def switch_account(self, venue: str, username: str, *, active: bool) -> None:
        await self._caller.patch(f"/accounts/{_part(venue)}/{_part(username)}", {"active": active})

    async def tournaments(self) -> list[Tournament]:
        """Every one that was ever switched."""
        return read(await self._caller.get("/tournaments"), list[Tournament])

    async def switch_tournament(self, client: str, tournament_id: int, *, active: bool) -> None:
        await self._caller.put(f"/tournaments/{_part(client)}/{tournament_id}", {"active": active})

    async def system(self) -> System:
        return read(await self._caller.get("/emergency"), System)

    async def turn(self, switch: Switch, reason: str) -> System:
        """reason: "" for none."""
        return read(await self._caller.post("/emergency", {"switch": switch, "reason": reason or None}), System)


def _part(text: str) -> str:
    """As a part of a path."""
    return quote(text, safe="")
