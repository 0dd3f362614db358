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
    thresholds = gc.get_threshold()
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
