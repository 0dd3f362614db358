"""Error answers: what each code and status means for the bet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.pinnacle.errors import CLOSED_CODES, REASONS, error_of, error_of_placement

# Every errorCode of PlaceStraightBetResponse in the Bets OpenAPI file.
DOCUMENTED = [
    "ALL_BETTING_CLOSED",
    "ALL_LIVE_BETTING_CLOSED",
    "ABOVE_EVENT_MAX",
    "ABOVE_MAX_BET_AMOUNT",
    "BELOW_MIN_BET_AMOUNT",
    "BLOCKED_BETTING",
    "BLOCKED_CLIENT",
    "INSUFFICIENT_FUNDS",
    "INVALID_COUNTRY",
    "INVALID_EVENT",
    "INVALID_ODDS_FORMAT",
    "LINE_CHANGED",
    "LISTED_PITCHERS_SELECTION_ERROR",
    "OFFLINE_EVENT",
    "PAST_CUTOFFTIME",
    "RED_CARDS_CHANGED",
    "SCORE_CHANGED",
    "TIME_RESTRICTION",
    "DUPLICATED_REQUEST",
    "INCOMPLETE_CUSTOMER_BETTING_PROFILE",
    "INVALID_CUSTOMER_PROFILE",
    "LIMITS_CONFIGURATION_ISSUE",
    "RESPONSIBLE_BETTING_LOSS_LIMIT_EXCEEDED",
    "RESPONSIBLE_BETTING_RISK_LIMIT_EXCEEDED",
    "SYSTEM_ERROR_3",
    "LICENCE_RESTRICTION_LIVE_BETTING_BLOCKED",
    "BETTING_SUSPENDED",
]


def answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def http_error(status: int, code: str | None = None) -> VenueError:
    return error_of("pinnacle", answer(status, {"code": code, "message": "text"}), "place", changes=True)


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_is_known(code: str) -> None:
    error = error_of_placement("pinnacle", code)
    assert isinstance(error, InDoubt) or (isinstance(error, Refused) and error.reason is not Reason.OTHER)
    assert error.code == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("LINE_CHANGED", Reason.PRICE),
        ("OFFLINE_EVENT", Reason.PRICE),
        ("ABOVE_MAX_BET_AMOUNT", Reason.LIMIT),
        ("BELOW_MIN_BET_AMOUNT", Reason.LIMIT),
        ("INSUFFICIENT_FUNDS", Reason.FUNDS),
        ("PAST_CUTOFFTIME", Reason.CLOSED),
        ("TIME_RESTRICTION", Reason.RATE),
        ("DUPLICATED_REQUEST", Reason.DUPLICATE),
        ("RESPONSIBLE_BETTING_LOSS_LIMIT_EXCEEDED", Reason.ACCOUNT),
        ("A_CODE_OF_TOMORROW", Reason.OTHER),
        (None, Reason.OTHER),
    ],
)
def test_a_bet_that_was_processed_with_an_error_was_not_placed(code: str | None, reason: Reason) -> None:
    error = error_of_placement("pinnacle", code)
    assert isinstance(error, Refused)
    assert error.reason is reason


@pytest.mark.parametrize("code", ["SYSTEM_ERROR_1", "SYSTEM_ERROR_3", "UNEXPECTED_ERROR"])
def test_an_unexpected_error_leaves_the_bet_in_doubt(code: str) -> None:
    assert isinstance(error_of_placement("pinnacle", code), InDoubt)


def test_a_busy_line_did_not_take_the_bet() -> None:
    assert isinstance(error_of_placement("pinnacle", "RESUBMIT_REQUEST"), Unavailable)
    assert isinstance(http_error(400, "RESUBMIT_REQUEST"), Unavailable)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "INVALID_REQUEST_DATA", Reason.INVALID),
        (401, "INVALID_CREDENTIALS", Reason.AUTH),
        (401, None, Reason.AUTH),
        (403, "NO_API_ACCESS", Reason.ACCOUNT),
        (403, "ACCOUNT_INACTIVE", Reason.ACCOUNT),
        (403, None, Reason.ACCOUNT),
        (429, "TOO_MANY_REQUESTS", Reason.RATE),
        (429, None, Reason.RATE),
        (404, None, Reason.OTHER),
    ],
)
def test_a_refusal_has_its_reason(status: int, code: str | None, reason: Reason) -> None:
    error = http_error(status, code)
    assert isinstance(error, Refused)
    assert error.reason is reason


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503, 504])
def test_a_status_that_is_no_refusal_leaves_a_bet_in_doubt(status: int) -> None:
    assert isinstance(http_error(status, "LINE_CHANGED"), InDoubt)


@pytest.mark.parametrize("status", [302, 408, 500, 503])
def test_a_question_without_answer_can_be_asked_again(status: int) -> None:
    assert isinstance(error_of("pinnacle", answer(status, b""), "bets", changes=False), Unavailable)


def test_an_unexpected_error_is_in_doubt_whatever_its_status() -> None:
    assert isinstance(http_error(400, "UNEXPECTED_ERROR"), InDoubt)


def test_the_text_for_people_is_the_venue_s() -> None:
    error = error_of(
        "pinnacle", answer(400, {"code": "INVALID_REQUEST_DATA", "message": "stake is wrong"}), "place", changes=True
    )
    assert str(error) == "pinnacle place: stake is wrong (INVALID_REQUEST_DATA)"


@given(status=st.integers(300, 599), body=st.binary(max_size=60), changes=st.booleans())
def test_any_answer_is_an_error_and_never_more_certain_than_its_status(
    status: int, body: bytes, *, changes: bool
) -> None:
    error = error_of("pinnacle", answer(status, body), "place", changes=changes)
    is_certain = 400 <= status < 500 and status != 408
    assert isinstance(error, InDoubt) == (changes and not is_certain)


def test_codes_that_close_the_venue_are_in_the_table() -> None:
    assert {REASONS[code] for code in CLOSED_CODES} == {Reason.CLOSED}
