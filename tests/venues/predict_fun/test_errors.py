"""What the venue's refusals mean."""

from __future__ import annotations

import json

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.predict_fun.errors import answer_error, pause_of


def answer(status: int, slug: str = "", message: str = "", **headers: str) -> Answer:
    body = json.dumps({"success": False, "code": status, "error": slug, "message": message})
    return Answer(status, headers, body.encode())


@pytest.mark.parametrize(
    ("status", "slug", "operation", "reason"),
    [
        (400, "create_order_min_order_value_not_met", "place", Reason.LIMIT),
        (400, "create_order_insufficient_collateral_allowance", "place", Reason.FUNDS),
        (400, "create_order_insufficient_shares_allowance", "place", Reason.FUNDS),
        (400, "create_order_price_out_of_range", "place", Reason.PRICE),
        (400, "create_order_market_not_trading", "place", Reason.CLOSED),
        (400, "create_order_hash_mismatch", "place", Reason.INVALID),
        (400, "bad_request", "place", Reason.INVALID),
        (400, "something_new", "place", Reason.OTHER),
        (401, "unauthorized", "place", Reason.AUTH),
        (403, "forbidden", "place", Reason.ACCOUNT),
        (404, "not_found", "place", Reason.CLOSED),
        (404, "not_found", "find", Reason.UNKNOWN_ORDER),
        (429, "too_many_requests", "place", Reason.RATE),
    ],
)
def test_a_slug_or_else_the_status_says_why(status: int, slug: str, operation: str, reason: Reason) -> None:
    error = answer_error(operation, answer(status, slug), changes=True)
    assert isinstance(error, Refused)
    assert (error.reason, error.code) == (reason, slug)


def test_an_order_of_another_wallet_is_not_a_wrong_key() -> None:
    error = answer_error("cancel", answer(401, "unauthorized", "The orders do not belong to this wallet"), changes=True)
    assert isinstance(error, Refused)
    assert error.reason is Reason.UNKNOWN_ORDER


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_a_failure_leaves_what_changes_something_in_doubt_and_nothing_else(status: int) -> None:
    assert isinstance(answer_error("place", answer(status), changes=True), InDoubt)
    assert isinstance(answer_error("working", answer(status), changes=False), Unavailable)


def test_an_answer_of_another_form_is_told_by_its_text() -> None:
    error = answer_error("place", Answer(400, {}, b"<html>" + b"x" * 900), changes=True)
    assert isinstance(error, Refused)
    assert error.message.startswith("<html>xxx")
    assert len(error.message) <= 200


@pytest.mark.parametrize(("told", "pause_s"), [("7", 7.0), ("", 60.0), ("-1", 60.0), ("soon", 60.0), ("9" * 9, 60.0)])
def test_the_pause_is_until_the_window_ends(told: str, pause_s: float) -> None:
    assert pause_of(answer(429, **{"ratelimit-reset": told})) == pause_s
