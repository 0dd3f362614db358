"""What 4casters' refusals mean: of a whole request by its status, of one order by its `errorType`, then its words.

The texts may change and `errorType` may not, says the venue. Source: its pages on orders' errors and on each request.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues._4casters import wire

VENUE = VenueSlug("4casters")

_BY_TYPE = {
    "validation_error": Reason.INVALID,
    "rejected_liability": Reason.ACCOUNT,
    "rejected_order_type_rules": Reason.PRICE,
}
_BY_WORDS = (
    ("insufficient", Reason.FUNDS),
    ("game not found", Reason.CLOSED),
    ("not active", Reason.CLOSED),
    ("inactive", Reason.CLOSED),
    ("ended", Reason.CLOSED),
    ("bet must be", Reason.LIMIT),
)
"""What a text speaks of goes before its type. The first is in the venue's examples, the others are near them."""

_TRANSIENT = "system_error"

_BY_STATUS = {401: Reason.AUTH, 403: Reason.ACCOUNT, 404: Reason.CLOSED}
ON_AN_ORDER = frozenset({"cancel", "order"})
"""Operations whose refusals mean that the order does not rest (any more): no id, another's, filled."""

_PAUSE_S = 5.0
"""After too many requests, where the venue names no time."""

_decoder = msgspec.json.Decoder(wire.ErrorBody)


def error_of(answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an answer outside 2xx stands for. changes: whether the request could have moved an order; then 5xx
    leave it in doubt. A token that is over is Refused with Reason.AUTH."""
    text = _text(answer)
    if answer.status == 429:
        return Unavailable(VENUE, operation, text, retry_after_s=_pause_s(answer))
    if not 400 <= answer.status < 500 or (answer.status == 408 and changes):
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}")
    if operation in ON_AN_ORDER and answer.status in (400, 403, 404, 409):
        return Refused(VENUE, operation, text, reason=Reason.UNKNOWN_ORDER)
    return Refused(VENUE, operation, text, reason=_BY_STATUS.get(answer.status, Reason.INVALID))


def order_error(text: str, error_type: str | None) -> VenueError:
    """Why one order of a placement was not processed: the venue says that it surely was not."""
    if error_type == _TRANSIENT:
        return Unavailable(VENUE, "place", text, code=error_type)
    told = next((reason for words, reason in _BY_WORDS if words in text.casefold()), None)
    reason = told or _BY_TYPE.get(error_type or "", Reason.OTHER)
    return Refused(VENUE, "place", text, reason=reason, code=error_type)


def _text(answer: Answer) -> str:
    """Never fails, whatever the body is."""
    try:
        error = _decoder.decode(answer.body).error
    except UNREADABLE:
        error = None
    text = error.message if isinstance(error, wire.ErrorDetail) else error
    return text or f"HTTP {answer.status} without a readable body"


def _pause_s(answer: Answer) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() and len(told) < 5 else _PAUSE_S
