"""What statuses and HTTP answers mean: refused, unavailable or in doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.cloudbet import parse, wire
from hedgerow.venues.cloudbet.errors import DUPLICATE, REASONS, error_of, refusal

# `Status` of response.proto, but for what its zero is.
STATUSES = {
    DUPLICATE,
    "MALFORMED_REQUEST",
    "PRICE_ABOVE_MARKET",
    "INSUFFICIENT_FUNDS",
    "STAKE_ABOVE_MAX",
    "STAKE_BELOW_MIN",
    "LIABILITY_LIMIT_EXCEEDED",
    "MARKET_SUSPENDED",
    "ACCEPTED",
    "PENDING_ACCEPTANCE",
    "RESTRICTED",
    "VERIFICATION_REQUIRED",
    "WIN",
    "LOSS",
    "PUSH",
    "HALF_WIN",
    "HALF_LOSS",
    "PARTIAL",
}


def answer(status: int, body: bytes = b"{}") -> Answer:
    return Answer(status, {}, body)


def test_every_documented_status_has_its_meaning() -> None:
    assert {*REASONS, *parse.TAKEN, DUPLICATE} == STATUSES


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("PRICE_ABOVE_MARKET", Reason.PRICE),
        ("MARKET_SUSPENDED", Reason.CLOSED),
        ("STAKE_ABOVE_MAX", Reason.LIMIT),
        ("INSUFFICIENT_FUNDS", Reason.FUNDS),
        ("RESTRICTED", Reason.ACCOUNT),
        ("MALFORMED_REQUEST", Reason.INVALID),
    ],
)
def test_a_refusal_has_our_reason_and_their_code(status: str, reason: Reason) -> None:
    error = refusal("cloudbet", status, "")
    assert (error.reason, error.code, error.message) == (reason, status, status.replace("_", " ").lower())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b'{"status":"INTERNAL_SERVER_ERROR","error":"oops"}', InDoubt),
        (502, b"<html>", InDoubt),
        (408, b"", InDoubt),
        (302, b"", InDoubt),
        (400, b'{"status":"INTERNAL_SERVER_ERROR"}', InDoubt),
        (400, b'{"status":"MALFORMED_REQUEST","error":"empty request body"}', Refused),
        (404, b"<html>", Refused),
    ],
)
def test_only_a_plain_refusal_of_a_bet_is_one(status: int, body: bytes, kind: type[Exception]) -> None:
    assert type(error_of("cloudbet", answer(status, body), "place", changes=True)) is kind


@pytest.mark.parametrize(("status", "reason"), [(401, Reason.AUTH), (403, Reason.ACCOUNT), (429, Reason.RATE)])
def test_the_gates_before_the_api_are_told_apart(status: int, reason: Reason) -> None:
    error = error_of("cloudbet", answer(status, b"<html>Access denied</html>"), "place", changes=True)
    assert isinstance(error, Refused)
    assert error.reason is reason


def test_a_question_that_came_too_soon_says_when_to_ask_again() -> None:
    error = error_of("cloudbet", answer(429), "line", changes=False, retry_after_s=3)
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 3


@given(st.integers(100, 599), st.binary(max_size=60), st.booleans())
def test_no_body_breaks_it_and_no_server_error_is_a_refusal(status: int, body: bytes, changes: bool) -> None:
    error = error_of("cloudbet", answer(status, body), "place", changes=changes)
    if status >= 500:
        assert isinstance(error, InDoubt if changes else Unavailable)


def test_a_status_that_is_left_out_is_the_enumeration_s_first() -> None:
    assert wire.Bet().status == wire.INTERNAL_ERROR
