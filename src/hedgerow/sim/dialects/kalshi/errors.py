"""How Kalshi says no: status, code and one of its three body shapes.

Order and sign-in errors are nested under `error`, a body that does not parse is answered with the same fields at the
top, a query that fails validation with a bare `msg`, an empty token bucket with a plain text. Sources: the sheet's
section 7, Kalshi's changelog, and answers of the demo exchange that others recorded. Codes marked "by analogy" were
never seen on REST: they are the lower-case form of the engine's reason on FIX, as the seen ones are.
"""

from __future__ import annotations

from typing import Any

from hedgerow.sim.orders import CLOSED, CROSSES, DUPLICATE, FUNDS, LOT, NOT_FILLED, SCRIPTED, TICK, UNKNOWN, Rejection


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


def denial(status: int, code: str, details: str = "", *, by_engine: bool = False, message: str = "") -> Denial:
    """The nested shape. by_engine: the matching engine signs its errors with `service`."""
    error = {"code": code, "message": message or code.lower().replace("_", " ")}
    if details:
        error["details"] = details
    if by_engine:
        error["service"] = "exchange"
    return Denial(status, {"error": error})


def unparsable(details: str) -> Denial:
    """A body that is not JSON, or has a field of another type."""
    return Denial(400, {"code": "bad_request", "message": "bad request", "details": details})


def invalid_query(operation: str, parameter: str, rule: str) -> Denial:
    """A query parameter that fails validation."""
    key = f"{operation}Params.{parameter}"
    complaint = f"Key: '{key}' Error:Field validation for '{parameter}' failed on the '{rule}' tag"
    return Denial(400, {"msg": f"Parameter validation failed for {operation}: {complaint}"})


def missing(*names: str) -> Denial:
    return denial(400, "missing_parameters", ", ".join(names))


def invalid(details: str) -> Denial:
    return denial(400, "invalid_parameters", details)


def not_found(*, by_engine: bool = False) -> Denial:
    return denial(404, "not_found", by_engine=by_engine)


def too_many_requests() -> Denial:
    return Denial(429, {"error": "too many requests"})


def unauthorized(code: str, details: str = "") -> Denial:
    """Sign-in errors repeat the code as their message, but for those of headers and clock."""
    return denial(401, code, details, message=code if details else "")


# Engine refusals: status, code, details. The 409s are those that were seen with that status.
_REFUSALS = {
    DUPLICATE: (409, "order_already_exists", ""),
    FUNDS: (400, "insufficient_balance", ""),
    CLOSED: (400, "MARKET_INACTIVE", ""),
    TICK: (400, "invalid_price", ""),
    LOT: (400, "invalid_order_size", ""),
    CROSSES: (400, "invalid_order", "post only cross"),
    NOT_FILLED: (409, "fill_or_kill_insufficient_resting_volume", ""),
    UNKNOWN: (404, "not_found", ""),
}
_STATUS_OF_CODE = {code: status for status, code, _ in _REFUSALS.values()} | {
    "trading_is_paused": 409,
    "exchange_is_paused": 409,
    "market_not_found": 404,
}


def of_rejection(rejection: Rejection) -> Denial:
    """The engine's refusal in Kalshi's words; a scripted one uses the script's reason as the code."""
    if rejection.why == SCRIPTED:
        code = str(rejection) if str(rejection) != SCRIPTED else "invalid_order"
        return denial(_STATUS_OF_CODE.get(code, 400), code, by_engine=True)
    status, code, details = _REFUSALS[rejection.why]
    return denial(status, code, details, by_engine=not details)


def item_error(problem: Denial) -> dict[str, str]:
    """The error of one item of a batch: its `details` are always there."""
    error = problem.body.get("error", problem.body) if isinstance(problem.body, dict) else {}
    return {"code": error["code"], "message": error["message"], "details": error.get("details", "")}
