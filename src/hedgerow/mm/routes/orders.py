"""Orders on exchanges: lists, one by one, why they were quoted so, and their cancelling."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError
from hedgerow.core.states import OrderStatus
from hedgerow.mm.analytics import order_summary
from hedgerow.mm.commands import CancelOutcome
from hedgerow.mm.context import ApiContext, CallerOf, Context
from hedgerow.mm.disputes import settlement_of
from hedgerow.mm.events import order_shape
from hedgerow.mm.listing import (
    DaysOf,
    FixtureText,
    PageOf,
    RowNumber,
    Text,
    Where,
    chosen,
    listed,
    page_of,
)
from hedgerow.mm.routes.answers import CONFLICT, ERRORS, PARTIAL, partial_cancel
from hedgerow.mm.schemas.orders import ExplainResponse, OpenOrdersResponse, OrderItem, OrderPage, OrderSummary
from hedgerow.mm.schemas.trading import CancelResponse

router = APIRouter(tags=["Orders"], route_class=ExactRoute, responses=ERRORS)

_NEWEST_FIRST = "created_at desc, order_id desc"
_STATUSES = [status.value for status in OrderStatus]
_OPEN = [status.value for status in OrderStatus if status.is_open]


@router.get("/orders", response_model=OrderPage)
async def list_orders(
    caller: CallerOf,
    context: Context,
    paging: PageOf,
    days: DaysOf,
    fixture_id: FixtureText = None,
    exchange: Text = None,
    status: Text = None,
) -> JsonAnswer:
    """Your orders, newest first. `status` takes several values, separated by commas, e.g. `PLACED,FILLED`."""
    where = _where(caller.name, fixture_id, exchange).days("created_at", days)
    where.add_if("status = any({})", chosen(status, _STATUSES))
    return JsonAnswer(await page_of(context.database, "mm_orders", where, _NEWEST_FIRST, paging, order_shape))


@router.get("/orders/open", response_model=OpenOrdersResponse)
async def list_open_orders(
    caller: CallerOf, context: Context, fixture_id: FixtureText = None, exchange: Text = None
) -> JsonAnswer:
    """All your orders that rest on exchanges, or are on their way there, newest first."""
    where = _where(caller.name, fixture_id, exchange)
    # The statuses stand in the text, so that the index of open orders serves.
    rows = await context.database.fetch(
        f"""select * from mm_orders where {where.sql} and status in ('PENDING_PLACEMENT', 'PLACED')
              and account_id = any(array(select account_id from accounts where client = $1))
            order by {_NEWEST_FIRST}""",
        *where.values,
    )
    return listed("orders", [order_shape(row) for row in rows])


@router.get("/orders/summary", response_model=OrderSummary)
async def summarise_orders(caller: CallerOf, context: Context, days: DaysOf) -> JsonAnswer:
    """Counts and stakes of all your orders that were made in the days given."""
    return JsonAnswer(await order_summary(context.database, caller.name, days))


@router.post("/orders/cancel-all", response_model=CancelResponse, responses=PARTIAL)
async def cancel_all_orders(
    caller: CallerOf, context: Context, exchange: Text = None, fixture_id: FixtureText = None
) -> JsonAnswer:
    """Cancels every open order of yours, or those at one exchange or on one fixture. New ones may be posted at once:
    `POST /trading/stop` keeps them away."""
    await context.controls(caller)
    outcome = await context.market_making.cancel(caller.name, exchange=exchange, fixture_id=fixture_id)
    return _cancelled(outcome)


@router.get("/orders/{order_id}", response_model=OrderItem)
async def get_order(caller: CallerOf, context: Context, order_id: RowNumber) -> JsonAnswer:
    """One order of yours."""
    return JsonAnswer(order_shape(await _order(context, caller.name, order_id)))


@router.post("/orders/{order_id}/cancel", response_model=CancelResponse, responses=PARTIAL | CONFLICT)
async def cancel_order(caller: CallerOf, context: Context, order_id: RowNumber) -> JsonAnswer:
    """Cancels one order. 409 when it is not open (any more)."""
    row = await _order(context, caller.name, order_id)
    if row["status"] not in _OPEN:
        raise ApiError(409, f"The order is {row['status']} and cannot be cancelled")
    outcome = await context.market_making.cancel(caller.name, order_id=order_id)
    if outcome.is_complete and order_id not in outcome.cancelled:
        raise ApiError(409, "The order is not open any more")
    return _cancelled(outcome)


@router.get("/orders/{order_id}/explain", response_model=ExplainResponse)
async def explain_order(caller: CallerOf, context: Context, order_id: RowNumber, paging: PageOf) -> JsonAnswer:
    """Why the order was quoted as it was: the derivation of each of its prices, newest first. And how it was settled:
    what its exchange paid, its hedges, the feed's grade, and who contradicts whom."""
    order = await _order(context, caller.name, order_id)
    where = Where().add("order_id = {}", order_id)
    page = await page_of(context.database, "mm_quotes", where, "quote_id desc", paging, _derivation)
    return JsonAnswer({"orderId": order_id, **page, "settlement": await settlement_of(context.database, order)})


def _where(client: str, fixture_id: str | None, exchange: str | None) -> Where:
    where = Where().add("client = {}", client)
    return where.add_if("fixture_id = {}", fixture_id).add_if("exchange = {}", exchange)


async def _order(context: ApiContext, client: str, order_id: int) -> Any:
    row = await context.database.fetchrow(
        "select * from mm_orders where order_id = $1 and client = $2", order_id, client
    )
    if row is None:
        raise ApiError(404, "Order not found")
    return row


def _cancelled(outcome: CancelOutcome) -> JsonAnswer:
    if not outcome.is_complete:
        return partial_cancel("Some orders could not be cancelled", outcome)
    ids = list(outcome.cancelled)
    return JsonAnswer({"status": "cancelled", "cancelledCount": len(ids), "cancelledOrderIds": ids})


def _derivation(row: Any) -> dict[str, Any]:
    return {
        "at": row["at"],
        "action": row["action"],
        "side": row["side"],
        "price": row["price"],
        "size": row["size"],
        "breakEven": row["break_even"],
        "edge": row["edge"],
        "why": row["why"],
    }
