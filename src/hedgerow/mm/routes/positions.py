"""Positions, their summary, profit and loss."""

from __future__ import annotations

from fastapi import APIRouter

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.mm.analytics import POSITION_FILTERS, order_summary, positions, profit_and_loss
from hedgerow.mm.context import CallerOf, Context
from hedgerow.mm.listing import DaysOf, FixtureText, Text, chosen, listed
from hedgerow.mm.routes.answers import ERRORS
from hedgerow.mm.schemas.orders import OrderSummary
from hedgerow.mm.schemas.positions import PnLResponse, PositionsResponse

router = APIRouter(tags=["Positions"], route_class=ExactRoute, responses=ERRORS)


@router.get("/positions", response_model=PositionsResponse)
async def list_positions(
    caller: CallerOf,
    context: Context,
    days: DaysOf,
    fixture_id: FixtureText = None,
    exchange: Text = None,
    status: Text = "active",
) -> JsonAnswer:
    """Your orders by fixture, outcome, player and exchange.

    `status` says which orders count, several separated by commas: `open` (resting, not fully matched), `matched`
    (something has matched), `filled` (fully matched), `cancelled`, `active` (resting, or something has matched).
    """
    statuses = chosen(status, list(POSITION_FILTERS)) or ["active"]
    found = await positions(
        context.database, caller.name, days, statuses=statuses, fixture_id=fixture_id, exchange=exchange
    )
    return listed("positions", found)


@router.get("/positions/summary", response_model=OrderSummary)
async def summarise_positions(caller: CallerOf, context: Context, days: DaysOf) -> JsonAnswer:
    """Counts and stakes of the orders that make up your active positions."""
    active = POSITION_FILTERS["active"]
    return JsonAnswer(await order_summary(context.database, caller.name, days, only=active))


@router.get("/pnl", response_model=PnLResponse)
async def get_pnl(caller: CallerOf, context: Context, days: DaysOf) -> JsonAnswer:
    """Your profit and loss in USD, over all time or the days given.

    `realizedPnl` and `unrealizedPnl` are of orders on exchanges alone, without hedges and before `fees`: a settled
    order brings matchedStake × (1/probability - 1) when it won, -matchedStake when it lost, half of it for a half
    result, 0 when void; an unsettled one is counted as if it won. For a sell the stake is the money at risk and the
    probability 1 - price. `pnl` is the sum of both.

    What you have really earned, orders and hedges together and after fees, is `netRealizedSpread` (hedged) plus
    `nakedPnl` (not hedged). `lockedPnl` is what open hedged positions bring at least.
    """
    return JsonAnswer(await profit_and_loss(context.database, caller.name, days))
