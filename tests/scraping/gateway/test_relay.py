"""`/ws` from the client to a real target and back."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

import pytest
import websockets
from tests.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

from hedgerow.scraping.agent import agent as agent_module
from hedgerow.scraping.frames import close_frame
from hedgerow.scraping.gateway import relay
from hedgerow.scraping.guard import Patterns, Policy

from .gatewaykit import Net
from .relayload import Streams, joined

MISSING = "Missing API key"
INVALID = "Invalid or missing API key"


class Target:
    """A WebSocket server that echoes, and does what its path says."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self.seen: list[ServerConnection] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    async def handle(self, connection: ServerConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            await self._act(connection)

    async def _act(self, connection: ServerConnection) -> None:
        self.seen.append(connection)
        assert connection.request is not None
        match connection.request.path:
            case "/bye":
                await connection.close(4321, "that was it")
            case "/cut":
                connection.transport.abort()
            case "/mute":
                connection.transport.write(b"\x88\x00")  # a Close that says nothing
            case path if path.startswith("/close/"):
                code, _, reason = path.removeprefix("/close/").partition("/")
                await connection.close(int(code), unquote(reason))
            case "/flood":
                while True:
                    await connection.send(b"x" * 65_536)
            case "/deaf":
                connection.transport.pause_reading()
                await connection.wait_closed()
            case _:
                async for message in connection:
                    await connection.send(message)


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Target]:
    target = Target("wss" if tls else "ws")
    server = await serve(
        target.handle, "127.0.0.1", 0, ssl=tls, subprotocols=["graphql-ws", "v2"], ping_interval=None, close_timeout=1,
        select_subprotocol=lambda _, offered: next((one for one in offered if one == "v2"), None),
    )  # fmt: skip
    target.port = next(iter(server.sockets)).getsockname()[1]
    try:
        yield target
    finally:
        for connection in target.seen:
            connection.transport.abort()
        server.close()
        await server.wait_closed()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with listening() as found:
        yield found


@pytest.fixture
async def key(net: Net) -> str:
    await net.join("de1")
    return (await net.key())["X-API-Key"]


@asynccontextmanager
async def dialled(net: Net, **given: Any) -> AsyncIterator[ClientConnection]:
    url = net.url.replace("http", "ws") + relay.PATH
    async with websockets.connect(
        url, ssl=net.trust, ping_interval=None, close_timeout=5, proxy=None, **given
    ) as socket:
        yield socket


@asynccontextmanager
async def relayed(net: Net, given: dict[str, Any], **options: Any) -> AsyncIterator[ClientConnection]:
    async with dialled(net, **options) as socket:
        await socket.send(json.dumps(given))
        yield socket


async def told(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    await socket.wait_closed()
    return socket.close_code, socket.close_reason


async def test_frames_pass_unchanged_and_in_order_in_both_directions(net: Net, target: Target, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": f"{target.url}/x?a=1"}) as socket:
        assert await told(socket) == {"type": "connected", "status": 101, "node_id": "scraping-de1"}
        sent: list[str | bytes] = ["text", b"\x00\xff", "", "ü" * 40_000, b"y" * 300_000]
        for message in sent:
            await socket.send(message)
        assert [await socket.recv() for _ in sent] == sent
        await socket.send(["in ", "pieces"])
        assert await socket.recv() == "in pieces"
        (seen,) = target.seen
        assert seen.request is not None
        assert seen.request.path == "/x?a=1"
        await socket.close(4001, "enough")
        await seen.wait_closed()
        assert (seen.close_code, seen.close_reason) == (4001, "enough")


async def test_what_is_sent_with_the_connect_message_reaches_the_target(net: Net, target: Target, key: str) -> None:
    async with dialled(net) as socket:
        first = Frame(Opcode.TEXT, json.dumps({"key": key, "url": target.url}).encode()).serialize(mask=True)
        socket.transport.write(first + Frame(Opcode.TEXT, b"early").serialize(mask=True))
        await told(socket)
        assert await socket.recv() == "early"


async def test_headers_cookies_and_subprotocols_reach_the_target(net: Net, target: Target, key: str) -> None:
    given = {
        "apiKey": key, "url": target.url, "headers": {"X-Mine": "1", "Origin": "https://a.test", "Cookie": "a=1",
        "Host": "other", "X-Forwarded-For": "1.2.3.4"}, "cookies": {"b": "2"}, "subprotocols": ["v1", "v2"],
    }  # fmt: skip
    async with relayed(net, given) as socket:
        assert (await told(socket))["subprotocol"] == "v2"
        (seen,) = target.seen
        assert seen.request is not None
        headers = seen.request.headers
        assert (headers["X-Mine"], headers["Origin"], headers["Cookie"]) == ("1", "https://a.test", "a=1; b=2")
        assert headers["Host"] == f"127.0.0.1:{target.port}"
        assert headers["Sec-WebSocket-Protocol"] == "v1, v2"
        assert "X-Forwarded-For" not in headers
        assert "X-API-Key" not in headers


async def test_the_clients_own_subprotocols_and_key_header_count_too(net: Net, target: Target, key: str) -> None:
    headers = {"X-API-Key": key}
    async with relayed(net, {"url": target.url}, subprotocols=["v2"], additional_headers=headers) as socket:
        assert socket.subprotocol == "v2"
        assert (await told(socket))["subprotocol"] == "v2"


async def test_the_targets_pings_pongs_and_close_reach_the_client(net: Net, target: Target, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        (seen,) = target.seen
        assert await asyncio.wait_for(await seen.ping(b"from the target"), PATIENCE_S) >= 0
        assert await asyncio.wait_for(await socket.ping(b"from the client"), PATIENCE_S) >= 0
    async with relayed(net, {"apiKey": key, "url": f"{target.url}/bye"}) as socket:
        await told(socket)
        assert await closed(socket) == (4321, "that was it")


CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
REASONS = ("", "a", "ü" * 61, "x" * 123)


async def test_every_code_and_reason_of_a_close_passes_both_ways(net: Net, target: Target, key: str) -> None:
    for number, code in enumerate(CODES):
        reason = REASONS[number % len(REASONS)]
        async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
            await told(socket)
            await socket.close(code, reason)
            seen = target.seen[-1]
            await seen.wait_closed()
            assert (seen.close_code, seen.close_reason) == (code, reason)
            assert await closed(socket) == (code, reason)
        async with relayed(net, {"apiKey": key, "url": f"{target.url}/close/{code}/{quote(reason)}"}) as socket:
            await told(socket)
            assert await closed(socket) == (code, reason)


@asynccontextmanager
async def raw(net: Net, key: str, url: str) -> AsyncIterator[Streams]:
    """A relayed client whose frames are the test's own."""
    reader, writer = await joined(net, key, url)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_close_that_says_nothing_stays_one_and_no_code_is_made_up(net: Net, target: Target, key: str) -> None:
    """1005 and 1006 stand in no frame: RFC 6455 section 7.4.1."""
    async with raw(net, key, f"{target.url}/mute") as (reader, _):
        assert await reader.readexactly(2) == b"\x88\x00"
    async with raw(net, key, f"{target.url}/cut") as (reader, _):
        assert await reader.read() == close_frame(1011, "the target or its agent was lost")
    async with raw(net, key, target.url) as (reader, writer):
        writer.write(b"\x88\x80abcd")
        assert await reader.read() == b"\x88\x00"
        await target.seen[-1].wait_closed()
        assert target.seen[-1].close_code == 1005  # as its library tells of a Close without a code
    async with raw(net, key, target.url) as (_, writer):
        writer.transport.abort()
        await target.seen[-1].wait_closed()
        assert target.seen[-1].close_code == 1006  # of a connection without a Close


async def test_a_client_that_goes_without_a_word_ends_the_target(net: Net, target: Target, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        socket.transport.abort()
        await asyncio.wait_for(target.seen[0].wait_closed(), PATIENCE_S)


async def test_a_lost_agent_closes_with_1011(
    net: Net, target: Target, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.scraping.agent.agent._DRAIN_S", 0)
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        await net.agents["de1"].stop()
        assert (await closed(socket))[0] == 1011


async def test_an_open_relay_is_load_of_its_agent_and_no_task_waits_for_it(
    net: Net, target: Target, key: str, eventually
) -> None:
    def waiting() -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks()} & {"relay", "work of the agent"}

    agent = net.agents["de1"]
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        await eventually(lambda: not waiting())
        assert agent.load == 1
    await eventually(lambda: agent.load == 0)


async def test_an_agent_that_stops_ends_its_relays(
    net: Net, target: Target, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "_DRAIN_S", 0.05)
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        await net.agents["de1"].stop()
        assert (await closed(socket))[0] == 1011
        assert net.agents["de1"].load == 0


async def test_a_target_that_breaks_off_closes_with_1011(net: Net, target: Target, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": f"{target.url}/cut"}) as socket:
        await told(socket)
        assert (await closed(socket))[0] == 1011


async def test_a_silent_target_is_left_after_the_idle_timeout(net: Net, target: Target, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": target.url, "idle_timeout": 1.5}) as socket:
        await told(socket)
        for _ in range(4):  # messages of the target keep it open
            await asyncio.sleep(0.5)
            await socket.send("x")
            await socket.recv()
        assert await closed(socket) == (1000, "idle timeout")
        await asyncio.wait_for(target.seen[0].wait_closed(), PATIENCE_S)
        assert target.seen[0].close_code == 1000


async def test_messages_are_in_no_log(net: Net, target: Target, logged, key: str) -> None:
    words = "correct horse battery staple"
    async with relayed(net, {"apiKey": key, "url": target.url, "headers": {"X-Mine": words}}) as socket:
        await told(socket)
        await socket.send(words)
        assert await socket.recv() == words
    async with relayed(net, {"apiKey": key, "url": f"{target.url}/cut", "cookies": {"a": words}}) as socket:
        await socket.wait_closed()
    written = logged()
    assert (words in written, "agent linked" in written) == (False, True)


async def test_the_loss_of_the_only_agent_on_the_way_is_told_by_its_name(net: Net, key: str, eventually) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # to the end, without a word
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        async with relayed(net, {"apiKey": key, "url": f"ws://127.0.0.1:{port}"}) as socket:
            await eventually(lambda: net.agents["de1"].load > 0)
            linked = net.gateway.desk.links.agent("de1")
            assert linked is not None
            linked.socket.abort("as if it was killed")
            said = "The agent scraping-de1 was lost while it worked on the request, and no other can take it"
            assert (await told(socket))["message"] == said
            assert (await closed(socket))[0] == 1011


async def test_a_relay_is_one_request_with_its_bytes(net: Net, target: Target, key: str, eventually) -> None:
    async with relayed(net, {"apiKey": key, "url": target.url}) as socket:
        await told(socket)
        await socket.send(b"x" * 1000)
        await socket.recv()
    answer = (await net.http.get("/usage", headers={"X-API-Key": key})).json()
    assert (answer["by_protocol"]["ws"], answer["success"]) == (1, 1)
    assert 2000 <= answer["bytes_transferred"] <= 2100


REFUSED: list[tuple[str | dict[str, Any], int, str]] = [
    ("{", 1008, "A JSON object with apiKey is expected"),
    ("[]", 1008, "A JSON object with apiKey is expected"),
    ({"url": "ws://127.0.0.1"}, 1008, MISSING),
    ({"apiKey": "no", "url": "ws://127.0.0.1"}, 1008, INVALID),
    ({"url": "http://127.0.0.1"}, 1008, "The url must be a ws or wss URL"),
    ({}, 1008, "Missing url"),
    ({"url": "ws://10.0.0.1"}, 1008, "10.0.0.1 is refused: private address"),
    ({"url": "ws://127.0.0.1", "geo": "Germany"}, 1008, "Invalid country code"),
    ({"url": "ws://127.0.0.1", "geo": "US"}, 1011, "No agent available for US"),
    ({"url": "ws://127.0.0.1", "headers": {"A": "b\r\nC: d"}}, 1008, "A header's value must be one line"),
    ({"url": "ws://127.0.0.1", "headers": {"A: b": "c"}}, 1008, "The name of a header or cookie must be a token"),
    ({"url": "ws://127.0.0.1", "subprotocols": ["a b"]}, 1008, "A subprotocol must be a token"),
    ({"url": "ws://127.0.0.1", "proxy": "ftp://x"}, 1008, "proxy: a proxy is http://"),
    ({"url": "ws://127.0.0.1", "idle_timeout": -1}, 1008, "idle_timeout must be a number of seconds"),
    ({"url": "ws://127.0.0.1:9"}, 1011, "127.0.0.1:9 cannot be connected to"),
    ({"url": "ws://127.0.0.1", "proxy": "http://10.0.0.1:1"}, 1008, "10.0.0.1 is refused: private address"),
]


async def test_what_goes_wrong_is_told_before_the_close(net: Net, key: str) -> None:
    for message, code, detail in REFUSED:
        own = {} if detail == MISSING else {"apiKey": key}
        async with dialled(net) as socket:
            await socket.send(message if isinstance(message, str) else json.dumps(own | message))
            answer = await told(socket)
            assert answer["type"] == "error"
            assert answer["message"].startswith(detail), message
            assert (await closed(socket))[0] == code, message


async def test_a_page_that_is_no_websocket_is_told_with_its_status(net: Net, site: str, key: str) -> None:
    async with relayed(net, {"apiKey": key, "url": site.replace("http", "ws") + "/given?status=418"}) as socket:
        assert await told(socket) == {
            "type": "error", "message": "no WebSocket at 127.0.0.1: the answer is 418, not 101",
        }  # fmt: skip
        assert (await closed(socket))[0] == 1011


async def test_an_operators_rule_on_the_agent_refuses(net: Net, target: Target) -> None:
    await net.join("de2", policy=Policy(Patterns.of(["127.0.0.0/8"]), deny=Patterns.of(["127.0.0.1"])))
    async with relayed(net, {**_of(await net.key()), "url": target.url}) as socket:
        assert (await told(socket))["message"] == "127.0.0.1 is refused: deny list"
        assert (await closed(socket))[0] == 1008


@pytest.mark.parametrize(
    ("lists", "rule"),
    [
        ({"targets_deny": ["127.0.0.1"]}, "deny list"),
        ({"targets_deny": ["127.0.0.0/8"]}, "deny list"),
        ({"targets_allow": ["*.test"]}, "not on the allow list"),
    ],
)
async def test_a_keys_lists_hold_for_a_relay(net: Net, target: Target, lists: dict[str, list[str]], rule: str) -> None:
    await net.join("de1")
    key = _of(await net.key(**lists))
    async with relayed(net, {**key, "url": target.url}) as socket:
        assert (await told(socket))["message"] == f"127.0.0.1 is refused: {rule}"
        assert (await closed(socket))[0] == 1008
    name = target.url.replace("127.0.0.1", "localhost")  # which the agent alone can judge
    async with relayed(net, {**key, "url": name}) as socket:
        assert (await told(socket))["message"] == f"localhost is refused: {rule}"
        assert (await closed(socket))[0] == 1008
    assert target.seen == []


async def test_the_relays_description_is_an_answer_to_a_connect_message(net: Net) -> None:
    """As the published document shows it, at this gateway's own address."""
    socket = net.url.replace("http", "ws") + "/ws"
    assert (await net.http.get("/ws/docs")).json() == {
        "type": "connected", "status": 101, "node_id": "scraping-de1",
        "message": f"This is a documentation endpoint. Connect via WebSocket at {socket}",
    }  # fmt: skip


async def test_a_relay_takes_one_token(net: Net, target: Target) -> None:
    await net.join("de1")
    key = _of(await net.key(rps=Decimal("0.01")))
    async with relayed(net, {**key, "url": target.url}) as socket, relayed(net, {**key, "url": target.url}) as second:
        await told(socket)
        assert (await told(second))["message"] == "Rate limit exceeded"
        assert (await closed(second))[0] == 1008


async def test_a_relay_counts_as_one_of_the_keys_requests_under_way(net: Net, target: Target) -> None:
    await net.join("de1")
    key = _of(await net.key(max_concurrent=1))
    async with relayed(net, {**key, "url": target.url}) as socket, relayed(net, {**key, "url": target.url}) as second:
        await told(socket)
        assert (await told(second))["message"] == "The key may have 1 requests at one time"


async def test_nothing_said_in_time_is_closed_with_1008(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "CONNECT_MESSAGE_S", 0.05)
    async with dialled(net) as socket:
        assert (await told(socket))["message"] == "Connect message not received within 0.05 seconds"
        assert (await closed(socket))[0] == 1008


async def test_of_too_many_silent_clients_the_oldest_goes(
    net: Net, target: Target, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MOST_SILENT", 2)
    async with dialled(net) as first, dialled(net), relayed(net, {"apiKey": key, "url": target.url}) as third:
        assert (await told(third))["type"] == "connected"
        assert (await closed(first))[0] == 1008


async def test_a_strangers_dial_in_is_not_found(net: Net) -> None:
    url = net.url.replace("http", "ws") + "/relay"
    with pytest.raises(websockets.InvalidStatus, match="404"):
        await websockets.connect(url, proxy=None, additional_headers={"X-Relay-Token": "guessed"})


def _of(key: dict[str, str]) -> dict[str, str]:
    return {"apiKey": key["X-API-Key"]}
