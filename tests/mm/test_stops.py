"""Refusals that are too many: the share, the least number, and the end by itself."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.mm.stops import LEAST_ANSWERS, MOST_ANSWERS, WINDOW_MS, Answers

HALF = Decimal("0.5")


def answers(*refused: bool, at_ms: int = 0) -> Answers:
    found = Answers()
    for one in refused:
        found.add(at_ms, refused=one)
    return found


def test_more_than_the_share_exceeds_it_and_exactly_the_share_does_not() -> None:
    assert not answers(*[True, False] * 5).exceed(HALF, 0)
    assert answers(*[True, False] * 5, True).exceed(HALF, 0)


def test_few_answers_prove_nothing() -> None:
    assert not answers(*[True] * (LEAST_ANSWERS - 1)).exceed(HALF, 0)
    assert answers(*[True] * LEAST_ANSWERS).exceed(HALF, 0)


def test_without_a_share_nothing_stops() -> None:
    assert not answers(*[True] * 100).exceed(None, 0)


def test_refusals_of_long_ago_do_not_count() -> None:
    refused = answers(*[True] * 10)
    assert refused.exceed(HALF, WINDOW_MS)
    assert not refused.exceed(HALF, WINDOW_MS + 1)


@given(st.lists(st.tuples(st.integers(0, 30_000), st.booleans()), max_size=60))
def test_share_is_that_of_the_answers_in_the_window(told: list[tuple[int, bool]]) -> None:
    found, now_ms, kept = Answers(), 0, []
    for pause_ms, refused in told:
        now_ms += pause_ms
        found.add(now_ms, refused=refused)
        kept.append((now_ms, refused))
    inside = [refused for at_ms, refused in kept if now_ms - at_ms <= WINDOW_MS]
    expected = len(inside) >= LEAST_ANSWERS and sum(inside) > len(inside) / 2
    assert found.exceed(HALF, now_ms) == expected


def test_answers_are_bounded() -> None:
    many = answers(*[True] * MOST_ANSWERS, *[False] * MOST_ANSWERS)
    assert not many.exceed(Decimal(0), 0)
