"""Names for what is waited for: the same in a recording and in its replay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


class Waits:
    """What is waited for now. The same may be asked for several times at once: those are told apart by a number, the
    lowest that is free."""

    def __init__(self) -> None:
        self._taken: dict[str, set[int]] = {}

    @contextmanager
    def named(self, key: str) -> Iterator[str]:
        """The name of one wait, for as long as it lasts."""
        taken = self._taken.setdefault(key, set())
        number = next(n for n in count() if n not in taken)
        taken.add(number)
        try:
            yield f"{key} #{number}"
        finally:
            taken.discard(number)
            if not taken and self._taken.get(key) is taken:
                del self._taken[key]
