"""One parser of bytes from outside, what it is fed with, and what must hold of whatever comes out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.literals import told_in
from tests.fuzz.plausible import faults

from hedgerow.venues.reading import UnreadableError, read

VENUES = Path(__file__).resolve().parent.parent / "venues"

Claim = tuple[str, Any, Any]
"""What it is about, what the parser said, and what an independent reading says."""

_MOST_CPU_S = 1.0
"""Of one message, which takes some microseconds: a bound on work, not a measure of speed."""


@dataclass(frozen=True, slots=True)
class Parser:
    """`parse` answers a value or raises one of `refuses`. claims: of the value and the message as `told_in` reads it;
    what it cannot find there was invented."""

    name: str
    seeds: Sequence[Any]
    parse: Callable[[bytes], Any]
    claims: Callable[[Any, Any], Iterable[Claim]] | None = None
    refuses: tuple[type[Exception], ...] = (UnreadableError,)

    def check(self, payload: bytes) -> bool:
        """Whether the payload said something. Raises AssertionError for a crash, a misreading and unbounded work."""
        started = time.process_time()
        try:
            value = self.parse(payload)
        except self.refuses:
            return False
        finally:
            spent = time.process_time() - started
            assert spent < _MOST_CPU_S, f"{self.name}: {spent:.1f} s for {payload[:2000]!r}"
        if value is None or value in ([], {}):
            return False
        assert not (found := faults(value)), f"{self.name}: {found} from {payload[:2000]!r}"
        self._compare(value, payload)
        return True

    def _compare(self, value: Any, payload: bytes) -> None:
        if self.claims is None:
            return
        try:
            claims = list(self.claims(value, told_in(payload)))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise AssertionError(f"{self.name}: {value!r} is not in {payload[:2000]!r}: {error!r}") from error
        for what, said, right in claims:
            assert said == right, f"{self.name}: {what} {said!r}, not {right!r}, from {payload[:2000]!r}"


def seed(message: Any) -> Any:
    """A message with its numbers as literals."""
    return told_in(message if isinstance(message, bytes) else json.dumps(message, default=str).encode())


def fixture(venue: str, name: str, *path: Any, **changes: Any) -> Any:
    """A fixture of a venue's tests, or what stands at a place in it, with members changed."""
    found = told_in((VENUES / venue / "fixtures" / f"{name}.json").read_bytes())
    for key in path:
        found = found[key]
    return {**found, **seed(changes)} if changes else found


def by(kind: Any, parse: Callable[[Any], Any]) -> Callable[[bytes], Any]:
    """Reads a message of a kind as venues do, and hands it on."""
    return lambda payload: parse(read(kind, payload))
