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
from tests.scraping.pages import needs_browser

from hedgerow.bus.engines.engine import free_port
from hedgerow.bus.nats import Bus
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent import clients
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.agent.dial import Dialer
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway import serve
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving
from .test_browser import render
from .test_front import http2_target, needs_node
from .test_relay import relayed, told


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
        async with httpx.AsyncClient(verify=trust, timeout=PATIENCE_S) as http:
            answer = (await http.get(f"https://127.0.0.1:{port}/fetch", headers=headers)).json()
        assert answer["meta"]["agent"]["id"] == "scraping-de1"
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


@pytest.mark.parametrize(
    ("lists", "refused"),
    [
        ({"targets_deny": ("127.0.0.0/8:{site}",)}, "localhost is refused: deny list"),
        ({"targets_allow": ("192.0.2.0/24", "127.0.0.1:{proxy}")}, "localhost is refused: not on the allow list"),
        ({"targets_allow": ("localhost",)}, "127.0.0.1 is refused: not on the allow list"),
    ],
    ids=["target on a denied network", "target outside the allowed ones", "proxy on no list"],
)
async def test_a_proxy_leads_around_no_list_of_a_key(net: Net, site: str, lists, refused: str) -> None:
    await net.join("de1")
    socks = SocksGuard(Dialer(LOOPBACK))
    await socks.start()
    port = site.rpartition(":")[2]
    given = {kind: tuple(text.format(site=port, proxy=socks.port) for text in texts) for kind, texts in lists.items()}
    target, proxy = f"localhost:{port}/echo", f"socks5://127.0.0.1:{socks.port}"
    try:
        key = await net.key(**given)
        answer = await net.fetch(f"http://{target}", key, headers={"X-Proxy": proxy})
        assert (answer.status_code, answer.json()["detail"]) == (403, refused)
        async with relayed(net, {"apiKey": key["X-API-Key"], "url": f"ws://{target}", "proxy": proxy}) as socket:
            assert (await told(socket))["message"] == refused
        # A key without lists goes that way.
        assert (await net.fetch(f"http://{target}", await net.key(), headers={"X-Proxy": proxy})).status_code == 200
    finally:
        await socks.stop()


@needs_browser
async def test_a_proxy_leads_a_page_around_no_list_of_a_key(net: Net, site: str) -> None:
    await net.join("de1", browser=BrowserSettings())
    socks = SocksGuard(Dialer(LOOPBACK))
    await socks.start()
    port = site.rpartition(":")[2]
    proxy = {"proxy": f"socks5://127.0.0.1:{socks.port}"}
    try:
        key = await net.key(targets_deny=(f"127.0.0.0/8:{port}",))
        page = await render(net, key, f"http://localhost:{port}/echo", **proxy)
        assert (page.status_code, page.json()["detail"]) == (403, "localhost is refused: deny list")
        page = await render(net, await net.key(), f"http://localhost:{port}/echo", **proxy)
        assert "/echo" in page.text
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
        answer = (await net.fetch(url, await net.key())).json()
    assert answer["meta"]["http_version"] == "HTTP/2"
