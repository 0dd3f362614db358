"""Fetches for which the agent keeps a connection, and needs no task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest
from tests.scraping.agentkit import Door, agent, ask
from tests.scraping.targets import BINARY, held, site

from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.agent import Agent
from hedgerow.scraping.agent.fetch import Fetcher
from hedgerow.scraping.agent.plain import PlainClient
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import StreamCut
from hedgerow.scraping.messages import MOST_BODY, Kind


@dataclass
class Kept:
    """An agent that keeps a connection to the site, and serves no stream by a task from its beginning."""

    agent: Agent
    door: Door
    site: str


@pytest.fixture
async def kept(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with site() as base, Door().listening() as door, agent(door) as running:
        await running.is_linked.wait()
        await door.fetch(ask(f"{base}/given"))
        monkeypatch.setattr(Fetcher, "serve", None)
        yield Kept(running, door, base)


async def test_a_request_arrives_as_it_was_given(kept: Kept, eventually) -> None:
    for _ in range(2):  # the connection is kept again
        answer, body = await kept.door.fetch(ask(f"{kept.site}/echo?a=1", headers=[("X-A", "1"), ("X-A", "2")]))
        told = msgspec.json.decode(body)
        assert (answer.status, answer.url, answer.version) == (200, f"{kept.site}/echo?a=1", "HTTP/1.1")
        assert (told["method"], told["path"]) == ("GET", "/echo?a=1")
        assert [value for name, value in told["headers"] if name.lower() == "x-a"] == ["1", "2"]
    await eventually(lambda: kept.agent.load == 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("binary", BINARY),
        ("given?status=204", b""),
        ("given", b""),
        ("packed/gzip", b"packed " * 1000),
        ("packed/zstd", b"packed " * 1000),
        ("sized/70000", b"x" * 70_000),
        ("sized/3000001", b"x" * 3_000_001),
        ("redirect?to=/binary", BINARY),
    ],
)
async def test_bodies_of_every_kind_come_whole(kept: Kept, eventually, path, body) -> None:
    _, got = await kept.door.fetch(ask(f"{kept.site}/{path}"))
    assert got == body
    await eventually(lambda: kept.agent.load == 0)


async def test_an_answer_to_head_has_no_body(kept: Kept) -> None:
    answer, body = await kept.door.fetch(ask(f"{kept.site}/binary", method="HEAD"))
    assert (dict(answer.headers)["content-length"], body) == (str(len(BINARY)), b"")


@pytest.mark.parametrize(
    ("path", "given", "code", "said"),
    [
        ("broken", {}, CutCode.BROKEN, "broke off"),
        ("loop", {}, CutCode.BROKEN, "redirects"),
        ("packed/bomb", {}, CutCode.TOO_LARGE, "32 MiB"),
        (f"sized/{MOST_BODY + 1}", {}, CutCode.TOO_LARGE, "32 MiB"),
        ("slow", {"timeout_s": 0.05}, CutCode.TIMED_OUT, "waiting for the answer"),
        ("redirect?to=/slow", {"timeout_s": 0.2}, CutCode.TIMED_OUT, "waiting for the answer"),
        ("redirect?to=http://127.0.0.1:9/", {}, CutCode.UNREACHABLE, "cannot be connected"),
        ("redirect?to=http://10.0.0.1/", {}, CutCode.REFUSED, "private address"),
    ],
)
async def test_what_fails_says_why_and_leaves_nothing_behind(kept: Kept, eventually, path, given, code, said) -> None:
    with pytest.raises(StreamCut) as caught:
        await kept.door.fetch(ask(f"{kept.site}/{path}", **given))
    assert (caught.value.code, said in caught.value.detail) == (code, True), caught.value
    await eventually(lambda: kept.agent.load == 0)


@pytest.mark.parametrize("path", ["slow", "redirect?to=/slow"])
async def test_a_stream_that_is_cut_ends_the_request(kept: Kept, eventually, path) -> None:
    request = msgspec.msgpack.encode(ask(f"{kept.site}/{path}"))
    channel = kept.door.sockets[0].open(Kind.FETCH, request, is_last=True)
    await eventually(lambda: kept.agent.load == 1)
    channel.cut(CutCode.CANCELLED)
    await eventually(lambda: kept.agent.load == 0)


async def test_an_agent_that_stops_lets_a_request_end(kept: Kept, eventually) -> None:
    with held() as (path, go_on):
        asked = spawn(kept.door.fetch(ask(kept.site + path)), "fetch")
        await eventually(lambda: kept.agent.load == 1)
        asyncio.get_running_loop().call_later(0.1, go_on.set)  # while it stops
        await kept.agent.stop()
        _, body = await asked
        assert body == b"late"


async def test_a_fault_of_the_agents_own_costs_its_stream_and_not_the_link(kept: Kept, monkeypatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("as if there were a mistake")

    with monkeypatch.context() as broken:
        broken.setattr(PlainClient, "begin", fails)
        with pytest.raises(StreamCut) as caught:
            await kept.door.fetch(ask(f"{kept.site}/binary"))
        assert caught.value.code is CutCode.FAILED
    _, body = await kept.door.fetch(ask(f"{kept.site}/binary"))
    assert body == BINARY


async def test_a_request_of_the_keys_own_lists_has_no_connection_kept_for_it(kept: Kept, monkeypatch) -> None:
    monkeypatch.undo()
    with pytest.raises(StreamCut) as caught:
        await kept.door.fetch(ask(f"{kept.site}/given", deny=("127.0.0.1",)))
    assert caught.value.code is CutCode.REFUSED
