"""Fetches of a real agent from a real site."""

from __future__ import annotations

import msgspec
import pytest
from tests.scraping.agentkit import LOOPBACK, ask, failure, fetched, linked
from tests.scraping.targets import BINARY, site

from hedgerow.scraping.guard import Policy
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.messages import MOST_BODY


async def test_a_request_arrives_as_it_was_given() -> None:
    async with site() as base:
        answer, body = await fetched(f"{base}/echo?a=1", b"body", method="PATCH", headers=[("X-A", "1"), ("X-A", "2")])
        told = msgspec.json.decode(body)
        assert (answer.status, answer.url, answer.version) == (200, f"{base}/echo?a=1", "HTTP/1.1")
        assert (told["method"], told["path"], told["body"]) == ("PATCH", "/echo?a=1", "body")
        assert [value for name, value in told["headers"] if name.lower() == "x-a"] == ["1", "2"]


async def test_a_large_body_goes_out_and_in() -> None:
    async with site() as base:
        sent = b"x" * 3_000_000
        _, body = await fetched(f"{base}/echo", sent, method="PUT")
        assert len(msgspec.json.decode(body)["body"]) == len(sent)


@pytest.mark.parametrize("how", ["gzip", "zstd"])
async def test_a_packed_body_is_unpacked(how) -> None:
    async with site() as base:
        _, body = await fetched(f"{base}/packed/{how}")
        assert body == b"packed " * 1000


async def test_binary_and_repeated_headers_come_unchanged() -> None:
    async with site() as base, linked() as door:
        _, body = await door.fetch(ask(f"{base}/binary"))
        assert body == BINARY
        answer, _ = await door.fetch(ask(f"{base}/cookies"))
        assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("status", "method", "seen"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
        (302, "PUT", "PUT"),
    ],
)
async def test_a_redirect_keeps_the_method_where_it_must(status, method, seen) -> None:
    async with site() as base:
        answer, body = await fetched(f"{base}/redirect?status={status}&to=/echo", b"sent", method=method)
        told = msgspec.json.decode(body)
        assert (answer.url, told["method"]) == (f"{base}/echo", seen)
        assert told["body"] == ("sent" if seen == method else "")


async def test_another_origin_is_not_told_what_was_meant_for_the_first() -> None:
    async with site() as first, site() as second:
        headers = [("Authorization", "Bearer x"), ("Cookie", "a=1"), ("X-Mine", "1")]
        _, body = await fetched(f"{first}/redirect?to={second}/echo", headers=headers)
        names = {name.lower() for name, _ in msgspec.json.decode(body)["headers"]}
        assert "x-mine" in names
        assert not names & {"authorization", "cookie"}


async def test_redirects_are_not_followed_when_they_are_not_wanted_and_not_for_ever() -> None:
    async with site() as base:
        answer, _ = await fetched(f"{base}/redirect?to=/echo", follows=False)
        assert answer.status == 302
        assert (await failure(f"{base}/loop")).code is CutCode.BROKEN


@pytest.mark.parametrize(
    "inward", ["http://127.0.0.2:1/", "http://2130706434/", "http://[::ffff:7f00:2]/", "//10.0.0.1/"]
)
async def test_a_redirect_inward_is_refused(inward) -> None:
    async with site() as base:
        policy = Policy(LOOPBACK.exceptions.of(["127.0.0.1"]))
        cut = await failure(f"{base}/redirect?to={inward}", policy)
        assert (cut.code, "address" in cut.detail) == (CutCode.REFUSED, True)


async def test_the_lists_of_a_key_hold_for_redirects_too() -> None:
    async with site() as first, site() as second:
        denied = second.removeprefix("http://")
        cut = await failure(f"{first}/redirect?to={second}/echo", deny=(denied,))
        assert (cut.code, "deny list" in cut.detail) == (CutCode.REFUSED, True)


async def test_a_private_target_is_refused_by_its_rule() -> None:
    async with site() as base:
        cut = await failure(f"{base}/echo", Policy())
        assert (cut.code, "loopback" in cut.detail) == (CutCode.REFUSED, True)


async def test_an_answer_that_does_not_come_times_out() -> None:
    async with site() as base:
        cut = await failure(f"{base}/slow", timeout_s=0.2)
        assert (cut.code, "waiting for the answer" in cut.detail) == (CutCode.TIMED_OUT, True)


async def test_a_target_that_breaks_off_is_told_so() -> None:
    async with site() as base:
        assert (await failure(f"{base}/broken")).code is CutCode.BROKEN


async def test_nobody_there_is_unreachable() -> None:
    cut = await failure("http://127.0.0.1:9/")
    assert (cut.code, "127.0.0.1" in cut.detail) == (CutCode.UNREACHABLE, True)


@pytest.mark.parametrize("path", [f"sized/{MOST_BODY + 1}", "packed/bomb"])
async def test_a_body_above_the_limit_is_cut_off(path) -> None:
    async with site() as base:
        cut = await failure(f"{base}/{path}")
        assert (cut.code, "32 MiB" in cut.detail) == (CutCode.TOO_LARGE, True)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "ftp://a/"},
        {"url": "nonsense"},
        {"deny": ("a b",)},
        {"proxy": "ftp://a"},
        {"method": "A B"},
        {"headers": [("a b", "c")]},
    ],
    ids=str,
)
async def test_what_cannot_be_sent_is_invalid(given) -> None:
    assert (await failure(**{"url": "http://127.0.0.1:9/", **given})).code is CutCode.INVALID
