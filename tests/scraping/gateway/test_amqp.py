"""`/amqp` from a real RabbitMQ to the client."""

from __future__ import annotations

import asyncio
import json
import random
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.told import Description
from tests.node import NO_NODE, node_modules
from tests.patience import PATIENCE_S
from tests.scraping.agent.test_amqp import acknowledged, delivery, methods
from tests.scraping.agent.test_amqp import broker as scripted
from tests.scraping.agentkit import LOOPBACK
from tests.scraping.certificates import make_certificate, serving_context
from tests.scraping.programs import Program
from tests.scraping.rabbit import Rabbit, rabbit

from hedgerow.client import AsyncClient, Secret, Service
from hedgerow.client.scraping import asking
from hedgerow.client.scraping.models import AmqpConsumeBody
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent import amqp as consumer
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.amqpwire import Wish
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway import amqp, asyncapi
from hedgerow.scraping.guard import Patterns, Policy

from .gatewaykit import Net

DESCRIBED = Description(asyncapi.document())
GONE, NOT_OURS = 404, 405  # of AMQP: no such queue; another connection's


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    with rabbit(tmp_path_factory.mktemp("rabbit")) as found:
        yield found


@pytest.fixture
async def publisher(broker: Rabbit) -> AsyncIterator[Program]:
    if node_modules() is None:
        pytest.skip(NO_NODE)
    async with Program("publisher.js", str(broker.port)).running() as program:
        await program.ask({"exchange": "odds"})
        yield program


@asynccontextmanager
async def consumed(net: Net, key: dict[str, str], **given: Any) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """The events, as (name, data)."""
    body = {"host": "127.0.0.1", "username": "guest", "password": "guest", "exchange": "odds", **given}
    async with net.http.stream("POST", "/amqp", json=body, headers=key) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"
        yield events_of(answer)


async def events_of(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            yield "comment", line[1:].strip()
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
            assert DESCRIBED.faults(data, "consume") == []
            yield name, json.loads(data)


def published(body: bytes, key: str = "a.b", kind: str = "text/plain", count: int = 1) -> dict[str, Any]:
    return {"to": "odds", "key": key, "body": b64encode(body).decode(), "type": kind, "count": count}


async def test_messages_come_in_order_and_the_queue_goes_with_its_client(
    net: Net, broker: Rabbit, publisher: Program, monkeypatch: pytest.MonkeyPatch, eventually
) -> None:
    await net.join("de1")
    key = await net.key()
    async with consumed(net, key, port=broker.port, routing_key="a.*", queue_prefix="mine") as events:
        name, connected = await anext(events)
        assert (name, connected["node_id"]) == ("connected", "scraping-de1")
        queue = connected["queue_name"]
        assert re.fullmatch(r"mine_de1_\d{1,9}", queue)
        assert await publisher.ask({"queue": queue}) == NOT_OURS
        await publisher.ask(published(b"not asked for", "b.a"))
        await publisher.ask(published('{"odds": "ü"}'.encode(), kind="application/json"))
        await publisher.ask(published(b"\xff\x00"))
        await publisher.ask(published(b""))
        await publisher.ask(published(b"x" * 300_000))
        name, first = await anext(events)
        assert (name, first) == ("message", {
            "body": '{"odds": "ü"}', "routing_key": "a.b", "exchange": "odds", "delivery_tag": 1,
            "content_type": "application/json",
        })  # fmt: skip
        _, binary = await anext(events)
        assert (binary["body"], binary["encoding"]) == (b64encode(b"\xff\x00").decode(), "base64")
        assert [(await anext(events))[1]["body"] for _ in range(2)] == ["", "x" * 300_000]
        # More than the broker sends ahead of acknowledgements: it goes on only because they come.
        await publisher.ask(published(b"y" * 200, count=5000))
        tags = [(await anext(events))[1]["delivery_tag"] for _ in range(5000)]
        assert tags == list(range(5, 5005))

    await eventually(lambda: not net.agents["de1"].load and not net.gateway.desk.under_way)
    fates = [await publisher.ask({"queue": queue}) for _ in range(100)]  # the broker takes a moment
    assert fates[-1] == GONE
    used = (await net.http.get("/usage", headers=key)).json()
    assert used["by_protocol"]["amqp"] == 1
    assert used["bytes_transferred"] > 5000 * 200

    monkeypatch.setattr(amqp, "KEEP_ALIVE_S", 0.1)
    async with consumed(net, key, port=broker.port) as events:
        await anext(events)
        assert await anext(events) == ("comment", "keep-alive")


async def test_our_client_reads_messages_as_they_come(net: Net, broker: Rabbit, publisher: Program) -> None:
    await net.join("de1")
    service = Service(net.url, (await net.key())["X-API-Key"])
    asked = AmqpConsumeBody(
        host="127.0.0.1", port=broker.port, username="guest", password=Secret("guest"), exchange="odds"
    )
    async with AsyncClient(scraping=service) as client, client.scraping.events(asking.consume(asked)) as events:
        assert (await anext(events)).name == "connected"
        for body in ("1.10", "ü", "x" * 300_000):
            await publisher.ask(published(body.encode()))
            assert (await anext(events)).data["body"] == body


async def test_messages_and_passwords_are_in_no_log(net: Net, broker: Rabbit, publisher: Program, logged) -> None:
    await net.join("de1")
    key, words = await net.key(), "correct horse battery staple"
    async with consumed(net, key, port=broker.port) as events:
        await anext(events)
        await publisher.ask(published(words.encode()))
        assert (await anext(events))[1]["body"] == words
    async with consumed(net, key, port=broker.port, password=words) as events:
        assert (await anext(events))[0] == "error"
    written = logged()
    assert (words in written, "agent linked" in written) == (False, True)


async def test_what_the_broker_refuses_is_an_event(net: Net, broker: Rabbit, publisher: Program) -> None:
    await net.join("de1")
    key = await net.key()
    for given, told in (
        ({"password": "wrong"}, "403 ACCESS_REFUSED"),
        ({"exchange": "none"}, "404 NOT_FOUND"),
        ({"virtual_host": "none"}, "530 NOT_ALLOWED"),
    ):
        async with consumed(net, key, port=broker.port, **given) as events:
            name, data = await anext(events)
            assert (name, data["code"]) == ("error", 1011)
            assert data["message"].startswith(f"agent error: the broker closed: {told}")
            assert [event async for event in events] == []
    async with consumed(net, key, port=9) as events:
        name, data = await anext(events)
        assert (name, data["message"][:45]) == ("error", "agent error: 127.0.0.1:9 cannot be connected ")


async def test_a_certificate_is_checked(
    net: Net, broker: Rabbit, publisher: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    await net.join("de1")
    key = await net.key()
    async with consumed(net, key, port=broker.tls_port, ssl=True, agent="de1") as events:
        assert (await anext(events))[1]["message"].startswith("agent error: no TLS with 127.0.0.1: its certificate is ")
    monkeypatch.setenv("SSL_CERT_FILE", str(broker.authority))
    await net.join("de2")
    async with consumed(net, key, port=broker.tls_port, ssl=True, agent="de2") as events:
        assert (await anext(events))[0] == "connected"
        await publisher.ask(published(b"over TLS"))
        assert (await anext(events))[1]["body"] == "over TLS"


async def test_a_certificate_of_another_name_is_refused(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, private = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    await net.join("de1")
    async with scripted(b"", bytearray(), serving_context(chain, private)) as port:
        for host, told in (("127.0.0.1", "connected"), ("localhost", "error")):
            async with consumed(net, await net.key(), host=host, port=port, ssl=True) as events:
                name, data = await anext(events)
                assert name == told
        why = "its certificate is refused: Hostname mismatch, certificate is not valid for 'localhost'."
        assert data["message"] == f"agent error: no TLS with localhost: {why}"


async def test_a_megabyte_of_bytes_comes_whole(net: Net, broker: Rabbit, publisher: Program) -> None:
    await net.join("de1")
    key = {"apiKey": (await net.key())["X-API-Key"]}
    body = random.Random(1).randbytes(2**20)
    async with consumed(net, {}, port=broker.port, **key) as events:
        await anext(events)
        await publisher.ask(published(body, kind="application/octet-stream"))
        _, data = await anext(events)
        assert (data["encoding"], data["content_type"]) == ("base64", "application/octet-stream")
        assert b64decode(data["body"]) == body


# --- a client that does not behave -------------------------------------------------------------------------------


@asynccontextmanager
async def raw_client(net: Net, **given: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, str]]:
    """Its connection after `connected`, and the queue's name; it is killed at the end."""
    body = json.dumps({"host": "127.0.0.1", "exchange": "odds", "apiKey": (await net.key())["X-API-Key"], **given})
    reader, writer = await asyncio.open_connection("127.0.0.1", int(net.url.rpartition(":")[2]), limit=2**16)
    writer.write(f"POST /amqp HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    head = await reader.readuntil(b"}\n\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    try:
        yield reader, writer, json.loads(head[head.index(b"data: ") + 6 :])["queue_name"]
    finally:
        writer.transport.abort()


async def test_the_queue_of_a_killed_client_goes(net: Net, broker: Rabbit, publisher: Program, eventually) -> None:
    await net.join("de1")
    async with raw_client(net, port=broker.port, username="guest", password="guest") as (_, _, queue):
        assert await publisher.ask({"queue": queue}) == NOT_OURS
    async with asyncio.timeout(PATIENCE_S):
        while await publisher.ask({"queue": queue}) != GONE:  # the broker takes a moment
            pass
    await eventually(lambda: not net.agents["de1"].load and not net.gateway.desk.under_way)


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> list[consumer._Broker]:
    """The agents' connections to brokers."""
    found: list[consumer._Broker] = []

    class Broker(consumer._Broker):
        def __init__(self, wish: Wish) -> None:
            super().__init__(wish)
            found.append(self)

    monkeypatch.setattr(consumer, "_Broker", Broker)
    return found


async def test_what_a_client_does_not_take_is_not_acknowledged(net: Net, brokers, eventually) -> None:
    await net.join("de1")
    heard, count = bytearray(), 200
    row = b"".join(delivery(tag, bytes(30_000)) for tag in range(1, count + 1))  # each NUL is six bytes of JSON

    def last() -> int:
        return int.from_bytes(acknowledged(heard)[-1][:8]) if acknowledged(heard) else 0

    async with scripted(row, heard) as port:
        async with raw_client(net, port=port) as (_, writer, _):
            writer.transport.pause_reading()
            await eventually(lambda: brokers[0]._is_paused)
            taken = last()
        await eventually(lambda: methods(bytes(heard))[-1][:2] == (10, 50))
        assert taken <= last() < count // 2
        heard.clear()
        async with raw_client(net, port=port) as (reader, _, _):
            reading = spawn(read_all(reader), "client")
            await eventually(lambda: last() == count)
            await stop(reading)


async def test_a_message_is_acknowledged_after_it_was_handed_to_the_clients_connection(
    net: Net, site: str, eventually
) -> None:
    await net.join("de1")
    key, heard, handing, go_on = await net.key(), bytearray(), asyncio.Event(), asyncio.Event()
    body = {"host": "127.0.0.1", "exchange": "odds", "apiKey": key["X-API-Key"]}

    async def receive() -> dict[str, Any]:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        if b"event: message" in message.get("body", b""):
            handing.set()
            await go_on.wait()

    async with scripted(delivery(1, b"first"), heard) as port:
        asked = iter([{"type": "http.request", "body": json.dumps(body | {"port": port}).encode()}])
        scope = {"type": "http", "path": "/amqp", "method": "POST", "headers": []}
        consuming = spawn(net.gateway.app(scope, receive, send), "client")
        await handing.wait()
        await net.fetch(f"{site}/echo", key)  # over the same link: what was said before has arrived
        assert acknowledged(heard) == []
        go_on.set()
        await eventually(lambda: len(acknowledged(heard)) == 1)
        await stop(consuming)


async def test_an_agent_with_one_place_left_is_given_to_one_of_two(net: Net) -> None:
    agent = Agent(Identity("de1", await net.repository.set_agent_key("de1"), "DE", 1), AgentWorks(LOOPBACK), (net.url,))
    await agent.start()
    await agent.is_linked.wait()
    key, statuses = await net.key(), []

    async def consume(port: int) -> None:
        asked = iter([{"type": "http.request", "body": json.dumps({"host": "127.0.0.1", "port": port}).encode()}])
        is_answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            return next(asked, None) or await asyncio.Event().wait()

        async def send(message: dict[str, Any]) -> None:
            if "status" in message:
                statuses.append(message["status"])
                is_answered.set()

        headers = [(b"x-api-key", key["X-API-Key"].encode())]
        scope = {"type": "http", "path": "/amqp", "method": "POST", "headers": headers}
        consuming = spawn(net.gateway.app(scope, receive, send), "client")
        consuming.add_done_callback(lambda _: is_answered.set())
        await is_answered.wait()
        await stop(consuming)

    async with scripted(b"", bytearray()) as port:
        await asyncio.gather(consume(port), consume(port))
    await agent.stop()
    assert sorted(statuses) == [200, 502]


async def read_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(2**20):
        pass


# --- whom the rules keep out -------------------------------------------------------------------------------------


async def test_a_keys_lists_and_an_operators_hold_for_a_broker(net: Net) -> None:
    await net.join("de1")
    denying = Policy(Patterns.of(["127.0.0.0/8"]), deny=Patterns.of(["127.0.0.1:5672"]))
    await net.join("us1", "US", denying)
    denied, allowed, free = [
        await net.key(**lists) for lists in ({"targets_deny": ["127.0.0.0/8"]}, {"targets_allow": ["*.test"]}, {})
    ]
    for key, given, rule in (
        (denied, {"host": "127.0.0.1"}, "127.0.0.1 is refused: deny list"),
        (denied, {"host": "localhost", "agent": "de1"}, "localhost is refused: deny list"),  # which an agent finds out
        (allowed, {"host": "127.0.0.1"}, "127.0.0.1 is refused: not on the allow list"),
        (free, {"host": "127.0.0.1", "geo": "US"}, "127.0.0.1 is refused: deny list"),
    ):
        answer = await net.http.post("/amqp", json=given, headers=key)
        assert (answer.status_code, answer.json()) == (403, {"detail": rule})


async def test_a_lost_agent_is_an_event(
    net: Net, broker: Rabbit, publisher: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.scraping.agent.agent._DRAIN_S", 0)
    agent = await net.join("de1")
    async with consumed(net, await net.key(), port=broker.port) as events:
        await anext(events)
        await agent.stop()
        assert [event async for event in events] == [
            ("error", {"message": "agent error: the agent was lost", "code": 1011})
        ]


async def test_what_cannot_be_asked_is_told_as_an_answer(net: Net) -> None:
    await net.join("de1")
    key = await net.key()
    for given, headers, status in (
        ({"host": "127.0.0.1"}, {}, 401),
        ({"host": "127.0.0.1", "apiKey": "no"}, {}, 403),
        ({"host": "10.0.0.1"}, key, 403),
        ({"port": 1}, key, 400),
        ({"host": "127.0.0.1", "port": 0}, key, 400),
        ({"host": "127.0.0.1", "heartbeat": -1}, key, 400),
        ({"host": "127.0.0.1", "exchange": "x" * 256}, key, 400),
        ({"host": "127.0.0.1", "queue_prefix": ""}, key, 400),
        ({"host": "127.0.0.1", "geo": "US"}, key, 502),
        ({"host": "x" * 70_000}, key, 413),
    ):
        answer = await net.http.post("/amqp", json=given, headers=headers)
        assert (answer.status_code, list(answer.json())) == (status, ["detail"]), given
    assert (await net.http.get("/amqp", headers=key)).status_code == 405
