"""What the headers of a request ask for, and which of them the target gets."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.request import accepted_codings, own_headers, passed_on, read_control
from hedgerow.scraping.messages import Kind

KEY = "53dcc0f3-0f5d-4b8b-a59c-5c24c0f5d0e1"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("gzip, deflate, br, zstd", "gzip, deflate, zstd"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip;q=0.8, zstd;q=0.1, deflate;q=0.1"),
        ("*", "zstd, gzip, deflate"),
        ("GZIP , x-gzip", "GZIP, x-gzip"),
        ("br", "identity"),
        ("", "identity"),
        ("identity", "identity"),
        ("identity;q=0, gzip, br;q=0, *;q=0.000", "identity;q=0, gzip, br;q=0, *;q=0.000"),
        ("br; q=0.01", "identity"),
    ],
)
def test_only_codings_that_agents_unpack_are_asked_for(said: str, told: str) -> None:
    assert accepted_codings(said) == told
    assert passed_on([(b"accept-encoding", said.encode())]) == [("accept-encoding", told)]


def test_a_part_of_a_packed_body_is_not_asked_for() -> None:
    assert passed_on([(b"accept-encoding", b"gzip"), (b"range", b"bytes=0-9")]) == [("range", "bytes=0-9")]


def test_headers_are_ours_or_the_targets_by_where_they_stand() -> None:
    given = {"X-Country": "XX", "X-Api-Key": "theirs", "Keep-Alive": "1", "X-Real-Ip": "1.2.3.4", "X-Mine": KEY}
    assert own_headers(given, KEY[:8]) == [("x-country", "XX"), ("x-api-key", "theirs")]
    assert own_headers({"X-Mine": KEY}, "00000000") == [("x-mine", KEY)]  # another's, or no key at all
    assert passed_on([(name.lower().encode(), value.encode()) for name, value in given.items()]) == [("x-mine", KEY)]


@pytest.mark.parametrize("name", ["x-geo", "x-geo-cc", "x-geo-strict", "x-cc", "x-country"])
def test_every_name_of_the_filter_is_checked_and_the_first_counts(name: str) -> None:
    target = (b"x-target-url", b"http://a.test")
    control = read_control([(b"x-country", b"AT"), (name.encode(), b"de"), target], Kind.FETCH)
    assert control.wanted.countries == {"DE"} if name != "x-country" else {"AT"}
    with pytest.raises(ApiError, match="Invalid country code: 'NOWHERE'"):
        read_control([(b"x-geo", b"DE"), (name.encode(), b"nowhere"), target], Kind.FETCH)
