"""How a call is asked until it is answered, without I/O: pauses, limits, lost answers. Both clients are driven by it.

429 is waited out as the API says, within bounds. 503 and lost answers are asked again where the call may be repeated;
the repetition is the same call with the same keys, and what has keys is also asked again after the other failures of
whoever stands in between. What may not be repeated is repeated only where nothing was sent.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from hedgerow.client.call import Answer, Ask, Call, Conversation, NoAnswer, Pause, Repeat, Retries
from hedgerow.client.errors import (
    AnswerLostError,
    BadAnswerError,
    ClientError,
    UnreachableError,
    error_of,
    retry_after_s,
)
from hedgerow.client.wire import decode
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.tasks import Backoff

T = TypeVar("T")

_TOO_MANY = 429
_FAILED = {
    Repeat.SAFE: frozenset({503}),
    Repeat.KEYED: frozenset({500, 502, 503, 504}),
    Repeat.NEVER: frozenset[int](),
}
"""After which answers a call is asked again, though it may have been done."""


def conversation(call: Call[T], retries: Retries) -> Conversation[T]:
    """Until there is an answer. Raises ClientError."""
    return (yield from Asking(call, retries).run())


class Asking(Generic[T]):
    """One call. may_be_done: an attempt left, and what was answered does not tell what became of it."""

    def __init__(self, call: Call[T], retries: Retries) -> None:
        self._call, self._retries = call, retries
        self._backoff = Backoff(retries.first_pause_s, retries.longest_pause_s)
        self._waited_s = 0.0
        self.may_be_done = False

    def run(self) -> Conversation[T]:
        """Raises ClientError."""
        attempt = 0
        while True:
            attempt += 1
            got = yield Ask(self._call)
            assert got is not None
            if isinstance(got, Answer) and got.status < 300:
                return read(self._call, got)
            error = self._error(got)
            pause_s = self._pause_s(got, attempt)
            if pause_s is None:
                raise error
            self._waited_s += pause_s
            yield Pause(pause_s)

    def _error(self, got: Answer | NoAnswer) -> ClientError:
        if isinstance(got, Answer):
            self.may_be_done = self.may_be_done or got.status >= 500
            return error_of(self._call.name, got)
        self.may_be_done = self.may_be_done or got.was_sent
        kind = AnswerLostError if self.may_be_done and self._call.method != "GET" else UnreachableError
        return kind(self._call.name, got.why)

    def _pause_s(self, got: Answer | NoAnswer, attempt: int) -> float | None:
        """How long to wait before the next attempt; None: there is none."""
        if attempt >= self._retries.most or not self._may_repeat(got):
            return None
        pause_s = self._backoff.next_pause_s()
        if isinstance(got, Answer):
            pause_s = max(pause_s, retry_after_s(got) or 0.0)
        return pause_s if self._waited_s + pause_s <= self._retries.patience_s else None

    def _may_repeat(self, got: Answer | NoAnswer) -> bool:
        if isinstance(got, NoAnswer):
            return self._call.repeat is not Repeat.NEVER or not got.was_sent
        return got.status == _TOO_MANY or got.status in _FAILED[self._call.repeat]


def read(call: Call[T], answer: Answer) -> T:
    """The value of a success. Raises BadAnswerError."""
    try:
        value: Any = None if call.answer is None else decode(answer.body, call.answer)
    except UNREADABLE as error:
        raise BadAnswerError(call.name, str(error), answer.body) from None
    return cast(T, value)
