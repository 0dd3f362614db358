"""Which tournaments a client trades, and how far from break-even and how large.

Activation of a tournament that nobody knows is 404; of one that is known, but that the client's bookmaker does not
quote now, 409: the same request may succeed later.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError
from hedgerow.mm.context import ApiContext, CallerOf, Context
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.listing import SmallNumber, Where, listed
from hedgerow.mm.routes.answers import CONFLICT, ERRORS, MALFORMED, PARTIAL, TOO_LARGE, partial_cancel
from hedgerow.mm.schemas.configuration import (
    ActivatedResponse,
    ActivateTournamentRequest,
    DeactivatedResponse,
    TournamentsResponse,
    UpdatedResponse,
    UpdateTournamentRequest,
)

router = APIRouter(tags=["Tournaments"], route_class=ExactRoute, responses=ERRORS)


@router.get("/tournaments", response_model=TournamentsResponse)
async def list_tournaments(
    caller: CallerOf,
    context: Context,
    sport_id: Annotated[int | None, Query(alias="sportId", ge=-(2**31), lt=2**31)] = None,
    active: bool | None = None,
) -> JsonAnswer:
    """The tournaments that you have ever activated, with their settings."""
    where = Where().add("m.client = {}", caller.name)
    where.add_if("t.sport_id = {}", sport_id).add_if("m.is_active = {}", active)
    return listed("tournaments", await _tournaments(context, where))


@router.post("/tournaments/{tournament_id}/activate", response_model=ActivatedResponse, responses=CONFLICT | TOO_LARGE)
async def activate_tournament(
    caller: CallerOf, context: Context, tournament_id: SmallNumber, body: ActivateTournamentRequest | None = None
) -> JsonAnswer:
    """Quotes the tournament from now on. 409 when your bookmaker does not quote it."""
    controls = await context.controls(caller)
    if not await context.market_making.covers(caller.name, tournament_id):
        if not await _is_known(context, tournament_id):
            raise ApiError(404, "Tournament not found")
        raise ApiError(409, f"{controls.bookmaker} does not cover this tournament now")
    asked = body or ActivateTournamentRequest()
    await context.operations(caller).set_tournament(
        caller.name, tournament_id, is_active=True, limit_ratio=asked.limit_ratio, price_ticks=asked.price_ticks
    )
    await context.market_making.reconfigure(caller.name)
    return JsonAnswer({"status": "activated", "tournament": await _tournament(context, caller.name, tournament_id)})


@router.post("/tournaments/{tournament_id}/deactivate", response_model=DeactivatedResponse, responses=PARTIAL)
async def deactivate_tournament(caller: CallerOf, context: Context, tournament_id: SmallNumber) -> JsonAnswer:
    """Quotes the tournament no more, and cancels its open orders. Hedges and settlement go on."""
    await _settings(context, caller.name, tournament_id)
    await context.operations(caller).set_tournament(caller.name, tournament_id, is_active=False)
    change = await context.market_making.reconfigure(caller.name)
    if not change.outcome.is_complete:
        return partial_cancel("The tournament is off, but some orders could not be cancelled", change.outcome)
    tournament = await _tournament(context, caller.name, tournament_id)
    return JsonAnswer({"status": "deactivated", "tournament": tournament, "cancelledOrders": change.cancelled})


@router.patch("/tournaments/{tournament_id}", response_model=UpdatedResponse, responses=MALFORMED | TOO_LARGE)
async def update_tournament(
    caller: CallerOf, context: Context, tournament_id: SmallNumber, body: UpdateTournamentRequest
) -> JsonAnswer:
    """Changes `limitRatio` or `priceTicks` of a tournament; what is absent or null stays."""
    if body.limit_ratio is None and body.price_ticks is None:
        raise ApiError(400, "Nothing to update: give limitRatio or priceTicks")
    settings = await _settings(context, caller.name, tournament_id)
    await context.operations(caller).set_tournament(
        caller.name,
        tournament_id,
        is_active=settings.is_active,
        limit_ratio=body.limit_ratio,
        price_ticks=body.price_ticks,
        action="change tournament",
    )
    await context.market_making.reconfigure(caller.name)
    return JsonAnswer({"status": "updated", "tournament": await _tournament(context, caller.name, tournament_id)})


async def _settings(context: ApiContext, client: str, tournament_id: int) -> TournamentSettings:
    for settings in await context.switches.tournaments(client):
        if settings.tournament_id == tournament_id:
            return settings
    raise ApiError(404, "Tournament not configured")


async def _is_known(context: ApiContext, tournament_id: int) -> bool:
    known: bool = await context.database.fetchval(
        "select exists (select 1 from tournaments where tournament_id = $1)", tournament_id
    )
    return known


async def _tournament(context: ApiContext, client: str, tournament_id: int) -> dict[str, Any]:
    where = Where().add("m.client = {}", client).add("m.tournament_id = {}", tournament_id)
    (found,) = await _tournaments(context, where)
    return found


async def _tournaments(context: ApiContext, where: Where) -> list[dict[str, Any]]:
    rows = await context.database.fetch(
        f"""select m.tournament_id as "tournamentId", t.name as "tournamentName", t.category as "categoryName",
                   t.sport_id as "sportId", s.name as "sportName", m.is_active as active,
                   m.limit_ratio as "limitRatio", m.price_ticks as "priceTicks", m.updated_at as "updatedAt"
            from mm_tournaments m
            left join tournaments t on t.tournament_id = m.tournament_id
            left join sports s on s.sport_id = t.sport_id
            where {where.sql} order by m.tournament_id""",
        *where.values,
    )
    return [dict(row) for row in rows]
