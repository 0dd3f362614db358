"""What Cloudbet's statuses mean: a table to our reasons, and the fork that money hangs on.

One enumeration says how a request, a bet and its result ended; here is what of it is a refusal. Sources:
`response.proto` of `cloudbet/docs` (Status, with its comments); issues #111 (dead market keys), #120 (limits), #176 and
#180 (403 from the firewall). What HTTP status a refusal has is not documented, so the body's word goes before it.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.cloudbet import wire

ABOVE_MAX, DUPLICATE = "STAKE_ABOVE_MAX", "DUPLICATE_REQUEST"

REASONS = {
    "PRICE_ABOVE_MARKET": Reason.PRICE,
    "MARKET_SUSPENDED": Reason.CLOSED,
    ABOVE_MAX: Reason.LIMIT,
    "STAKE_BELOW_MIN": Reason.LIMIT,
    "LIABILITY_LIMIT_EXCEEDED": Reason.LIMIT,
    "INSUFFICIENT_FUNDS": Reason.FUNDS,
    "RESTRICTED": Reason.ACCOUNT,
    "VERIFICATION_REQUIRED": Reason.ACCOUNT,
    "MALFORMED_REQUEST": Reason.INVALID,
}
"""Statuses of bets that were not taken."""

_BY_HTTP = {401: Reason.AUTH, 403: Reason.ACCOUNT, 429: Reason.RATE}
_NO_ACCESS = "access to this is not granted to the key from here"

_decoder = msgspec.json.Decoder(wire.Error)


def refusal(venue: str, status: str, text: str) -> Refused:
    """The error of a bet that was refused. venue: which of the slugs; status: one of REASONS."""
    return Refused(venue, "place", text or status.replace("_", " ").lower(), reason=REASONS[status], code=status)


def error_of(
    venue: str, answer: Answer, operation: str, *, changes: bool, retry_after_s: float | None = None
) -> VenueError:
    """The error that an HTTP answer outside 2xx stands for. venue: which of the slugs; changes: whether the request
    could have placed a bet; then whatever is no plain refusal leaves it in doubt. A question is Unavailable then, and
    when it came too soon."""
    code, text = _read(answer)
    if not 400 <= answer.status < 500 or answer.status == 408 or code == wire.INTERNAL_ERROR:
        kind = InDoubt if changes else Unavailable
        return kind(venue, operation, f"HTTP {answer.status}: {text}", code=code)
    if answer.status == 429 and not changes:
        return Unavailable(venue, operation, text, code=code, retry_after_s=retry_after_s)
    reason = _BY_HTTP.get(answer.status) or REASONS.get(code or "", Reason.OTHER)
    return Refused(venue, operation, text, reason=reason, code=code)


def _read(answer: Answer) -> tuple[str | None, str]:
    """(status, text for people) of an error answer; never fails, whatever the body is."""
    try:
        body = _decoder.decode(answer.body)
    except UNREADABLE:
        return None, _NO_ACCESS if answer.status == 403 else f"HTTP {answer.status} without a readable body"
    return body.status, body.error or body.status or f"HTTP {answer.status}"
