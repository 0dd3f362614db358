"""What Betfair's failures mean: a table from its codes to our reasons, and the fork that money hangs on.

HTTP is 200 for most of them: an answer is judged by its `error` or by the status of its report, never by HTTP's code.
Source: the venue's sheet (interface files of SportsAPING 1.0, ANGX table, error codes), read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import VenueSlug
from hedgerow.venues.betfair_ex import wire

VENUE = VenueSlug("betfair-ex")

SESSION_OVER = frozenset({"INVALID_SESSION_INFORMATION", "NO_SESSION"})

# Of the whole call. Not in the table: UNEXPECTED_ERROR, SERVICE_BUSY, TIMEOUT_ERROR, after which nobody knows.
CALLS: Mapping[str, Reason] = {
    "TOO_MUCH_DATA": Reason.INVALID,
    "INVALID_INPUT_DATA": Reason.INVALID,
    "INVALID_SESSION_INFORMATION": Reason.AUTH,
    "NO_SESSION": Reason.AUTH,
    "NO_APP_KEY": Reason.AUTH,
    "INVALID_APP_KEY": Reason.AUTH,
    "TOO_MANY_REQUESTS": Reason.RATE,
    "REQUEST_SIZE_EXCEEDS_LIMIT": Reason.INVALID,
    "ACCESS_DENIED": Reason.ACCOUNT,
}
_WRONG_CALL = frozenset({-32700, -32601, -32602})

# Of reports and their instructions. The instruction's goes before the report's, unless it only repeats that
# something is wrong.
REPORTS: Mapping[str, Reason] = {
    "INVALID_ACCOUNT_STATE": Reason.ACCOUNT,
    "INVALID_WALLET_STATUS": Reason.ACCOUNT,
    "PERMISSION_DENIED": Reason.ACCOUNT,
    "REJECTED_BY_REGULATOR": Reason.ACCOUNT,
    "NO_CHASING": Reason.ACCOUNT,
    "INSUFFICIENT_FUNDS": Reason.FUNDS,
    "LOSS_LIMIT_EXCEEDED": Reason.LIMIT,
    "EVENT_EXPOSURE_LIMIT_EXCEEDED": Reason.LIMIT,
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED": Reason.LIMIT,
    "EVENT_BLOCKED": Reason.CLOSED,
    "MARKET_SUSPENDED": Reason.CLOSED,
    "MARKET_NOT_OPEN_FOR_BETTING": Reason.CLOSED,
    "MARKET_NOT_OPEN_FOR_BSP_BETTING": Reason.CLOSED,
    "INVALID_MARKET_ID": Reason.CLOSED,
    "INVALID_MARKET_VERSION": Reason.PRICE,
    "INVALID_RUNNER": Reason.CLOSED,
    "RUNNER_REMOVED": Reason.CLOSED,
    "DUPLICATE_TRANSACTION": Reason.DUPLICATE,
    "INVALID_BET_SIZE": Reason.LIMIT,
    "INVALID_PROFIT_RATIO": Reason.LIMIT,
    "INVALID_MIN_FILL_SIZE": Reason.INVALID,
    "UNEXPECTED_MIN_FILL_SIZE": Reason.INVALID,
    "INVALID_ODDS": Reason.PRICE,
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": Reason.PRICE,
    "INVALID_BACK_LAY_COMBINATION": Reason.INVALID,
    "INVALID_ORDER": Reason.INVALID,
    "INVALID_ORDER_TYPE": Reason.INVALID,
    "INVALID_PERSISTENCE_TYPE": Reason.INVALID,
    "INVALID_CUSTOMER_ORDER_REF": Reason.INVALID,
    "TIME_IN_FORCE_CONFLICT": Reason.INVALID,
    "TOO_MANY_INSTRUCTIONS": Reason.INVALID,
    "DUPLICATE_BETIDS": Reason.INVALID,
    "INVALID_BET_ID": Reason.UNKNOWN_ORDER,
    "BET_TAKEN_OR_LAPSED": Reason.UNKNOWN_ORDER,
    "NO_ACTION_REQUIRED": Reason.UNKNOWN_ORDER,
}

# After these the bet may exist: it is asked for, never sent again.
UNKNOWN_STATE = frozenset({"BET_IN_PROGRESS", "TIMEOUT"})
# It did nothing, and may do it later.
LATER = frozenset({"ERROR_IN_MATCHER", "SERVICE_UNAVAILABLE", "REGULATOR_IS_NOT_AVAILABLE"})
_LATER_S = 1.0

# Failures of a login that only a person can mend, and those that are about the account and not its keys.
_LOGIN_AUTH = frozenset({"INVALID_USERNAME_OR_PASSWORD", "CERT_AUTH_REQUIRED", "INPUT_VALIDATION_ERROR"})
_BANNED_S = 20 * 60.0


def call_error(error: wire.RpcError, operation: str, *, changes: bool) -> VenueError:
    """The error of a call that failed as a whole. changes: whether the request could have moved an order."""
    data = error.data
    told = (data.betting or data.account) if data is not None else None
    code = (told.error_code if told is not None else "") or error.message
    text = (told.error_details if told is not None else None) or code or f"JSON-RPC error {error.code}"
    reason = CALLS.get(code) or (Reason.INVALID if error.code in _WRONG_CALL else None)
    if reason is None:
        return (InDoubt if changes else Unavailable)(VENUE, operation, text, code=code)
    return Refused(VENUE, operation, text, reason=reason, code=code)


def http_error(status: int, operation: str, *, changes: bool) -> VenueError:
    """Of an answer without a JSON-RPC body: nothing that this API documents, so that a change is in doubt."""
    return (InDoubt if changes else Unavailable)(VENUE, operation, f"HTTP {status}")


def report_error(report: wire.Report, operation: str) -> VenueError:
    """Of a report that is not a success, for requests of one instruction."""
    own = report.instruction_reports[0].error_code if report.instruction_reports else None
    codes = [code for code in (own, report.error_code) if code]
    code = next((code for code in codes if code in REPORTS), codes[0] if codes else None)
    if report.status == "TIMEOUT" or UNKNOWN_STATE & set(codes) or report.status not in ("FAILURE", "SUCCESS"):
        return InDoubt(VENUE, operation, f"the report is {report.status}", code=code)
    if LATER & set(codes):
        return Unavailable(VENUE, operation, "the venue cannot do it now", code=code, retry_after_s=_LATER_S)
    return Refused(VENUE, operation, code or "refused", reason=REPORTS.get(code or "", Reason.OTHER), code=code)


def login_error(status: str) -> VenueError:
    if status == "TEMPORARY_BAN_TOO_MANY_REQUESTS":
        return Unavailable(VENUE, "login", "too many logins", code=status, retry_after_s=_BANNED_S)
    reason = Reason.AUTH if status in _LOGIN_AUTH else Reason.ACCOUNT
    return Refused(VENUE, "login", status, reason=reason, code=status)
