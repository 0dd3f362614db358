"""Frames, and the ring of those that can be replayed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.oddspapi.frames import RING_FRAMES, Frame, Ring
from hedgerow.sim.dialects.oddspapi.session import RESUME_WINDOW_MS


def ring_of(times: list[int]) -> Ring:
    ring = Ring()
    for number, ms in enumerate(times, start=1):
        ring.add(Frame("scores", {}, None, ms, number, number))
    return ring


@given(
    pauses=st.lists(st.sampled_from([0, 1, 20_000, 60_000, 60_001]), min_size=1, max_size=12),
    cursor=st.integers(0, 12),
)
def test_replay_is_whole_or_refused(pauses: list[int], cursor: int) -> None:
    times = [sum(pauses[: k + 1]) for k in range(len(pauses))]
    frames = ring_of(times).after(cursor)
    if any(ms < times[-1] - RESUME_WINDOW_MS for ms in times[cursor:]):
        assert frames is None
    else:
        assert [frame.number for frame in frames or []] == list(range(cursor + 1, len(times) + 1))


def test_ring_is_bounded_however_much_is_said_at_once() -> None:
    ring = ring_of([0] * (RING_FRAMES + 3))
    assert ring.after(2) is None
    assert len(ring.after(3) or []) == RING_FRAMES


def test_ring_that_was_cleared_has_no_last_entry() -> None:
    ring = ring_of([0, 1])
    assert ring.last == (1, 2)
    ring.clear()
    assert ring.last is None
