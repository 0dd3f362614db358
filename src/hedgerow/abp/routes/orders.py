"""Orders: reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from hedgerow.abp.context import ApiContext, CallerOf, Context, denied
from hedgerow.abp.events import bet_shape
from hedgerow.abp.receipt_shapes import decision_shapes
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.routes.answers import (
    BETS,
    ERRORS,
    MALFORMED,
    UNKNOWN,
    Limit,
    Text,
    Texts,
    enriched,
    no_filter,
    numbers,
    page,
    uuids,
)
from hedgerow.abp.schemas import GetOrdersResponse, ReceiptResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.core.errors import ApiError

router = APIRouter(tags=["Orders"], route_class=ExactRoute, responses=ERRORS)


@router.get("/orders", response_model=GetOrdersResponse, responses=MALFORMED | UNKNOWN)
async def list_orders(
    caller: CallerOf,
    context: Context,
    order_ids: Annotated[Texts, Query(alias="orderIds", examples=["123,456"])] = None,
    request_uuids: Annotated[Texts, Query(alias="requestUuids")] = None,
    user_ref: Annotated[Text, Query(alias="userRef")] = None,
    after_order_id: Annotated[int | None, Query(alias="afterOrderId", ge=0, lt=2**63)] = None,
    limit: Limit = 100,
) -> JsonAnswer:
    """Your orders that match any of the filters, newest first, with their bets. `nextCursor` is `afterOrderId` of the
    next page."""
    ids = numbers("orderIds", order_ids)
    wanted = OrderFilter(ids, uuids("requestUuids", request_uuids), user_ref or None)
    if wanted == OrderFilter():
        raise no_filter("orderIds", "requestUuids", "userRef")
    await refuse_others(context, caller.name, ids)
    found = await context.orders.find(caller.name, wanted, before_id=after_order_id, limit=limit + 1)
    return JsonAnswer(page("orders", "orderId", await enriched(context, found), limit))


async def refuse_others(context: ApiContext, client: str, order_ids: Sequence[int]) -> None:
    """Raises ApiError 403 when one of the orders is another client's."""
    if order_ids and await context.database.fetchval(
        "select exists (select 1 from abp_orders where order_id = any($1) and client <> $2)", order_ids, client
    ):
        raise denied("order")


@router.get("/orders/{order_id}/receipt", response_model=ReceiptResponse, responses=UNKNOWN)
async def get_receipt(caller: CallerOf, context: Context, order_id: Annotated[int, Path(ge=0, lt=2**63)]) -> JsonAnswer:
    """Every decision about an order with all that it was made from: what was wanted, each candidate with its price and
    limits and which of them bound, who got how much and why, who was left out and why, and what each bet was answered.
    The decision can be made again from it."""
    row = await context.database.fetchrow(
        "select client, request_uuid, status, reason from abp_orders where order_id = $1", order_id
    )
    if row is None:
        raise ApiError(404, "Order not found")
    if row["client"] != caller.name:
        raise denied("order")
    bets = await context.database.fetch(f"{BETS} and b.order_id = $1 order by b.bet_id", order_id)
    shapes = [{"accountId": bet["account_id"]} | bet_shape(bet) for bet in bets]
    return JsonAnswer(
        {
            "orderId": order_id,
            "requestUuid": str(row["request_uuid"]),
            "orderStatus": row["status"],
            "statusReason": row["reason"] or None,
            "decisions": decision_shapes(await context.orders.receipts(order_id), shapes),
        }
    )
