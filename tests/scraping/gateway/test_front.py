"""The proxy front with curl and with bare sockets; this file is sent as a body, in_chunks_too."""

from __future__ import annotations

import asyncio
import shutil
import socket
from asyncio.subprocess import PIPE
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.certificates import make_certificate, serving_context
from tests.scraping.targets import site as targets

from hedgerow.scraping.gateway import front
from hedgerow.scraping.gateway.proxyrequest import NAME

from .gatewaykit import Net

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture
async def key(net: Net) -> str:
    """Of a client, with the front open and an agent there."""
    await net.gateway.front.start("127.0.0.1", 0)
    await net.join("de1")
    return (await net.key())["X-API-Key"]


async def curl(net: Net, key: str, *arguments: str, options: str = "") -> tuple[int, str]:
    """Its exit code and what it wrote."""
    proxy = f"http://127.0.0.1:{net.gateway.front.port}"
    running = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-m", "20", "-x", proxy, "-U", f"{key}:{options}", *arguments, stdout=PIPE, stderr=PIPE
    )
    out, errors = await running.communicate()
    assert running.returncode is not None
    return running.returncode, (out + errors).decode()


@asynccontextmanager
async def http2_target(chain: Path, private: Path) -> AsyncIterator[str]:
    script = Path(__file__).with_name("http2.js")
    running = await asyncio.create_subprocess_exec("node", str(script), str(chain), str(private), stdout=PIPE)
    assert running.stdout is not None
    try:
        yield f"https://127.0.0.1:{int(await running.stdout.readline())}/"
    finally:
        running.kill()
        await running.communicate()


@asynccontextmanager
async def visiting(net: Net) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", net.gateway.front.port)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield reader, writer
    finally:
        writer.transport.abort()


def credentials(key: str) -> str:
    return f"Proxy-Authorization: Basic {b64encode(f'{key}:'.encode()).decode()}\r\n"


async def status_of(net: Net, request: str) -> int:
    async with visiting(net) as (reader, writer):
        writer.write(request.encode())
        return int((await reader.readline()).split()[1])


@needs_curl
async def test_curl_asks_in_http(net: Net, key: str, site: str) -> None:
    code, out = await curl(net, key, "-d", "body", f"{site}/echo?a=1")
    assert code == 0
    assert '"path": "/echo?a=1"' in out
    assert '"body": "body"' in out
    assert "roxy-" not in out
    code, out = await curl(net, key, "-T", __file__, "-H", "Transfer-Encoding: chunked", f"{site}/echo")
    assert code == 0
    assert "in_chunks_too" in out


@needs_curl
async def test_curl_asks_in_https(net: Net, key: str, tmp_path: Path) -> None:
    chain, private = make_certificate(tmp_path)
    async with targets(serving_context(chain, private)) as base:
        code, out = await curl(net, key, "--cacert", str(chain), f"{base}/sized/1000000", "-o", str(tmp_path / "got"))
    assert (code, out) == (0, "")
    assert (tmp_path / "got").stat().st_size == 1_000_000


@needs_curl
@needs_node
async def test_curl_asks_in_http2(net: Net, key: str, tmp_path: Path) -> None:
    chain, private = make_certificate(tmp_path)
    async with http2_target(chain, private) as url:
        code, out = await curl(net, key, "--http2", "--cacert", str(chain), "-w", " %{http_version}", url)
    assert (code, out) == (0, "HTTP/2 h2 2")


@needs_curl
async def test_the_front_speaks_tls_itself(net: Net, tmp_path: Path) -> None:
    chain, private = make_certificate(tmp_path)
    await net.gateway.front.start("127.0.0.1", 0, serving_context(chain, private))
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    proxy = f"https://127.0.0.1:{net.gateway.front.port}"
    async with targets(serving_context(chain, private)) as secured, targets() as plain:
        for base in (secured, plain):
            asked = (f"{base}/sized/300000", "--cacert", str(chain), "--proxy-cacert", str(chain))
            code, out = await curl(net, key, "-x", proxy, *asked)
            assert (code, len(out)) == (0, 300_000)


@needs_curl
async def test_curl_chooses_the_agent(net: Net, key: str, site: str) -> None:
    await net.join("us1", "US")
    for options, slug in (("country-us", "us1"), ("agent-de1", "de1"), ("agent-us1_country-us,de", "us1")):
        code, out = await curl(net, key, "-i", f"{site}/echo", options=options)
        assert code == 0
        assert f'Proxy-Status: {NAME}; next-hop="scraping-{slug}"' in out


@needs_curl
async def test_curl_is_told_which_rule_refused(net: Net, key: str) -> None:
    code, out = await curl(net, key, "-v", "https://169.254.169.254/")
    assert code != 0
    assert "HTTP/1.1 403 169.254.169.254 is refused: metadata address" in out
    code, out = await curl(net, key, "http://0x0a000001/")
    assert "is refused: private address" in out


async def test_a_request_is_counted_with_its_bytes(net: Net, key: str, site: str) -> None:
    host = site.removeprefix("http://")
    assert await status_of(net, f"GET {site}/sized/1000 HTTP/1.1\r\nHost: {host}\r\n{credentials(key)}\r\n") == 200
    assert await status_of(net, f"CONNECT 127.0.0.1:1 HTTP/1.1\r\n{credentials(key)}\r\n") == 502
    used = (await net.http.get("/usage", headers={"X-API-Key": key})).json()
    assert (used["total"], used["success"], used["by_protocol"]["fetch"]) == (2, 1, 2)


async def test_who_may_not_is_told_why(net: Net, key: str, site: str) -> None:
    one = (await net.key(targets_deny=("127.0.0.1",)))["X-API-Key"]
    assert await status_of(net, f"CONNECT 127.0.0.1:80 HTTP/1.1\r\n{credentials(one)}\r\n") == 403
    assert await status_of(net, f"CONNECT 127.0.0.1:25 HTTP/1.1\r\n{credentials(key)}\r\n") == 403
    assert await status_of(net, "CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n") == 407
    assert await status_of(net, f"GET {site}/echo HTTP/1.1\r\n{credentials('no-key')}\r\n") == 407
    assert await status_of(net, f"GET /echo HTTP/1.1\r\n{credentials(key)}\r\n") == 400
    assert await status_of(net, "GET / HTTP/1.1\r\nX: " + "x" * 200_000) == 431


async def test_a_second_request_does_not_reach_the_first_ones_target(net: Net, key: str) -> None:
    received = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
        while part := await reader.read(1000):  # it keeps the connection, whatever it was asked
            received.extend(part)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    request = f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n{credentials(key)}\r\n".encode()
    async with visiting(net) as (reader, writer):
        writer.write(request + request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"ok"
    server.close()
    await asyncio.sleep(0)
    assert b"Connection: close" in head
    assert received.count(b"GET ") == 1
    assert b"roxy-Authorization" not in received


async def test_a_tunnel_carries_any_bytes_and_each_end_by_itself(net: Net, key: str) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = await reader.read(-1)  # until the client's end
        writer.write(whole.upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with visiting(net) as (reader, writer):
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n{credentials(key)}\r\nearly ".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"x" * 1_000_000)
        writer.write_eof()
        assert await reader.read(-1) == b"EARLY " + b"X" * 1_000_000
    server.close()


async def test_a_silent_connection_ends(net: Net, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "IDLE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with visiting(net) as (reader, writer):
            writer.write(f"CONNECT 127.0.0.1:{mute.getsockname()[1]} HTTP/1.1\r\n{credentials(key)}\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read(1)


async def test_a_lost_agent_ends_its_connections(net: Net, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with visiting(net) as (reader, writer):
            writer.write(f"CONNECT 127.0.0.1:{mute.getsockname()[1]} HTTP/1.1\r\n{credentials(key)}\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            for agent in net.gateway.desk.links.agents():
                agent.socket.abort("killed")
            with pytest.raises(ConnectionResetError):
                await reader.read(1)


async def test_a_client_that_leaves_frees_its_place(net: Net, site: str, key: str, eventually) -> None:
    one = (await net.key(max_concurrent=1))["X-API-Key"]
    asked = f"GET {site}/slow HTTP/1.1\r\n{credentials(one)}\r\n"
    async with visiting(net) as (_, writer):
        writer.write(asked.encode())
        await eventually(lambda: net.agents["de1"].load == 1)
        assert await status_of(net, asked) == 429
    await eventually(lambda: net.agents["de1"].load == 0 and not net.gateway.desk.under_way)
