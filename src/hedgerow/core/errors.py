"""What can go wrong, as one tree. Its first fork at a venue is the one that matters for money.

HedgerowError
├── SetupError            the start is refused: settings, folders, ports, schema; exit code 2
├── InputError            a file or an argument of the user's is wrong; exit code 1
├── ApiError              an HTTP answer of ours: status and detail
└── VenueError            venue, operation, code
    ├── Refused           the venue said no: nothing has happened, and the reason is known
    ├── Unavailable       the venue was not reached or did not act: nothing has happened, asking again is safe
    ├── InDoubt           the request left and no answer came: only the venue knows; never sent again blindly
    └── CannotTell        the venue was asked about a reference and cannot say whether it knows it
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class HedgerowError(Exception):
    """Base of every error that is raised on purpose."""


class SetupError(HedgerowError):
    """The start is refused. `what` names the thing that is wrong, `remedy` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy = what, remedy


class InputError(HedgerowError):
    """A file, market or argument that the user gave cannot be used; the message names it and why."""


class ApiError(HedgerowError):
    """A request that is answered with an error status. `detail` goes to the client as it is."""

    def __init__(self, status: int, detail: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status, self.detail, self.headers = status, detail, headers or {}


class Reason(StrEnum):
    """Why a venue refused, in our words; what can be done about it differs."""

    PRICE = "price"  # the price moved, or would cross: ask again at the present price
    LIMIT = "limit"  # the stake is above or below what is taken: resize
    FUNDS = "funds"  # the account's balance does not cover it
    CLOSED = "closed"  # the market or event is suspended, over or unknown
    DUPLICATE = "duplicate"  # the reference is known already: reconcile by it
    INVALID = "invalid"  # the request is malformed: our fault, never retried
    AUTH = "auth"  # the key, signature or clock is not accepted
    ACCOUNT = "account"  # the account may not do this: a person is needed
    RATE = "rate"  # too many requests; nothing was done
    UNKNOWN_ORDER = "unknown_order"  # the order named does not rest there (any more)
    OTHER = "other"


class VenueError(HedgerowError):
    """Base of what a venue can answer or fail to answer."""

    def __init__(self, venue: str, operation: str, message: str, code: str | None = None) -> None:
        super().__init__(f"{venue} {operation}: {message}" + (f" ({code})" if code else ""))
        self.venue, self.operation, self.message, self.code = venue, operation, message, code


class Refused(VenueError):  # noqa: N818
    """The venue said no; nothing has happened there."""

    def __init__(self, venue: str, operation: str, message: str, *, reason: Reason, code: str | None = None) -> None:
        super().__init__(venue, operation, message, code)
        self.reason = reason


class Unavailable(VenueError):  # noqa: N818
    """Nothing was sent, or the venue says that it did nothing; asking again later is safe."""

    def __init__(
        self,
        venue: str,
        operation: str,
        message: str,
        *,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(venue, operation, message, code)
        self.retry_after_s = retry_after_s


class InDoubt(VenueError):  # noqa: N818
    """The request left and its outcome is unknown. It has a reference: ask by it, never send it again."""


class CannotTell(VenueError):  # noqa: N818
    """The venue cannot say whether it ever received the reference; a later question or a person decides."""
