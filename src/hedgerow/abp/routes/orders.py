"""Orders: reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from hedgerow.abp.context import ApiContext, CallerOf, Context, denied
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.routes.answers import (
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
from hedgerow.abp.schemas import GetOrdersResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer

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
