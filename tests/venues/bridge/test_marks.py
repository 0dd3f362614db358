"""From where changes are read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.bridge.marks import EARLIER_MS, Marks

CHANGES = st.lists(st.integers(0, 10**7), max_size=30).map(sorted)


@given(CHANGES, st.integers(0, 2 * 10**7))
def test_no_change_at_or_after_the_time_is_left_out(times: list[int], since_ms: int) -> None:
    marks = Marks()
    for revision, updated_ms in enumerate(times, 1):
        marks.note(updated_ms, revision)
    skipped = times[: marks.before(since_ms)]
    assert all(updated_ms < since_ms - EARLIER_MS for updated_ms in skipped)


def test_reading_goes_on_behind_what_is_old_enough() -> None:
    marks = Marks()
    marks.note(1_000, 4)
    marks.note(2_000, 9)
    assert marks.last == 9
    assert marks.before(2_000 + EARLIER_MS) == 4
    assert marks.before(2_001 + EARLIER_MS) == 9
    assert marks.before(1_000) == 0


def test_a_mark_that_is_not_new_changes_nothing_and_all_can_be_forgotten() -> None:
    marks = Marks()
    marks.note(2_000, 9)
    marks.note(1, 8)
    assert marks.before(1_000) == 0
    marks.clear()
    assert (marks.last, marks.before(10**9)) == (0, 0)
