"""What the protocol's codes mean: a table to our reasons, and the fork that money hangs on.

A code comes in two ways: in a bet that was rejected, or in a Problem with an error status. Source: the protocol's
OpenAPI document (Code, Problem) and its rules: a 4xx answer to a placement always means not placed, a code that is not
known counts as unknown, and after a 5xx the bridge is asked, unless it says itself that nothing was placed.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.bridge import wire

REASONS = {
    "price_changed": Reason.PRICE,
    "score_changed": Reason.PRICE,
    "suspended": Reason.PRICE,
    "not_offered": Reason.CLOSED,
    "past_cutoff": Reason.CLOSED,
    "betting_closed": Reason.CLOSED,
    "stake_too_low": Reason.LIMIT,
    "stake_too_high": Reason.LIMIT,
    "exposure_limit": Reason.LIMIT,
    "insufficient_funds": Reason.FUNDS,
    "too_frequent": Reason.RATE,
    "rate_limited": Reason.RATE,
    "unsupported": Reason.INVALID,
    "currency_not_allowed": Reason.INVALID,
    "malformed": Reason.INVALID,
    "account_restricted": Reason.ACCOUNT,
    "account_blocked": Reason.ACCOUNT,
    "unknown_account": Reason.ACCOUNT,
    # The customer's own protective limits: a person decides, nothing works around them.
    "responsible_gambling_limit": Reason.ACCOUNT,
    "unauthorized": Reason.AUTH,
    "signature_invalid": Reason.AUTH,
    "reference_conflict": Reason.DUPLICATE,
    "unknown_reference": Reason.UNKNOWN_ORDER,
    # The bet is proved not to be placed, and was not wrong: another one may be made.
    "fenced": Reason.OTHER,
    "expired": Reason.OTHER,
    "withdrawn": Reason.OTHER,
}

_BY_STATUS = {401: Reason.AUTH, 403: Reason.ACCOUNT, 429: Reason.RATE}
_NOT_PLACED = frozenset({"not_placed", "not_applicable"})

_decoder = msgspec.json.Decoder(wire.Problem)


def error_of(venue: str, answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an answer outside 2xx stands for. changes: whether the request could have placed a bet."""
    problem = _read(answer)
    code = problem.code if problem else None
    text = problem.message if problem else f"HTTP {answer.status} without a readable body"
    is_refusal = 400 <= answer.status < 500 and answer.status != 408
    if changes and problem is not None and problem.outcome == "not_placed" and not is_refusal:
        return Unavailable(venue, operation, text, code=code, retry_after_s=problem.retry_after_seconds)
    if changes and (not is_refusal or (problem is not None and problem.outcome not in _NOT_PLACED)):
        return InDoubt(venue, operation, f"HTTP {answer.status}: {text}", code=code)
    if not is_refusal or (answer.status == 429 and not changes):
        wait_s = problem.retry_after_seconds if problem else None
        return Unavailable(venue, operation, f"HTTP {answer.status}: {text}", code=code, retry_after_s=wait_s)
    reason = REASONS.get(code or "") or _BY_STATUS.get(answer.status, Reason.OTHER)
    return Refused(venue, operation, text, reason=reason, code=code)


def error_of_rejection(venue: str, rejection: wire.Rejection | None) -> Refused:
    """The error of a bet that the bookmaker, or the bridge, did not take. Its state says so, whatever the code is."""
    if rejection is None:
        return Refused(venue, "place", "rejected without a reason", reason=Reason.OTHER)
    text = rejection.message or rejection.code.replace("_", " ")
    return Refused(venue, "place", text, reason=REASONS.get(rejection.code, Reason.OTHER), code=rejection.code)


def _read(answer: Answer) -> wire.Problem | None:
    """The body of an error answer; None when somebody else than the bridge wrote it. Never fails."""
    try:
        return _decoder.decode(answer.body)
    except UNREADABLE:
        return None
