"""What the venue's refusals mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket_us.errors import answer_error, rejection


@pytest.mark.parametrize(
    ("operation", "status", "body", "reason"),
    [
        ("place", 400, b'{"code":3,"message":"invalid","details":[]}', Reason.INVALID),
        ("place", 404, b'{"code":5,"message":"market not found"}', Reason.CLOSED),
        ("cancel", 404, b'{"code":5,"message":"order not found"}', Reason.UNKNOWN_ORDER),
        ("cancel", 400, b'{"code":9,"message":"order is not open"}', Reason.UNKNOWN_ORDER),
        ("place", 400, b'{"code":9,"message":"precondition"}', Reason.INVALID),
        ("place", 401, b'{"code":16,"message":"timestamp"}', Reason.AUTH),
        ("place", 403, b'{"code":7,"message":"scope"}', Reason.ACCOUNT),
        ("place", 429, b'{"status":429,"message":"Too Many Requests"}', Reason.RATE),
        ("place", 418, b"<html>", Reason.OTHER),
    ],
)
def test_a_refusal_is_known_by_its_number_or_status(operation: str, status: int, body: bytes, reason: Reason) -> None:
    error = answer_error(operation, Answer(status, {}, body), changes=True)
    assert isinstance(error, Refused)
    assert error.reason is reason


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_what_is_no_plain_refusal_leaves_a_change_in_doubt(status: int) -> None:
    assert isinstance(answer_error("place", Answer(status, {}, b""), changes=True), InDoubt)
    assert isinstance(answer_error("balance", Answer(status, {}, b""), changes=False), Unavailable)


@pytest.mark.parametrize(
    ("reason", "text", "known"),
    [
        ("ORD_REJECT_REASON_EXCHANGE_CLOSED", "", Reason.CLOSED),
        ("ORD_REJECT_REASON_UNKNOWN_MARKET", "", Reason.CLOSED),
        ("ORD_REJECT_REASON_INCORRECT_QUANTITY", "", Reason.LIMIT),
        ("ORD_REJECT_REASON_INVALID_PRICE_INCREMENT", "", Reason.PRICE),
        ("ORD_REJECT_REASON_PRICE_OUT_OF_BOUNDS", "", Reason.PRICE),
        ("ORD_REJECT_REASON_NO_LIQUIDITY", "", Reason.PRICE),
        ("ORD_REJECT_REASON_EXCHANGE_OPTION", "Insufficient buying power", Reason.FUNDS),
        ("ORD_REJECT_REASON_EXCHANGE_OPTION", "order would initiate a trade", Reason.PRICE),
        ("ORD_REJECT_REASON_EXCHANGE_OPTION", "something else", Reason.OTHER),
        ("", "", Reason.OTHER),
    ],
)
def test_the_exchanges_no_is_known_by_its_reason_or_words(reason: str, text: str, known: Reason) -> None:
    error = rejection(reason, text)
    assert isinstance(error, Refused)
    assert (error.reason, bool(error.message)) == (known, True)


def test_an_order_that_waited_too_long_may_be_sent_anew_at_once() -> None:
    error = rejection("ORD_REJECT_REASON_EXCHANGE_OPTION", "Global Rate Limit Exceeded")
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 0


@given(st.integers(100, 599), st.binary(max_size=200), st.booleans())
def test_any_answer_is_an_error_with_words(status: int, body: bytes, changes: bool) -> None:
    assert answer_error("place", Answer(status, {}, body), changes=changes).message
