"""Fixtures, sports and tournaments as the feed has told them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError
from hedgerow.mm.context import CallerOf, Context
from hedgerow.mm.events import scores_shape
from hedgerow.mm.listing import PageOf, SmallNumber, Where, page_of
from hedgerow.mm.routes.answers import ERRORS
from hedgerow.mm.schemas.catalogue import FixtureItem, FixturePage, SportItem, SportTournamentsResponse

router = APIRouter(tags=["Fixtures"], route_class=ExactRoute, responses=ERRORS)

_MOST_FIXTURES_NAMED = 2000
_FIXTURES = """fixtures f left join sports s on s.sport_id = f.sport_id
    left join tournaments t on t.tournament_id = f.tournament_id"""
_COLUMNS = "f.*, s.name as sport_name, t.name as tournament_name, t.category as category_name"

FixtureTexts = Annotated[list[str] | None, Query(alias="fixtureIds", max_length=_MOST_FIXTURES_NAMED)]


@router.get("/fixtures", response_model=FixturePage)
async def list_fixtures(
    caller: CallerOf,
    context: Context,
    paging: PageOf,
    fixture_ids: FixtureTexts = None,
    tournament_id: Annotated[int | None, Query(alias="tournamentId", ge=-(2**31), lt=2**31)] = None,
    sport_id: Annotated[int | None, Query(alias="sportId", ge=-(2**31), lt=2**31)] = None,
    live: bool | None = None,
    all_fixtures: Annotated[bool, Query(alias="all")] = False,
) -> JsonAnswer:
    """Fixtures that you have had orders on, or with `all=true` every one that is known; the latest start first."""
    where = Where().add_if("f.tournament_id = {}", tournament_id).add_if("f.sport_id = {}", sport_id)
    where.add_if("f.is_live = {}", live)
    where.add_if("f.fixture_id = any({})", None if fixture_ids is None else [_plain(text) for text in fixture_ids])
    if not all_fixtures:
        where.add("exists (select 1 from mm_orders o where o.fixture_id = f.fixture_id and o.client = {})", caller.name)
    order = "f.start_time desc, f.fixture_id"
    return JsonAnswer(await page_of(context.database, _FIXTURES, where, order, paging, _fixture, columns=_COLUMNS))


@router.get("/fixtures/{fixture_id}", response_model=FixtureItem)
async def get_fixture(
    caller: CallerOf, context: Context, fixture_id: Annotated[str, Path(max_length=200)]
) -> JsonAnswer:
    """One fixture, whether you have traded it or not."""
    row = await context.database.fetchrow(
        f"select {_COLUMNS} from {_FIXTURES} where f.fixture_id = $1", _plain(fixture_id)
    )
    if row is None:
        raise ApiError(404, "Fixture not found")
    return JsonAnswer(_fixture(row))


@router.get("/sports", response_model=list[SportItem])
async def list_sports(caller: CallerOf, context: Context) -> JsonAnswer:
    """All sports, with how many tournaments and fixtures of them are not over."""
    rows = await context.database.fetch(
        """select s.sport_id as "sportId", s.name as "sportName",
                  count(distinct f.tournament_id) as "tournamentCount", count(f.fixture_id) as "fixtureCount",
                  count(*) filter (where f.is_live) as "liveCount"
           from sports s left join fixtures f on f.sport_id = s.sport_id and f.status_id < 2
           group by s.sport_id order by s.sport_id"""
    )
    return JsonAnswer([dict(row) for row in rows])


@router.get("/sports/{sport_id}/tournaments", response_model=SportTournamentsResponse)
async def list_sport_tournaments(caller: CallerOf, context: Context, sport_id: SmallNumber) -> JsonAnswer:
    """The sport's tournaments by category: those with fixtures that are not over, and those that you have activated."""
    rows = await context.database.fetch(
        """select t.category, t.tournament_id as "tournamentId", t.name as "tournamentName",
                  count(f.fixture_id) as "fixtureCount", count(*) filter (where f.is_live) as "liveCount",
                  count(*) filter (where exists (
                      select 1 from mm_mappings p where p.fixture_id = f.fixture_id
                      and (p.verdict = 'PROVED' or p.decision = 'CONFIRMED')
                      and p.decision is distinct from 'REJECTED')) as "tradeableCount",
                  m.is_active as activated, m.limit_ratio as "limitRatio", m.price_ticks as "priceTicks"
           from tournaments t
           left join fixtures f on f.tournament_id = t.tournament_id and f.status_id < 2
           left join mm_tournaments m on m.tournament_id = t.tournament_id and m.client = $1
           where t.sport_id = $2
           group by t.tournament_id, m.is_active, m.limit_ratio, m.price_ticks
           having count(f.fixture_id) > 0 or m.is_active is not null
           order by t.category, t.name, t.tournament_id""",
        caller.name,
        sport_id,
    )
    categories: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        tournament = dict(row)
        categories.setdefault(tournament.pop("category"), []).append(tournament)
    return JsonAnswer(
        {"categories": [{"categoryName": name, "tournaments": found} for name, found in categories.items()]}
    )


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL has no text with; no fixture has it in its id either."""
    return text.replace("\x00", "")


def _fixture(row: Any) -> dict[str, Any]:
    return {
        **scores_shape(row),
        "sportId": row["sport_id"],
        "sportName": row["sport_name"],
        "tournamentId": row["tournament_id"],
        "tournamentName": row["tournament_name"],
        "categoryName": row["category_name"],
        "participant1Name": row["participant1_name"],
        "participant2Name": row["participant2_name"],
        "startTime": row["start_time"],
        "quarantined": row["quarantined"],
        "updatedAt": row["updated_at"],
    }
