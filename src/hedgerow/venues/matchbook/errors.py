"""What Matchbook's refusals mean: tables to our reasons, and the fork that money hangs on.

The venue publishes few codes; a refusal is told by its status, the field that it is about, and its text. Sources: the
sheet's section on errors, the recorded bodies of the Java SDK's tests; fields and texts that no recording shows are
guessed, and what is not known stays what its status says.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.matchbook import wire

VENUE = VenueSlug("matchbook")

_BY_TEXT = (
    ("insufficient", Reason.FUNDS),
    ("free funds", Reason.FUNDS),
    ("not open", Reason.CLOSED),
    ("suspended", Reason.CLOSED),
    ("closed", Reason.CLOSED),
    ("does not exist", Reason.CLOSED),
    ("not found", Reason.CLOSED),
)
"""What a text speaks of goes before the field that it is about."""

_BY_FIELD = {
    "stake": Reason.LIMIT,
    "odds": Reason.INVALID,
    "side": Reason.INVALID,
    "runner-id": Reason.CLOSED,
    "market-status": Reason.CLOSED,
}
_BY_CODE = {"LOGIN_MFA_REQUIRED": Reason.ACCOUNT}
_BY_STATUS = {401: Reason.AUTH, 403: Reason.ACCOUNT, 404: Reason.CLOSED}

LOGIN, ON_AN_OFFER = "login", frozenset({"cancel", "order"})
"""Operations whose refusals mean something of their own: a wrong password; an offer that is not open (any more)."""

PAUSE_AFTER_429_S = 10.0
"""No time is told; that much too many requests block the account for minutes is assumed."""

_decoder = msgspec.json.Decoder(wire.ErrorBody)


def error_of(answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an answer outside 2xx stands for. changes: whether the request could have moved an offer; then
    5xx, and what is no plain refusal, leave it in doubt. A session that is over is Refused with Reason.AUTH."""
    errors = _read(answer)
    text = text_of(errors) or _without_text(answer.status)
    code = _code(errors)
    if answer.status == 429:
        return Unavailable(VENUE, operation, text, code=code, retry_after_s=PAUSE_AFTER_429_S)
    if not 400 <= answer.status < 500 or answer.status == 408:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}", code=code)
    return Refused(VENUE, operation, text, reason=_reason(answer.status, errors, operation), code=code)


def refusal_of(errors: Sequence[wire.FieldError], operation: str) -> Refused:
    """The refusal of one offer among others."""
    text = text_of(errors) or "the offer failed"
    return Refused(VENUE, operation, text, reason=_reason(400, errors, operation), code=_code(errors))


def text_of(errors: Sequence[wire.FieldError]) -> str:
    return "; ".join(message for error in errors for message in error.messages or ())


def _reason(status: int, errors: Sequence[wire.FieldError], operation: str) -> Reason:
    known = _BY_CODE.get(_code(errors) or "")
    if known is not None:
        return known
    if operation == LOGIN and status in (400, 401):
        return Reason.AUTH
    if operation in ON_AN_OFFER and status in (400, 404):
        return Reason.UNKNOWN_ORDER
    text = text_of(errors).casefold()
    told = next((reason for words, reason in _BY_TEXT if words in text), None)
    fields = (_BY_FIELD[error.field] for error in errors if error.field in _BY_FIELD)
    return told or next(fields, None) or _BY_STATUS.get(status, Reason.OTHER)


def _code(errors: Sequence[wire.FieldError]) -> str | None:
    return next((code for error in errors for code in error.codes or ()), None)


def _without_text(status: int) -> str:
    if status == 403:
        return "HTTP 403: access is barred, for this address or this account"
    return f"HTTP {status} without a readable body"


def _read(answer: Answer) -> list[wire.FieldError]:
    """The errors of an answer; never fails, whatever the body is."""
    try:
        return _decoder.decode(answer.body).errors
    except UNREADABLE:
        return []
