"""bench decode: both sides take the same frames whole."""

from __future__ import annotations

import json

import pytest

from hedgerow import bench
from hedgerow.bench.decode import CASES, Case, book_of, frames_of, to_book
from hedgerow.core.ids import FixtureId, VenueSlug

SMALL = Case("small", bookmakers=2, quotes=3, frames=4, target=1.0)


def test_runs_at_a_tiny_scale_and_reports_both_sizes() -> None:
    told = bench.run("decode", scale=0.01, runs=1)
    assert [row["case"] for row in told["ratios"]] == ["2 KB", "165 KB"]
    assert all(row["ours"] > 0 and row["baseline"] > 0 for row in told["ratios"])


@pytest.mark.parametrize(("case", "size"), [(CASES[0], 2_000), (CASES[1], 165_000)])
def test_frames_have_the_size_that_the_case_names(case: Case, size: int) -> None:
    _, (frame,) = frames_of(case, fixtures=1, count=1)
    assert len(frame) == pytest.approx(size, rel=0.2)


def test_every_quote_of_every_frame_reaches_the_book() -> None:
    known, frames = frames_of(SMALL, fixtures=2, count=6)
    book = book_of(known)
    to_book(book, frames)
    for frame in frames[-2:]:
        payload = json.loads(bytes(frame))["payload"]
        for slug, rows in payload["odds"].items():
            state = book.bookmaker(FixtureId(payload["fixtureId"]), VenueSlug(slug))
            assert state is not None
            assert {name: state.slots[name].changed_ms for name in rows} == {
                name: row["changedAt"] for name, row in rows.items()
            }


def test_frame_that_changes_nothing_ends_the_measurement() -> None:
    known, frames = frames_of(SMALL, fixtures=1, count=2)
    with pytest.raises(AssertionError, match="changed nothing"):
        to_book(book_of(known), frames[::-1])
