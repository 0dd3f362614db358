"""What the venue's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.sx_bet.errors import REASONS, answer_error, order_error, pause_of


def answer(status: int, message: Any) -> Answer:
    body = {"error": "Bad Request", "message": message, "statusCode": status}
    return Answer(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "TOTAL_BET_SIZE_TOO_LOW", Reason.LIMIT),
        (400, "Insufficient available balance", Reason.FUNDS),
        (400, ["orders must be an array"], Reason.INVALID),
        (400, "OrderBook V2 is no longer supported", Reason.INVALID),
        (400, "MATCH_STATE_INVALID", Reason.CLOSED),
        (401, "INVALID_USER", Reason.AUTH),
        (401, "unheard of", Reason.AUTH),
        (404, "Order not found", Reason.UNKNOWN_ORDER),
        (429, "ORDERS_ALREADY_EXIST", Reason.RATE),
        (400, "unheard of", Reason.OTHER),
    ],
)
def test_a_refusal_has_its_reason(status: int, message: Any, reason: Reason) -> None:
    error = answer_error("place", answer(status, message), changes=True)
    assert isinstance(error, Refused)
    assert error.reason is reason


@pytest.mark.parametrize("status", [302, 408, 500, 503])
def test_what_is_no_refusal_leaves_a_change_in_doubt_and_a_question_unanswered(status: int) -> None:
    given = answer(status, "INSUFFICIENT_BALANCE")
    assert isinstance(answer_error("place", given, changes=True), InDoubt)
    assert isinstance(answer_error("working", given, changes=False), Unavailable)


def test_a_body_that_is_no_json_is_told_as_it_is() -> None:
    error = answer_error("place", Answer(400, {}, b"<html>\xff"), changes=True)
    assert isinstance(error, Refused)
    assert "<html>" in error.message


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_an_orders_own_code_is_read_by_the_same_table(code: str, reason: Reason) -> None:
    assert order_error("place", code).reason is reason


def test_a_code_that_nobody_knows_is_a_refusal_of_another_reason() -> None:
    assert order_error("place", "SOMETHING_NEW").reason is order_error("place", None).reason is Reason.OTHER


@pytest.mark.parametrize(("told", "pause_s"), [("7", 7.0), ("", 1.0), ("soon", 1.0), ("99999999", 1.0)])
def test_the_pause_is_the_answers_where_it_names_one(told: str, pause_s: float) -> None:
    assert pause_of(Answer(429, {"retry-after": told}, b"")) == pause_s
