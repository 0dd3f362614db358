"""What serves for days is not searched for garbage, and what comes after it is."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from hedgerow.core import memory


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Another test of the same process may have served, and have left the search as serving has it."""
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_was_there_is_not_searched_any_more() -> None:
    there = Ring()
    memory.settle()
    assert not any(found is there for found in gc.get_objects())


def test_garbage_of_before_and_after_is_found() -> None:
    before = weakref.ref(Ring())
    memory.settle()
    after = weakref.ref(Ring())
    gc.collect()
    assert (before(), after()) == (None, None)


def test_after_the_block_all_is_searched_as_before() -> None:
    there, thresholds = Ring(), gc.get_threshold()
    with memory.settled():
        assert gc.get_threshold() != thresholds
        assert not any(found is there for found in gc.get_objects())
    assert gc.get_threshold() == thresholds
    assert any(found is there for found in gc.get_objects())
