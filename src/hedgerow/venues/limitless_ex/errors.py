"""What the venue's refusals mean, by table.

An error has a status and a text, no code: where the status does not say enough, words that are known decide. 4xx is a
refusal; 5xx on an order leaves it in doubt, also in a maintenance. Sources: docs.limitless.exchange (create-order,
maintenance-mode), words that ccxt 4.5.90 and users report. The venue publishes no list.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.limitless_ex.auth import VENUE
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

_WORDS: tuple[tuple[str, Reason], ...] = (
    ("insufficient", Reason.FUNDS),
    ("allowance", Reason.FUNDS),
    ("invalid signature", Reason.AUTH),
    ("receive window", Reason.AUTH),
    ("maintenance", Reason.CLOSED),
    ("not active", Reason.CLOSED),
    ("resolved", Reason.CLOSED),
    ("expired", Reason.CLOSED),
)
"""Looked for in this order, in lower case."""

_BY_STATUS: Mapping[int, Reason] = {
    401: Reason.AUTH,
    403: Reason.ACCOUNT,
    409: Reason.DUPLICATE,
    429: Reason.RATE,
}
_WITHOUT_WORDS: Mapping[int, Reason] = {404: Reason.CLOSED, 422: Reason.LIMIT}

_ADVICE: Mapping[Reason, str] = {
    Reason.AUTH: "check api_token, api_secret and private_key, and this machine's clock",
    Reason.ACCOUNT: "the token's scopes or the account do not allow it",
    Reason.FUNDS: "the balance, or the allowance of the market's exchange contract or fee module, does not cover it",
}

_LONGEST_TEXT = 200
_RATE_PAUSE_S = 5.0

reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves money."""
    said, is_list = _said(answer.body)
    code = str(answer.status)
    if not 400 <= answer.status < 500 or answer.status == 408:
        if changes:
            return InDoubt(VENUE, operation, said, code)
        return Unavailable(VENUE, operation, said, code=code)
    reason = Reason.INVALID if is_list else _reason(answer.status, said.lower())
    advice = _ADVICE.get(reason)
    return Refused(VENUE, operation, f"{said}; {advice}" if advice else said, reason=reason, code=code)


def _reason(status: int, said: str) -> Reason:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    by_words = (reason for words, reason in _WORDS if words in said)
    return next(by_words, _WITHOUT_WORDS.get(status, Reason.OTHER))


def pause_of(answer: Answer) -> float:
    """The seconds that an answer about too many requests asks us to wait."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 4 else _RATE_PAUSE_S


def _said(body: bytes) -> tuple[str, bool]:
    """The words of an error, and whether they are a list of members that are wrong."""
    try:
        raw = bytes(read(wire.Problem, body).message)
        told = msgspec.json.decode(raw)
    except (UnreadableError, *UNREADABLE):
        raw, told = body, None
    text = told if isinstance(told, str) else raw.decode("utf-8", "replace")
    return text.strip()[:_LONGEST_TEXT] or "no reason given", isinstance(told, list)
