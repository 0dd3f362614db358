"""What an operator does to clients, keys, accounts, tournaments and the system's switches.

Used by the command line and by the operator API, which read what they are given and show what comes of it. Every change
stands in the audit trail, in its own transaction, and running services are told. Not for credentials, which the command
line alone takes (`hedgerow accounts add`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.core.clock import Clock
from hedgerow.core.errors import InputError
from hedgerow.core.secrets import Secret
from hedgerow.mm.controls import Controls, SystemState, SystemSwitch
from hedgerow.mm.operations import Operations, Tournament
from hedgerow.mm.switches import Switches, save_bookmaker
from hedgerow.storage import audit
from hedgerow.storage.accounts import ApiKey, Client, Roster, Service, VenueAccount
from hedgerow.storage.database import Database
from hedgerow.venues.registry import all_venues

Tell = Callable[[str], Awaitable[None]]
"""Tells running services that settings have changed: of the client that is named, or of all for ""."""


class UnknownError(InputError):
    """There is no such client, key or account."""


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a new key may do; None takes the default of its service. per_minute: requests (bet placing, market making).
    per_second, max_concurrent, targets: of scraping. bookmakers: slugs; none: all."""

    per_minute: int | None = None
    per_second: Decimal | None = None
    bookmakers: tuple[str, ...] = ()
    max_concurrent: int | None = None
    targets_allow: tuple[str, ...] = ()
    targets_deny: tuple[str, ...] = ()
    is_active: bool = True
    expires_at: datetime | None = None


class Office:
    """One operator's. Raises InputError for what cannot be done, UnknownError for whom or what there is not."""

    def __init__(self, database: Database, clock: Clock, tell: Tell, actor: str) -> None:
        """actor: who changes, for the audit trail."""
        self._database, self._clock, self._tell, self._actor = database, clock, tell, actor
        self._roster, self._switches = Roster(database, clock), Switches(database, clock)
        self._operations = Operations(database, clock, actor)

    # --- clients ---------------------------------------------------------------------------------------------

    async def clients(self) -> list[Client]:
        return await self._roster.clients()

    async def market_makers(self) -> Mapping[str, Controls]:
        """The switches of each client of market making."""
        return {found.client: found for found in await self._switches.controls()}

    async def add_client(self, client: str, name: str, bookmaker: str | None) -> tuple[Client, bool]:
        """The client, and whether it is new. bookmaker: makes it one of market making, or changes its bookmaker."""
        async with self._changing("client", client, "add client", {"bookmaker": bookmaker}) as (connection, roster):
            is_new = await roster.add_client(client, name)
            if bookmaker is not None:
                await save_bookmaker(connection, client, bookmaker)
            found = await _client(roster, client)
        return found, is_new

    async def set_client_active(self, client: str, *, is_active: bool) -> None:
        """A client that is taken out: within seconds its keys stop working and its quotes are taken away; what it has
        traded is hedged and settled all the same."""
        async with self._changing("client", client, _switched("client", is_active)) as (_, roster):
            if not await roster.set_client_active(client, is_active):
                raise _no_client(client)

    # --- keys ------------------------------------------------------------------------------------------------

    async def keys(self, client: str | None = None) -> list[ApiKey]:
        return await self._roster.keys(client)

    async def create_key(self, client: str, service: Service, terms: KeyTerms) -> Secret:
        """A new key, to be shown once."""
        async with self._changing("client", client, "create key", {"service": service}) as (_, roster):
            await _client(roster, client)
            return await roster.create_key(
                client,
                service,
                per_minute=terms.per_minute,
                per_second=terms.per_second,
                bookmakers=terms.bookmakers,
                max_concurrent=terms.max_concurrent,
                targets_allow=terms.targets_allow,
                targets_deny=terms.targets_deny,
                is_active=terms.is_active,
                expires_at=terms.expires_at,
            )

    async def set_key_active(self, prefix: str, *, is_active: bool) -> None:
        """By its first eight characters; one that is stopped ends within seconds."""
        async with self._changing("key", prefix, _switched("key", is_active)) as (_, roster):
            if not await roster.set_key_active(prefix, is_active):
                raise UnknownError(f"no key begins with {prefix!r}; see: hedgerow keys list")

    # --- accounts --------------------------------------------------------------------------------------------

    async def accounts(self, *, client: str | None = None, venue: str | None = None) -> list[VenueAccount]:
        """Highest priority first."""
        return await self._roster.accounts(client=client, venue=venue)

    async def set_account_active(self, venue: str, username: str, *, is_active: bool) -> None:
        """One that is taken out: nothing new is bet or quoted there; bets go on being asked for."""
        name = f"{venue}/{username}"
        async with self._changing("account", name, _switched("account", is_active)) as (_, roster):
            if not await roster.set_account_active(venue, username, is_active):
                raise UnknownError(f"there is no account {username!r} at {venue}; see: hedgerow accounts list")
        await self._tell("")

    # --- market making ---------------------------------------------------------------------------------------

    async def market_maker(self, client: str) -> Controls:
        """The switches of a client of market making."""
        found = (await self.market_makers()).get(client)
        if found is None:
            raise UnknownError(
                f"{client!r} is no active client of market making; "
                f"make it one with: hedgerow clients add {client} --bookmaker SLUG"
            )
        return found

    async def tournaments(self, client: str | None = None) -> list[Tournament]:
        """Every one that was ever switched."""
        return await self._operations.tournaments(client)

    async def set_tournament(
        self,
        client: str,
        tournament_id: int,
        *,
        is_active: bool,
        limit_ratio: Decimal | None = None,
        price_ticks: int | None = None,
    ) -> None:
        """limit_ratio: share of the hedge's limit that is quoted, 0 to 1. price_ticks: cents away from the market."""
        await self.market_maker(client)
        await self._operations.set_tournament(
            client, tournament_id, is_active=is_active, limit_ratio=limit_ratio, price_ticks=price_ticks
        )
        await self._tell(client)

    async def system(self) -> SystemState:
        """The switches over the whole deployment."""
        return await self._switches.system()

    async def turn_system(self, switch: SystemSwitch, reason: str | None) -> SystemState:
        """Turns one of them; answers the state that results."""
        state = await self._operations.turn_system(switch, reason)
        await self._tell("")
        return state

    # --- how -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _changing(
        self, subject: str, name: str, action: str, data: Mapping[str, Any] | None = None
    ) -> AsyncIterator[tuple[Connection[Any], Roster]]:
        """A transaction, and its line in the audit trail; neither stays when the block raises."""
        async with self._database.transaction() as connection:
            yield connection, Roster(connection, self._clock)
            await audit.note(
                connection,
                self._clock.now(),
                actor=self._actor,
                subject=subject,
                subject_id=name,
                action=action,
                data=data,
            )


def is_bookmaker(slug: str) -> bool:
    """Whether hedges can be taken there: it has a connector for bets."""
    venue = all_venues().get(slug)
    return venue is not None and venue.manifest.is_bookmaker


async def _client(roster: Roster, client: str) -> Client:
    found = await roster.client(client)
    if found is None:
        raise _no_client(client)
    return found


def _no_client(client: str) -> UnknownError:
    return UnknownError(f"there is no client {client!r}; add it with: hedgerow clients add {client}")


def _switched(what: str, is_active: bool) -> str:
    return f"{'enable' if is_active else 'disable'} {what}"
