"""Bodies as the client gets them."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.gateway.answer import Agent, Form, Meta, form_of, joined_headers, parts, whole

META = Meta(200, "http://a.test/", "HTTP/1.1", 5, False, {}, Agent("scraping-de1"), 0)


def told(body: bytes, content_type: str = "", *, expects_json: bool = False) -> tuple[Form, Any]:
    form = form_of(body, content_type, expects_json=expects_json)
    answer = json.loads(whole(META, body, form, content_type))
    assert json.loads(b"".join(parts(META, bytearray(body), form, content_type))) == answer
    return form, answer


@given(st.text(max_size=3000), st.integers(1, 200))
def test_any_text_comes_through_unchanged(text, times) -> None:
    body = (text * times).encode("utf-8", "replace")
    form, answer = told(body, "text/plain; charset=utf-8")
    if form is Form.TEXT:
        assert answer["raw"].encode("utf-8", "surrogatepass").decode("utf-8", "replace") == body.decode(
            "utf-8", "replace"
        )


@given(st.binary(min_size=1, max_size=200_000))
def test_any_bytes_come_through_as_base64(body) -> None:
    form, answer = told(body, "image/png")
    assert (form, b64decode(answer["raw"])) == (Form.BINARY, body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_comes_through_unchanged(value) -> None:
    form, answer = told(json.dumps(value).encode(), "application/json")
    assert (form, answer["raw"], answer["raw_json"]) == (Form.JSON, None, value)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Grüße".encode("latin-1"), "text/html; charset=ISO-8859-1", "Grüße"),
        ("Grüße".encode("latin-1"), "text/html", "Grüße"),
        ("€".encode("cp1252"), "text/plain; charset=iso-8859-1", "€"),
        ("Grüße".encode(), "text/html", "Grüße"),
        ("日本".encode("shift_jis"), 'text/html; charset="Shift_JIS"', "日本"),
        ("日本".encode("utf-16-le"), "text/plain; charset=utf-16le", "日本"),
        (b'<meta charset="koi8-r">' + "да".encode("koi8-r"), "text/html", '<meta charset="koi8-r">да'),
        (b"\xef\xbb\xbfabc", "text/plain", "abc"),
        (b"a\xffb", "text/plain; charset=utf-8", "a\ufffdb"),
        (b"abc", "text/plain; charset=nonsense", "abc"),
        (b"abc", "text/plain; charset=base64", "abc"),
        (b"plain", "", "plain"),
        (b"", "", ""),
    ],
)
def test_text_is_read_by_the_charset_that_it_names(body, content_type, text) -> None:
    form, answer = told(body, content_type)
    assert (form, answer["raw"], answer["raw_json"]) == (Form.TEXT, text, None)


def test_what_only_looks_like_json_is_text() -> None:
    for body in (b"{not json}", b"[" * 100_000, b'{"a":"\xff"}'):
        assert told(body, "text/plain; charset=latin1")[0] is Form.TEXT
    assert told(b"1234", "text/plain")[0] is Form.TEXT
    assert told(b"1234", "text/plain", expects_json=True)[1]["raw_json"] == 1234


def test_a_mark_before_json_is_left_out() -> None:
    assert told(b'\xef\xbb\xbf{"a":1}', "application/json")[1]["raw_json"] == {"a": 1}


def test_a_body_is_used_up_while_it_is_sent() -> None:
    body = bytearray(b"x" * 1_000_000)
    answer = parts(META, body, Form.TEXT, "text/plain; charset=utf-8")
    for _ in range(10):
        next(answer)
    assert len(body) < 600_000


def test_a_mark_before_what_is_no_text_is_a_part_of_it() -> None:
    body = b"\xef\xbb\xbf\0image"
    assert b64decode(told(body, "image/png")[1]["raw"]) == body


def test_names_of_headers_are_told_in_lower_case() -> None:
    assert joined_headers([("Vary", "a"), ("server", "b")]) == {"vary": "a", "server": "b"}


def test_repeated_headers_are_joined_and_cookies_kept_apart() -> None:
    pairs = [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Vary", "a"), ("vary", "b")]
    assert joined_headers(pairs) == {"set-cookie": "a=1\nb=2", "vary": "a, b"}
