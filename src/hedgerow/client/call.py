"""One operation of an API as a value: what is asked, how its answer reads, and whether it may be asked again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

T = TypeVar("T")


class Repeat(Enum):
    """What becomes of asking twice."""

    SAFE = auto()  # it reads, or the second time changes nothing more
    KEYED = auto()  # it carries keys of ours by which the service knows it again
    NEVER = auto()  # it would happen twice


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """answer: the type that the body of a success is read as; None: there is none. converse: how it is asked, where
    asking is more than sending it until it is answered."""

    name: str
    method: str
    path: str
    answer: Any
    repeat: Repeat
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # they and the body may have secrets
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float | None = None
    converse: Callable[[Call[T], Retries], Conversation[T]] | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """most: attempts of one call, the first included. patience_s: how long a call may wait between its attempts, all
    pauses together. first_pause_s doubles from attempt to attempt, up to longest_pause_s, half of it at random."""

    most: int = 5
    patience_s: float = 60.0
    first_pause_s: float = 0.25
    longest_pause_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this call and bring its answer, or why there is none."""

    call: Call[Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """was_sent: the service may have taken it."""

    why: str
    was_sent: bool


Conversation = Generator[Ask | Pause, Answer | NoAnswer | None, T]
"""A call as it is held, without I/O: asks and pauses come out, what they brought goes in; returns the call's value."""


def path_of(template: str, **values: object) -> str:
    """A path with its values, each quoted whole."""
    return template.format(**{name: quote(_text(value), safe="") for name, value in values.items()})


def query_of(**values: object) -> tuple[tuple[str, str], ...]:
    """Parameters as they stand in the URL; None is left out, a list is one parameter for each of its values."""
    return tuple((name, _text(one)) for name, value in values.items() for one in _each(value))


def _each(value: object) -> Iterable[object]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case str() | int() | UUID() | Decimal():
            return str(value)
    raise TypeError(f"{value!r} is no value of a parameter")
