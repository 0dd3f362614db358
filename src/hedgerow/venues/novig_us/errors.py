"""What the venue's refusals mean, by table.

The venue publishes statuses and no bodies: texts are looked at for what they speak of, and what is not in the table is
decided by the status. Sources: docs.novig.com "Rate limits" (waiting times are milliseconds), "Lock status"; the words
of the texts are guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.novig_us import wire
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

VENUE = VenueSlug("novig.us")

_BY_TEXT = (
    ("insufficient", Reason.FUNDS),
    ("balance", Reason.FUNDS),
    ("not open", Reason.CLOSED),
    ("closed", Reason.CLOSED),
    ("lock", Reason.CLOSED),
    ("outcome", Reason.CLOSED),
    ("price", Reason.PRICE),
    ("qty", Reason.LIMIT),
    ("quantity", Reason.LIMIT),
    ("invalid", Reason.INVALID),
)
"""Looked for in this order."""

_BY_STATUS: Mapping[int, Reason] = {
    401: Reason.AUTH,
    403: Reason.ACCOUNT,
    404: Reason.CLOSED,
    423: Reason.CLOSED,
    451: Reason.ACCOUNT,
}
_ADVICE: Mapping[Reason, str] = {
    Reason.AUTH: "check client_id and client_secret",
    Reason.ACCOUNT: "the account may not do this, or not from where this process runs",
}

LOGIN, CANCEL, FIND = "sign in", "cancel", "find"
_ON_AN_ORDER = frozenset({CANCEL, FIND})
"""Operations that name an order: what is not found is the order, not the market."""

_LONGEST_TEXT = 200
_PAUSE_S = 1.0  # where no time is told

reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves orders."""
    said, code = _said(answer.body), str(answer.status)
    if answer.status == 429:
        return Unavailable(VENUE, operation, said, code=code, retry_after_s=pause_of(answer))
    if not 400 <= answer.status < 500 or answer.status == 408:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, said, code=code)
    reason = _reason(operation, answer.status, said)
    advice = _ADVICE.get(reason)
    return Refused(VENUE, operation, f"{said}; {advice}" if advice else said, reason=reason, code=code)


def pause_of(answer: Answer) -> float:
    """The seconds that an answer about too many requests asks us to wait. It tells milliseconds."""
    told = answer.headers.get("retry-after", "")
    return int(told) / 1000 if told.isascii() and told.isdecimal() and len(told) < 8 else _PAUSE_S


def _reason(operation: str, status: int, said: str) -> Reason:
    if operation in _ON_AN_ORDER and status in (400, 404):
        return Reason.UNKNOWN_ORDER
    if operation == LOGIN and status in (400, 401, 403):
        return Reason.AUTH
    known = _BY_STATUS.get(status)
    text = said.casefold()
    return known or next((reason for words, reason in _BY_TEXT if words in text), Reason.OTHER)


def _said(body: bytes) -> str:
    """The error's text; never fails, whatever the body is."""
    try:
        problem = read(wire.Problem, body)
    except UnreadableError:
        problem = wire.Problem()
    message = problem.message if isinstance(problem.message, str) else "; ".join(problem.message)
    said = message or problem.error or body[:_LONGEST_TEXT].decode("utf-8", "replace")
    return said.strip()[:_LONGEST_TEXT] or "no reason given"
