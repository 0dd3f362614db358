"""Ways through a real proxy: what gets through whole, and what is told of what does not. The three clients of venues
go through it as connectors have them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.connectproxy import ConnectProxy, connect_proxy
from tests.patience import PATIENCE_S
from tests.scraping.certificates import make_certificate, serving_context
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.tasks import Backoff
from hedgerow.core.upstream import ProxyError, Upstream
from hedgerow.net.egress import DIRECT, Through
from hedgerow.net.http import HttpClient
from hedgerow.net.lines import LineStream
from hedgerow.net.stream import Stream, Target

KEY = "53dcc0f3-0f5d-4b8b-a59c-5c24c0f5d0e1"
REFUSED = b"HTTP/1.1 403 " + KEY.encode() + b" may not: deny list\r\nContent-Length: 2\r\n\r\n{}"
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Certified:
    """One certificate, of the venue as of the proxy."""

    def __init__(self, folder: Path) -> None:
        self.chain, key = make_certificate(folder)
        self.serving = serving_context(self.chain, key)
        self.trusting = ssl.create_default_context(cafile=self.chain)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return Certified(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["http", "https"])
async def front(request: pytest.FixtureRequest, certified: Certified) -> AsyncIterator[tuple[ConnectProxy, Through]]:
    """A proxy that is spoken to plainly or by TLS, and the way through it."""
    async with connect_proxy(tls=certified.serving if request.param == "https" else None) as proxy:
        yield proxy, through(proxy, certified, request.param)


def through(proxy: ConnectProxy, certified: Certified, scheme: str = "http", **given: float) -> Through:
    upstream = Upstream.of(f"{scheme}://{KEY}:country-de@127.0.0.1:{proxy.port}", ("http", "https"))
    with pytest.MonkeyPatch.context() as system:
        system.setenv("SSL_CERT_FILE", str(certified.chain))  # whom the system trusts
        return Through(upstream, **given)


async def opened(
    way: Through, port: int, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.Transport]:
    reader = asyncio.StreamReader()
    async with asyncio.timeout(PATIENCE_S):
        transport, _ = await way.open(lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", port, tls)
    return reader, transport


async def failure(way: Through, kind: type[Exception] = ProxyError, **given: ssl.SSLContext) -> str:
    with pytest.raises(kind) as caught:
        await opened(way, 1, **given)
    assert KEY not in str(caught.value)
    return str(caught.value)


# --- a connection ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_secure", [False, True])
async def test_bytes_pass_both_ways(serve, front, certified, is_secure) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()

    port = await serve(echo, certified.serving if is_secure else None)
    proxy, way = front
    reader, transport = await opened(way, port, certified.trusting if is_secure else None)
    sent = bytes(range(256)) * 8_000
    transport.write(sent)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(len(sent)) == sent
    transport.abort()
    assert proxy.targets == [f"127.0.0.1:{port}"]


async def test_a_venue_that_speaks_first_is_heard_from_its_first_byte(serve, tmp_path) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        await reader.read()

    certified = Certified(tmp_path)
    certified.serving.maximum_version = ssl.TLSVersion.TLSv1_2
    certified.serving.options |= ssl.OP_NO_TICKET
    port = await serve(speak, certified.serving)
    async with connect_proxy(gathers=True) as proxy:
        reader, transport = await opened(through(proxy, certified), port, certified.trusting)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readline() == b"hello\n"
        transport.abort()


async def test_what_comes_with_the_proxys_answer_is_the_venues(certified) -> None:
    async with connect_proxy(answer=OPEN + b"hello\n") as proxy:
        reader, transport = await opened(through(proxy, certified), 1)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readline() == b"hello\n"
        transport.abort()


async def test_the_venues_certificate_counts_not_the_proxys(serve, front, certified) -> None:
    port = await serve(lambda reader, writer: reader.read(), certified.serving)
    _, way = front
    with pytest.raises(ssl.SSLCertVerificationError):
        await opened(way, port, ssl.create_default_context())


async def test_bytes_of_the_proxys_are_not_taken_for_what_came_under_tls(certified) -> None:
    async with connect_proxy(answer=OPEN + OK) as proxy:
        assert "more than its answer" in await failure(through(proxy, certified), tls=certified.trusting)


async def test_a_refusal_is_told_without_the_key_and_ends_the_connection(certified) -> None:
    async with connect_proxy(answer=REFUSED) as proxy:
        told = await failure(through(proxy, certified))
        async with asyncio.timeout(PATIENCE_S):
            await proxy.ended.acquire()
    assert told == f"the proxy 127.0.0.1:{proxy.port} answered 403 *** may not: deny list"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 2", "without an answer"),
        (b"no", "does not speak HTTP"),
        (b"HTTP/1.1 2" + b"x" * 20_000, "more than"),
    ],
)
async def test_an_answer_that_is_none_is_told(certified, answer, why) -> None:
    async with connect_proxy(answer=answer) as proxy:
        assert why in await failure(through(proxy, certified))


async def test_a_silent_proxy_is_named_when_its_time_is_up(certified) -> None:
    async with connect_proxy(answer=b"") as proxy:
        told = await failure(through(proxy, certified, open_s=0.05), TimeoutError)
        async with asyncio.timeout(PATIENCE_S):
            await proxy.ended.acquire()
    assert f"the proxy 127.0.0.1:{proxy.port} within 0.05 s" in told


async def test_a_proxy_that_is_not_there_is_named(certified) -> None:
    async with connect_proxy() as proxy:
        pass
    assert f"the proxy 127.0.0.1:{proxy.port} is not reached" in await failure(through(proxy, certified))


async def test_a_proxy_that_is_not_trusted_is_not_taken_for_a_venue_that_is_not(certified) -> None:
    async with connect_proxy(tls=certified.serving) as proxy:
        way = Through(Upstream.of(f"https://{KEY}@127.0.0.1:{proxy.port}", ("http", "https")))
        with pytest.raises(ProxyError) as caught:
            await opened(way, 1)
        assert not isinstance(caught.value, ssl.SSLError)
        assert "certificate" in str(caught.value)
        assert proxy.heads == []


# --- the clients -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_secure", [False, True])
async def test_requests_of_a_warm_connection_take_one_tunnel(serve, front, certified, is_secure) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(OK)

    port = await serve(answer, certified.serving if is_secure else None)
    proxy, way = front
    url = f"http{'s' if is_secure else ''}://127.0.0.1:{port}"
    client = HttpClient("venue", url, ssl_context=certified.trusting, egress=way)
    await client.warm_up()
    for _ in range(2):
        assert (await client.request("bet", "POST", "/x", changes=True)).body == b"ok"
    await client.close()
    assert proxy.targets == [f"127.0.0.1:{port}"]


async def test_what_the_proxy_refuses_was_not_sent(certified) -> None:
    async with connect_proxy(answer=REFUSED) as proxy:
        client = HttpClient("venue", "https://venue.invalid", egress=through(proxy, certified))
        with pytest.raises(Unavailable, match=r"not reached: the proxy .* answered 403") as caught:
            await client.request("bet", "POST", "/x", changes=True)
        assert KEY not in str(caught.value)
        assert proxy.targets == ["venue.invalid:443"]


async def test_an_answer_that_the_proxy_loses_is_in_doubt(serve, front) -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    client = HttpClient("venue", f"http://127.0.0.1:{await serve(end)}", egress=front[1])
    with pytest.raises(InDoubt):
        await client.request("bet", "POST", "/x", changes=True)


async def test_an_answer_before_the_request_is_none(certified) -> None:
    async with connect_proxy(answer=OPEN + OK) as proxy:
        client = HttpClient("venue", "http://venue.invalid", egress=through(proxy, certified))
        with pytest.raises(Unavailable):
            await client.request("bet", "POST", "/x", changes=True)


class Conversation:
    """Writes down what comes, and whether it went."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.opens = 0

    def opened(self, send) -> None:
        self.opens += 1
        send("hello")

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.heard.put_nowait(bytes(payload))

    def closed(self, code: int, reason: str) -> bool:
        return True

    async def hears(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.heard.get()


def quick() -> Backoff:
    return Backoff(first_s=0.001, longest_s=0.01)


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_websocket_goes_through_and_comes_back(front, certified, is_secure, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certified.chain))  # streams trust whom the system does

    async def echo(connection: ServerConnection) -> None:
        assert connection.request is not None
        await connection.send(connection.request.headers["X-Signed"])
        await connection.send(await connection.recv())

    tls = certified.serving if is_secure else None
    async with serve_websocket(echo, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        target = Target(f"ws{'s' if is_secure else ''}://127.0.0.1:{port}/stream", {"X-Signed": "by us"})
        said, (proxy, way) = Conversation(), front
        stream = Stream("test", lambda: target, said, backoff=quick(), egress=way)
        stream.start()
        assert [await said.hears() for _ in range(4)] == [b"by us", b"hello"] * 2
        await stream.stop()
    assert set(proxy.targets) == {f"127.0.0.1:{port}"}


@pytest.mark.parametrize(
    ("answer", "why"), [(REFUSED, "answered 403 *** may not"), (OPEN + b"x", "spoke without being asked")]
)
async def test_a_stream_that_does_not_get_through_tells_why_and_keeps_trying(certified, answer, why) -> None:
    async with connect_proxy(answer=answer) as proxy:
        said, way = Conversation(), through(proxy, certified)
        stream = Stream("test", lambda: Target("ws://venue.invalid/"), said, backoff=quick(), egress=way)
        with capture_logs() as logs:
            stream.start()
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(3):
                    await proxy.ended.acquire()
            await stream.stop()
    assert said.opens == 0
    assert [line["event"] for line in logs] == ["stream down"]
    assert why in logs[0]["error"]


async def test_lines_go_through_and_come_back(serve, front, certified) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"first\r\n")
        writer.write(await reader.readline())
        await writer.drain()

    port = await serve(echo, certified.serving)
    said, (proxy, way) = Conversation(), front
    stream = LineStream("test", f"tls://127.0.0.1:{port}", certified.trusting, said, backoff=quick(), egress=way)
    stream.start()
    assert [await said.hears() for _ in range(4)] == [b"first\r\n", b"hello\r\n"] * 2
    await stream.stop()
    assert set(proxy.targets) == {f"127.0.0.1:{port}"}


async def test_without_a_proxy_nothing_is_between(serve) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())

    port, reader = await serve(speak), asyncio.StreamReader()
    transport, _ = await DIRECT.open(lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", port, None)
    transport.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    transport.abort()
