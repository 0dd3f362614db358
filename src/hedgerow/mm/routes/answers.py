"""Answers that several groups of routes give."""

from __future__ import annotations

from typing import Any

from hedgerow.api.answers import JsonAnswer
from hedgerow.api.models import ErrorResponse, HTTPValidationError
from hedgerow.mm.commands import CancelOutcome
from hedgerow.mm.schemas.trading import PartialCancelResponse

Responses = dict[int | str, dict[str, Any]]

ERRORS: Responses = {
    401: {"model": ErrorResponse, "description": "The key is missing, unknown, expired or inactive"},
    404: {"model": ErrorResponse, "description": "There is no such thing, or it is not yours"},
    422: {"model": HTTPValidationError, "description": "A parameter or the body is not as it should be"},
    429: {"model": ErrorResponse, "description": "Over the client's limit; `Retry-After` says how long to wait"},
}
MALFORMED: Responses = {400: {"model": ErrorResponse, "description": "The body changes nothing, or cannot be read"}}
TOO_LARGE: Responses = {413: {"model": ErrorResponse, "description": "The body is larger than 1 MiB"}}
CONFLICT: Responses = {409: {"model": ErrorResponse, "description": "The present state forbids it"}}
PARTIAL: Responses = {
    502: {"model": PartialCancelResponse, "description": "A cancel worked for some orders only; the ids of both"}
}


def partial_cancel(detail: str, outcome: CancelOutcome) -> JsonAnswer:
    """502 with the ids of the orders that were cancelled and of those that may still rest."""
    failures = [{"orderId": order_id, "reason": reason} for order_id, reason in outcome.failed.items()]
    return JsonAnswer(
        {
            "detail": detail,
            "cancelledOrderIds": list(outcome.cancelled),
            "failedOrderIds": list(outcome.failed),
            "failures": failures,
        },
        502,
    )
