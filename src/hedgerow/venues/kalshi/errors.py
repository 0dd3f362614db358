"""What Kalshi's error answers mean: a table from its codes to our reasons, and the fork that money hangs on.

Sources: docs.kalshi.com getting_started/order_errors (shapes; "408, any 5xx or a dropped connection is an unknown
outcome"; an unknown code on 400, 403, 404, 409, 410, 429 is a rejection), fix/error-handling (the engine's upper-case
names), getting_started/rate_limits (429). Codes marked * were seen in public reports of users, not in the documents.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.kalshi import wire

VENUE = VenueSlug("kalshi")

# The matching engine's names: REST answers some of them as they are, others in lower case.
_ENGINE_REASONS = {
    "INSUFFICIENT_BALANCE": Reason.FUNDS,
    "MARKET_INACTIVE": Reason.CLOSED,
    "MARKET_ALREADY_CLOSED": Reason.CLOSED,
    "MARKET_NOT_FOUND": Reason.CLOSED,
    "EXCHANGE_PAUSED": Reason.CLOSED,
    "TRADING_PAUSED": Reason.CLOSED,
    "ORDER_ALREADY_EXISTS": Reason.DUPLICATE,
    "SELF_CROSS_ATTEMPT": Reason.PRICE,
    "EXCEEDED_ORDER_GROUP_RISK_LIMIT": Reason.LIMIT,
    "EXCEEDED_PER_MARKET_RISK_LIMIT": Reason.LIMIT,
    "ORDER_GROUP_NOT_FOUND": Reason.INVALID,
}

REASONS = {
    **_ENGINE_REASONS,
    **{code.lower(): reason for code, reason in _ENGINE_REASONS.items()},
    "fill_or_kill_insufficient_resting_volume": Reason.PRICE,
    "immediate_or_cancel_insufficient_resting_volume": Reason.PRICE,  # *
    "invalid_order": Reason.INVALID,
    "invalid_parameters": Reason.INVALID,  # *
    "invalid_price": Reason.INVALID,  # *
    "invalid_order_size": Reason.LIMIT,  # *
    "trading_is_paused": Reason.CLOSED,  # *
    "exchange_is_paused": Reason.CLOSED,  # *
    "missing_parameters": Reason.INVALID,
    "bad_request": Reason.INVALID,
    "deprecated_v1_order_endpoint": Reason.INVALID,
    "header_timestamp_expired": Reason.AUTH,  # *
    "too many requests": Reason.RATE,
}

# A post-only order that would trade has no code of its own: it is an invalid_order with these details.
POST_ONLY_CROSS = "post only cross"

# What the engine answers when it cannot say whether it acted, whatever the HTTP status around it.
_UNKNOWN_OUTCOME = frozenset({"EXCHANGE_UNAVAILABLE", "exchange_unavailable"})

_BY_STATUS = {
    401: Reason.AUTH,
    403: Reason.ACCOUNT,
    404: Reason.CLOSED,
    410: Reason.INVALID,
    429: Reason.RATE,
}

# Operations that name an order: "not found" is about the order, not about the market.
ON_AN_ORDER = frozenset({"amend", "cancel", "order"})

_decoder = msgspec.json.Decoder(wire.ErrorBody)


def error_of(answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an answer outside 2xx stands for.

    changes: whether the request could have moved an order. Then 408, 5xx and anything that is no plain refusal leave
    it in doubt; a request that only reads is Unavailable.
    """
    code, text = _read(answer)
    if not 400 <= answer.status < 500 or answer.status == 408 or code in _UNKNOWN_OUTCOME:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}", code=code)
    return Refused(VENUE, operation, text, reason=_reason(answer.status, code, text, operation), code=code)


def batch_error(item: wire.BatchCancelled | None) -> VenueError | None:
    """Why an order of a batch was not cancelled, from its item of the answer; None: it was. An item has no HTTP status:
    a code that is not known is no refusal that could be relied on."""
    if item is None or (item.error is None and item.reduced_by is None):
        return InDoubt(VENUE, "cancel", "the answer does not tell of the order")
    if item.error is None:
        return None
    code = item.error.code
    text = ": ".join(part for part in (item.error.message, item.error.details) if part) or code or "no reason given"
    if code == "not_found":
        return Refused(VENUE, "cancel", text, reason=Reason.UNKNOWN_ORDER, code=code)
    reason = REASONS.get(code or "")
    if reason is None or code in _UNKNOWN_OUTCOME:
        return InDoubt(VENUE, "cancel", text, code=code)
    return Refused(VENUE, "cancel", text, reason=reason, code=code)


def _reason(status: int, code: str | None, text: str, operation: str) -> Reason:
    if status == 404 and operation in ON_AN_ORDER and REASONS.get(code or "") is None:
        return Reason.UNKNOWN_ORDER
    if code == "invalid_order" and POST_ONLY_CROSS in text.casefold():
        return Reason.PRICE
    return REASONS.get(code or "") or _BY_STATUS.get(status, Reason.OTHER)


def _read(answer: Answer) -> tuple[str | None, str]:
    """(code, text for people) of an error answer; never fails, whatever the body is."""
    try:
        body = _decoder.decode(answer.body)
    except UNREADABLE:
        return None, f"HTTP {answer.status} without a readable body"
    if isinstance(body.error, str):
        return body.error, body.error
    detail = body.error or wire.ErrorDetail(body.code, body.message or body.msg, body.details)
    text = ": ".join(part for part in (detail.message, detail.details) if part)
    return detail.code, text or detail.code or f"HTTP {answer.status}"
