"""How a case of an exam says that its claim does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class DisprovedError(AssertionError):
    """The claim of a case does not hold; the message says what was seen."""


def expect(holds: object, what: str) -> None:
    """Raises DisprovedError with `what` unless it holds."""
    if not holds:
        raise DisprovedError(what)


def expect_same(what: str, seen: object, right: object) -> None:
    """Raises DisprovedError with both values unless they are equal."""
    if seen != right:
        raise DisprovedError(f"{what}: {seen!r}, where {right!r} would be right")


def only(what: str, found: Sequence[T]) -> T:
    """The one thing that has to be there. Raises DisprovedError for none and for more."""
    expect_same(f"how many {what}", len(found), 1)
    return found[0]
