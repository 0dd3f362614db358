"""Requests as bytes and answers from bytes: whatever a caller gives is one request, whatever a target sends is one
answer or none."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.agent.http1 import (
    END_OF_CHUNKS,
    MOST_HEAD,
    MOST_HEADERS,
    AnswerReader,
    NotHttpError,
    chunk,
    request_head,
)

OK = b"HTTP/1.1 200 OK\r\n"

texts = st.text(st.characters(max_codepoint=0x17F), max_size=12)
bodies = st.binary(max_size=400)


class Requests:
    """Every request that a server would read out of bytes."""

    def __init__(self, data: bytes) -> None:
        self.found: list[dict[str, str]] = []
        self.bodies = 0
        httptools.HttpRequestParser(self).feed_data(data)

    def on_message_begin(self) -> None:
        self.found.append({})

    def on_header(self, name: bytes, value: bytes) -> None:
        self.found[-1][name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.bodies += len(body)


def read(*parts: bytes, method: str = "GET") -> AnswerReader:
    reader = AnswerReader(method)
    for part in parts:
        reader.feed(part)
    return reader


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def framed(body: bytes, sizes: list[int] | None) -> bytes:
    """An answer with its length, or in chunks of these sizes."""
    if sizes is None:
        return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunks, at = b"", 0
    for size in sizes:
        if part := body[at : at + size]:
            chunks += chunk(part)
        at += size
    rest = chunk(body[at:]) if body[at:] else b""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + rest + END_OF_CHUNKS


# --- requests ----------------------------------------------------------------------------------------------------


def test_a_request_says_what_was_given_and_what_was_left_out() -> None:
    head = request_head("GET", "http://example.com:81/a%20b?c=1#d", [("x-one", "1"), ("accept", "text/html")], 0)
    assert head.startswith(b"GET /a%20b?c=1 HTTP/1.1\r\nHost: example.com:81\r\nX-One: 1\r\nAccept: text/html\r\n")
    (told,) = Requests(head).found
    assert told.keys() == {"host", "x-one", "accept", "user-agent", "accept-encoding"}


def test_a_part_of_a_body_is_not_asked_for_packed() -> None:
    (told,) = Requests(request_head("GET", "http://a/", [("range", "bytes=0-1")], 0)).found
    assert "accept-encoding" not in told


def test_a_users_name_in_the_url_is_said_to_the_target_as_a_header() -> None:
    (told,) = Requests(request_head("GET", "http://us%40er:w%3Ard@a/", [], 0)).found
    assert (told["host"], told["authorization"]) == ("a", "Basic dXNAZXI6dzpyZA==")
    (told,) = Requests(request_head("GET", "http://u:w@a/", [("Authorization", "Bearer x")], 0)).found
    assert told["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("method", "length", "said"),
    [
        ("GET", 0, {}),
        ("POST", 0, {"content-length": "0"}),
        ("GET", 3, {"content-length": "3"}),
        ("PUT", None, {"transfer-encoding": "chunked"}),
    ],
)
def test_a_body_is_framed_in_one_way(method, length, said) -> None:
    framing = [("Content-Length", "9"), ("Transfer-Encoding", "gzip"), ("Connection", "close"), ("Host", "b")]
    (told,) = Requests(request_head(method, "http://a/", framing, length)).found
    assert {name: told[name] for name in told if name in ("content-length", "transfer-encoding")} == said
    assert (told["host"], "connection" in told) == ("a", False)


@given(st.lists(st.tuples(texts, texts), max_size=4), texts)
def test_what_is_given_is_one_request_or_none(headers, method) -> None:
    try:
        head = request_head(method or "GET", "http://a/", headers, 0)
    except ValueError:
        return
    if head.split(b" ")[0] not in (b"GET", b"POST", b"PUT", b"DELETE"):
        head = head.replace(head.split(b" ")[0], b"GET", 1)  # the witness knows no other words
    found = Requests(head).found
    assert len(found) == 1
    assert len(found[0]) <= len(headers) + 4


@pytest.mark.parametrize(
    "header",
    [
        ("a" * 300, "c"),
        ("a b", "c"),
        ("a:b", "c"),
        ("", "c"),
        ("a", "b\r\nc: d"),
        ("a", "b\n"),
        ("a", "\0"),
        ("a\r\nb", "c"),
    ],
)
def test_a_header_that_would_be_another_one_is_refused(header) -> None:
    with pytest.raises(ValueError):
        request_head("GET", "http://a/", [header], 0)


@pytest.mark.parametrize("method", ["", "A B", "GET / HTTP/1.1\r\nX:"])
def test_a_method_that_is_no_word_is_refused(method) -> None:
    with pytest.raises(ValueError):
        request_head(method, "http://a/", [], 0)


# --- answers -----------------------------------------------------------------------------------------------------


@given(bodies, st.none() | st.lists(st.integers(1, 99), max_size=5), st.lists(st.integers(0), max_size=5))
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(body, sizes, places) -> None:
    reader = read(*cut(framed(body, sizes), places))
    assert (reader.status, reader.version, reader.is_over, reader.keeps_alive) == (200, "HTTP/1.1", True, True)
    assert reader.take() == body
    assert (reader.take(), reader.unread) == (b"", 0)


@given(bodies, st.none() | st.lists(st.integers(1, 99), max_size=5), st.integers(0))
def test_an_answer_that_breaks_off_is_none(body, sizes, place) -> None:
    whole = framed(body, sizes)
    reader = read(whole[: place % len(whole)])
    assert not reader.is_over
    with pytest.raises(NotHttpError):
        reader.end()


@given(bodies)
def test_a_body_without_a_length_ends_with_its_connection(body) -> None:
    reader = read(OK + b"\r\n" + body)
    assert not reader.is_over
    reader.end()
    assert (reader.is_over, reader.keeps_alive, reader.take()) == (True, False, body)


@given(bodies, st.binary(min_size=1, max_size=50).filter(lambda more: more.strip(b"\r\n")))
def test_what_is_sent_beyond_an_answer_ends_the_connection_and_is_no_part_of_it(body, more) -> None:
    for parts in ([framed(body, None) + more], [framed(body, None), more]):
        reader = read(*parts)
        assert (reader.is_over, reader.take()) == (True, body)
        assert not reader.keeps_alive


@given(st.binary(max_size=300), st.lists(st.integers(0), max_size=5))
def test_anything_is_read_or_refused_and_never_more_than_was_sent(data, places) -> None:
    reader = AnswerReader("GET")
    try:
        for part in cut(OK + data, places):
            reader.feed(part)
    except NotHttpError:
        pass
    assert len(reader.take()) <= len(data)


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"Content-Length: 1, 1\r\n\r\na",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"Content-Length : 1\r\n\r\na",
        b"X: \0\r\n\r\n",
    ],
    ids=repr,
)
def test_what_two_readers_could_read_in_two_ways_is_refused(framing) -> None:
    with pytest.raises(NotHttpError):
        read(OK + framing)


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 99 a\r\n\r\n", b"\x16\x03\x01"]
)
def test_what_is_not_http_is_refused(data) -> None:
    with pytest.raises(NotHttpError, match="not HTTP"):
        read(data)


def test_another_protocol_is_refused() -> None:
    with pytest.raises(NotHttpError, match="changed the protocol"):
        read(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")


@pytest.mark.parametrize(
    "flood",
    [
        OK + b"a: b\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        OK + b"a: " + b"b" * 2 * MOST_HEAD,
        OK + b"b" * 2 * MOST_HEAD,
        b"HTTP/1.1 " + b"2" * 2 * MOST_HEAD,
        b"HTTP/1.1 103 E\r\nLink: abc\r\n\r\n" * (MOST_HEAD // 20),
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: bcdefgh\r\n" * (MOST_HEAD // 6),
    ],
    ids=["headers", "value", "name", "status", "interim", "trailer"],
)
def test_a_head_without_an_end_is_refused_while_it_is_small(flood) -> None:
    with pytest.raises(NotHttpError):
        read(*(flood[start : start + 4096] for start in range(0, len(flood), 4096)))
    with pytest.raises(NotHttpError):
        read(flood)


def test_interim_answers_are_passed_over() -> None:
    reader = read(b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n", OK + b"Content-Length: 1\r\n\r\na")
    assert (reader.status, reader.headers, reader.take()) == (200, [("content-length", "1")], b"a")
    assert reader.keeps_alive


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_some_answers_have_no_body_whatever_their_length_says(method, status) -> None:
    reader = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status, method=method)
    assert (reader.is_over, reader.keeps_alive, reader.take()) == (True, True, b"")
    reader.feed(b"extra")
    assert not reader.keeps_alive


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close", False),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", True),
    ],
)
def test_a_connection_is_kept_where_the_target_keeps_it(head, keeps) -> None:
    assert read(head + b"\r\nContent-Length: 0\r\n\r\n").keeps_alive is keeps


ANSWERS = (
    OK + b"Content-Length: 3\r\nX-A: 1\r\n\r\nabc",
    OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
    b"HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
    OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n",
)


def told_by(reader: AnswerReader) -> tuple[object, ...]:
    known = (reader.status, reader.version, reader.headers, reader.told, reader.length, reader.is_headed)
    return *known, reader.is_over, reader.keeps_alive, reader.take()


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=5), st.lists(st.integers(0), max_size=5))
def test_a_reader_that_was_renewed_reads_as_a_new_one(answers, places) -> None:
    reader = AnswerReader("GET")
    for answer in answers:
        for part in cut(answer, places):
            reader.feed(part)
        assert told_by(reader) == told_by(read(answer))
        if not reader.renew("GET"):
            assert not reader.keeps_alive
            return
        assert (reader.is_headed, reader.is_over, reader.unread) == (False, False, 0)


def test_an_answer_to_head_leaves_a_reader_that_reads_no_other() -> None:
    reader = read(OK + b"Content-Length: 5\r\n\r\n", method="HEAD")
    assert reader.keeps_alive
    assert not reader.renew("GET")
    other = read(OK + b"Content-Length: 0\r\n\r\n")
    assert other.renew("HEAD")
    other.feed(OK + b"Content-Length: 5\r\n\r\n")
    assert (other.is_over, other.take()) == (True, b"")


def test_headers_come_in_order_with_their_bytes_and_lines_may_end_with_lf_alone() -> None:
    reader = read(b"HTTP/1.1 200\nSet-Cookie: a=\xe9\nset-cookie: b \t\nX-Empty:\nContent-Length: 0\n\n")
    assert reader.headers == [("set-cookie", "a=é"), ("set-cookie", "b"), ("x-empty", ""), ("content-length", "0")]
