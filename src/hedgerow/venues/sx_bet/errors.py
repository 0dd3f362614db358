"""What the venue's refusals mean, by table.

An HTTP error has a code or texts, and the orders of an accepted request have codes of their own; both are read by one
table. What is not in it is decided by the HTTP status: 4xx is a refusal, everything else on a request that changes
something leaves it in doubt. Sources: the SX sheet, section 7 (ccxt's comments mark what was seen live); * marks a
guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.net.http import Answer
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading
from hedgerow.venues.sx_bet import wire

VENUE = VenueSlug("sx.bet")

REASONS: Mapping[str, Reason] = {
    "INSUFFICIENT_BALANCE": Reason.FUNDS,
    "INVALID_MARKET": Reason.CLOSED,
    "MATCH_STATE_INVALID": Reason.CLOSED,
    "MARKET_HALTED": Reason.CLOSED,
    "EVENT_LIFECYCLE": Reason.CLOSED,
    "ORDERS_ALREADY_EXIST": Reason.DUPLICATE,
    "TOO_MANY_DIFFERENT_MARKETS": Reason.INVALID,
    "BAD_BASE_TOKEN": Reason.INVALID,
    "BAD_MARKET_HASHES": Reason.INVALID,
    "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED": Reason.INVALID,
    "INVALID_ODDS": Reason.INVALID,
    "TOTAL_BET_SIZE_TOO_LOW": Reason.LIMIT,
    "NO_LIQUIDITY": Reason.PRICE,
    "EXPIRED": Reason.INVALID,
    "INSUFFICIENT_KYC": Reason.ACCOUNT,
    "PROXY_NOT_DEPLOYED": Reason.ACCOUNT,
    "PROXY_ACCOUNT_INVALID": Reason.ACCOUNT,
    "INVALID_USER": Reason.AUTH,
    "BAD_AUTH": Reason.AUTH,
    "INVALID_SIGNATURE": Reason.AUTH,  # *
    "NOT_FOUND": Reason.UNKNOWN_ORDER,
}

# Texts, in lower case; the first that is found in a message decides.
_FRAGMENTS = (
    ("insufficient available balance", Reason.FUNDS),
    ("order not found", Reason.UNKNOWN_ORDER),
    ("no longer supported", Reason.INVALID),
    ("must be", Reason.INVALID),
)

_ADVICE = {
    "PROXY_NOT_DEPLOYED": "deploy and fund the proxy wallet at the venue",
    "INVALID_USER": "the key belongs to another network, or to nobody",
    "BAD_AUTH": "check the API key",
    "INSUFFICIENT_KYC": "the venue wants to know more about the account's owner",
}

_BY_STATUS = {401: Reason.AUTH, 403: Reason.ACCOUNT, 404: Reason.UNKNOWN_ORDER, 429: Reason.RATE}

_LONGEST_TEXT = 200
_RATE_PAUSE_S = 1.0  # where a "too many requests" does not say how long


reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves orders."""
    text = _text(answer)
    if not 400 <= answer.status < 500 or answer.status == 408:
        kind = InDoubt if changes else Unavailable
        return kind(VENUE, operation, f"HTTP {answer.status}: {text}")
    if answer.status == 429:
        return Refused(VENUE, operation, text, reason=Reason.RATE, code="429")
    reason = reason_of(text) or _BY_STATUS.get(answer.status, Reason.OTHER)
    return Refused(VENUE, operation, _advised(text), reason=reason, code=str(answer.status))


def order_error(operation: str, code: str | None) -> Refused:
    """What a refused order inside an accepted request means."""
    text = (code or "no reason given")[:_LONGEST_TEXT]
    return Refused(VENUE, operation, _advised(text), reason=reason_of(text) or Reason.OTHER, code=text)


def reason_of(text: str) -> Reason | None:
    """By code, else by what the text holds; None for one that the table has not."""
    lower = text.lower()
    found = (reason for fragment, reason in _FRAGMENTS if fragment in lower)
    return REASONS.get(text) or next(found, None)


def pause_of(answer: Answer) -> float:
    """Seconds that a "too many requests" asks us to wait."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 6 else _RATE_PAUSE_S


def _advised(text: str) -> str:
    return f"{text}; {_ADVICE[text]}" if text in _ADVICE else text


def _text(answer: Answer) -> str:
    try:
        problem = read(wire.Problem, answer.body)
    except UnreadableError:
        return answer.body[:_LONGEST_TEXT].decode("utf-8", "replace")
    told = problem.message if problem.message is not None else problem.error
    return ("; ".join(told) if isinstance(told, list) else told or "no reason given")[:_LONGEST_TEXT]
