"""When a question that came too soon may be asked again."""

from __future__ import annotations

import pytest

from hedgerow.net.http import Answer
from hedgerow.venues.cloudbet.rest import retry_after_s

from .conftest import NOW_S


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        (str(NOW_S + 7), 7),
        (str(NOW_S - 7), 1),  # their clock is behind ours
        (str(NOW_S + 86_400), 60),
        ("soon", 1),
        ("", 1),
        ("9" * 400, 1),
    ],
)
def test_the_wait_is_what_the_header_says_within_bounds(told: str, wait_s: int) -> None:
    assert retry_after_s(Answer(429, {"x-ratelimit-reset": told}, b""), NOW_S * 1000) == wait_s
