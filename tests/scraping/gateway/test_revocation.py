"""An agent that its operator takes out of service loses what it has open."""

from __future__ import annotations

import pytest

from hedgerow.core.tasks import spawn
from hedgerow.scraping.gateway import revocation

from .gatewaykit import Net
from .test_relay import closed, listening, relayed, told


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "LOOK_EVERY_S", 0.02)


async def test_disabled_agent_loses_its_link_its_work_and_its_relays_and_no_other_does(
    net: Net, site: str, eventually
) -> None:
    for slug in ("de1", "us1"):
        await net.join(slug)
    key = await net.key()
    given = {"apiKey": key["X-API-Key"]}
    async with listening() as target, relayed(net, {**given, "url": target.url, "agent": "de1"}) as lost:
        assert (await told(lost))["node_id"] == "scraping-de1"
        async with relayed(net, {**given, "url": target.url, "agent": "us1"}) as kept:
            await told(kept)
            fetched = spawn(net.fetch(f"{site}/slow", key, headers={"X-Agent": "de1"}), "fetch")
            await eventually(lambda: net.agents["de1"].load == 2)
            assert await net.repository.set_agent_active("de1", is_active=False)
            assert (await closed(lost))[0] == 1011
            assert (await fetched).status_code == 502
            await eventually(lambda: [agent.slug for agent in net.gateway.desk.links.agents()] == ["us1"])
            await eventually(lambda: net.agents["de1"].load == 0)
            await kept.send("still there")
            assert await kept.recv() == "still there"


async def test_relay_of_an_agent_without_a_link_ends_with_its_key(net: Net, eventually) -> None:
    await net.join("de1")
    given = {"apiKey": (await net.key())["X-API-Key"]}
    async with listening() as target, relayed(net, {**given, "url": target.url}) as lost:
        await told(lost)
        for agent in net.gateway.desk.links.agents():
            agent.socket.abort("a network that breaks")
        await lost.send("relays have connections of their own")
        assert await lost.recv() == "relays have connections of their own"
        await net.repository.set_agent_key("de1")
        assert (await closed(lost))[0] == 1011


async def test_agent_that_may_stay_stays(net: Net, site: str) -> None:
    agent = await net.join("de1")
    await net.gateway._revocation.look()
    assert (await net.fetch(f"{site}/echo", await net.key())).status_code == 200
    assert all(agent.links.values())
