"""From a venue's bytes to its messages, and what it means when they are not of the documented form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Unavailable

T = TypeVar("T")


class UnreadableError(ValueError):
    """An answer or a frame that is not of the form that the venue documents."""


def read(kind: type[T], payload: bytes | memoryview | msgspec.Raw | str) -> T:
    """The message of a kind. Raises UnreadableError, which names the member that is wrong."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except UNREADABLE as error:
        raise UnreadableError(f"no {getattr(kind, '__name__', kind)}: {error}") from None


@contextmanager
def reading(venue: str, operation: str, *, changes: bool = False) -> Iterator[None]:
    """Turns an answer that cannot be read into a venue error: a question can be asked again, a change is in doubt."""
    try:
        yield
    except UnreadableError as error:
        kind = InDoubt if changes else Unavailable
        raise kind(venue, operation, f"unreadable answer: {error}") from error
