"""Which clients and tournaments are in shadow mode: quoted by the same engine, on paper only (`mm.paper`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hedgerow.core.clock import Clock
from hedgerow.core.ids import ClientName, fixture_id_parts
from hedgerow.mm.controls import TournamentSettings
from hedgerow.storage import audit
from hedgerow.storage.database import Database

SCHEMA = "shadow"
"""Where the tables are in which a process that trades on paper writes: see the migration `shadow_mode`."""


@dataclass(frozen=True, slots=True)
class ShadowSwitch:
    """tournament_id: None for all of the client's."""

    client: ClientName
    tournament_id: int | None
    since: datetime


class Shadowing:
    """Repository of these switches."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def switches(self, client: str | None = None) -> list[ShadowSwitch]:
        """Of a client, or of all."""
        rows = await self._database.fetch(
            """select client, tournament_id, since from mm_shadow where $1::text is null or client = $1
               order by client, tournament_id nulls first""",
            client,
        )
        return [ShadowSwitch(**row) for row in rows]

    async def turn(self, client: str, tournament_id: int | None, *, on: bool, actor: str = "operator") -> bool:
        """Whether that changed anything."""
        sql = (
            """insert into mm_shadow (client, tournament_id, since) values ($1, $2, $3)
               on conflict (client, tournament_id) do nothing"""
            if on
            else """delete from mm_shadow where client = $1 and tournament_id is not distinct from $2
                    and since <= $3"""
        )
        async with self._database.transaction() as connection:
            done = await connection.execute(sql, client, tournament_id, self._clock.now())
            if done.endswith(" 0"):
                return False
            await audit.note(
                connection,
                self._clock.now(),
                actor=actor,
                subject="client",
                subject_id=client,
                action="shadow mode on" if on else "shadow mode off",
                data={"tournamentId": tournament_id},
            )
        return True

    async def still_live(self, client: str) -> frozenset[int]:
        """Tournaments in which orders of the client still rest, or may rest, on exchanges."""
        rows = await self._database.fetch(
            """select distinct fixture_id from public.mm_orders
               where client = $1 and status in ('PENDING_PLACEMENT', 'PLACED')""",
            client,
        )
        parts = (fixture_id_parts(row["fixture_id"]) for row in rows)
        return frozenset(found.tournament_id for found in parts if found is not None)


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What of one client is in shadow mode. tournaments: those that are, where not all are."""

    everything: bool = False
    tournaments: frozenset[int] = frozenset()

    def __contains__(self, tournament_id: int) -> bool:
        return self.everything or tournament_id in self.tournaments


LIVE = Shadowed()
"""Of who trades."""


def shadowed(switches: Iterable[ShadowSwitch]) -> Mapping[str, Shadowed]:
    """By client; who is not named trades live."""
    found: dict[str, Shadowed] = {}
    for switch in switches:
        before = found.get(switch.client, LIVE)
        if switch.tournament_id is None:
            found[switch.client] = replace(before, everything=True)
        else:
            found[switch.client] = replace(before, tournaments=before.tournaments | {switch.tournament_id})
    return found


def active_where(settings: TournamentSettings, is_meant: bool) -> TournamentSettings:
    """The settings for a process that trades on paper, or for one that does not: active only where it is meant."""
    return settings if is_meant or not settings.is_active else replace(settings, is_active=False)
