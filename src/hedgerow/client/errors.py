"""What can go wrong for a program that calls our APIs; each error says what to do.

HedgerowError
└── ClientError
    ├── NotConfiguredError   the client was made without this API
    ├── UnreachableError     nothing was sent: asking again is safe
    ├── AnswerLostError      it was sent, no answer came, and asking again is not safe or did not help
    ├── BadAnswerError       the answer is not what the API promises
    ├── StreamEndedError     a stream ended and will not come back by itself
    └── ServiceError         the API said no: status, code, text
        ├── BadRequestError 400, UnauthorizedError 401, ForbiddenError 403, NotFoundError 404, ConflictError 409,
        │   TooLargeError 413, InvalidError 422, RateLimitedError 429, NotServedError 501, ServiceFailedError 5xx
        └── DuplicateError 409   the orders were placed before
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hedgerow.client.call import Answer
from hedgerow.client.wire import decode
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import HedgerowError

_MOST_SHOWN = 300


class ClientError(HedgerowError):
    """Base. remedy: what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(f"{text}; {remedy}")
        self.text, self.remedy = text, remedy


class NotConfiguredError(ClientError):
    """The client was made without this API's address and key."""

    def __init__(self, service: str) -> None:
        super().__init__(f"this client has no {service}", f"give it one: {service}=Service(url, key)")


class UnreachableError(ClientError):
    """No connection was made. Nothing has happened."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__(f"{call}: {why}", "nothing was sent; check the address and try again")


class AnswerLostError(ClientError):
    """The request left and what became of it is not known."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__(
            f"{call}: {why}",
            "it may have been done: read what there is before asking again; orders are found by their request_uuid",
        )


class BadAnswerError(ClientError):
    """body: as it came, so that nothing that was told is lost."""

    def __init__(self, call: str, why: str, body: bytes) -> None:
        super().__init__(
            f"{call}: the answer is not as promised: {why}", "the request was answered; is the client too old?"
        )
        self.body = body


class StreamEndedError(ClientError):
    """code: of the close frame, 0 without one."""

    def __init__(self, why: str, remedy: str, code: int = 0) -> None:
        super().__init__(why, remedy)
        self.code = code


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request. where: query, path or body, then the name."""

    where: tuple[str | int, ...]
    text: str
    kind: str


class ServiceError(ClientError):
    """An answer with an error status. code: the API's own, where it has one. detail: as it came."""

    remedy_of_status = "see the detail"

    def __init__(self, call: str, status: int, body: dict[str, Any]) -> None:
        detail = body.get("detail")
        self.status, self.body, self.detail = status, body, detail
        self.code, text = _told(detail)
        super().__init__(f"{call}: {status} {text}", self.remedy_of_status)


class BadRequestError(ServiceError):
    """400."""

    remedy_of_status = "change the request as the text says"


class UnauthorizedError(ServiceError):
    """401."""

    remedy_of_status = "send a key of this service that works"


class ForbiddenError(ServiceError):
    """403."""

    remedy_of_status = "ask for what is yours, with a key that is active; an operator changes keys"


class NotFoundError(ServiceError):
    """404."""

    remedy_of_status = "check the id"


class ConflictError(ServiceError):
    """409."""

    remedy_of_status = "the present state forbids it: read the state first"


class DuplicateError(ConflictError):
    """409 to a placement: every order was placed before, within thirty minutes."""

    remedy_of_status = "these orders are known: read them by their request_uuid"

    @property
    def uuids(self) -> list[str]:
        return list(self.body.get("duplicateUuids", ()))

    @property
    def in_progress(self) -> list[str]:
        """Those that are still worked on."""
        return list(self.body.get("inProgressUuids", ()))


class TooLargeError(ServiceError):
    """413."""

    remedy_of_status = "send less at a time"


class InvalidError(ServiceError):
    """422."""

    remedy_of_status = "correct the named fields"

    @property
    def faults(self) -> list[Fault]:
        found = self.detail if isinstance(self.detail, list) else []
        return [
            Fault(tuple(one.get("loc", ())), str(one.get("msg", "")), str(one.get("type", "")))
            for one in found
            if isinstance(one, dict)
        ]


class RateLimitedError(ServiceError):
    """429. retry_after_s: as the API said, None where it did not."""

    remedy_of_status = "ask less often; the limit is the key's"
    retry_after_s: float | None = None


class NotServedError(ServiceError):
    """501."""

    remedy_of_status = "this deployment cannot do it"


class ServiceFailedError(ServiceError):
    """Any 5xx. What a 502 or 504 says is the detail: a target that did not answer, or a cancel that worked in part."""

    remedy_of_status = "read the detail and what there is, then try again later"


_BY_STATUS: dict[int, type[ServiceError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    422: InvalidError,
    429: RateLimitedError,
    501: NotServedError,
}


def error_of(call: str, answer: Answer) -> ServiceError:
    """The error that an answer is."""
    body = _body(answer.body)
    kind = _BY_STATUS.get(answer.status, ServiceFailedError if answer.status >= 500 else ServiceError)
    if kind is ConflictError and "duplicateUuids" in body:
        kind = DuplicateError
    error = kind(call, answer.status, body)
    if isinstance(error, RateLimitedError):
        error.retry_after_s = retry_after_s(answer)
    return error


def retry_after_s(answer: Answer) -> float | None:
    """What `Retry-After` says, in seconds; None without it. Source: RFC 9110 section 10.2.3 (the form in seconds)."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _body(body: bytes) -> dict[str, Any]:
    try:
        found = decode(body)
    except UNREADABLE:
        found = body[:_MOST_SHOWN].decode(errors="replace")
    return found if isinstance(found, dict) else {"detail": found}


def _told(detail: object) -> tuple[str | None, str]:
    """The API's code, and the text."""
    match detail:
        case {"message": text, "code": str(code)}:
            return code, str(text)
        case [*faults]:
            parts = [
                f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg')}" for one in faults if isinstance(one, dict)
            ]
            return None, ", ".join(parts)[:_MOST_SHOWN]
    return None, str(detail)[:_MOST_SHOWN]
