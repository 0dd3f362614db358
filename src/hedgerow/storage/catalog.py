"""Names of what is traded: sports, tournaments, fixtures and markets as the feed tells them, kept after it forgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.storage.database import Database


class Catalog:
    """Repository of the catalogue tables. Rows are column name -> value; unchanged rows are not touched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_sports(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._database.execute(
            """insert into sports select * from jsonb_populate_recordset(null::sports, $1)
               on conflict (sport_id) do update set slug = excluded.slug, name = excluded.name
               where (sports.slug, sports.name) is distinct from (excluded.slug, excluded.name)""",
            rows,
        )

    async def save_tournaments(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._database.execute(
            """insert into tournaments select * from jsonb_populate_recordset(null::tournaments, $1)
               on conflict (tournament_id) do update set sport_id = excluded.sport_id, name = excluded.name,
                 category = excluded.category
               where (tournaments.sport_id, tournaments.name, tournaments.category)
                 is distinct from (excluded.sport_id, excluded.name, excluded.category)""",
            rows,
        )

    async def save_fixtures(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts or updates fixtures; a status never goes back."""
        await self._database.execute(
            """insert into fixtures select * from jsonb_populate_recordset(null::fixtures, $1)
               on conflict (fixture_id) do update set
                 participant1_name = excluded.participant1_name, participant2_name = excluded.participant2_name,
                 start_time = excluded.start_time, status_id = greatest(fixtures.status_id, excluded.status_id),
                 is_live = excluded.is_live, scores = excluded.scores, clock = excluded.clock,
                 quarantined = excluded.quarantined, updated_at = excluded.updated_at""",
            rows,
        )

    async def save_markets(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._database.execute(
            """insert into markets select * from jsonb_populate_recordset(null::markets, $1)
               on conflict (market_id) do update set market_type = excluded.market_type, period = excluded.period,
                 handicap = excluded.handicap, name = excluded.name, outcomes = excluded.outcomes
               where (markets.market_type, markets.period, markets.handicap, markets.name, markets.outcomes)
                 is distinct from (excluded.market_type, excluded.period, excluded.handicap, excluded.name,
                                   excluded.outcomes)""",
            rows,
        )
