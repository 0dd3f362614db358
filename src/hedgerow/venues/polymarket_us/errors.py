"""What the venue's refusals mean, by table.

Two layers say no. The API answers with an HTTP status and, as gRPC has it, a number; the exchange behind it refuses an
order that has its id already, with a reason on the stream. Of the latter the generic one says its meaning in words
only, which are not published: those that are told apart here are guesses, and what is not recognised stays OTHER.
Sources: the sheet's sections 4 and 8; the venue's pages "Orders API Overview" and "Rate Limits".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

_BY_CODE: Mapping[int, Reason] = {3: Reason.INVALID, 7: Reason.ACCOUNT, 8: Reason.RATE, 16: Reason.AUTH}
_BY_STATUS: Mapping[int, Reason] = {
    400: Reason.INVALID,
    401: Reason.AUTH,
    403: Reason.ACCOUNT,
    404: Reason.CLOSED,
    429: Reason.RATE,
}
_PRECONDITION = 9

_REJECTIONS: Mapping[str, Reason] = {
    "ORD_REJECT_REASON_UNKNOWN_MARKET": Reason.CLOSED,
    "ORD_REJECT_REASON_EXCHANGE_CLOSED": Reason.CLOSED,
    "ORD_REJECT_REASON_INCORRECT_QUANTITY": Reason.LIMIT,
    "ORD_REJECT_REASON_INVALID_PRICE_INCREMENT": Reason.PRICE,
    "ORD_REJECT_REASON_INCORRECT_ORDER_TYPE": Reason.INVALID,
    "ORD_REJECT_REASON_PRICE_OUT_OF_BOUNDS": Reason.PRICE,
    "ORD_REJECT_REASON_NO_LIQUIDITY": Reason.PRICE,
}
_WORDS = (
    ("buying power", Reason.FUNDS),
    ("insufficient", Reason.FUNDS),
    ("initiat", Reason.PRICE),
    ("cross", Reason.PRICE),
)
_LATE = "global rate limit exceeded"
"""Not a limit: the exchange refused an order that had waited for five seconds."""

ON_AN_ORDER = frozenset({"cancel", "cancel many", "order"})
"""Operations that name an order: "not found" is about the order, not about the market."""

_LONGEST_TEXT = 200

reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves orders."""
    problem = _problem(answer.body)
    said = problem.message.strip()[:_LONGEST_TEXT] or f"HTTP {answer.status}"
    code = str(problem.code or answer.status)
    if not 400 <= answer.status < 500 or answer.status == 408:
        return (InDoubt if changes else Unavailable)(VENUE, operation, said, code=code)
    return Refused(VENUE, operation, said, reason=_reason(operation, answer.status, problem.code), code=code)


def _reason(operation: str, status: int, code: int | str) -> Reason:
    if operation in ON_AN_ORDER and (status == 404 or code == _PRECONDITION):
        return Reason.UNKNOWN_ORDER
    return (_BY_CODE.get(code) if isinstance(code, int) else None) or _BY_STATUS.get(status, Reason.OTHER)


def rejection(reason: str, text: str) -> VenueError:
    """What it means that the exchange refused an order that has its id: nothing of it rests or traded."""
    said = ": ".join(part[:_LONGEST_TEXT] for part in (reason, text) if part) or "rejected without a reason"
    words = text.casefold()
    if _LATE in words:
        return Unavailable(VENUE, "place", said, code=reason, retry_after_s=0.0)
    known = _REJECTIONS.get(reason) or next((why for part, why in _WORDS if part in words), Reason.OTHER)
    return Refused(VENUE, "place", said, reason=known, code=reason)


def _problem(body: bytes) -> wire.Problem:
    try:
        return read(wire.Problem, body)
    except UnreadableError:
        return wire.Problem()
