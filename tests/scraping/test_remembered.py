"""Readings that are not done twice."""

from __future__ import annotations

import pytest

from hedgerow.scraping.remembered import MOST_CHARACTERS, remembered


def test_a_short_text_is_read_once_and_a_long_one_each_time() -> None:
    read: list[str] = []

    @remembered
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    long = "x" * (MOST_CHARACTERS + 1)
    assert [length(text) for text in ("ab", "ab", long, long)] == [2, 2, len(long), len(long)]
    assert read == ["ab", long, long]


def test_what_cannot_be_read_is_refused_each_time() -> None:
    number = remembered(int)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            number("x")
