"""Queries and cursors are read without trust."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.polymarket.http import (
    clob_page,
    cursor_of,
    is_true,
    number_of,
    offset_of,
    page_of,
    texts_of,
    whole,
)
from hedgerow.sim.dialects.polymarket.orders import Refusal


@given(st.integers(0, 200), st.integers(1, 50))
def test_pages_behind_cursors_are_the_whole_list(length: int, limit: int) -> None:
    rows, seen, cursor = list(range(length)), list[int](), "MA=="
    for _ in range(length + 1):
        shown, following = page_of(rows, cursor, limit, "no")
        seen += shown
        if following is None:
            break
        cursor = following
    assert seen == rows


def test_the_clob_s_first_and_last_cursor_are_known_texts() -> None:
    assert cursor_of(0) == "MA=="
    assert clob_page([{}], "", 1, "no") == {"data": [{}], "next_cursor": "LTE=", "limit": 1, "count": 1}
    assert clob_page([{}], "LTE=", 1, "no")["data"] == []


@pytest.mark.parametrize("cursor", ["?", "MA", "eA==", "é"])
def test_a_cursor_that_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal, match="no"):
        offset_of(cursor, "no")


def test_numbers_of_a_query_are_bounded_and_plain() -> None:
    request = make_mocked_request("GET", "/?limit=500&offset=-1&page=2")
    assert number_of(request, "limit", 20, 100) == 100
    assert number_of(request, "page", 1, 100) == 2
    assert number_of(request, "start", 7, 100) == 7
    with pytest.raises(Refusal, match="invalid offset"):
        number_of(request, "offset", 0, 100)
    assert whole("9" * 18) == 10**18 - 1
    assert [whole(text) for text in ("", "1.5", "1e3", " 1", "9" * 5000)] == [None] * 5


def test_lists_of_a_query_are_repeated_or_separated() -> None:
    request = make_mocked_request("GET", "/?id=1&id=2,3&closed=TRUE&active=no")
    assert texts_of(request, "id") == ["1", "2", "3"]
    assert texts_of(request, "slug") == []
    assert [is_true(request, name) for name in ("closed", "active", "live")] == [True, False, None]
