"""The numbered cases of the exam, and how one of them says that it failed.

A case is a small async function on a bench (`bench`), whose name is the claim that it proves, and it belongs to one of
the rules of `venues.quality`. It talks to the connector through the public protocol only; what is right is read from
the simulated venue's own books, so that a connector and a simulator which share a wrong belief do not pass together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from hedgerow.core.claims import DisprovedError, expect, expect_same, only
from hedgerow.core.errors import Refused, VenueError
from hedgerow.venues.quality import RULES

__all__ = [
    "PROVED_ELSEWHERE",
    "Case",
    "DisprovedError",
    "Enter",
    "Kind",
    "Sitting",
    "case",
    "entered_cases",
    "expect",
    "expect_same",
    "only",
    "raised",
    "refused",
]

B = TypeVar("B")

Sitting = Callable[[B], Awaitable[None]]
Enter = Callable[[Sitting[B]], Sitting[B]]
"""A decorator that enters a case into the exam."""


class Kind(StrEnum):
    """Which of the two protocols a case is about."""

    EXCHANGE = "exchange"
    BOOKMAKER = "bookmaker"


@dataclass(frozen=True, slots=True)
class Case:
    """One numbered case. `sit` gets a fresh bench of the case's kind."""

    number: str
    claim: str
    rule: str
    kind: Kind
    sit: Sitting[Any]


PROVED_ELSEWHERE: Mapping[str, str] = {
    "golden_requests": "the tests of the venue's folder hold every request against a recorded one",
    "vectors": "`hedgerow venues vectors` runs them through the connector's own signing",
    "witness": "tests/witness lets another client trade on the same wire",
}
"""Rules that a simulator cannot prove: it would have to be right where both could share a mistake."""

_cases: dict[str, Case] = {}


def case(number: str, rule: str, kind: Kind) -> Enter[Any]:
    """Enters a function into the exam. Its name, with spaces, is the claim. Raises ValueError for a number that is
    taken and for a rule that does not exist."""
    if number in _cases or rule not in RULES:
        raise ValueError(f"case {number} is taken, or its rule {rule!r} does not exist")

    def enter(sit: Sitting[Any]) -> Sitting[Any]:
        _cases[number] = Case(number, sit.__name__.replace("_", " "), rule, kind, sit)
        return sit

    return enter


def entered_cases() -> tuple[Case, ...]:
    """The cases of the modules that were imported, by number; `exam.catalogue` imports all."""
    return tuple(_cases[number] for number in sorted(_cases))


async def raised(asked: Awaitable[object], *kinds: type[VenueError]) -> VenueError:
    """The venue error of a call that has to fail, of one of the kinds. Raises DisprovedError for an answer; another
    error goes on."""
    try:
        answer = await asked
    except kinds as error:
        return error
    names = " or ".join(kind.__name__ for kind in kinds)
    raise DisprovedError(f"{names} was due, the answer was {answer!r}")


async def refused(asked: Awaitable[object], *reasons: object) -> Refused:
    """The refusal of a call, with one of the reasons (any, when none is named)."""
    error = await raised(asked, Refused)
    assert isinstance(error, Refused)
    expect(not reasons or error.reason in reasons, f"refused for {error.reason}, not for {_either(reasons)}: {error}")
    return error


def _either(reasons: tuple[object, ...]) -> str:
    return " or ".join(str(reason) for reason in reasons)
