"""The fork that money hangs on, for every code and status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.bridge import wire
from hedgerow.venues.bridge.errors import REASONS, error_of, error_of_rejection


def answer(status: int, code: str | None = None, outcome: str = "unknown", **more: Any) -> Answer:
    body = {"code": code, "message": "in words", "outcome": outcome, "retry": "never", **more}
    return Answer(status, {}, b"<html>" if code is None else json.dumps(body).encode())


def test_every_code_of_the_document_has_a_reason(shared: Callable[[str], Path]) -> None:
    document = json.loads(shared("venues/bridge.openapi.json").read_text())
    codes = set(document["components"]["schemas"]["Code"]["enum"])
    assert codes - set(REASONS) == {"bookmaker_error", "bookmaker_unreachable", "bridge_error"}
    assert set(REASONS) <= codes


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("code", [None, "bridge_error", "bookmaker_unreachable", "a_new_one"])
def test_an_answer_that_does_not_say_so_is_a_doubt(status: int, code: str | None) -> None:
    assert isinstance(error_of("vertex", answer(status, code), "place", changes=True), InDoubt)
    assert isinstance(error_of("vertex", answer(status, code), "find", changes=False), Unavailable)


@pytest.mark.parametrize("outcome", ["unknown", "placed"])
def test_a_refusal_that_may_have_placed_it_is_a_doubt(outcome: str) -> None:
    assert isinstance(error_of("vertex", answer(422, "malformed", outcome), "place", changes=True), InDoubt)


def test_a_bridge_that_says_that_nothing_was_placed_is_believed() -> None:
    told = answer(503, "betting_closed", "not_placed", retryAfterSeconds=2.5)
    error = error_of("vertex", told, "place", changes=True)
    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after_s) == ("betting_closed", 2.5)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "unauthorized", Reason.AUTH),
        (401, "signature_invalid", Reason.AUTH),
        (404, "unknown_account", Reason.ACCOUNT),
        (409, "reference_conflict", Reason.DUPLICATE),
        (410, "fenced", Reason.OTHER),
        (422, "malformed", Reason.INVALID),
        (429, "rate_limited", Reason.RATE),
        (403, None, Reason.ACCOUNT),
        (404, None, Reason.OTHER),
        (400, "a_new_one", Reason.OTHER),
    ],
)
def test_a_4xx_always_means_not_placed(status: int, code: str | None, reason: Reason) -> None:
    error = error_of("vertex", answer(status, code, "not_placed"), "place", changes=True)
    assert isinstance(error, Refused)
    assert (error.reason, error.code) == (reason, code)


def test_too_many_questions_can_be_asked_later() -> None:
    told = answer(429, "rate_limited", "not_applicable", retryAfterSeconds=3)
    error = error_of("vertex", told, "line", changes=False)
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 3


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("price_changed", Reason.PRICE),
        ("suspended", Reason.PRICE),
        ("past_cutoff", Reason.CLOSED),
        ("stake_too_high", Reason.LIMIT),
        ("insufficient_funds", Reason.FUNDS),
        ("responsible_gambling_limit", Reason.ACCOUNT),
        ("a_new_one", Reason.OTHER),
    ],
)
def test_a_rejected_bet_has_the_reason_of_its_code(code: str, reason: Reason) -> None:
    error = error_of_rejection("vertex", wire.Rejection(code))
    assert (error.reason, error.code, error.message) == (reason, code, code.replace("_", " "))


def test_a_rejected_bet_without_a_reason_is_refused_all_the_same() -> None:
    assert error_of_rejection("vertex", None).reason is Reason.OTHER


@given(st.binary(max_size=40), st.integers(300, 599))
def test_no_body_breaks_the_reading(body: bytes, status: int) -> None:
    error = error_of("vertex", Answer(status, {}, body), "place", changes=True)
    assert isinstance(error, Refused) == (400 <= status < 500 and status != 408)
