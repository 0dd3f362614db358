"""Placing orders and stopping them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.abp.context import ApiContext, CallerOf, Context
from hedgerow.abp.events import ANY_BOOKMAKER, Shape
from hedgerow.abp.intake import Declined, OrderRequest
from hedgerow.abp.orders import AbpOrder, PriceRule
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.routes.answers import (
    ERRORS,
    MALFORMED,
    TOO_LARGE,
    UNKNOWN,
    Responses,
    enriched,
    no_filter,
    shown,
    slugs,
)
from hedgerow.abp.routes.orders import refuse_others
from hedgerow.abp.routes.quick import read
from hedgerow.abp.schemas import (
    CancelOrdersRequest,
    CancelOrdersResponse,
    DuplicatesResponse,
    PlaceOrderRequest,
    PlaceOrdersRequest,
    PlaceOrdersResponse,
)
from hedgerow.abp.service import Cancellation
from hedgerow.abp.validation import DUPLICATE
from hedgerow.api.answers import ExactRequest, ExactRoute, JsonAnswer
from hedgerow.api.auth import Caller, authenticated
from hedgerow.api.models import ErrorResponse
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId

router = APIRouter(tags=["Orders"], route_class=ExactRoute, responses=ERRORS)

_DUPLICATES: Responses = {
    409: {"model": DuplicatesResponse, "description": "Every order was asked for within the last thirty minutes"}
}
_FUTURES: Responses = {501: {"model": ErrorResponse, "description": "Futures cannot be bet on yet"}}
_FULL: Responses = {
    503: {"model": ErrorResponse, "description": "Too many orders wait, or the database is away; try again"}
}
_NOT_CANCELLABLE = "Order not cancellable"


class _QuickRoute(APIRoute):
    """The usual request does not pass through the framework's own reading and checking (`routes.quick`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_quickly(request: Request) -> Response:
            exact = ExactRequest(request.scope, request.receive)
            if exact.headers.get("content-type") != "application/json":
                return await handle(exact)
            body, key = await exact.body(), exact.headers.get("x-api-key")
            try:
                exact.app.state.context.placing.check_room()  # reading a hundred orders takes longer than refusing them
            except ApiError:
                await authenticated(exact, key)  # who has no key is told so, and nothing else
                raise
            orders = read(body)
            if orders is None:
                return await handle(exact)
            caller = await authenticated(exact, key)
            return await _place(caller, exact.app.state.context, orders)

        return handle_quickly


async def place_orders(caller: CallerOf, context: Context, body: PlaceOrdersRequest) -> JsonAnswer:
    """Takes orders. What is in `acceptedOrders` is committed and worked on until it is filled or expires: follow it on
    the WebSocket or with `GET /orders`. What breaks a rule is in `declinedOrders` with the reason."""
    return await _place(caller, context, asked_for(body))


router.add_api_route(
    "/place-orders",
    place_orders,
    methods=["POST"],
    response_model=PlaceOrdersResponse,
    responses=MALFORMED | TOO_LARGE | _DUPLICATES | _FUTURES | _FULL,
    route_class_override=_QuickRoute,
)


async def _place(caller: Caller, context: ApiContext, orders: Sequence[OrderRequest]) -> JsonAnswer:
    allowed = frozenset(caller.key.bookmakers) or None
    answers = await context.placing.place(caller.client.client, allowed, orders)
    declined = [answer for answer in answers if isinstance(answer, Declined)]
    if all(isinstance(answer, Declined) and answer.reason == DUPLICATE for answer in answers):
        return await _duplicates(context, caller.name, [answer.request.request_uuid for answer in declined])
    accepted = [answer for answer in answers if isinstance(answer, AbpOrder)]
    status = "declined" if not accepted else "partial-success" if declined else "accepted"
    return JsonAnswer(
        {
            "status": status,
            "acceptedOrders": shown(context, accepted, {}),  # as they were accepted: nothing is bet yet
            "declinedOrders": [_declined(answer, caller.name) for answer in declined],
        }
    )


@router.post("/cancel-orders", response_model=CancelOrdersResponse, responses=MALFORMED | TOO_LARGE | UNKNOWN)
async def cancel_orders(caller: CallerOf, context: Context, body: CancelOrdersRequest) -> JsonAnswer:
    """Stops open orders that match any of the filters. Bets that are placed stay, and their orders are in
    `notCancelled`, as are orders that had ended."""
    ids = tuple(body.order_ids or ())
    wanted = OrderFilter(ids, tuple(map(str, body.request_uuids or ())), body.user_ref)
    if wanted == OrderFilter():
        raise no_filter("orderIds", "requestUuids", "userRef")
    await refuse_others(context, caller.name, ids)
    result = await context.placing.cancel(caller.client.client, wanted)
    if not (result.cancelled or result.not_cancelled or wanted.user_ref):
        raise ApiError(404, "No such order")
    return JsonAnswer(await _cancelled(context, result))


@router.post("/cancel-all-orders", response_model=CancelOrdersResponse)
async def cancel_all_orders(caller: CallerOf, context: Context) -> JsonAnswer:
    """Stops every open order of yours. Bets that are placed stay."""
    return JsonAnswer(await _cancelled(context, await context.placing.cancel(caller.client.client, None)))


def asked_for(body: PlaceOrdersRequest) -> list[OrderRequest]:
    """The orders of a body that fits the models. Raises RequestValidationError, ApiError 501 for futures."""
    _check_shape(body.orders)
    if any(order.future_id for order in body.orders):
        raise ApiError(501, "Futures order placement is not yet implemented")
    return [_request(order) for order in body.orders]


def _check_shape(orders: Sequence[PlaceOrderRequest]) -> None:
    """Either a fixture or a future. Raises RequestValidationError that names every order with neither or both."""
    faults: list[dict[str, Any]] = []
    for index, order in enumerate(orders):
        loc = ("body", "orders", index, "fixtureId")
        if order.fixture_id and order.future_id:
            faults.append({"loc": loc, "msg": "fixtureId and futureId exclude each other", "type": "value_error"})
        elif not order.fixture_id and not order.future_id:
            faults.append({"loc": loc, "msg": "Field required", "type": "missing"})
    if faults:
        raise RequestValidationError(faults)


def _request(order: PlaceOrderRequest) -> OrderRequest:
    return OrderRequest(
        str(order.request_uuid),
        FixtureId(order.fixture_id or ""),
        OutcomeId(order.outcome_id),
        PlayerId(order.player_id),
        order.order_price,
        order.order_stake,
        order.user_ref,
        order.test_order,
        slugs(order.bookmakers),
        order.order_currency,
        order.back,
        order.expires_at,
        order.accept_better_odds,
        order.accept_partial_stake,
        PriceRule(order.price_rule),
        order.meta or {},
    )


def _declined(answer: Declined, client: str) -> Shape:
    asked = answer.request
    return {
        "requestUuid": asked.request_uuid,
        "allowedBookmakers": ANY_BOOKMAKER if asked.bookmakers is None else ",".join(sorted(asked.bookmakers)),
        "fixtureId": asked.fixture_id,
        "outcomeId": asked.outcome_id,
        "playerId": asked.player_id,
        "orderPrice": asked.price,
        "orderStake": asked.stake,
        "userRef": asked.user_ref,
        "testOrder": asked.is_test,
        "orderCurrency": asked.currency,
        "back": asked.is_back,
        "clientName": client,
        "declineReason": answer.reason,
        "bets": [],
    }


async def _duplicates(context: ApiContext, client: str, uuids: Sequence[str]) -> JsonAnswer:
    orders = await context.orders.find(client, OrderFilter(request_uuids=tuple(uuids)), limit=len(uuids))
    in_progress = {order.asked.request_uuid for order in orders if order.status.is_open}
    return JsonAnswer(
        {
            "detail": "Duplicate request - requestUuid already in-flight",
            "duplicateUuids": list(uuids),
            "inProgressUuids": [one for one in uuids if one in in_progress],
        },
        409,
    )


async def _cancelled(context: ApiContext, result: Cancellation) -> Shape:
    cancelled = await enriched(context, result.cancelled)
    others = await enriched(context, [order for order, _ in result.not_cancelled])
    reasons = (reason for _, reason in result.not_cancelled)
    status = "cancelled" if not others else "partial-success" if cancelled else "not-cancelled"
    return {
        "status": status,
        "cancelledCount": len(cancelled),
        "cancelled": cancelled,
        "notCancelled": {
            "reason": _NOT_CANCELLABLE,
            "orders": [order | {"reason": reason} for order, reason in zip(others, reasons, strict=True)],
        },
    }
