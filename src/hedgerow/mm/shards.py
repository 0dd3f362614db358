"""Which fixtures a part of market making works on: all, or those whose id falls into one shard of several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_DIGITS = 7
"""Hexadecimal, of the hash: what fits into an integer of the database."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of `count` equal ones, numbered from 0. What is an account's as a whole (its rate limits, its money, the
    caps over more than one fixture) is divided by `count`, so that no part has to know what the others do."""

    index: int = 0
    count: int = 1

    @property
    def is_whole(self) -> bool:
        return self.count == 1

    def owns(self, fixture_id: str | None) -> bool:
        """Whether a fixture is worked on here. What belongs to no fixture is the first shard's."""
        return shard_of(fixture_id, self.count) == self.index if fixture_id else self.index == 0

    def condition(self, column: str = "fixture_id") -> str:
        """The same for a column of the database, as SQL."""
        return "true" if self.is_whole else f"mm_shard_of({column}, {self.count}) = {self.index}"


WHOLE = Shard()


def shard_of(fixture_id: str, count: int) -> int:
    """The number of a fixture's shard. `mm_shard_of` of the database counts the same."""
    digest = hashlib.sha256(fixture_id.encode()).hexdigest()
    return int(digest[:_DIGITS], 16) % count
