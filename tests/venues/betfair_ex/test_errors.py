"""What Betfair's failures mean."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.venues.betfair_ex import wire
from hedgerow.venues.betfair_ex.errors import call_error, http_error, login_error, report_error


def call(name: str, *, is_account: bool = False) -> wire.RpcError:
    body = wire.ExceptionBody(name)
    data = wire.ErrorData(account=body) if is_account else wire.ErrorData(betting=body)
    return wire.RpcError(-32099, "ANGX-0000", data)


def report(status: str, code: str | None, own: str | None = None) -> wire.Report:
    return wire.Report(status, code, [wire.InstructionReport("FAILURE", own)] if own else [])


@pytest.mark.parametrize("is_account", [True, False])
def test_a_call_is_judged_by_the_name_of_its_failure(is_account: bool) -> None:
    error = call_error(call("INVALID_SESSION_INFORMATION", is_account=is_account), "place", changes=True)
    assert isinstance(error, Refused)
    assert error.reason is Reason.AUTH


@pytest.mark.parametrize("name", ["UNEXPECTED_ERROR", "SERVICE_BUSY", "TIMEOUT_ERROR", "A_NEW_ONE"])
def test_a_call_of_which_nobody_knows_leaves_orders_in_doubt(name: str) -> None:
    assert isinstance(call_error(call(name), "place", changes=True), InDoubt)
    assert isinstance(call_error(call(name), "orders", changes=False), Unavailable)
    assert isinstance(http_error(502, "place", changes=True), InDoubt)


def test_wrong_parameters_are_our_fault() -> None:
    error = call_error(wire.RpcError(-32602, "DSC-0018"), "place", changes=True)
    assert isinstance(error, Refused)
    assert error.reason is Reason.INVALID


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (report("FAILURE", "BET_ACTION_ERROR", "INVALID_BET_SIZE"), Reason.LIMIT),
        (report("FAILURE", "INSUFFICIENT_FUNDS", "ERROR_IN_ORDER"), Reason.FUNDS),
        (report("FAILURE", "PERMISSION_DENIED", "ERROR_IN_ORDER"), Reason.ACCOUNT),
        (report("FAILURE", "BET_ACTION_ERROR", "BET_TAKEN_OR_LAPSED"), Reason.UNKNOWN_ORDER),
        (report("FAILURE", "DUPLICATE_TRANSACTION"), Reason.DUPLICATE),
        (report("FAILURE", "A_NEW_ONE"), Reason.OTHER),
        (report("FAILURE", None), Reason.OTHER),
    ],
)
def test_the_code_that_says_most_is_the_reason(told: wire.Report, reason: Reason) -> None:
    error = report_error(told, "place")
    assert isinstance(error, Refused)
    assert error.reason is reason


@pytest.mark.parametrize(
    "told",
    [
        report("TIMEOUT", None),
        report("FAILURE", "BET_ACTION_ERROR", "BET_IN_PROGRESS"),
        report("PROCESSED_WITH_ERRORS", "PROCESSED_WITH_ERRORS"),
    ],
)
def test_an_unknown_state_is_in_doubt(told: wire.Report) -> None:
    assert isinstance(report_error(told, "place"), InDoubt)


def test_a_matcher_in_trouble_did_nothing_and_may_be_asked_later() -> None:
    error = report_error(report("FAILURE", "ERROR_IN_MATCHER"), "cancel")
    assert isinstance(error, Unavailable)
    assert error.retry_after_s


def test_a_ban_for_logins_says_how_long_to_wait() -> None:
    error = login_error("TEMPORARY_BAN_TOO_MANY_REQUESTS")
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 1_200
    refusal = login_error("CERT_AUTH_REQUIRED")
    assert isinstance(refusal, Refused)
    assert refusal.reason is Reason.AUTH
