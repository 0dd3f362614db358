"""What ProphetX's refusals mean: one table from its codes to our reasons, and the fork that money hangs on.

Sources: the table of errors in docs.prophetx.co "Submit order" (2026-09-10); the sheet's older names. An unknown code
stays what its status says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.prophetx import wire
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

VENUE = VenueSlug("prophetx")

_REASONS: Mapping[str, Reason] = {
    "unauthorized": Reason.AUTH,
    "session_num_exceed": Reason.ACCOUNT,
    "insufficient_amount": Reason.FUNDS,
    "wallet_not_found": Reason.ACCOUNT,
    "order_external_id_existed": Reason.DUPLICATE,
    "order_ref_id_existed": Reason.DUPLICATE,
    "invalid_external_id": Reason.INVALID,
    "invalid_price": Reason.PRICE,
    "invalid_quantity": Reason.LIMIT,
    "order_invalid_profit": Reason.LIMIT,
    "order_quantity_exceeds_max": Reason.LIMIT,
    "order_limit_exceeded": Reason.LIMIT,
    "strike_id_invalid": Reason.CLOSED,
    "invalid_strike_id": Reason.INVALID,
    "event_not_available": Reason.CLOSED,
    "sport_event_not_found": Reason.CLOSED,
    "sport_event_is_not_booked": Reason.CLOSED,
    "sport_event_competitor_blacklisted": Reason.CLOSED,
    "supplemental_market_pre_match_only": Reason.CLOSED,
    "err_order_placement_disabled": Reason.CLOSED,
    "err_add_liquidity_only_disabled": Reason.OTHER,
    "order_already_filled": Reason.UNKNOWN_ORDER,
    "order_already_cancelled": Reason.UNKNOWN_ORDER,
    "order_is_invalid": Reason.UNKNOWN_ORDER,
    "order_not_belongs_to_user": Reason.UNKNOWN_ORDER,
    "order_not_matching_external_id": Reason.UNKNOWN_ORDER,
    "invalid_order_id": Reason.UNKNOWN_ORDER,
    "no_cancellable_orders": Reason.UNKNOWN_ORDER,
}
_BY_STATUS: Mapping[int, Reason] = {401: Reason.AUTH, 403: Reason.ACCOUNT, 404: Reason.CLOSED}
_NOT_YET: Mapping[str, float] = {"order_is_placing": 1.0, "order_opened_retry": 0.3, "opened_retry": 0.3}
"""Nothing was done; seconds after which the same can be asked again."""

_NOT_DONE = frozenset({"order_not_belongs_to_user"})
"""Refusals, though the status says that something broke."""

ON_AN_ORDER = frozenset({"cancel", "order"})
"""Operations that name an order: "not found" is about that."""

NOTHING_RESTS = "no_cancellable_orders"
PAUSE_AFTER_429_S = 1.0
_TOO_MANY = 429
_LONGEST_TEXT = 200

reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def error_of(answer: Answer, operation: str, *, changes: bool) -> VenueError:
    """The error that an answer outside 2xx stands for. changes: whether the request could have moved an order; then
    408, 5xx and what is no plain refusal leave it in doubt."""
    problem = _problem(answer)
    code = problem.error or problem.code
    text = (problem.message or code or f"HTTP {answer.status} without a readable body")[:_LONGEST_TEXT]
    if answer.status == _TOO_MANY:
        return Unavailable(VENUE, operation, text, code=code, retry_after_s=pause_of(answer))
    if code is not None and code in _NOT_YET:
        return Unavailable(VENUE, operation, text, code=code, retry_after_s=_NOT_YET[code])
    is_refusal = 400 <= answer.status < 500 and answer.status != 408
    if not is_refusal and code not in _NOT_DONE:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}", code=code)
    return Refused(VENUE, operation, text, reason=_reason(answer.status, code or "", operation), code=code)


def pause_of(answer: Answer) -> float:
    """The seconds that an answer about too many requests asks us to wait."""
    told = answer.headers.get("retry-after", "")
    return (
        max(float(told), PAUSE_AFTER_429_S)
        if told.isascii() and told.isdecimal() and len(told) < 5
        else PAUSE_AFTER_429_S
    )


def _reason(status: int, code: str, operation: str) -> Reason:
    if status == 404 and operation in ON_AN_ORDER:
        return Reason.UNKNOWN_ORDER
    return _REASONS.get(code) or _BY_STATUS.get(status, Reason.OTHER)


def _problem(answer: Answer) -> wire.Problem:
    """Never fails, whatever the body is."""
    try:
        return read(wire.Problem, answer.body)
    except UnreadableError:
        return wire.Problem()
