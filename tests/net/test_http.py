"""The HTTP client against servers that answer as HTTP/1.1 (RFC 9112) allows, and as it does not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.otlpkit import collecting, facts
from tests.patience import PATIENCE_S

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.tracing import span
from hedgerow.net.http import HttpClient, leaving_by

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answering(*answers: bytes, then_close: bool = False):
    """A server that gives these answers, one a request, on every connection."""
    connections: list[list[bytes]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests: list[bytes] = []
        connections.append(requests)
        for answer in answers:
            requests.append(await head_of(reader))
            writer.write(answer)
        await writer.drain()
        if not then_close:
            await reader.read()

    handle.connections = connections  # type: ignore[attr-defined]
    return handle


def client_of(port: int, **options) -> HttpClient:
    return HttpClient("venue", f"http://127.0.0.1:{port}/api", timeout_s=2.0, **options)


async def test_answer_is_given_whatever_its_status(serve):
    client = client_of(await serve(answering(b"HTTP/1.1 418 Teapot\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc")))
    answer = await client.request("read", "GET", "/x")
    assert (answer.status, answer.headers["x-a"], answer.body) == (418, "1", b"abc")
    await client.close()


async def test_request_has_path_host_headers_and_length(serve):
    handler = answering(OK)
    port = await serve(handler)
    client = HttpClient("venue", f"http://user:secret@127.0.0.1:{port}/api/")
    await client.request("write", "POST", "/bets?a=1", headers=[("X-Key", "k")], body=b"{}")
    head = handler.connections[0][0].decode()
    assert head.startswith("POST /api/bets?a=1 HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{port}\r\n" in head
    assert "\r\nX-Key: k\r\n" in head
    assert "\r\nContent-Length: 2\r\n" in head
    await client.close()


@pytest.mark.parametrize("server", [answering(OK), answering(b"not HTTP", then_close=True)])
async def test_traced_request_tells_the_venue_nothing_of_the_trace_and_the_trace_no_secret(serve, server):
    port = await serve(server)
    with collecting("abp") as collector:
        client = HttpClient("venue", f"http://user:hunter2@127.0.0.1:{port}/hunter2/")
        with span("work") as here, suppress(InDoubt):
            await client.request(
                "place", "POST", "/hunter2?key=hunter2", headers=[("X-Key", "hunter2")], body=b"hunter2", changes=True
            )
        await client.close()
    told = facts(collector.named("venue.request"))
    assert (told["hedgerow.venue"], told["hedgerow.operation"]) == ("venue", "place")
    assert not [body for body in collector.bodies if b"hunter2" in body]
    head = server.connections[0][0].decode().lower()
    assert "traceparent" not in head
    assert here.trace_id not in head


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_request_of_a_head_laid_out_is_the_same_request(serve, body: bytes):
    handler = answering(OK, OK)
    client = client_of(await serve(handler))
    await client.request("write", "DELETE", "/order", headers=[("X-Key", "k"), ("X-Time", "1")], body=body)
    head = client.head("DELETE", "/order", [("X-Key", "k")])
    await client.send("write", head, b"X-Time: 1\r\n", body)
    ((one, other),) = handler.connections
    assert other.removeprefix(body) == one  # the body of the first comes before the head of the second
    await client.close()


async def test_lost_answer_of_what_was_sent_is_in_doubt(serve):
    client = client_of(await serve(answering(b"", then_close=True)))
    with pytest.raises(InDoubt):
        await client.send("write", client.head("POST", "/order"), b"", b"{}")
    await client.close()


async def test_second_request_uses_the_same_connection(serve):
    handler = answering(OK, OK)
    client = client_of(await serve(handler))
    for _ in range(2):
        await client.request("read", "GET", "/x")
    assert [len(requests) for requests in handler.connections] == [2]
    await client.close()


async def test_connection_that_the_server_will_close_is_not_used_again(serve):
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    handler = answering(closing)
    client = client_of(await serve(handler))
    for _ in range(2):
        await client.request("read", "GET", "/x")
    assert [len(requests) for requests in handler.connections] == [1, 1]
    await client.close()


async def test_chunks_are_put_together(serve):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    client = client_of(await serve(answering(chunked, OK)))
    assert (await client.request("read", "GET", "/x")).body == b"abcde"
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    await client.close()


async def test_answer_may_end_with_the_connection(serve):
    client = client_of(await serve(answering(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", then_close=True)))
    assert (await client.request("read", "GET", "/x")).body == b"until the end"
    await client.close()


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"",
    ],
)
async def test_answer_that_breaks_off_is_no_answer(serve, broken):
    client = client_of(await serve(answering(broken, then_close=True)))
    with pytest.raises(InDoubt):
        await client.request("bet", "POST", "/x", changes=True)
    await client.close()


@pytest.mark.parametrize("junk", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01"])
async def test_what_is_not_http_is_no_answer(serve, junk):
    client = client_of(await serve(answering(junk, then_close=True)))
    with pytest.raises(Unavailable, match="no answer"):
        await client.request("read", "GET", "/x")
    await client.close()


async def test_switching_of_protocols_is_no_answer(serve):
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    client = client_of(await serve(answering(upgrade)))
    with pytest.raises(Unavailable, match="no answer"):
        await client.request("read", "GET", "/x")
    await client.close()


async def test_interim_answers_are_passed_over(serve):
    interim = b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK
    client = client_of(await serve(answering(interim, OK)))
    answer = await client.request("read", "GET", "/x")
    assert (answer.status, answer.body) == (200, b"ok")
    assert "x-interim" not in answer.headers
    assert (await client.request("read", "GET", "/x")).status == 200
    await client.close()


async def test_lost_answer_leaves_a_change_in_doubt(serve):
    client = client_of(await serve(answering(b"", then_close=True)))
    with pytest.raises(InDoubt, match="no answer"):
        await client.request("bet", "POST", "/x", changes=True)
    await client.close()


async def test_lost_answer_to_a_read_is_unavailable(serve):
    client = client_of(await serve(answering(b"", then_close=True)))
    with pytest.raises(Unavailable, match="no answer"):
        await client.request("read", "GET", "/x")
    await client.close()


async def test_refused_connection_is_unavailable_even_for_a_change():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = client_of(unused.getsockname()[1])
        with pytest.raises(Unavailable, match="not reached"):
            await client.request("bet", "POST", "/x", changes=True)
    await client.close()


async def test_change_on_a_connection_that_closed_meanwhile_is_not_in_doubt(serve):
    handler = answering(OK)
    client = client_of(await serve(handler))
    await client.request("read", "GET", "/x")
    (kept,) = client._idle
    kept._transport.close()
    assert (await client.request("bet", "POST", "/x", changes=True)).status == 200
    assert len(handler.connections) == 2
    await client.close()


@pytest.mark.parametrize("is_warm", [True, False])
async def test_change_that_is_too_late_does_not_leave(serve, is_warm):
    handler = answering(OK, OK)
    client = client_of(await serve(handler))
    if is_warm:
        await client.request("read", "GET", "/x")
    now = asyncio.get_running_loop().time()
    with leaving_by(now - 0.001):
        with pytest.raises(Unavailable, match="too late"):
            await client.request("write", "POST", "/bets", changes=True)
        await client.request("read", "GET", "/x")
    with leaving_by(now + 60):
        await client.request("write", "POST", "/bets", changes=True)
    asked = [request.split(b" ")[0] for connection in handler.connections for request in connection]
    assert asked == [b"GET"] * (1 + is_warm) + [b"POST"]
    await client.close()


@pytest.mark.parametrize(("changes", "error"), [(True, InDoubt), (False, Unavailable)])
async def test_silence_ends_at_the_timeout(serve, changes, error):
    client = client_of(await serve(answering(b"HTTP/1.1 200 OK\r\n")))
    with pytest.raises(error):
        await client.request("any", "POST", "/x", changes=changes, timeout_s=0.05)
    await client.close()


async def test_late_answer_is_not_taken_for_the_next_one(serve):
    turns = iter([b"first", b"second"])
    may_answer = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        text = next(turns)
        if text == b"first":
            await may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        await writer.drain()

    client = client_of(await serve(handle))
    with pytest.raises(Unavailable):
        await client.request("read", "GET", "/x", timeout_s=0.05)
    may_answer.set()
    assert (await client.request("read", "GET", "/x")).body == b"second"
    await client.close()


async def test_second_answer_to_one_request_is_not_taken_for_the_next(serve):
    wrong = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    handler = answering(OK + wrong, OK)
    client = client_of(await serve(handler))
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    assert len(handler.connections) == 2
    await client.close()


async def test_connection_that_speaks_unasked_is_dropped(serve, eventually):
    spoken = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK)
        await writer.drain()
        await spoken.wait()
        writer.write(OK)
        await writer.drain()
        await reader.read()

    client = client_of(await serve(handle))
    await client.request("read", "GET", "/x")
    (kept,) = client._idle
    spoken.set()
    await eventually(lambda: not kept.is_usable)
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    await client.close()


async def test_large_answer_is_taken_whole_up_to_the_bound(serve):
    body = b"x" * 3_000_000
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    port = await serve(answering(whole))
    roomy, tight = client_of(port), client_of(port, largest_body=1_000_000)
    assert (await roomy.request("read", "GET", "/x")).body == body
    with pytest.raises(Unavailable, match="larger than"):
        await tight.request("read", "GET", "/x")
    await roomy.close()
    await tight.close()


async def test_endless_header_is_bounded(serve):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    client = client_of(await serve(handle), largest_body=1_000_000)
    with pytest.raises(Unavailable, match="larger than"):
        await client.request("read", "GET", "/x")
    await client.close()


async def test_connections_are_bounded_and_waiting_is_part_of_the_timeout(serve):
    held: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        held.append(writer)
        await reader.read()

    client = client_of(await serve(handle), connections=2)
    async with asyncio.TaskGroup() as group:
        tasks = [  # the last gives up long before the others give their places back
            group.create_task(lost(client.request("bet", "POST", "/x", changes=True, timeout_s=seconds)))
            for seconds in (2.0, 2.0, 0.1)
        ]
    kinds = sorted(type(task.result()).__name__ for task in tasks)
    assert kinds == ["InDoubt", "InDoubt", "Unavailable"]
    assert len(held) == 2
    await client.close()


async def lost(request):
    with pytest.raises((InDoubt, Unavailable)) as caught:
        await request
    return caught.value


async def test_place_is_given_back_after_a_failure(serve):
    handler = answering(b"", then_close=True)
    client = client_of(await serve(handler), connections=1)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await client.request("read", "GET", "/x")
    assert len(handler.connections) == 3
    await client.close()


async def test_cancelled_request_gives_up_its_connection(serve):
    handler = answering()
    client = client_of(await serve(handler), connections=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.request("bet", "POST", "/x", changes=True)
    assert client._idle == []
    await client.close()


async def test_warm_connection_is_there_before_the_request(serve):
    handler = answering(OK)
    client = client_of(await serve(handler))
    await client.warm_up(2)
    assert len(client._idle) == 2
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    await client.close()
    assert client._idle == []


async def test_request_on_a_warm_connection_leaves_before_its_answer_is_awaited(serve):
    arrived = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        arrived.set()
        writer.write(OK)
        await reader.read()

    client = client_of(await serve(handle))
    await client.warm_up()
    answer = client.request("bet", "POST", "/x", changes=True)
    async with asyncio.timeout(PATIENCE_S):
        await arrived.wait()
    assert (await answer).body == b"ok"
    await client.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for localhost that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - the validity of a certificate is not domain time
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "localhost.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_answer_comes_from_a_trusted_server(serve, certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    port = await serve(answering(OK), context)
    trusting = ssl.create_default_context(cafile=str(certificate))
    client = HttpClient("venue", f"https://localhost:{port}", ssl_context=trusting)
    assert (await client.request("read", "GET", "/x")).body == b"ok"
    await client.close()


async def test_untrusted_certificate_is_unavailable_even_for_a_change(serve, certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    client = HttpClient("venue", f"https://localhost:{await serve(answering(OK), context)}")
    with pytest.raises(Unavailable, match="not reached"):
        await client.request("bet", "POST", "/x", changes=True)
    await client.close()


@pytest.mark.parametrize("url", ["ftp://host", "host:80", "http://"])
def test_base_url_must_be_http(url):
    with pytest.raises(ValueError, match="not an http"):
        HttpClient("venue", url)
