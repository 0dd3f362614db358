"""Fetches, relays and events through a gateway and an agent, awaited and not."""

from __future__ import annotations

import asyncio

import pytest
from tests.scraping.gateway.gatewaykit import Net
from tests.scraping.gateway.test_relay import listening
from tests.scraping.targets import site

from hedgerow.client import AsyncClient, Client, Service, Target
from hedgerow.client.errors import ForbiddenError, StreamEndedError, UnauthorizedError
from hedgerow.client.scraping import asking
from hedgerow.client.scraping.models import AmqpConsumeBody

NO_BROKER = AmqpConsumeBody(host="127.0.0.1", port=9)


async def service_of(net: Net) -> Service:
    return Service(net.url, (await net.key())["X-API-Key"])


async def test_a_target_is_reached_by_fetch_relay_and_events(net: Net) -> None:
    async with AsyncClient(scraping=await service_of(net)) as client, site() as base, listening() as target:
        got = await client.scraping.fetch(asking.fetch(f"{base}/echo?a=1", headers={"X-Mine": "1"}))
        assert (got.meta.status, got.raw_json["path"], got.meta.agent.id) == (200, "/echo?a=1", "scraping-de1")
        assert ["X-Mine", "1"] in got.raw_json["headers"] or ["x-mine", "1"] in got.raw_json["headers"]
        async with client.scraping.relay(Target(target.url)) as relay:
            assert relay.connected.node_id == "scraping-de1"
            for message in ("text", b"\x00binary"):
                await relay.send(message)
                assert await relay.receive() == message
        async with client.scraping.relay(Target(f"{target.url}/bye")) as relay:
            with pytest.raises(StreamEndedError, match="that was it") as raised:
                await relay.receive()
            assert raised.value.code == 4321
        async with client.scraping.events(asking.consume(NO_BROKER)) as events:
            assert [event.name async for event in events] == ["error"]
        assert (await client.scraping.list_agents()).total == 1
        assert (await client.scraping.usage()).by_protocol.ws == 2


@pytest.mark.parametrize(
    ("method", "body"), [("POST", '{"body": "not an envelope"}'), ("PUT", "ü"), ("POST", b"\x00\xff"), ("PATCH", "")]
)
async def test_body_reaches_the_target_as_it_is(net: Net, method: str, body: str | bytes) -> None:
    async with AsyncClient(scraping=await service_of(net)) as client, site() as base:
        got = await client.scraping.fetch(asking.fetch(f"{base}/echo", method, body=body))
    sent = body if isinstance(body, bytes) else body.encode()
    assert (got.raw_json["method"], got.raw_json["body"].encode("latin-1")) == (method, sent)


async def test_program_that_does_not_await_reaches_it_too(net: Net) -> None:
    service = await service_of(net)

    def program(base: str, url: str) -> None:
        with Client(scraping=service) as client:
            assert client.scraping.fetch(asking.fetch(f"{base}/echo")).meta.status == 200
            with client.scraping.relay(Target(url)) as relay:
                relay.send("text")
                assert relay.receive() == "text"
            with client.scraping.events(asking.consume(NO_BROKER)) as events:
                assert [event.name for event in events] == ["error"]

    async with site() as base, listening() as target:
        await asyncio.to_thread(program, base, target.url)


async def test_refusals_are_errors_of_their_kind(net: Net) -> None:
    service = await service_of(net)
    async with AsyncClient(scraping=service) as client:
        with pytest.raises(ForbiddenError):
            await client.scraping.fetch(asking.fetch("http://10.0.0.1/"))
        with pytest.raises(ForbiddenError):
            async with client.scraping.events(asking.consume(AmqpConsumeBody(host="10.0.0.1"))):
                pass
    async with AsyncClient(scraping=Service(net.url, "")) as client:
        with pytest.raises(UnauthorizedError):
            await client.scraping.usage()
    async with AsyncClient(scraping=Service(net.url, "no")) as client:
        with pytest.raises(StreamEndedError, match="API key"):
            async with client.scraping.relay(Target("ws://127.0.0.1:9")):
                pass
