"""What the venue's refusals mean, by table.

The venue has texts and few codes, so the table holds fragments of texts, in lower case. What is not in it is decided
by the HTTP status: 4xx is a refusal, 5xx on a request that changes something leaves it in doubt.

Source: Polymarket documentation "Error Codes" and "Matching Engine Restarts", read 2026-11-21; texts about wallets
from the official clients' issue trackers (py-clob-client-v2 issues 70, 74, 83, 104).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket import wire
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.reading import reading as _reading

VENUE = "polymarket"

VERSION_MISMATCH = "order_version_mismatch"


class Fate(StrEnum):
    """What is known of a request that was not simply refused."""

    NOTHING_DONE = "nothing_done"
    UNKNOWN = "unknown"


class _Rule(NamedTuple):
    fragment: str
    meaning: Reason | Fate
    advice: str = ""


_WALLET_ADVICE = "name the wallet that holds the money as funder, with its signature_type (3 for a deposit wallet)"
_PLACE_ADVICE = "orders are not taken from where this process runs"

# The first fragment that is found decides.
_RULES: Sequence[_Rule] = (
    _Rule(VERSION_MISMATCH, Reason.INVALID),
    _Rule("is invalid. duplicated", Reason.DUPLICATE),
    _Rule("crosses book", Reason.PRICE),
    _Rule("crosses the book", Reason.PRICE),
    _Rule("minimum tick size", Reason.PRICE),
    _Rule("invalid price", Reason.PRICE),
    _Rule("fully filled", Reason.PRICE),
    _Rule("filled or killed", Reason.PRICE),
    _Rule("lower than the minimum", Reason.LIMIT),
    _Rule("min size", Reason.LIMIT),
    _Rule("not enough balance", Reason.FUNDS, "the balance, or the exchange contract's allowance, does not cover it"),
    _Rule("insufficient balance", Reason.FUNDS),
    _Rule("allowance is not enough", Reason.FUNDS, "approve the exchange contract"),
    _Rule("not yet ready", Reason.CLOSED),
    _Rule("market not found", Reason.CLOSED),
    _Rule("no orderbook exists", Reason.CLOSED),
    _Rule("does not exist", Reason.CLOSED),  # "the orderbook {token} does not exist", as a closed market answers
    _Rule("market is closed", Reason.CLOSED),
    _Rule("not accepting orders", Reason.CLOSED),
    _Rule("invalid expiration", Reason.INVALID),
    _Rule("invalid nonce", Reason.INVALID),
    _Rule("invalid order payload", Reason.INVALID),
    _Rule("invalid orderid", Reason.INVALID),
    _Rule("invalid signature", Reason.AUTH, "check private_key, funder and signature_type"),
    _Rule("invalid api key", Reason.AUTH, "check the API key and the machine's clock"),
    _Rule("invalid l1 request headers", Reason.AUTH, "check private_key and the machine's clock"),
    _Rule("address of the api key", Reason.ACCOUNT, _WALLET_ADVICE),
    _Rule("owner of the api key", Reason.ACCOUNT, _WALLET_ADVICE),
    _Rule("maker address not allowed", Reason.ACCOUNT, _WALLET_ADVICE),
    _Rule("address banned", Reason.ACCOUNT, "ask the venue's support"),
    _Rule("closed only mode", Reason.ACCOUNT, "the account may only close positions; ask the venue's support"),
    _Rule("geoblock", Reason.ACCOUNT, _PLACE_ADVICE),
    _Rule("restricted jurisdiction", Reason.ACCOUNT, _PLACE_ADVICE),
    _Rule("restricted in your region", Reason.ACCOUNT, _PLACE_ADVICE),
    _Rule("already canceled or matched", Reason.UNKNOWN_ORDER),
    _Rule("order not found", Reason.UNKNOWN_ORDER),
    _Rule("can't be found", Reason.UNKNOWN_ORDER),
    _Rule("too many requests", Reason.RATE),
    _Rule("trading is currently disabled", Fate.NOTHING_DONE),
    _Rule("cancel-only", Fate.NOTHING_DONE),
    _Rule("post-only mode", Fate.NOTHING_DONE),
    # An order that is held for a delay is answered like a refused one, and a request that the venue gave up on is
    # answered with 400 whatever became of it.
    _Rule("order match delayed", Fate.UNKNOWN),
    _Rule("order timed out", Fate.UNKNOWN),
    _Rule("context canceled", Fate.UNKNOWN),
    _Rule("could not insert order", Fate.UNKNOWN),
    _Rule("could not run the execution", Fate.UNKNOWN),
    _Rule("error delaying the order", Fate.UNKNOWN),
)

_BY_STATUS = {
    401: _Rule("", Reason.AUTH, "check the API key and the machine's clock"),
    403: _Rule("", Reason.ACCOUNT, _PLACE_ADVICE),
    451: _Rule("", Reason.ACCOUNT, _PLACE_ADVICE),
    404: _Rule("", Reason.UNKNOWN_ORDER),
    408: _Rule("", Fate.UNKNOWN),
    425: _Rule("", Fate.NOTHING_DONE, "the matching engine restarts"),
    429: _Rule("", Reason.RATE, "too many requests"),
}

_NEVER_PROCESSED = frozenset({425, 429})

_RESTART_PAUSE_S = 2.0  # the documentation's first pause while the engine restarts
_LONGEST_TEXT = 200


def answer_error(operation: str, answer: Answer, *, changes: bool) -> VenueError:
    """What an answer that is not 2xx means. changes: the request was one that moves orders."""
    problem = _problem(answer.body)
    text = (
        problem.error or problem.errorMsg or problem.error_msg or answer.body[:_LONGEST_TEXT].decode("utf-8", "replace")
    )
    rule = _rule_of_answer(answer.status, text)
    code = problem.code or str(answer.status)
    return _error(operation, text, rule, code, changes=changes, retry_after_s=_retry_after_s(answer, problem))


def text_error(operation: str, text: str, *, changes: bool) -> VenueError:
    """What a text inside an answer of status 200 means: a refused order, or a leg of a batch."""
    return _error(operation, text, _rule_of(text) or _Rule("", Reason.OTHER), None, changes=changes)


def _error(
    operation: str, text: str, rule: _Rule, code: str | None, *, changes: bool, retry_after_s: float | None = None
) -> VenueError:
    said = text.strip()[:_LONGEST_TEXT] or "no reason given"
    message = f"{said}; {rule.advice}" if rule.advice else said
    match rule.meaning:
        case Fate.NOTHING_DONE:
            return Unavailable(VENUE, operation, message, code=code, retry_after_s=retry_after_s)
        case Fate.UNKNOWN if changes:
            return InDoubt(VENUE, operation, message, code)
        case Fate.UNKNOWN:
            return Unavailable(VENUE, operation, message, code=code, retry_after_s=retry_after_s)
        case reason:
            return Refused(VENUE, operation, message, reason=reason, code=code)


def _rule_of_answer(status: int, text: str) -> _Rule:
    if status in _NEVER_PROCESSED:
        return _BY_STATUS[status]
    rule = _rule_of(text) or _BY_STATUS.get(status) or _Rule("", Reason.OTHER if status < 500 else Fate.UNKNOWN)
    if status >= 500 and isinstance(rule.meaning, Reason):
        return _Rule("", Fate.UNKNOWN)  # a text of the matching engine's, from inside a failure
    return rule


def _rule_of(text: str) -> _Rule | None:
    lower = text.lower()
    return next((rule for rule in _RULES if rule.fragment in lower), None)


def _problem(body: bytes) -> wire.Problem:
    try:
        return read(wire.Problem, body)
    except UnreadableError:
        return wire.Problem()


def pause_of(answer: Answer) -> float | None:
    """The seconds that an answer asks us to wait; None where it does not say."""
    return _retry_after_s(answer, _problem(answer.body))


def _retry_after_s(answer: Answer, problem: wire.Problem) -> float | None:
    """From the header or the body. A date is not read: the venue's are seconds."""
    told = answer.headers.get("retry-after")
    try:
        pause = Decimal(told) if told else problem.retry_after_seconds
    except InvalidOperation:
        pause = None
    if pause is not None and pause.is_finite() and pause >= 0:
        return float(pause)
    return _RESTART_PAUSE_S if answer.status == 425 else None


reading = partial(_reading, VENUE)
"""Of an answer of this venue: see `venues.reading`."""


_TICK_RULE = re.compile(r"minimum tick size rule: ([0-9.]+)")


def tick_in(text: str) -> Decimal | None:
    """The market's present tick, where a refusal names it."""
    found = _TICK_RULE.search(text)
    try:
        return Decimal(found[1].rstrip(".")) if found else None
    except InvalidOperation:
        return None
