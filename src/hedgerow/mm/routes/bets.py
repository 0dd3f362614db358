"""Hedge bets at the bookmaker. Bets that the client placed through another service are not shown here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError
from hedgerow.mm.analytics import bet_summary
from hedgerow.mm.context import CallerOf, Context
from hedgerow.mm.events import BET_STATUSES, bet_shape
from hedgerow.mm.listing import DaysOf, PageOf, RowNumber, Text, Where, chosen, page_of
from hedgerow.mm.routes.answers import ERRORS
from hedgerow.mm.schemas.orders import BetItem, BetPage, BetSummary

router = APIRouter(tags=["Bets"], route_class=ExactRoute, responses=ERRORS)


@router.get("/bets", response_model=BetPage)
async def list_bets(
    caller: CallerOf,
    context: Context,
    paging: PageOf,
    days: DaysOf,
    order_id: Annotated[int | None, Query(alias="orderId", ge=0, lt=2**63)] = None,
    bookmaker: Text = None,
    status: Text = None,
) -> JsonAnswer:
    """Your hedge bets, newest first. `status` takes `placed`, `pending`, `declined`, or several separated by commas."""
    where = Where().add("client = {}", caller.name).add("origin = {}", "mm")
    where.add_if("order_id = {}", order_id).add_if("bookmaker = {}", bookmaker).days("created_at", days)
    wanted = chosen(status, list(BET_STATUSES))
    if wanted is not None:
        where.add("status = any({})", [ours for published in wanted for ours in BET_STATUSES[published]])
    return JsonAnswer(await page_of(context.database, "bets", where, "created_at desc, bet_id desc", paging, bet_shape))


@router.get("/bets/summary", response_model=BetSummary)
async def summarise_bets(caller: CallerOf, context: Context, days: DaysOf) -> JsonAnswer:
    """Counts and stakes of your hedge bets that were made in the days given. Halves count as won or lost."""
    return JsonAnswer(await bet_summary(context.database, caller.name, days))


@router.get("/bets/{bet_id}", response_model=BetItem)
async def get_bet(caller: CallerOf, context: Context, bet_id: RowNumber) -> JsonAnswer:
    """One hedge bet of yours, with what was sent to the bookmaker and what came back."""
    row = await context.database.fetchrow(
        "select * from bets where bet_id = $1 and client = $2 and origin = 'mm'", bet_id, caller.name
    )
    if row is None:
        raise ApiError(404, "Bet not found")
    return JsonAnswer(bet_shape(row))
