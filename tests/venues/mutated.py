"""Messages with anything at all in place of one of their members."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**45), 10**45) | st.text(max_size=45) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def mutations(draw: st.DrawFn, message: dict[str, Any]) -> dict[str, Any]:
    """The message with one member, at whatever depth, exchanged."""
    return changed(message, draw(st.sampled_from(list(places(message)))), draw(anything))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a message."""
    if path:
        yield path
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*path, key))


def changed(message: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The message with another value at a place."""
    message = copy.deepcopy(message)
    inner: Any = message
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return message
