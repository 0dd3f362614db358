"""The numbered cases, and how one says that it could not be run.

A case is an async function on a `Bench`, whose name is its claim. It returns when the claim holds, with a note where it
held in part for a reason that the protocol allows; it raises DisprovedError when it does not, NotRunError when it could
not be tried. What was not tried never counts as passed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hedgerow.bridging.wire import Capability

if TYPE_CHECKING:
    from hedgerow.bridging.conformance.bench import Bench

Sitting = Callable[["Bench"], Awaitable[str | None]]


class NotRunError(Exception):
    """The claim could not be tried; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Case:
    """places: it places bets. needs: capabilities without which the claim is about nothing. is_late: it uses up the
    pace, or looks back on the others, and is sat after them."""

    number: str
    claim: str
    sit: Sitting
    places: bool
    needs: tuple[Capability, ...]
    is_late: bool


_cases: dict[str, Case] = {}


def case(number: str, *needs: Capability, places: bool = True, is_late: bool = False) -> Callable[[Sitting], Sitting]:
    """Enters a function into the kit. Raises ValueError for a number that is taken."""
    if number in _cases:
        raise ValueError(f"case {number} is taken")

    def enter(sit: Sitting) -> Sitting:
        claim = getattr(sit, "__name__", number).replace("_", " ")
        _cases[number] = Case(number, claim, sit, places, needs, is_late)
        return sit

    return enter


def entered_cases() -> tuple[Case, ...]:
    """Of the modules that were imported, in the order in which they are sat."""
    return tuple(sorted(_cases.values(), key=lambda case: (case.is_late, case.number)))
