"""Market types that a client trades, and the markets and players that can be traded.

What is tradeable is what an exchange has a proved contract for on a fixture that is not over.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError
from hedgerow.mm.context import ApiContext, CallerOf, Context
from hedgerow.mm.listing import SmallNumber, listed
from hedgerow.mm.routes.answers import ERRORS, PARTIAL, TOO_LARGE, partial_cancel
from hedgerow.mm.schemas.catalogue import MarketsResponse, PlayersResponse
from hedgerow.mm.schemas.configuration import (
    ActivateAllBody,
    ActivateAllResponse,
    MarketAllowlistPatchBody,
    MarketAllowlistResponse,
    MarketTypesResponse,
)

router = APIRouter(tags=["Markets"], route_class=ExactRoute, responses=ERRORS)

SportNumber = Annotated[int, Query(alias="sportId", ge=-(2**31), lt=2**31)]

_TRADEABLE = """mm_mappings m join fixtures f on f.fixture_id = m.fixture_id and f.status_id < 2
    where (m.verdict = 'PROVED' or m.decision = 'CONFIRMED') and m.decision is distinct from 'REJECTED'"""

_BOOKMAKERS = "(select coalesce(array_agg(distinct c.bookmaker), '{}') from mm_clients c)"


@router.get("/sports/{sport_id}/market-types", response_model=MarketTypesResponse)
async def list_market_types(caller: CallerOf, context: Context, sport_id: SmallNumber) -> JsonAnswer:
    """The sport's market types that an exchange has had a contract for, and those that you have turned off. All are on
    unless you turn them off."""
    controls = await context.controls(caller)
    rows = await context.database.fetch(
        """with known as (
               select market_type, player_prop, min(name) as name from markets k
               where sport_id = $2 and exists (
                   select 1 from mm_mappings m where m.market_id = k.market_id and m.verdict <> 'NO_MATCH')
               group by market_type, player_prop),
           denied as (
               select market_type, player_prop, true as is_denied from mm_denied_markets
               where client = $1 and sport_id = $2)
           select market_type as "marketType", player_prop as "playerProp",
                  coalesce(name, market_type) as "marketName", is_denied is null as enabled
           from known full join denied using (market_type, player_prop)
           order by market_type, player_prop""",
        caller.name,
        sport_id,
    )
    if not rows and not await _is_known(context, sport_id):
        raise ApiError(404, "Sport not found")
    types = [dict(row) for row in rows]
    return JsonAnswer({"sportId": sport_id, "bookmaker": controls.bookmaker, "marketTypes": types})


@router.patch("/client/market-allowlist", response_model=MarketAllowlistResponse, responses=PARTIAL | TOO_LARGE)
async def update_market_allowlist(caller: CallerOf, context: Context, body: MarketAllowlistPatchBody) -> JsonAnswer:
    """Turns market types of a sport on or off. Open orders of a type that is turned off are cancelled at once. Of two
    updates of one type the later counts."""
    await context.controls(caller)
    wanted = {(update.market_type, update.player_prop): update.enabled for update in body.updates}
    await context.operations(caller).switch_market_types(caller.name, body.sport_id, wanted)
    change = await context.market_making.reconfigure(caller.name)
    if not change.outcome.is_complete:
        return partial_cancel("The market types are switched, but some orders could not be cancelled", change.outcome)
    return JsonAnswer({"sportId": body.sport_id, "applied": len(body.updates), "cancelledOrders": change.cancelled})


@router.post("/client/market-allowlist/activate-all", response_model=ActivateAllResponse, responses=TOO_LARGE)
async def activate_all_market_types(caller: CallerOf, context: Context, body: ActivateAllBody) -> JsonAnswer:
    """Turns all market types of a sport on again."""
    await context.controls(caller)
    deleted = await context.operations(caller).allow_market_types(caller.name, body.sport_id)
    await context.market_making.reconfigure(caller.name)
    return JsonAnswer({"sportId": body.sport_id, "deleted": deleted})


@router.get("/markets", response_model=MarketsResponse)
async def list_markets(caller: CallerOf, context: Context, sport_id: SportNumber) -> JsonAnswer:
    """The sport's markets that can be traded now, the same for every client. `bookmakers`: those that quotes are priced
    from; `playerIds`: players that have been quoted."""
    rows = await context.database.fetch(
        f"""select k.market_id, k.outcomes, array_remove(array_agg(distinct o.player_id), 0) as players,
                   {_BOOKMAKERS} as bookmakers
            from markets k left join mm_orders o on o.market_id = k.market_id and o.player_id <> 0
                 and o.fixture_id in (select fixture_id from fixtures where sport_id = $1 and status_id < 2)
            where k.sport_id = $1 and k.market_id in (select m.market_id from {_TRADEABLE} and f.sport_id = $1)
            group by k.market_id order by k.market_id""",
        sport_id,
    )
    return listed("markets", [_market(row) for row in rows])


@router.get("/players", response_model=PlayersResponse)
async def list_players(caller: CallerOf, context: Context, sport_id: SportNumber) -> JsonAnswer:
    """The players of the sport whose markets have been quoted on fixtures that are not over."""
    rows = await context.database.fetch(
        """select o.player_id as "playerId", array_agg(distinct o.market_id) as "marketIds",
                  array_agg(distinct o.outcome_id) as "outcomeIds", array_agg(distinct o.bookmaker) as bookmakers
           from mm_orders o join fixtures f on f.fixture_id = o.fixture_id and f.status_id < 2
           where f.sport_id = $1 and o.player_id <> 0
           group by o.player_id order by o.player_id""",
        sport_id,
    )
    return listed("players", [dict(row) for row in rows])


async def _is_known(context: ApiContext, sport_id: int) -> bool:
    known: bool = await context.database.fetchval(
        """select exists (select 1 from sports where sport_id = $1)
               or exists (select 1 from markets where sport_id = $1)""",
        sport_id,
    )
    return known


def _market(row: Any) -> dict[str, Any]:
    return {
        "marketId": row["market_id"],
        "outcomeIds": [outcome["outcomeId"] for outcome in row["outcomes"]],
        "playerIds": [player for player in row["players"] if player is not None],
        "bookmakers": row["bookmakers"],
    }
