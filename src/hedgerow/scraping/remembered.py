"""What is read from short texts that come again and again, as the targets of whoever follows a page do."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

MOST_TEXTS = 4096
MOST_CHARACTERS = 512
"""Of a text that is remembered: all of them are a few megabytes at most."""


def remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """A pure reading of one text that is not done again for those seen lately. What it raises is not remembered."""
    known = lru_cache(maxsize=MOST_TEXTS)(read)

    @wraps(read)
    def recall(text: str) -> T:
        return known(text) if len(text) <= MOST_CHARACTERS else read(text)

    return recall
