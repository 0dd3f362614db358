"""Fetches of targets with TLS: what `test_fetch` says of those without it holds here too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from pyreqwest.client import ClientBuilder
from tests.scraping.agentkit import failure, fetched
from tests.scraping.certificates import make_certificate, serving_context
from tests.scraping.targets import site

from hedgerow.scraping.agent import clients
from hedgerow.scraping.guard import Policy
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.messages import MOST_BODY


@pytest.fixture
async def unknown(tmp_path: Path) -> AsyncIterator[str]:
    """A site whose certificate no authority has signed."""
    async with site(serving_context(*make_certificate(tmp_path))) as base:
        yield base


@pytest.fixture
def secure(unknown: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, and agents let that pass."""
    monkeypatch.setattr(clients, "ClientBuilder", lambda: ClientBuilder().danger_accept_invalid_certs(enable=True))
    return unknown


async def test_a_request_arrives_as_it_was_given(secure: str) -> None:
    given = [("X-A", "1"), ("X-A", "2")]
    answer, body = await fetched(f"{secure}/echo?a=1#b", b"body", method="PATCH", headers=given)
    told = msgspec.json.decode(body)
    assert (answer.status, answer.url, answer.version) == (200, f"{secure}/echo?a=1", "HTTP/1.1")
    assert (told["method"], told["path"], told["body"]) == ("PATCH", "/echo?a=1", "body")
    assert [value for name, value in told["headers"] if name.lower() == "x-a"] == ["1", "2"]


async def test_a_large_body_goes_out_and_in(secure: str) -> None:
    sent = b"x" * 3_000_000
    _, body = await fetched(f"{secure}/echo", sent, method="PUT")
    assert len(msgspec.json.decode(body)["body"]) == len(sent)
    for size in (10, len(sent)):
        given = [("content-length", str(size))]
        _, body = await fetched(f"{secure}/counted", sent[:size], method="PUT", headers=given)
        told = msgspec.json.decode(body)
        assert (told["bytes"], told["headers"]["Content-Length"]) == (size, str(size))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
async def test_a_packed_body_is_unpacked(secure: str, how: str) -> None:
    assert (await fetched(f"{secure}/packed/{how}"))[1] == b"packed " * 1000
    asked = [("accept-encoding", "gzip, zstd;q=0.5")]
    answer, body = await fetched(f"{secure}/packed/{how}", headers=asked)
    assert body == b"packed " * 1000
    assert "content-encoding" not in dict(answer.headers)


async def test_a_redirect_from_one_client_to_the_other_tells_no_other_origin(secure: str) -> None:
    headers = [("Authorization", "Bearer x"), ("Cookie", "a=1"), ("X-Mine", "1")]
    async with site() as plain:
        for first, second in ((plain, secure), (secure, plain)):
            answer, body = await fetched(f"{first}/redirect?to={second}/echo", headers=headers)
            names = {name.lower() for name, _ in msgspec.json.decode(body)["headers"]}
            assert (answer.url, "x-mine" in names) == (f"{second}/echo", True)
            assert not names & {"authorization", "cookie"}


async def test_a_certificate_that_nobody_signed_is_not_reached(unknown: str) -> None:
    assert (await failure(f"{unknown}/echo")).code is CutCode.UNREACHABLE


async def test_a_private_target_is_refused_by_its_rule(secure: str) -> None:
    cut = await failure(f"{secure}/echo", Policy())
    assert (cut.code, "loopback" in cut.detail) == (CutCode.REFUSED, True)


async def test_nobody_there_is_unreachable() -> None:
    cut = await failure("https://127.0.0.1:9/")
    assert (cut.code, "127.0.0.1" in cut.detail) == (CutCode.UNREACHABLE, True)


async def test_an_answer_that_does_not_come_times_out(secure: str) -> None:
    cut = await failure(f"{secure}/slow", timeout_s=0.2)
    assert (cut.code, "waiting for the answer" in cut.detail) == (CutCode.TIMED_OUT, True)


async def test_a_target_that_breaks_off_is_told_so(secure: str) -> None:
    assert (await failure(f"{secure}/broken")).code is CutCode.BROKEN


@pytest.mark.parametrize("path", [f"sized/{MOST_BODY + 1}", "packed/bomb"])
async def test_a_body_above_the_limit_is_cut_off(secure: str, path: str) -> None:
    cut = await failure(f"{secure}/{path}")
    assert (cut.code, "32 MiB" in cut.detail) == (CutCode.TOO_LARGE, True)


@pytest.mark.parametrize("given", [{"method": "A B"}, {"headers": [("a b", "c")]}], ids=str)
async def test_what_cannot_be_sent_is_invalid(given: dict[str, object]) -> None:
    assert (await failure("https://127.0.0.1:9/", **given)).code is CutCode.INVALID  # type: ignore[arg-type]
