"""Error answers: what each shape, code and status means for the order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.kalshi.errors import error_of


def answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def nested(code: str, details: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), "details": details}}


def reason(status: int, body: Any, operation: str = "place") -> Reason:
    error = error_of(answer(status, body), operation, changes=True)
    assert isinstance(error, Refused), error
    return error.reason


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, nested("invalid_order", "post only cross"), Reason.PRICE),
        (400, nested("invalid_order", "count is not a multiple"), Reason.INVALID),
        (400, nested("invalid_order"), Reason.INVALID),
        (400, {"code": "bad_request", "message": "bad request", "details": "field count"}, Reason.INVALID),
        (400, nested("insufficient_balance"), Reason.FUNDS),
        (400, nested("INSUFFICIENT_BALANCE"), Reason.FUNDS),
        (409, nested("fill_or_kill_insufficient_resting_volume"), Reason.PRICE),
        (409, nested("order_already_exists"), Reason.DUPLICATE),
        (400, nested("MARKET_INACTIVE"), Reason.CLOSED),
        (400, nested("trading_paused"), Reason.CLOSED),
        (400, nested("EXCEEDED_PER_MARKET_RISK_LIMIT"), Reason.LIMIT),
        (400, nested("invalid_price"), Reason.INVALID),
        (400, nested("invalid_order_size"), Reason.LIMIT),
        (409, nested("trading_is_paused"), Reason.CLOSED),
        (401, nested("header_timestamp_expired"), Reason.AUTH),
        (401, {"error": "unauthorized"}, Reason.AUTH),
        (403, nested("something_new"), Reason.ACCOUNT),
        (404, nested("not_found"), Reason.CLOSED),
        (410, nested("deprecated_v1_order_endpoint"), Reason.INVALID),
        (429, {"error": "too many requests"}, Reason.RATE),
        (429, b"", Reason.RATE),
        (400, nested("a_code_of_tomorrow"), Reason.OTHER),
        (409, nested("a_code_of_tomorrow"), Reason.OTHER),
        (418, b"<html>", Reason.OTHER),
    ],
)
def test_a_refusal_has_its_reason(status: int, body: Any, expected: Reason) -> None:
    assert reason(status, body) is expected


@pytest.mark.parametrize("operation", ["cancel", "amend", "order"])
def test_not_found_is_about_the_order_where_one_is_named(operation: str) -> None:
    assert reason(404, nested("not_found"), operation) is Reason.UNKNOWN_ORDER
    assert reason(404, nested("MARKET_NOT_FOUND"), operation) is Reason.CLOSED
    assert reason(400, nested("not_found"), operation) is Reason.OTHER


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503, 504])
def test_no_plain_answer_leaves_a_change_in_doubt_and_a_read_unavailable(status: int) -> None:
    body = nested("internal_error")
    assert isinstance(error_of(answer(status, body), "place", changes=True), InDoubt)
    assert isinstance(error_of(answer(status, body), "orders", changes=False), Unavailable)


def test_an_engine_that_cannot_say_leaves_in_doubt_whatever_the_status() -> None:
    assert isinstance(error_of(answer(400, nested("EXCHANGE_UNAVAILABLE")), "cancel", changes=True), InDoubt)


def test_a_query_that_is_not_accepted_says_so_in_msg() -> None:
    error = error_of(answer(400, {"msg": "Parameter validation failed"}), "orders", changes=False)
    assert error.message == "Parameter validation failed"


def test_the_error_keeps_the_venues_code_and_words() -> None:
    error = error_of(answer(400, nested("invalid_order", "post only cross")), "place", changes=True)
    assert (error.venue, error.operation, error.code) == ("kalshi", "place", "invalid_order")
    assert error.message == "invalid order: post only cross"


@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(max_size=8) | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(["error", "code", "message", "details"]), inner, max_size=4),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_body_becomes_an_error_of_ours(status: int, body: bytes) -> None:
    assert isinstance(error_of(answer(status, body), "place", changes=True), VenueError)
