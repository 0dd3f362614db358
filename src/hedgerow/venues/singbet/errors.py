"""What the broker's texts mean: a table to our reasons, and the fork that money hangs on.

The document has no list of codes: Code 0 is good, -1 a failure whose text says why, and texts differ by book. They are
compared case-folded, by the words in them. Source: the venue sheet; 300 (nothing listed) and -200 (still on its way):
public clients.
"""

from __future__ import annotations

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug

VENUE = VenueSlug("singbet")

GOOD, FAILED, NOTHING = 0, -1, 300

_SESSION = ("session", "log in", "logged in", "token", "not registered")

# A bet with such a text may have been made.
_UNCLEAR = ("processing", "pending", "timeout", "timed out", "time out", "unknown", "in transit")
_AWAY = ("maintenance",)

_REASONS = (
    (("odds changed", "odds has changed", "odds have changed", "price", "score"), Reason.PRICE),
    (("minimum", "maximum", "limit"), Reason.LIMIT),
    (("credit", "balance", "funds"), Reason.FUNDS),
    (("account", "permission"), Reason.ACCOUNT),
    (("closed", "not found", "suspended", "not available"), Reason.CLOSED),
    (("not valid", "not supported", "is required"), Reason.INVALID),
)


class SessionOverError(Exception):
    """The broker does not know the session any more; nothing was done."""


def is_session(text: str) -> bool:
    return _has(text, _SESSION)


def failure(operation: str, code: int, text: str, *, changes: bool) -> VenueError:
    """What a failure with a text stands for. changes: whether the request could have made a bet; then an unclear one,
    and any code but -1, leaves it in doubt."""
    told = text.strip() or f"code {code}"
    if _has(told, _AWAY):
        return Unavailable(VENUE, operation, told, code=f"{code}")
    if code != FAILED or _has(told, _UNCLEAR):
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, told, code=f"{code}")
    return Refused(VENUE, operation, told, reason=reason_of(told), code=f"{code}")


def reason_of(text: str) -> Reason:
    return next((reason for words, reason in _REASONS if _has(text, words)), Reason.OTHER)


def http_error(operation: str, status: int, *, changes: bool) -> VenueError:
    """What an answer outside 2xx stands for: a plain refusal does nothing, whatever else is in doubt."""
    text = f"HTTP {status}"
    if not 400 <= status < 500 or status == 408:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, text)
    if status == 429:
        return Refused(VENUE, operation, text, reason=Reason.RATE) if changes else Unavailable(VENUE, operation, text)
    return Refused(VENUE, operation, text, reason=Reason.ACCOUNT if status == 403 else Reason.INVALID)


def _has(text: str, words: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return any(word in folded for word in words)
