"""The ways that a relay takes: TLS on each of its hops, upstream proxies before its target."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.scraping.agentkit import LOOPBACK
from tests.scraping.certificates import make_certificate, serving_context
from websockets.asyncio.client import ClientConnection

from hedgerow.bus.nats import Bus
from hedgerow.scraping.agent.dial import Dialer, Way
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving
from .test_relay import Target, closed, listening, relayed, told

LARGE = random.Random(1).randbytes(1_000_000)


@pytest.fixture
async def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Of the gateway and of targets; agents trust it as the system's own."""
    chain, private = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    return chain, private


@pytest.fixture
async def secure(database: Database, nats: Bus, certificate: tuple[Path, Path]) -> AsyncIterator[Net]:
    """A gateway with a certificate, and an agent."""
    async with serving(database, nats, certificate) as net:
        await net.join("de1")
        yield net


@pytest.fixture
async def target(certificate: tuple[Path, Path]) -> AsyncIterator[Target]:
    """Behind TLS."""
    async with listening(serving_context(*certificate)) as found:
        yield found


class Counting(Dialer):
    """Of a proxy: where it was asked to connect."""

    def __init__(self) -> None:
        super().__init__(LOOPBACK)
        self.ports: list[int] = []

    async def open(self, host: str, port: int, way: Way) -> socket.socket:
        self.ports.append(port)
        return await super().open(host, port, way)


@asynccontextmanager
async def socks_proxy() -> AsyncIterator[tuple[str, list[int]]]:
    """Its URL, and the ports that it has connected to."""
    dialer = Counting()
    guard = SocksGuard(dialer)
    await guard.start()
    try:
        yield f"socks5://127.0.0.1:{guard.port}", dialer.ports
    finally:
        await guard.stop()


async def says_the_same(socket: ClientConnection) -> None:
    assert (await told(socket))["type"] == "connected"
    for message in ("ü", LARGE):
        await socket.send(message)
        assert await socket.recv() == message


async def test_a_relay_is_encrypted_on_every_hop(secure: Net, target: Target) -> None:
    key = (await secure.key())["X-API-Key"]
    assert secure.agents["de1"].links == {secure.url.replace("https", "wss") + "/link": True}
    async with relayed(secure, {"apiKey": key, "url": target.url}) as socket:
        await says_the_same(socket)
        await socket.close(4001, "enough")
        await target.seen[0].wait_closed()
        assert (target.seen[0].close_code, target.seen[0].close_reason) == (4001, "enough")
    async with relayed(secure, {"apiKey": key, "url": f"{target.url}/bye"}) as socket:
        await told(socket)
        assert await closed(socket) == (4321, "that was it")
    async with relayed(secure, {"apiKey": key, "url": f"{target.url}/cut"}) as socket:
        await told(socket)
        assert (await closed(socket))[0] == 1011


async def test_a_refusal_is_told_over_tls_too(secure: Net) -> None:
    async with relayed(secure, {"apiKey": "no", "url": "wss://127.0.0.1"}) as socket:
        assert (await told(socket))["message"] == "Invalid or missing API key"
        assert (await closed(socket))[0] == 1008


async def test_a_targets_certificate_is_checked(net: Net, tmp_path: Path) -> None:
    await net.join("de1")
    given = {"apiKey": (await net.key())["X-API-Key"]}
    tls = serving_context(*make_certificate(tmp_path))
    async with listening(tls) as target, relayed(net, {**given, "url": target.url}) as socket:
        why = "its certificate is refused: self-signed certificate"
        assert (await told(socket))["message"] == f"no TLS with 127.0.0.1: {why}"
        assert (await closed(socket))[0] == 1011


async def test_a_relay_goes_through_the_proxy_that_it_names(net: Net, target: Target) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    await net.gateway.front.start("127.0.0.1", 0)
    http_proxy = f"http://{key}:agent-de1@127.0.0.1:{net.gateway.front.port}"
    async with socks_proxy() as (socks, ports), listening() as plain:
        for proxy in (http_proxy, socks):
            for there in (plain, target):
                async with relayed(net, {"apiKey": key, "url": there.url, "proxy": proxy}) as relay:
                    await says_the_same(relay)
                assert "proxy" not in str(there.seen[-1].request.headers).lower()
        assert ports == [plain.port, target.port]
        used = (await net.http.get("/usage", headers={"X-API-Key": key})).json()
        assert (used["by_protocol"]["fetch"], used["by_protocol"]["ws"]) == (
            2,
            4,
        )  # the front's connections are fetches


async def test_a_proxy_that_refuses_is_told_without_its_password(net: Net, target: Target) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    await net.gateway.front.start("127.0.0.1", 0)
    proxy = f"http://{key}:nonsense@127.0.0.1:{net.gateway.front.port}"
    async with relayed(net, {"apiKey": key, "url": target.url, "proxy": proxy}) as socket:
        message = (await told(socket))["message"]
        assert (await closed(socket))[0] == 1011
    assert message.startswith(f"the proxy 127.0.0.1:{net.gateway.front.port} answered 4")
    assert "nonsense" not in message
    assert key not in message
