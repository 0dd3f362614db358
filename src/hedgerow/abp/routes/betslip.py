"""What bookmakers offer on an outcome now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError

from hedgerow.abp.context import ApiContext, CallerOf, Context
from hedgerow.abp.routes.answers import ERRORS, MALFORMED, UNKNOWN, Responses, Text, Texts, slugs
from hedgerow.abp.schemas import BetslipResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.api.auth import Caller
from hedgerow.api.models import ErrorResponse
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.venues.registry import all_venues

router = APIRouter(tags=["Betslip"], route_class=ExactRoute, responses=ERRORS)

_FUTURES: Responses = {501: {"model": ErrorResponse, "description": "Futures cannot be bet on yet"}}


@router.get("/betslip", response_model=BetslipResponse, responses=MALFORMED | UNKNOWN | _FUTURES)
async def get_betslip(
    caller: CallerOf,
    context: Context,
    outcome_id: Annotated[int, Query(alias="outcomeId", ge=0, lt=2**63, examples=[103])],
    player_id: Annotated[int, Query(alias="playerId", ge=0, lt=2**63, examples=[0])],
    fixture_id: Annotated[Text, Query(alias="fixtureId", examples=["id1000004461512432"])] = None,
    future_id: Annotated[Text, Query(alias="futureId")] = None,
    participant_id: Annotated[int, Query(alias="participantId")] = 0,
    bookmakers: Annotated[Texts, Query(examples=["pinnacle,sharpbet"])] = None,
) -> JsonAnswer:
    """Prices and limits of every bookmaker that quotes the outcome and where you have an active account. For the sixty
    seconds after each call changes are pushed on the `betslip` channel."""
    if future_id:
        raise ApiError(501, "Futures betslip is not yet implemented")
    if not fixture_id:
        raise RequestValidationError([{"loc": ("query", "fixtureId"), "msg": "Field required", "type": "missing"}])
    wanted = await _wanted(context, caller, slugs(bookmakers))
    slip = await context.placing.betslip(
        caller.client.client, FixtureId(fixture_id), OutcomeId(outcome_id), PlayerId(player_id), wanted
    )
    return JsonAnswer(slip)


async def _wanted(context: ApiContext, caller: Caller, named: frozenset[str] | None) -> frozenset[str] | None:
    """The bookmakers to ask; None for all. A key that may use some only sees those, as if there were no others. What no
    bookmaker is called is left to the service, which names it."""
    allowed = frozenset(caller.key.bookmakers)
    if not allowed:
        return named
    if named is not None:
        if named <= all_venues().keys() and not named <= allowed:
            raise ApiError(403, f"No accounts configured for bookmaker(s): {', '.join(sorted(named - allowed))}")
        return named
    has = {row["venue"] for row in await context.profiles.listed(caller.name, None) if row["is_active"]}
    if not has & allowed:
        raise ApiError(404, "No odds found for given parameters")
    return frozenset(has & allowed)
