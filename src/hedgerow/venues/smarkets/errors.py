"""What Smarkets' refusals mean: its `error_type` in one table to our reasons, and the fork that money hangs on.

Sources: the venue's OpenAPI description, which lists the types of every call; the sheet's section on errors. An unknown
type stays what its status says.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.parse import time_ms

VENUE = VenueSlug("smarkets")

_REASONS = {
    "INVALID_CREDENTIALS": Reason.AUTH,
    "AUTH_REQUIRED": Reason.AUTH,
    "INVALID_TOKEN": Reason.AUTH,
    "PASSWORD_RESET_NEEDED": Reason.ACCOUNT,
    "INVALID_DEVICE_COOKIE": Reason.ACCOUNT,
    "REQUEST_VALIDATION_ERROR": Reason.INVALID,
    "ORDER_INVALID_INVALID_PRICE": Reason.INVALID,
    "ORDER_INVALID_INVALID_QUANTITY": Reason.LIMIT,
    "ORDER_REJECTED_INSUFFICIENT_FUNDS": Reason.FUNDS,
    "ORDER_REJECTED_LIMIT_EXCEEDED": Reason.LIMIT,
    "ORDER_REJECTED_STAKE_LIMIT_EXCEEDED": Reason.LIMIT,
    "ORDER_REJECTED_CROSSED_SELF": Reason.PRICE,
    "ORDER_REJECTED_ACCOUNT_SUSPENDED": Reason.ACCOUNT,
    "ORDER_REJECTED_MARKET_NOT_FOUND": Reason.CLOSED,
    "ORDER_REJECTED_CONTRACT_NOT_FOUND": Reason.CLOSED,
    "ORDER_REJECTED_TRADING_SUSPENDED": Reason.CLOSED,
    "ORDER_REJECTED_MARKET_HALTED": Reason.CLOSED,
    "ORDER_REJECTED_MARKET_NOT_OPEN": Reason.CLOSED,
    "ORDER_REJECTED_MARKET_SETTLED": Reason.CLOSED,
    "ORDER_REJECTED_CONTRACT_SETTLED": Reason.CLOSED,
    "ORDER_CANCELLED_MARKET_HALTED": Reason.CLOSED,
    "ORDER_CANCELLED_TRADING_SUSPENDED": Reason.CLOSED,
    "ORDER_CANCELLED_INSUFFICIENT_LIQUIDITY": Reason.PRICE,
    "ORDER_CANCEL_REJECTED_NOT_FOUND": Reason.UNKNOWN_ORDER,
    "ORDER_CANCEL_REJECTED_NOT_LIVE": Reason.UNKNOWN_ORDER,
    "ORDER_CANCEL_REJECTED_TOO_LATE": Reason.UNKNOWN_ORDER,
    "ORDER_CANCEL_REJECTED_ACCOUNT_SUSPENDED": Reason.ACCOUNT,
}
_BY_STATUS = {400: Reason.OTHER, 401: Reason.AUTH, 403: Reason.ACCOUNT, 404: Reason.CLOSED, 451: Reason.ACCOUNT}

_NOT_NOW = ("THROTTLE_EXCEEDED", "SERVICE_TEMPORARILY_UNAVAILABLE", "CAPACITY_REACHED")
"""Ends of refusals after which the same can be asked again."""
_DID_NOTHING = "_UNAVAILABLE"
"""End of the types of a 503 that says that a service was not reached; of a timeout nothing is known."""

_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


def error_of(answer: Answer, operation: str, *, changes: bool, now_ms: int) -> VenueError:
    """The error that an answer outside 2xx stands for. changes: whether the request could have moved an order; then
    what is no plain refusal leaves it in doubt. A session that is over is Refused with Reason.AUTH."""
    body = _read(answer)
    codes = [code.strip() for code in body.error_type.split(",")]
    code = next((code for code in codes if code in _REASONS), codes[0]) or None
    text = _text(body) or code or f"HTTP {answer.status} without a readable body"
    if answer.status == 429:
        return Unavailable(VENUE, operation, text, code=code, retry_after_s=_pause_s(body, now_ms))
    if not 400 <= answer.status < 500 or answer.status == 408:
        is_sure = not changes or (answer.status == 503 and (code or "").endswith(_DID_NOTHING))
        kind = Unavailable if is_sure else InDoubt
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}", code=code)
    if (code or "").endswith(_NOT_NOW):
        return Unavailable(VENUE, operation, text, code=code, retry_after_s=_PAUSE_S)
    reason = _REASONS.get(code or "") or _BY_STATUS.get(answer.status, Reason.OTHER)
    return Refused(VENUE, operation, text, reason=reason, code=code)


def _text(body: wire.ErrorBody) -> str:
    try:
        return msgspec.json.decode(body.data, type=str)[:200]
    except UNREADABLE:
        return ""


def _pause_s(body: wire.ErrorBody, now_ms: int) -> float:
    """Until the time that the venue tells, by our clock; between a second and a minute."""
    try:
        told_s = (time_ms(read(wire.Limit, body.data).expiry) - now_ms) / 1000
    except UnreadableError:
        told_s = _LONGEST_PAUSE_S
    return min(max(told_s, _PAUSE_S), _LONGEST_PAUSE_S)


def _read(answer: Answer) -> wire.ErrorBody:
    """Never fails, whatever the body is."""
    try:
        return read(wire.ErrorBody, answer.body)
    except UnreadableError:
        return wire.ErrorBody()
