"""Heads and credentials at the proxy front."""

from __future__ import annotations

from base64 import b64encode

import pytest

from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.proxyrequest import (
    answer_head,
    check_port,
    chunk_size,
    read_credentials,
    read_request,
    refused,
)

KEY = "0b0e5a43-7f0c-4a4e-9d0e-0f3f3d9b2f11"


def basic(text: str) -> bytes:
    return b"Basic " + b64encode(text.encode())


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


def test_a_url_becomes_its_path_at_its_host() -> None:
    request = read_request(
        head(
            "POST http://Example.com:8080/a?b=c HTTP/1.1",
            "Host: other.example",
            "Proxy-Authorization: Basic eA==",
            "Connection: close, X-Hop",
            "X-Hop: 1",
            "X-Kept: 2",
            "Content-Length: 5",
        )
    )
    assert (request.host, request.port, request.length, request.credentials) == ("example.com", 8080, 5, b"Basic eA==")
    assert request.head == (
        b"POST /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nx-kept: 2\r\ncontent-length: 5\r\nConnection: close\r\n\r\n"
    )


def test_a_url_without_a_path_asks_for_the_root_and_tells_no_password() -> None:
    request = read_request(head("GET http://user:pass@example.com HTTP/1.0"))
    assert request.head == b"GET / HTTP/1.0\r\nHost: example.com\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "host", "port"), [("example.com:443", "example.com", 443), ("[2001:db8::1]:80", "2001:db8::1", 80)]
)
def test_connect_names_host_and_port(target: str, host: str, port: int) -> None:
    request = read_request(head(f"CONNECT {target} HTTP/1.1"))
    assert (request.host, request.port, request.head) == (host, port, None)


@pytest.mark.parametrize(
    "given",
    [
        head("GET / HTTP/1.1"),
        head("GET https://example.com/ HTTP/1.1"),
        head("GET http://example.com/ HTTP/2"),
        head("GET http://a b/ HTTP/1.1"),
        head("CONNECT example.com HTTP/1.1"),
        head("CONNECT example.com:0 HTTP/1.1"),
        head("CONNECT example.com:70000 HTTP/1.1"),
        head("CONNECT user@example.com:443 HTTP/1.1"),
        head("POST http://e.com/ HTTP/1.1", "Content-Length: 1", "Content-Length: 2"),
        head("POST http://e.com/ HTTP/1.1", "Content-Length: +1"),
        head("POST http://e.com/ HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"),
        head("POST http://e.com/ HTTP/1.1", "Transfer-Encoding: gzip, chunked"),
        head("POST http://e.com/ HTTP/1.1", "Transfer-Encoding : chunked"),
        head("POST http://e.com/ HTTP/1.1", "X: 1", " folded"),
        head("POST http://e.com/ HTTP/1.1", "X: 1\nContent-Length: 7"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(given: bytes) -> None:
    with pytest.raises(ApiError) as error:
        read_request(given)
    assert error.value.status == 400


@pytest.mark.parametrize("connection", ["content-length", "transfer-encoding"])
def test_a_body_keeps_its_framing_whatever_connection_names(connection: str) -> None:
    framing = {"content-length": "3", "transfer-encoding": "chunked"}[connection]
    lines = [f"Connection: {connection}", f"{connection}: {framing}"]
    request = read_request(head("POST http://e.com/ HTTP/1.1", *lines))
    assert request.head is not None
    assert f"{connection}: {framing}".encode() in request.head


@pytest.mark.parametrize(
    ("given", "countries", "agents"),
    [
        (f"{KEY}:", set(), set()),
        (f"{KEY}:country-de,us", {"DE", "US"}, set()),
        (f"{KEY}:agent-de1,nl-7_country-uk", {"GB"}, {"de1", "nl-7"}),
        (f"{KEY}_country-de:agent-de1", {"DE"}, {"de1"}),
    ],
)
def test_the_user_is_the_key_and_options_follow_it(given: str, countries: set[str], agents: set[str]) -> None:
    credentials = read_credentials(basic(given))
    assert credentials.key.reveal() == KEY
    assert (credentials.wanted.countries, credentials.wanted.slugs) == (countries, agents)
    assert KEY not in repr(credentials)


@pytest.mark.parametrize("given", [b"", b"Basic", b"Basic ???", b"Bearer " + KEY.encode(), basic(":x"), basic("_x:")])
def test_without_a_key_it_is_asked_for(given: bytes) -> None:
    with pytest.raises(ApiError) as error:
        read_credentials(given)
    assert (error.value.status, error.value.headers) == (407, {"Proxy-Authenticate": 'Basic realm="hedgerow"'})


@pytest.mark.parametrize("options", ["x", "city-paris", "country-xx", "country", "country-de_country-us"])
def test_an_option_that_is_not_known_is_not_passed_over(options: str) -> None:
    with pytest.raises(ApiError) as error:
        read_credentials(basic(f"{KEY}:{options}"))
    assert error.value.status == 400


def test_ports_of_mail_are_closed() -> None:
    check_port(443)
    with pytest.raises(ApiError, match="Port 25 is refused: mail port"):
        check_port(25)


def test_a_target_cannot_speak_for_the_front() -> None:
    told = answer_head(
        head("HTTP/1.1 200 OK", "Proxy-Status: hedgerow; error=x", "Connection: keep-alive", "Content-Length: 2"),
        "scraping-de1",
    )
    assert told == (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
        b'Proxy-Status: hedgerow; next-hop="scraping-de1"\r\nConnection: close\r\n\r\n'
    )


def test_what_is_no_http_is_told_as_the_targets_fault() -> None:
    with pytest.raises(ApiError) as error:
        answer_head(b"SSH-2.0-x\r\n\r\n", "scraping-de1")
    assert error.value.status == 502


def test_a_reason_cannot_end_its_line() -> None:
    answer = refused(ApiError(403, 'a"b\r\nX-Evil: 1'), b"{}")
    first, *lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert first == b'HTTP/1.1 403 a"b X-Evil: 1'
    assert not any(line.startswith(b"X-Evil") for line in lines)
    assert lines[0] == b'Proxy-Status: hedgerow; error=http_request_denied; details="a\'b X-Evil: 1"'


def test_a_chunk_tells_its_size() -> None:
    assert chunk_size(b"1a;name=value\r\n") == 26
    for wrong in (b"\r\n", b"-1\r\n", b"0x1\r\n", b"1 2\r\n", b"fffffffff\r\n"):
        with pytest.raises(ValueError, match="not a chunk"):
            chunk_size(wrong)
