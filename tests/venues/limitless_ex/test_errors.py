"""What the venue's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.limitless_ex.errors import answer_error, pause_of


def answer(status: int, message: Any = "", **headers: str) -> Answer:
    body = json.dumps({"message": message, "error": "of the status", "statusCode": status})
    return Answer(status, headers, body.encode())


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "Insufficient collateral allowance", Reason.FUNDS),
        (400, "Invalid signature", Reason.AUTH),
        (400, "Market is not active", Reason.CLOSED),
        (400, "Market has been resolved", Reason.CLOSED),
        (400, ["price must be a number"], Reason.INVALID),
        (400, "something new", Reason.OTHER),
        (401, "API token expired", Reason.AUTH),
        (403, "Forbidden", Reason.ACCOUNT),
        (404, "Market not found", Reason.CLOSED),
        (409, "Duplicate clientOrderId", Reason.DUPLICATE),
        (422, "Insufficient balance", Reason.FUNDS),
        (422, "Amount is too small", Reason.LIMIT),
        (425, "Order is outside of the receive window", Reason.AUTH),
        (425, "Trading is in maintenance", Reason.CLOSED),
        (429, "Too many requests", Reason.RATE),
    ],
)
def test_the_status_or_else_the_words_say_why(status: int, message: Any, reason: Reason) -> None:
    error = answer_error("place", answer(status, message), changes=True)
    assert isinstance(error, Refused)
    assert (error.reason, error.code) == (reason, str(status))


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_a_failure_leaves_an_order_in_doubt_and_a_question_unanswered(status: int) -> None:
    assert isinstance(answer_error("place", answer(status), changes=True), InDoubt)
    assert isinstance(answer_error("find", answer(status), changes=False), Unavailable)


def test_an_answer_of_another_form_is_told_by_its_text() -> None:
    error = answer_error("place", Answer(400, {}, b"<html>" + b"x" * 900), changes=True)
    assert error.message.startswith("<html>xxx")
    assert len(error.message) <= 200


@pytest.mark.parametrize(("told", "pause_s"), [("7", 7.0), ("", 5.0), ("-1", 5.0), ("soon", 5.0), ("9" * 9, 5.0)])
def test_the_pause_is_what_the_venue_asks_for(told: str, pause_s: float) -> None:
    assert pause_of(answer(429, **{"retry-after": told})) == pause_s
