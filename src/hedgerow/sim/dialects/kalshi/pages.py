"""Pages of long lists: an opaque cursor names the last item that was shown.

A cursor that names nothing starts again from the first page, as the demo exchange was seen to do; the last page has
an empty one.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

from hedgerow.sim.dialects.kalshi.errors import invalid_query

T = TypeVar("T")


def page(items: Sequence[T], key: Callable[[T], str], limit: int, cursor: str) -> tuple[list[T], str]:
    """The items after the cursor's, at most so many, and the cursor of the next page ("" when there is none)."""
    last = _decoded(cursor)
    start = next((n for n, item in enumerate(items, 1) if key(item) == last), 0) if last else 0
    shown = list(items[start : start + limit])
    has_more = start + limit < len(items)
    return shown, urlsafe_b64encode(key(shown[-1]).encode()).decode() if has_more else ""


def limit_of(text: str, operation: str, default: int, highest: int) -> int:
    """The page size asked for. Raises Denial (400) outside of 1 to highest; 0 means the default, as in Go."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise invalid_query(operation, "Limit", "numeric")
    limit = int(text[:6])
    if limit > highest:
        raise invalid_query(operation, "Limit", "lte")
    return limit or default


def _decoded(cursor: str) -> str:
    try:
        return urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        return ""
