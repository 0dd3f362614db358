"""SQL of switches and settings: what the operator and a client have turned on, see `mm.controls`."""

from __future__ import annotations

from typing import Any

from asyncpg import Connection

from hedgerow.core.clock import Clock
from hedgerow.mm.controls import Controls, SystemState, TournamentSettings
from hedgerow.mm.repository import filled_and_unsettled
from hedgerow.storage.database import Database, Queries


class Switches:
    """Of all clients of market making, and of the whole deployment."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def add_client(self, client: str, bookmaker: str) -> None:
        await save_bookmaker(self._database, client, bookmaker)

    async def controls(self) -> list[Controls]:
        rows = await self._database.fetch(
            f"""select m.client, bookmaker, manual_paused_at, manual_pause_reason, manual_stopped_at,
                       manual_stop_reason, c.is_active, not c.is_active and (
                        exists (select from mm_orders o
                                where o.client = m.client and o.status in ('PENDING_PLACEMENT', 'PLACED'))
                        or exists ({filled_and_unsettled("m.client")})
                        or exists (select from bets b where b.client = m.client and b.origin = 'mm'
                                     and (b.status in ('PENDING', 'PLACED')
                                          or (b.status = 'CONFIRMED' and b.settlement = 'UNSETTLED'))))
               from mm_clients m join clients c on c.client = m.client order by m.client"""
        )
        return [Controls(*row) for row in rows]

    async def client_controls(self, client: str) -> Controls | None:
        return next((found for found in await self.controls() if found.client == client), None)

    async def save_controls(self, connection: Connection[Any], controls: Controls) -> None:
        await connection.execute(
            """update mm_clients set manual_paused_at = $2, manual_pause_reason = $3, manual_stopped_at = $4,
                                     manual_stop_reason = $5 where client = $1""",
            controls.client,
            controls.paused_at,
            controls.pause_reason,
            controls.stopped_at,
            controls.stop_reason,
        )

    async def system(self) -> SystemState:
        row = await self._database.fetchrow("select soft_paused, stopped, emergency, reason, since from mm_system")
        if row is None:
            raise RuntimeError("mm_system has no row: the migrations did not run")
        return SystemState(**row)

    async def tournaments(self, client: str) -> list[TournamentSettings]:
        rows = await self._database.fetch(
            "select tournament_id, is_active, limit_ratio, price_ticks from mm_tournaments where client = $1", client
        )
        return [TournamentSettings(**row) for row in rows]

    async def save_tournament(self, client: str, settings: TournamentSettings) -> None:
        await self._database.execute(
            """insert into mm_tournaments (client, tournament_id, is_active, limit_ratio, price_ticks, updated_at)
               values ($1, $2, $3, $4, $5, $6)
               on conflict (client, tournament_id) do update set is_active = excluded.is_active,
                 limit_ratio = excluded.limit_ratio, price_ticks = excluded.price_ticks,
                 updated_at = excluded.updated_at""",
            client,
            settings.tournament_id,
            settings.is_active,
            settings.limit_ratio,
            settings.price_ticks,
            self._clock.now(),
        )

    async def denied_markets(self, client: str) -> set[tuple[int, str, bool]]:
        """(sport, market type, player prop) that the client has turned off."""
        rows = await self._database.fetch(
            "select sport_id, market_type, player_prop from mm_denied_markets where client = $1", client
        )
        return {(row["sport_id"], row["market_type"], row["player_prop"]) for row in rows}


async def save_bookmaker(queries: Queries, client: str, bookmaker: str) -> None:
    """Makes a client one of market making, priced from the bookmaker and hedged there."""
    await queries.execute(
        """insert into mm_clients (client, bookmaker) values ($1, $2)
           on conflict (client) do update set bookmaker = excluded.bookmaker""",
        client,
        bookmaker,
    )


async def save_system(connection: Connection[Any], system: SystemState) -> None:
    """Inside the caller's transaction."""
    await connection.execute(
        "update mm_system set soft_paused = $1, stopped = $2, emergency = $3, reason = $4, since = $5",
        system.soft_paused,
        system.stopped,
        system.emergency,
        system.reason,
        system.since,
    )
