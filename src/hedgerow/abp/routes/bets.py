"""Bets, one for each wager at a bookmaker."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hedgerow.abp.context import CallerOf, Context, denied
from hedgerow.abp.events import bet_shape
from hedgerow.abp.routes.answers import BETS, ERRORS, MALFORMED, UNKNOWN, Limit, Text, Texts, no_filter, numbers, page
from hedgerow.abp.schemas import BetResponse, BetsResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError

router = APIRouter(tags=["Bets"], route_class=ExactRoute, responses=ERRORS)


@router.get("/bets", response_model=BetsResponse, responses=MALFORMED)
async def list_bets(
    caller: CallerOf,
    context: Context,
    bet_ids: Annotated[Texts, Query(alias="betIds", examples=["1,2,3"])] = None,
    order_ids: Annotated[Texts, Query(alias="orderIds", examples=["100,101"])] = None,
    user_ref: Annotated[Text, Query(alias="userRef")] = None,
    after_bet_id: Annotated[int | None, Query(alias="afterBetId", ge=0, lt=2**63)] = None,
    limit: Limit = 100,
) -> JsonAnswer:
    """Your bets that match any of the filters, newest first. `nextCursor` is `afterBetId` of the next page."""
    bets, orders = numbers("betIds", bet_ids), numbers("orderIds", order_ids)
    if not (bets or orders or user_ref):
        raise no_filter("betIds", "orderIds", "userRef")
    rows = await context.database.fetch(
        f"""{BETS} and b.client = $1 and (b.bet_id = any($2) or b.order_id = any($3) or o.user_ref = $4)
            and ($5::bigint is null or b.bet_id < $5) order by b.bet_id desc limit $6""",
        caller.name,
        bets,
        orders,
        user_ref or None,
        after_bet_id,
        limit + 1,
    )
    return JsonAnswer({"status": "success", **page("bets", "betId", [bet_shape(row) for row in rows], limit)})


@router.get("/bets/{bet_id}", response_model=BetResponse, responses=UNKNOWN)
async def get_bet(caller: CallerOf, context: Context, bet_id: Annotated[int, Path(ge=0, lt=2**63)]) -> JsonAnswer:
    """One bet of yours, with what was sent to the bookmaker and what came back."""
    row = await context.database.fetchrow(f"{BETS} and b.bet_id = $1", bet_id)
    if row is None:
        raise ApiError(404, "Bet not found")
    if row["client"] != caller.name:
        raise denied("bet")
    return JsonAnswer(bet_shape(row))
