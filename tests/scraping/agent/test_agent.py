"""The agent's links: several gateways, coming back, leaving in order."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.scraping.agentkit import Door, agent, linked
from tests.scraping.targets import held, site

from hedgerow.scraping.agent.agent import _link_url
from hedgerow.scraping.linkevents import CutCode, Hello
from hedgerow.scraping.linksocket import StreamCut
from hedgerow.scraping.messages import FetchRequest, Kind


async def test_an_agent_says_who_it_is_and_what_it_can() -> None:
    async with linked() as door:
        (hello,) = door.hellos
        assert isinstance(hello, Hello)
        assert (hello.slug, hello.country, hello.capabilities) == ("de1", "DE", ("fetch", "ws", "amqp", "tunnel"))


async def test_an_agent_links_to_gateways_that_it_hears_of(eventually) -> None:
    async with Door().listening() as second, Door((second.url,)).listening() as first, agent(first):
        await eventually(lambda: first.sockets and second.sockets)


async def test_an_agent_comes_back_to_a_gateway_that_was_gone(eventually) -> None:
    async with Door().listening() as door, agent(door) as running:
        await running.is_linked.wait()
        door.sockets[0].abort("cut")
        await eventually(lambda: len(door.hellos) == 2 and door.sockets)


async def test_an_agent_with_a_wrong_key_does_no_work(eventually) -> None:
    async with Door().listening() as door, agent(door, key="wrong") as running:
        await eventually(lambda: door.hellos)
        await asyncio.sleep(0.05)
        assert not running.is_linked.is_set()
        assert not any(running.links.values())


async def test_work_that_nobody_waits_for_ends(eventually) -> None:
    async with site() as base, Door().listening() as door, agent(door) as running:
        await running.is_linked.wait()
        ask = FetchRequest("GET", f"{base}/slow", [], 30.0)
        channel = door.sockets[0].open(Kind.FETCH, msgspec.msgpack.encode(ask), is_last=True)
        await eventually(lambda: running.load == 1)
        channel.cut(CutCode.CANCELLED)
        await eventually(lambda: running.load == 0)


async def test_an_agent_that_stops_finishes_what_is_under_way(eventually) -> None:
    async with site() as base, Door().listening() as door:
        with held() as (path, go_on):
            async with agent(door) as running:
                await running.is_linked.wait()
                ask = FetchRequest("GET", base + path, [], 30.0)
                channel = door.sockets[0].open(Kind.FETCH, msgspec.msgpack.encode(ask), is_last=True)
                await eventually(lambda: running.load == 1)
                asyncio.get_running_loop().call_later(0.1, go_on.set)  # while it stops
            assert await channel.read() == b"late"


async def test_a_kind_of_work_that_it_does_not_know_is_unsupported() -> None:
    async with linked() as door:
        channel = door.sockets[0].open(200, b"", is_last=True)
        with pytest.raises(StreamCut) as caught:
            await channel.head()
        assert caught.value.code is CutCode.UNSUPPORTED


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ("https://a.test", "wss://a.test/link"),
        ("http://a.test:8003/", "ws://a.test:8003/link"),
        ("wss://a.test/base/link", "wss://a.test/base/link"),
    ],
)
def test_a_gateway_may_be_named_in_any_spelling(given, link) -> None:
    assert _link_url(given) == link
