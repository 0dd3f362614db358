"""Minutes of the day of faults that `make soak` plays in full."""

from __future__ import annotations

from .faultday import FaultDay, assert_books_agree, assert_every_cent_is_explained, assert_nothing_is_doubled
from .worldkit import Scene


async def test_books_are_right_after_minutes_of_faults(quoting: Scene) -> None:
    day = FaultDay(quoting, seed=3, takers_every_s=6, faults_every_s=15)
    await day.run(240)
    assert sum(day.injected.values()) >= 8
    await quoting.finish()
    assert len(await quoting.fills()) >= 5
    await assert_books_agree(quoting)
    await assert_nothing_is_doubled(quoting)
    await assert_every_cent_is_explained(quoting)
