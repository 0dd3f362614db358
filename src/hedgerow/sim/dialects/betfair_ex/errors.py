"""What goes wrong at the simulated venue, in its own words. Source: the venue's sheet, tables of codes."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_BETTING = {
    "TOO_MUCH_DATA": 1,
    "INVALID_INPUT_DATA": 2,
    "INVALID_SESSION_INFORMATION": 3,
    "NO_APP_KEY": 4,
    "NO_SESSION": 5,
    "UNEXPECTED_ERROR": 6,
    "INVALID_APP_KEY": 7,
    "TOO_MANY_REQUESTS": 8,
}
_ACCOUNT = {
    "INVALID_INPUT_DATA": 1,
    "INVALID_SESSION_INFORMATION": 2,
    "UNEXPECTED_ERROR": 3,
    "INVALID_APP_KEY": 4,
    "NO_SESSION": 10,
    "NO_APP_KEY": 11,
    "TOO_MANY_REQUESTS": 14,
}


class Fault(Exception):  # noqa: N818
    """A call that fails as a whole: APINGException, or AccountAPINGException."""

    def __init__(self, name: str, details: str = "") -> None:
        super().__init__(name)
        self.name, self.details = name, details

    def shape(self, service: str, number: object) -> Json:
        """service: as in the method, e.g. `SportsAPING`."""
        is_account = service == "AccountAPING"
        code = (_ACCOUNT if is_account else _BETTING)[self.name]
        kind = "AccountAPINGException" if is_account else "APINGException"
        told = {"requestUUID": f"sim-{number}", "errorCode": self.name, "errorDetails": self.details}
        message = f"{'AANGX' if is_account else 'ANGX'}-{code:04d}"
        return {"code": -32099, "message": message, "data": {kind: told, "exceptionname": kind}}


class WrongParams(Exception):  # noqa: N818
    """Parameters that do not have the form of the operation's."""


class Failed(Exception):  # noqa: N818
    """An execution report with FAILURE: the report's code, and the instruction's where one is to blame."""

    def __init__(self, code: str, instruction: str = "") -> None:
        super().__init__(f"{code} {instruction}")
        self.code, self.instruction = code, instruction
