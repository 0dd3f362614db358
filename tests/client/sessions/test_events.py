from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.client.sessions.events import Event, EventParser

TEXT = b': keep-alive\n\nevent: message\ndata: {"odds": 1.10}\n\ndata: plain\ndata: text\n\nevent: done\ndata: {}\n\n'
EVENTS = [Event("message", {"odds": Decimal("1.10")}), Event("message", "plain\ntext"), Event("done", {})]


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_events_are_whole_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    parser = EventParser()
    parts = (TEXT[begin:end] for begin, end in pairwise(places))
    assert [event for part in parts for event in parser.feed(part)] == EVENTS


def test_event_that_is_not_whole_is_not_told() -> None:
    assert EventParser().feed(b"event: a\ndata: 1\n") == []
