"""What the venue's refusals mean, by table.

An error has a stable slug; what is not in the table is decided by the HTTP status: 4xx is a refusal, 5xx on a request
that changes something leaves it in doubt. Sources: dev.predict.fun "Errors" and "Rate limits"; slugs that users of the
API report (ccxt 4.5.90). The venue publishes no whole list.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

_REASONS: Mapping[str, Reason] = {
    "create_order_min_order_value_not_met": Reason.LIMIT,
    "create_order_insufficient_collateral_allowance": Reason.FUNDS,
    "create_order_insufficient_shares_allowance": Reason.FUNDS,
    "create_order_price_out_of_range": Reason.PRICE,
    "create_order_market_not_trading": Reason.CLOSED,
    "create_order_hash_mismatch": Reason.INVALID,
    "bad_request": Reason.INVALID,
}
_BY_STATUS: Mapping[int, Reason] = {401: Reason.AUTH, 403: Reason.ACCOUNT, 429: Reason.RATE}

_ADVICE: Mapping[Reason, str] = {
    Reason.AUTH: "check api_key, private_key and predict_account",
    Reason.ACCOUNT: "orders are not taken from where this process runs, or the wallet is blocked",
    Reason.FUNDS: "the balance, or the exchange contract's allowance, does not cover it",
}

# An order of another wallet is answered like a wrong key.
_FOREIGN = ("do not belong to", "does not belong to")

ON_AN_ORDER = frozenset({"cancel", "find", "cancel all"})
"""Operations that name an order: "not found" is about the order, not about the market."""

_LONGEST_TEXT = 200
_RATE_PAUSE_S = 60.0  # the length of the venue's windows

reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves orders."""
    problem = _problem(answer.body)
    said = problem.message or problem.error or answer.body[:_LONGEST_TEXT].decode("utf-8", "replace")
    said, code = said.strip()[:_LONGEST_TEXT] or "no reason given", problem.error or str(answer.status)
    if not 400 <= answer.status < 500 or answer.status == 408:
        if changes:
            return InDoubt(VENUE, operation, said, code)
        return Unavailable(VENUE, operation, said, code=code)
    reason = _reason(operation, answer.status, problem)
    advice = _ADVICE.get(reason)
    return Refused(VENUE, operation, f"{said}; {advice}" if advice else said, reason=reason, code=code)


def _reason(operation: str, status: int, problem: wire.Problem) -> Reason:
    if status == 404:
        return Reason.UNKNOWN_ORDER if operation in ON_AN_ORDER else Reason.CLOSED
    if any(words in problem.message for words in _FOREIGN):
        return Reason.UNKNOWN_ORDER
    return _REASONS.get(problem.error) or _BY_STATUS.get(status, Reason.OTHER)


def pause_of(answer: Answer) -> float:
    """The seconds that an answer about too many requests asks us to wait."""
    told = answer.headers.get("ratelimit-reset", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 6 else _RATE_PAUSE_S


def _problem(body: bytes) -> wire.Problem:
    try:
        return read(wire.Problem, body)
    except UnreadableError:
        return wire.Problem()
