"""A proxy's URL, and CONNECT without a socket: what opens the way, what does not, and that no key is told."""

from __future__ import annotations

from base64 import b64encode

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.core.upstream import Connect, ProxyError, Upstream

KEY = "53dcc0f3-0f5d-4b8b-a59c-5c24c0f5d0e1"
FRONT = Upstream.of(f"http://{KEY}:country-de@gateway.example:8005")
OPEN = b"HTTP/1.1 200 Connection established\r\nProxy-Status: x\r\n\r\n"


def refusal(answer: bytes, proxy: Upstream = FRONT) -> str:
    with pytest.raises(ProxyError) as caught:
        Connect(proxy, "venue.example", 443).feed(answer)
    return str(caught.value)


@pytest.mark.parametrize("url", ["", "ftp://a", "https://a", "http://", "//a", "http://a:x", f"http://{'u' * 256}@a"])
def test_what_is_no_proxy_is_not_taken_for_one(url: str) -> None:
    with pytest.raises(ValueError):
        Upstream.of(url)


@pytest.mark.parametrize(
    ("url", "port"), [("http://a", 80), ("https://a", 443), ("http://a:81", 81), ("https://user@a:8005", 8005)]
)
def test_a_proxys_port_is_told_or_its_schemes(url: str, port: int) -> None:
    assert Upstream.of(url, ("http", "https")).port == port


def test_user_and_password_are_not_shown() -> None:
    proxy = Upstream.of("http://us%40er:geheim@a")
    assert (proxy.user, proxy.password) == (Secret("us@er"), Secret("geheim"))
    assert "geheim" not in repr(proxy)
    assert "us@er" not in repr(proxy)


def test_the_request_names_the_target_and_who_asks() -> None:
    basic = b64encode(f"{KEY}:country-de".encode())
    assert Connect(FRONT, "venue.example", 443).request == (
        b"CONNECT venue.example:443 HTTP/1.1\r\nHost: venue.example:443\r\n"
        b"Proxy-Authorization: Basic " + basic + b"\r\n\r\n"
    )
    assert b"CONNECT [::1]:1 HTTP/1.1" in Connect(FRONT, "::1", 1).request


def test_a_proxy_without_a_user_is_told_of_none() -> None:
    assert b"Authorization" not in Connect(Upstream.of("http://a"), "b", 1).request


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_answer_may_come_in_pieces_and_what_follows_is_the_targets(size: int) -> None:
    connect, whole = Connect(FRONT, "venue.example", 443), OPEN + b"hello"
    told = [connect.feed(whole[at : at + size]) for at in range(0, len(OPEN), size)]
    assert told[:-1] == [None] * (len(told) - 1)
    assert told[-1] == b"hello"[: len(told) * size - len(OPEN)]


def test_a_refusal_has_its_status_and_reason() -> None:
    answer = b"HTTP/1.1 403 venue.example is refused: deny list\r\nContent-Length: 2\r\n\r\n{}"
    assert refusal(answer) == "the proxy gateway.example:8005 answered 403 venue.example is refused: deny list"
    assert refusal(b"HTTP/1.0 502\r\n\r\n").endswith("answered 502")


@pytest.mark.parametrize("told", [KEY, b64encode(f"{KEY}:country-de".encode()).decode(), "country-de"])
def test_what_a_proxy_repeats_of_its_user_is_not_told(told: str) -> None:
    assert refusal(f"HTTP/1.1 407 who is {told}?\r\n\r\n".encode()).endswith("answered 407 who is ***?")


def test_a_password_that_begins_like_the_user_is_not_told_in_part() -> None:
    assert refusal(b"HTTP/1.1 407 no abcdef\r\n\r\n", Upstream.of("http://abc:abcdef@a")).endswith("407 no ***")


def test_a_reason_is_short_and_can_be_printed() -> None:
    told = refusal(b"HTTP/1.1 500 a\x1b[31m\xff\x00b" + b"x" * 5_000 + b"\r\n\r\n")
    assert "answered 500 a [31m bxxx" in told
    assert len(told) < 300


@pytest.mark.parametrize("answer", [b"", b"\x15\x03\x01", b"SSH-2.0-x", b"HTTP/2", b"HTTP/1.1 ok\r\n\r\n"])
def test_what_is_no_answer_is_told_at_once(answer: bytes) -> None:
    assert refusal(answer).startswith("the proxy gateway.example:8005 ")


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_an_answer_that_is_too_long_is_given_up(end: bytes) -> None:
    assert "more than 16384 bytes" in refusal(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + end)
