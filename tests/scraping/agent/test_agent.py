"""The agent's links: several gateways, coming back, leaving in order."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.scraping.agentkit import Door, agent, linked
from tests.scraping.targets import held, site

from hedgerow.scraping.agent.agent import MOST_GATEWAYS, Agent
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


async def told(agent: Agent, teller: str, *peers: str) -> set[str]:
    """The links that an agent has or tries after a gateway told of peers."""
    await agent.is_linked.wait()
    agent.told_peers(teller, peers)
    return set(agent.links)


async def test_over_tls_an_agent_hears_of_gateways_with_tls_alone() -> None:
    async with Door().listening() as door, agent(door) as running:
        given = set(running.links)
        assert await told(running, "wss://a.test/link", "http://b.test", "ws://c.test", "https://127.0.0.1:1") == {
            *given, "wss://127.0.0.1:1/link",
        }  # fmt: skip
        assert "ws://127.0.0.1:2/link" in await told(running, door.url.replace("http", "ws"), "http://127.0.0.1:2")


async def test_an_agent_leaves_gateways_that_are_gone_but_none_that_it_was_given(eventually) -> None:
    async with Door().listening() as first, Door().listening() as second, agent(first) as running:
        (given,) = running.links
        assert await told(running, given, "http://127.0.0.1:1") == {given, "ws://127.0.0.1:1/link"}
        await told(running, given, second.url)
        linked_to = second.url.replace("http", "ws") + "/link"
        await eventually(lambda: running.links[linked_to])
        # Nobody tells of the second any more, but its link is up: it is a gateway all the same.
        assert await told(running, given) == {given, linked_to}


async def test_an_agent_has_as_many_links_as_it_may_have() -> None:
    async with Door().listening() as door, agent(door) as running:
        peers = [f"http://127.0.0.1:{port}" for port in range(1, 2 * MOST_GATEWAYS)]
        assert len(await told(running, *running.links, *peers)) == MOST_GATEWAYS


@pytest.mark.parametrize("wrong", ["", "gateway", "ftp://a.test", "ws://", "http://a:99999", "http://[::"])
async def test_a_gateway_that_is_told_wrongly_costs_nobody_the_others(wrong: str, eventually) -> None:
    async with Door().listening() as second, Door((wrong, second.url)).listening() as first, agent(first) as running:
        await eventually(lambda: first.sockets and second.sockets)
        assert len(running.links) == 2


async def test_an_agent_comes_back_to_a_gateway_that_was_gone(eventually) -> None:
    async with Door().listening() as door, agent(door) as running:
        await running.is_linked.wait()
        door.sockets[0].abort("cut")
        await eventually(lambda: len(door.hellos) == 2 and door.sockets)


async def test_an_agent_with_a_wrong_key_does_no_work_and_says_once_that_it_goes_on_trying(eventually) -> None:
    with capture_logs() as logs:
        async with Door().listening() as door, agent(door, key="wrong") as running:
            await eventually(lambda: len(door.hellos) == 3)
            assert not running.is_linked.is_set()
            assert not any(running.links.values())
    (told,) = [one for one in logs if one["log_level"] in ("warning", "error")]
    assert told["event"] == "the gateway refuses this agent; it goes on trying"
    assert told["reason"] == "unknown agent or key"
    assert "wrong" not in str(logs)


async def test_a_gateway_that_is_away_is_told_once(eventually) -> None:
    with capture_logs() as logs:
        async with Door().listening() as door, agent(door) as running:
            await running.is_linked.wait()
            port = door.port
        async with agent(door) as running:
            await eventually(lambda: [one for one in logs if one["event"] == "gateway is not reached"])
            async with Door().listening(port):
                await running.is_linked.wait()
                told = [one["event"] for one in logs]
    assert [told.count(one) for one in ("linked", "link down", "gateway is not reached")] == [2, 1, 1]


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
