"""What the venue's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.novig_us.errors import answer_error


def answer(status: int, message: Any = "", **headers: str) -> Answer:
    return Answer(status, headers, json.dumps({"statusCode": status, "message": message}).encode())


@pytest.mark.parametrize(
    ("status", "text", "operation", "reason"),
    [
        (400, "Insufficient balance", "place", Reason.FUNDS),
        (400, "Market is not open", "place", Reason.CLOSED),
        (400, "Outcome not found", "place", Reason.CLOSED),
        (400, ["price must not be greater than 0.999"], "place", Reason.PRICE),
        (400, "qty must be a positive integer", "place", Reason.LIMIT),
        (400, "Invalid tif", "place", Reason.INVALID),
        (400, "something new", "place", Reason.OTHER),
        (400, "Order not found", "cancel", Reason.UNKNOWN_ORDER),
        (404, "Order not found", "find", Reason.UNKNOWN_ORDER),
        (404, "Market not found", "market", Reason.CLOSED),
        (401, "Unauthorized", "place", Reason.AUTH),
        (400, "bad client", "sign in", Reason.AUTH),
        (403, "Forbidden", "place", Reason.ACCOUNT),
        (423, "Event locked", "place", Reason.CLOSED),
        (451, "", "place", Reason.ACCOUNT),
    ],
)
def test_a_status_or_else_the_text_says_why(status: int, text: Any, operation: str, reason: Reason) -> None:
    error = answer_error(operation, answer(status, text), changes=True)
    assert isinstance(error, Refused)
    assert (error.reason, error.code) == (reason, str(status))


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"retry-after": "73"}, 0.073), ({}, 1.0), ({"retry-after": "soon"}, 1.0)]
)
def test_too_many_requests_did_nothing_and_the_wait_is_milliseconds(headers: dict[str, str], wait_s: float) -> None:
    error = answer_error("place", answer(429, **headers), changes=True)
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_a_failure_leaves_what_changes_something_in_doubt_and_nothing_else(status: int) -> None:
    assert isinstance(answer_error("place", answer(status), changes=True), InDoubt)
    assert isinstance(answer_error("working", answer(status), changes=False), Unavailable)


@pytest.mark.parametrize("body", [b"<html>" + b"x" * 900, b"\xff\xfe", b"[1]", b'{"message": 5}', b""])
def test_an_answer_of_another_form_is_told_by_its_text(body: bytes) -> None:
    error = answer_error("place", Answer(400, {}, body), changes=True)
    assert isinstance(error, Refused)
    assert 0 < len(error.message) <= 200
