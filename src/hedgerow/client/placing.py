"""Placing orders when an answer was lost: asked again with the same keys, and what the first request did is found.

The service takes a `requestUuid` once in thirty minutes. A repetition therefore never places twice; it is answered that
the orders are known, and they are then read by their keys. Source: the published contract, "Orders".
"""

from __future__ import annotations

from hedgerow.client.abp.models import GetOrdersResponse, OrderItem, PlaceOrdersResponse
from hedgerow.client.call import Call, Conversation, Repeat, Retries, query_of
from hedgerow.client.conversation import Asking, conversation
from hedgerow.client.errors import DuplicateError

_DUPLICATE = "Duplicate requestUuid"


def placing(call: Call[PlaceOrdersResponse], retries: Retries) -> Conversation[PlaceOrdersResponse]:
    """The answer of a placement, whichever of its attempts did it. Raises ClientError; DuplicateError where the orders
    were placed by another call."""
    asking = Asking(call, retries)
    try:
        told: PlaceOrdersResponse = yield from asking.run()
    except DuplicateError as error:
        if not asking.may_be_done:
            raise
        found = yield from _orders(error.uuids, retries)
        return PlaceOrdersResponse(status="accepted", accepted_orders=found, declined_orders=[])
    if not asking.may_be_done:
        return told
    known = [one.request_uuid for one in told.declined_orders if one.decline_reason == _DUPLICATE]
    if not known:
        return told
    found = yield from _orders(known, retries)
    ours = {one.request_uuid for one in found}
    declined = [one for one in told.declined_orders if one.request_uuid not in ours]
    return PlaceOrdersResponse(
        status="partial-success" if declined else "accepted",
        accepted_orders=[*told.accepted_orders, *found],
        declined_orders=declined,
    )


def _orders(uuids: list[str], retries: Retries) -> Conversation[list[OrderItem]]:
    query = query_of(requestUuids=",".join(uuids), limit=len(uuids))
    asked: Call[GetOrdersResponse] = Call("list_orders", "GET", "/orders", GetOrdersResponse, Repeat.SAFE, query)
    return (yield from conversation(asked, retries)).orders
