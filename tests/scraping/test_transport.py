"""httpx programs through agents, by one line."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from tests.patience import PATIENCE_S
from tests.scraping.certificates import make_certificate, serving_context
from tests.scraping.gateway.gatewaykit import Net, serving
from tests.scraping.targets import site as targets

from hedgerow.bus.nats import Bus
from hedgerow.scraping.transport import AgentTransport
from hedgerow.storage.database import Database


@dataclass
class Front:
    """Where the transport goes, and what it may show there."""

    net: Net
    url: str
    key: str


@pytest.fixture
async def front(database: Database, nats: Bus) -> AsyncIterator[Front]:
    """With an agent in Germany and one in the United States."""
    async with serving(database, nats) as net:
        await net.gateway.front.start("127.0.0.1", 0)
        await net.join("de1", "DE")
        await net.join("us1", "US")
        key = (await net.key())["X-API-Key"]
        yield Front(net, f"http://127.0.0.1:{net.gateway.front.port}", key)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async with targets() as base:
        yield base


def client(front: Front, **given: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=AgentTransport(front.url, front.key, **given), timeout=PATIENCE_S)  # type: ignore[arg-type]


async def used(front: Front) -> dict[str, object]:
    answer = await front.net.http.get("/usage", headers={"X-API-Key": front.key})
    return answer.json()


async def test_a_request_reaches_the_target_unchanged_and_without_the_key(front: Front, site: str) -> None:
    async with client(front) as http:
        answer = await http.post(f"{site}/echo?a=1&b=%20", content=b"\x00body", headers={"X-Own": "kept"})
    told = answer.json()
    headers = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["path"], told["body"]) == ("POST", "/echo?a=1&b=%20", "\x00body")
    assert headers["x-own"] == "kept"
    assert front.key not in str(told)
    assert not any(name.startswith("proxy-") for name in headers)


async def test_a_signed_client_of_a_venue_needs_no_other_line(front: Front, tmp_path: Path) -> None:
    """Base URL, signature by an auth object, connections kept: as venue clients are written."""
    chain, key = make_certificate(tmp_path)

    def signed(request: httpx.Request) -> httpx.Request:
        signature = hmac.new(b"secret", request.url.raw_path + request.content, hashlib.sha256).hexdigest()
        request.headers["X-Signature"] = signature
        return request

    async with targets(serving_context(chain, key)) as base:
        transport = AgentTransport(front.url, front.key, verify=ssl.create_default_context(cafile=chain))
        async with httpx.AsyncClient(base_url=base, transport=transport, auth=signed) as http:
            first = await http.post("/echo", json={"price": "1.95"})
            await http.get("/echo")
    headers = dict(map(tuple, first.json()["headers"]))
    expected = hmac.new(b"secret", b'/echo{"price":"1.95"}', hashlib.sha256).hexdigest()
    assert headers["X-Signature"] == expected
    assert (await used(front))["total"] == 1  # one connection carried both


async def test_countries_and_agents_choose(front: Front, site: str) -> None:
    async with client(front, countries=["US"]) as http:
        answer = await http.get(f"{site}/echo")
    assert answer.headers["proxy-status"] == 'hedgerow; next-hop="scraping-us1"'
    async with client(front, agents=["de1"]) as http:
        answer = await http.get(f"{site}/echo")
    assert answer.headers["proxy-status"] == 'hedgerow; next-hop="scraping-de1"'


@pytest.mark.parametrize("value", ["DE_agent-x", "d e", "", "a,b"])
def test_what_would_read_as_another_option_is_not_taken(value: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        AgentTransport("http://127.0.0.1:1", "key", countries=[value])


async def test_bodies_stream_both_ways(front: Front, site: str) -> None:
    size = 3_000_000

    async def upload() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"u" * (size // 30)

    async with client(front) as http:
        answer = await http.post(f"{site}/echo", content=upload())
        assert answer.json()["body"] == "u" * size
        async with http.stream("GET", f"{site}/sized/{size}") as streamed:
            parts = [part async for part in streamed.aiter_raw(10_000)]
    assert b"".join(parts) == b"x" * size
    assert int(str((await used(front))["bytes_transferred"])) > 2 * size


async def test_times_are_those_of_httpx(front: Front, site: str) -> None:
    async with client(front) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"{site}/slow", timeout=0.3)


async def test_an_answer_that_breaks_off_is_an_error(front: Front, site: str) -> None:
    async with client(front) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(f"{site}/broken")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_the_front_says_is_an_error_of_httpx(front: Front, scheme: str) -> None:
    async with client(front) as http:
        with pytest.raises(httpx.ConnectError, match=r"502 .*cannot be connected to"):
            await http.get(f"{scheme}://127.0.0.1:1/")
        with pytest.raises(httpx.ProxyError, match=r"403 10\.0\.0\.1 is refused: private address"):
            await http.get(f"{scheme}://10.0.0.1/")
    async with client(front, countries=["NZ"]) as http:
        with pytest.raises(httpx.ConnectError, match="502 No agent available for NZ"):
            await http.get(f"{scheme}://127.0.0.1:1/")
    front.key = "00000000-0000-4000-8000-000000000000"
    async with client(front) as http:
        with pytest.raises(httpx.ProxyError, match="407 Invalid or missing API key"):
            await http.get(f"{scheme}://127.0.0.1:1/")


async def test_a_key_over_its_limit_is_told_so(front: Front, site: str) -> None:
    front.key = (await front.net.key(rps=Decimal(1)))["X-API-Key"]
    async with client(front) as http:
        await http.get(f"{site}/echo")
        with pytest.raises(httpx.ProxyError, match="429 Rate limit exceeded"):
            await http.get(f"{site}/echo")


async def test_a_plain_client_goes_through_agents_too(front: Front, site: str) -> None:
    def get() -> int:
        with httpx.Client(transport=AgentTransport(front.url, front.key)) as http:
            return http.get(f"{site}/echo").status_code

    assert await asyncio.to_thread(get) == 200
