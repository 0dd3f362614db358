"""Requests that are described in a body, whose own body comes out in parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway import envelope
from hedgerow.scraping.gateway.envelope import EnvelopeBody, may_be_envelope, read_envelope

TEXTS = st.text(st.characters(codec="utf-8"), max_size=400)


def body_of(text: bytes) -> EnvelopeBody:
    found = read_envelope(text)
    assert found is not None
    return EnvelopeBody(found)


@given(TEXTS, st.booleans(), st.integers(13, 60))
@example("\\" * 100, False, 13)
@example("😀\\u12" * 20, True, 14)
@example("日" * 100, False, 16)
def test_a_body_in_parts_is_the_same_wherever_it_is_parted(text: str, is_ascii: bool, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "_PART", most)
        body = body_of(json.dumps({"body": text}, ensure_ascii=is_ascii).encode())
        for _ in range(2):  # as a second attempt does
            parts = list(body)
            assert b"".join(parts) == text.encode()
            assert all(0 < len(part) <= most for part in parts)
        assert (len(body), bool(body)) == (len(text.encode()), bool(text))


@pytest.mark.parametrize("written", ["1", "null", "[]", '{"a": "b"}'])
def test_a_body_that_is_no_text_is_refused(written: str) -> None:
    with pytest.raises(ApiError, match="400: Invalid request body: Expected `str`"):
        body_of(f'{{"method": "POST", "body": {written}}}'.encode())


@pytest.mark.parametrize("before", [b"", b"x" * 100_000])
def test_a_body_that_is_not_in_utf_8_is_refused(before: bytes) -> None:
    with pytest.raises(ApiError, match="400: Invalid request body"):
        body_of(b'{"body": "%b\xff\xff\xff"}' % before)


@pytest.mark.parametrize(
    ("beginning", "may"), [(b"", True), (b" \r\n\t", True), (b"\n {", True), (b" [", False), (b"x{", False)]
)
def test_whether_a_body_may_be_an_envelope_is_seen_where_it_begins(beginning: bytes, may: bool) -> None:
    assert may_be_envelope(beginning) is may


@pytest.mark.parametrize(
    "text", [b"{}", b'{"method": "GET", "other": 1}', b"[]", b"", b'{"body": "x"', rb'{"body": "\ud800"}']
)
def test_what_is_no_envelope_is_passed_on(text: bytes) -> None:
    assert read_envelope(text) is None
