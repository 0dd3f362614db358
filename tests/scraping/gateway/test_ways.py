"""The ways that a fetch takes: TLS links, either of two gateways, upstream proxies, HTTP/2 to the target."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from pyreqwest.client import ClientBuilder
from tests.patience import PATIENCE_S
from tests.scraping.agentkit import LOOPBACK
from tests.scraping.certificates import make_certificate

from hedgerow.bus.engines.engine import free_port
from hedgerow.bus.nats import Bus
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent import clients
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.dial import Dialer
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway import serve
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving
from .test_front import http2_target, needs_node


async def test_a_fetch_at_either_gateway_finds_an_agent_that_knows_one(
    database: Database, nats: Bus, site: str, eventually
) -> None:
    async with serving(database, nats) as first, serving(database, nats) as second:
        await first.join("de1")
        await eventually(lambda: second.gateway.desk.links.agent("de1") is not None)
        key = await first.key()
        for net in (first, second):
            assert (await net.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] == "scraping-de1"


async def test_links_and_fetches_go_by_tls_where_the_gateway_has_a_certificate(
    net: Net, database_url: Secret, engines, site: str, tmp_path: Path
) -> None:
    chain, private = make_certificate(tmp_path)
    trust, port = ssl.create_default_context(cafile=chain), free_port()
    settings = Settings(
        database_url=database_url,
        nats_url=engines.nats_url,
        gateway_certificate=chain,
        gateway_certificate_key=private,
        target_allow=("127.0.0.0/8",),
    )
    running = spawn(serve.run(settings, host="127.0.0.1", port=port), "gateway")
    identity = Identity("de1", await net.repository.set_agent_key("de1"), "DE")
    agent = Agent(identity, AgentWorks(LOOPBACK, trust), (f"https://127.0.0.1:{port}",), trust)
    await agent.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await agent.is_linked.wait()
        headers = {"X-Target-URL": f"{site}/echo", **await net.key()}
        async with httpx.AsyncClient(verify=trust) as http:
            told = (await http.get(f"https://127.0.0.1:{port}/fetch", headers=headers)).json()
        assert told["meta"]["agent"]["id"] == "scraping-de1"
        assert agent.links == {f"wss://127.0.0.1:{port}/link": True}
    finally:
        await agent.stop()
        await stop(running)


async def test_a_fetch_goes_through_the_proxy_that_it_names(net: Net, site: str) -> None:
    await net.join("de1")
    key = await net.key()
    await net.gateway.front.start("127.0.0.1", 0)
    socks = SocksGuard(Dialer(LOOPBACK))
    await socks.start()
    try:
        http_proxy = f"http://{key['X-API-Key']}:x-y@127.0.0.1:{net.gateway.front.port}"
        assert (await net.fetch(f"{site}/echo", key, headers={"X-Proxy": http_proxy})).status_code == 502
        for proxy in (http_proxy.replace("x-y", "agent-de1"), f"socks5://127.0.0.1:{socks.port}"):
            answer = await net.fetch(f"{site}/echo", key, headers={"X-Proxy": proxy})
            assert answer.json()["raw_json"]["path"] == "/echo"
            assert "proxy" not in str(answer.json()["raw_json"]["headers"]).lower()
    finally:
        await socks.stop()


@needs_node
async def test_a_fetch_speaks_http2_to_a_target_that_does(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, private = make_certificate(tmp_path)
    # Agents know public authorities alone, and none of them signs for the loopback.
    trusting = ClientBuilder().danger_accept_invalid_certs
    monkeypatch.setattr(clients, "ClientBuilder", lambda: trusting(enable=True))
    await net.join("de1")
    async with http2_target(chain, private) as url:
        told = (await net.fetch(url, await net.key())).json()
    assert told["meta"]["http_version"] == "HTTP/2"
