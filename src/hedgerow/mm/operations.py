"""What is changed in market making's tables from outside, each with its line in the audit trail.

By an operator, or by a client for itself (tournaments). A running service is told by `bus.subjects.SETTINGS_CHANGED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.core.clock import Clock
from hedgerow.mm.controls import SystemState, SystemSwitch, turn_system
from hedgerow.mm.switches import save_system
from hedgerow.storage import audit
from hedgerow.storage.database import Database

ACTOR = "operator"


@dataclass(frozen=True, slots=True)
class Tournament:
    """A client's settings for a tournament; `name` and `sport` as far as the feed has told them."""

    client: str
    tournament_id: int
    name: str | None
    sport: str | None
    is_active: bool
    limit_ratio: Decimal
    price_ticks: int


@dataclass(frozen=True, slots=True)
class StoredMapping:
    """Which outcome of the feed a contract is taken for; see `mm_mappings`."""

    venue: str
    instrument_ref: str
    market_ref: str
    fixture_id: str | None
    market_id: int | None
    outcome_id: int | None
    verdict: str
    reason: str
    decision: str | None
    decided_by: str | None
    updated_at: datetime

    @property
    def names_an_outcome(self) -> bool:
        """Whether there is anything to confirm."""
        return None not in (self.fixture_id, self.market_id, self.outcome_id)


_MAPPING_COLUMNS = """venue, instrument_ref, market_ref, fixture_id, market_id, outcome_id, verdict, reason, decision,
    decided_by, updated_at"""


class Operations:
    """Repository of these changes."""

    def __init__(self, database: Database, clock: Clock, actor: str = ACTOR) -> None:
        """actor: who changes, for the audit trail."""
        self._database, self._clock, self._actor = database, clock, actor

    # --- the system's switches -------------------------------------------------------------------------------

    async def turn_system(self, switch: SystemSwitch, reason: str | None) -> SystemState:
        """Turns a switch over the whole deployment; answers the state that results."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                "select soft_paused, stopped, emergency, reason, since from mm_system for update"
            )
            if row is None:
                raise RuntimeError("mm_system has no row: the migrations did not run")
            state = turn_system(SystemState(**row), switch, now, reason)
            await save_system(connection, state)
            await self._note(connection, "system", "system", switch.value, {"reason": reason})
        return state

    # --- tournaments -----------------------------------------------------------------------------------------

    async def tournaments(self, client: str | None = None) -> list[Tournament]:
        """Of a client, or of all."""
        rows = await self._database.fetch(
            """select m.client, m.tournament_id, t.name, s.name as sport, m.is_active, m.limit_ratio, m.price_ticks
               from mm_tournaments m
               left join tournaments t on t.tournament_id = m.tournament_id
               left join sports s on s.sport_id = t.sport_id
               where $1::text is null or m.client = $1 order by m.client, m.tournament_id""",
            client,
        )
        return [Tournament(**row) for row in rows]

    async def set_tournament(
        self,
        client: str,
        tournament_id: int,
        *,
        is_active: bool,
        limit_ratio: Decimal | None = None,
        price_ticks: int | None = None,
        action: str | None = None,
    ) -> None:
        """Switches a client's tournament; None keeps what is set, or takes the default. Raises what the table
        refuses: a ratio outside 0 to 1, a client that is not there. action: what the audit trail calls it, where it is
        no switching."""
        async with self._database.transaction() as connection:
            await connection.execute(
                """insert into mm_tournaments (client, tournament_id, is_active, limit_ratio, price_ticks, updated_at)
                   values ($1, $2, $3, coalesce($4, 0.8), coalesce($5, 0), $6)
                   on conflict (client, tournament_id) do update set is_active = $3,
                     limit_ratio = coalesce($4, mm_tournaments.limit_ratio),
                     price_ticks = coalesce($5, mm_tournaments.price_ticks), updated_at = $6""",
                client,
                tournament_id,
                is_active,
                limit_ratio,
                price_ticks,
                self._clock.now(),
            )
            changed = {"tournamentId": tournament_id, "limitRatio": limit_ratio, "priceTicks": price_ticks}
            switched = "activate tournament" if is_active else "deactivate tournament"
            await self._note(connection, "client", client, action or switched, changed)

    # --- market types ----------------------------------------------------------------------------------------

    async def switch_market_types(self, client: str, sport_id: int, enabled: Mapping[tuple[str, bool], bool]) -> None:
        """Turns market types of a sport on or off. enabled: by market type, and whether it is a player's."""
        denied = [key for key, is_on in enabled.items() if not is_on]
        allowed = [key for key, is_on in enabled.items() if is_on]
        async with self._database.transaction() as connection:
            await connection.execute(
                """delete from mm_denied_markets where client = $1 and sport_id = $2
                   and (market_type, player_prop) in (select * from unnest($3::text[], $4::bool[]))""",
                client,
                sport_id,
                *_columns(allowed),
            )
            await connection.execute(
                """insert into mm_denied_markets (client, sport_id, market_type, player_prop)
                   select $1, $2, * from unnest($3::text[], $4::bool[]) on conflict do nothing""",
                client,
                sport_id,
                *_columns(denied),
            )
            switched = {"sportId": sport_id, "off": denied, "on": allowed}
            await self._note(connection, "client", client, "switch market types", switched)

    async def allow_market_types(self, client: str, sport_id: int) -> int:
        """Turns all market types of a sport on; answers how many were off."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """delete from mm_denied_markets where client = $1 and sport_id = $2
                   returning market_type, player_prop""",
                client,
                sport_id,
            )
            allowed = {"sportId": sport_id, "on": sorted(tuple(row) for row in rows)}
            await self._note(connection, "client", client, "switch market types", allowed)
        return len(rows)

    # --- mappings --------------------------------------------------------------------------------------------

    async def mappings(
        self, *, venue: str | None = None, verdict: str | None = None, undecided: bool = False
    ) -> list[StoredMapping]:
        """The latest first. undecided: those that are not proved and on which nobody has decided."""
        rows = await self._database.fetch(
            f"""select {_MAPPING_COLUMNS} from mm_mappings
                where ($1::text is null or venue = $1) and ($2::text is null or verdict = $2)
                  and (not $3 or (verdict <> 'PROVED' and decision is null))
                order by updated_at desc, venue, instrument_ref""",
            venue,
            verdict,
            undecided,
        )
        return [StoredMapping(**row) for row in rows]

    async def mapping(self, venue: str, instrument_ref: str) -> StoredMapping | None:
        row = await self._database.fetchrow(
            f"select {_MAPPING_COLUMNS} from mm_mappings where venue = $1 and instrument_ref = $2",
            venue,
            instrument_ref,
        )
        return StoredMapping(**row) if row else None

    async def decide(self, venue: str, instrument_ref: str, *, is_confirmed: bool) -> None:
        """The operator's word on a mapping that exists; it overrides the evidence."""
        decision = "CONFIRMED" if is_confirmed else "REJECTED"
        async with self._database.transaction() as connection:
            await connection.execute(
                """update mm_mappings set decision = $3, decided_by = $4, updated_at = $5
                   where venue = $1 and instrument_ref = $2""",
                venue,
                instrument_ref,
                decision,
                self._actor,
                self._clock.now(),
            )
            subject_id = f"{venue}/{instrument_ref}"
            await self._note(connection, "mapping", subject_id, decision.lower())

    async def _note(
        self,
        connection: Connection[Any],
        subject: str,
        subject_id: str,
        action: str,
        data: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:
        await audit.note(
            connection,
            self._clock.now(),
            actor=self._actor,
            subject=subject,
            subject_id=subject_id,
            action=action,
            data=dict(data or {}),
        )


def _columns(keys: Sequence[tuple[str, bool]]) -> tuple[list[str], list[bool]]:
    return [market_type for market_type, _ in keys], [player_prop for _, player_prop in keys]
