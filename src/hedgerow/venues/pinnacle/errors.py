"""What Pinnacle's error codes mean: a table to our reasons, and the fork that money hangs on.

A code comes in two ways: as an HTTP error, or in a placement that was answered with 200 and PROCESSED_WITH_ERROR. One
table serves the venue's two slugs: partners have codes of their own beside the clients'. Sources: betsapi.v4 and b2b
betsapi OpenAPI files (errorCode of a straight bet, ErrorResponse), the README's rate limiting, the FAQ "How to handle
unexpected error when placing a bet" (any unexpected error may have placed it).
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.pinnacle import wire

REASONS = {
    # The line is another one by now, or stands still for a moment: a new lineId is needed.
    "LINE_CHANGED": Reason.PRICE,
    "SCORE_CHANGED": Reason.PRICE,
    "RED_CARDS_CHANGED": Reason.PRICE,
    "OFFLINE_EVENT": Reason.PRICE,
    "BETTING_SUSPENDED": Reason.PRICE,
    "LIMIT_PRICE_IS_WORST_THAN_CURRENT": Reason.PRICE,
    "ABOVE_MAX_BET_AMOUNT": Reason.LIMIT,
    "ABOVE_EVENT_MAX": Reason.LIMIT,
    "BELOW_MIN_BET_AMOUNT": Reason.LIMIT,
    "INSUFFICIENT_FUNDS": Reason.FUNDS,
    "PAST_CUTOFFTIME": Reason.CLOSED,
    "INVALID_EVENT": Reason.CLOSED,
    "ALL_BETTING_CLOSED": Reason.CLOSED,
    "ALL_LIVE_BETTING_CLOSED": Reason.CLOSED,
    "DUPLICATED_REQUEST": Reason.DUPLICATE,
    "DUPLICATE_UNIQUE_REQUEST_ID": Reason.DUPLICATE,
    "TIME_RESTRICTION": Reason.RATE,
    "TOO_MANY_REQUESTS": Reason.RATE,
    "INVALID_REQUEST_DATA": Reason.INVALID,
    "INVALID_ODDS_FORMAT": Reason.INVALID,
    "LISTED_PITCHERS_SELECTION_ERROR": Reason.INVALID,
    "UNIQUE_REQUEST_ID_REQUIRED": Reason.INVALID,
    "INVALID_SOURCEID": Reason.INVALID,
    "SOURCEID_TOO_LONG": Reason.INVALID,
    "INVALID_CREDENTIALS": Reason.AUTH,
    "INVALID_AUTHORIZATION_HEADER": Reason.AUTH,
    "INVALID_PARTNER_KEY": Reason.AUTH,
    "NO_API_ACCESS": Reason.ACCOUNT,
    "ACCOUNT_INACTIVE": Reason.ACCOUNT,
    "BLOCKED_BETTING": Reason.ACCOUNT,
    "BLOCKED_CLIENT": Reason.ACCOUNT,
    "INVALID_COUNTRY": Reason.ACCOUNT,
    "INCOMPLETE_CUSTOMER_BETTING_PROFILE": Reason.ACCOUNT,
    "INVALID_CUSTOMER_PROFILE": Reason.ACCOUNT,
    "LIMITS_CONFIGURATION_ISSUE": Reason.ACCOUNT,
    "LICENCE_RESTRICTION_LIVE_BETTING_BLOCKED": Reason.ACCOUNT,
    # The partner's set-up, or the address that it calls from.
    "INVALID_PARTNER": Reason.ACCOUNT,
    "PARTNER_PROFILE_IS_NOT_FOUND": Reason.ACCOUNT,
    "CUSTOMER_TYPE_DOES_NOT_MATCH_PARTNER": Reason.ACCOUNT,
    "PARTNER_SOURCE_IP_IS_INVALID": Reason.ACCOUNT,
    # The customer's own protective limits: a person decides, nothing works around them.
    "RESPONSIBLE_BETTING_LOSS_LIMIT_EXCEEDED": Reason.ACCOUNT,
    "RESPONSIBLE_BETTING_RISK_LIMIT_EXCEEDED": Reason.ACCOUNT,
}

CLOSED_CODES = frozenset({"ALL_BETTING_CLOSED", "ALL_LIVE_BETTING_CLOSED"})
"""The whole venue takes no (live) bets; `GET /v4/bets/betting-status` says when that is over."""

# The venue did not keep the request, because it was busy with the line: it may be sent again.
_NOT_PLACED = frozenset({"RESUBMIT_REQUEST"})

# "Unexpected error": the bet may have been placed. Its siblings 1 and 2 are listed for other bet types.
_UNKNOWN_OUTCOME = frozenset({"SYSTEM_ERROR_1", "SYSTEM_ERROR_2", "SYSTEM_ERROR_3", "UNEXPECTED_ERROR"})

_BY_STATUS = {401: Reason.AUTH, 403: Reason.ACCOUNT, 429: Reason.RATE}

_decoder = msgspec.json.Decoder(wire.ErrorBody)


def error_of(venue: str, answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an HTTP answer outside 2xx stands for. venue: which of the slugs; changes: whether the request
    could have placed a bet; then 408, 5xx and whatever is no plain refusal leave it in doubt. A request that only reads
    is Unavailable."""
    code, text = _read(answer)
    if not 400 <= answer.status < 500 or answer.status == 408 or code in _UNKNOWN_OUTCOME:
        kind = InDoubt if changes else Unavailable
        return kind(venue, operation, f"HTTP {answer.status}: {text}", code=code)
    if code in _NOT_PLACED:
        return Unavailable(venue, operation, text, code=code)
    reason = REASONS.get(code or "") or _BY_STATUS.get(answer.status, Reason.OTHER)
    return Refused(venue, operation, text, reason=reason, code=code)


def error_of_placement(venue: str, code: str | None) -> VenueError:
    """The error of a bet that was processed with an error. One whose code is not known was not placed either: that is
    what the status says."""
    text = (code or "processed with an error").replace("_", " ").lower()
    if code in _UNKNOWN_OUTCOME:
        return InDoubt(venue, "place", text, code=code)
    if code in _NOT_PLACED:
        return Unavailable(venue, "place", text, code=code)
    return Refused(venue, "place", text, reason=REASONS.get(code or "", Reason.OTHER), code=code)


def _read(answer: Answer) -> tuple[str | None, str]:
    """(code, text for people) of an error answer; never fails, whatever the body is."""
    try:
        body = _decoder.decode(answer.body)
    except UNREADABLE:
        return None, f"HTTP {answer.status} without a readable body"
    return body.code, body.message or body.code or f"HTTP {answer.status}"
