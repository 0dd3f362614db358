"""Python's search for garbage, for processes that serve for days."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 10_000
"""More allocated than freed, until the youngest are searched: what a group of requests needs is gone by itself before
that. Python's own 700 is for scripts."""


def settle() -> None:
    """Called when a process has loaded what it serves with: that is not searched any more. Otherwise every full search
    goes through all of it, which stops the process for tens of milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


@contextmanager
def settled() -> Iterator[None]:
    """The same for the length of the block, in a process that does something else as well."""
    thresholds = gc.get_threshold()
    settle()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
