"""bench amqp: what it needs is named, and its client counts every event."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bench import amqp
from hedgerow.bench.amqp import Listener
from hedgerow.bench.consumers import rabbit
from hedgerow.bench.report import BenchError
from hedgerow.core.errors import SetupError
from hedgerow.core.tasks import spawn

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONNECTED, MESSAGE = b"event: connected\n", b"event: message\n"


def test_missing_aio_pika_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amqp, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match="pip install aio-pika"):
        amqp.measure(1, 1)


def test_missing_broker_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rabbit, "_ROOTS", (tmp_path,))
    with pytest.raises(SetupError, match="apt-get install --no-install-recommends rabbitmq-server"):
        rabbit.root()


def chunked(body: bytes, size: int) -> bytes:
    """In chunks of so many bytes."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


@pytest.mark.parametrize("chunk", [1, 5, 10_000])
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_every_event_is_counted_however_it_is_cut(size: int, chunk: int) -> None:
    listener = Listener(b"")
    events = CONNECTED + b"data: {}\n\n" + (MESSAGE + b"data: {}\n\n") * 20
    stream = HEAD + chunked(events, chunk)
    waiting = spawn(listener.until(CONNECTED, 1), "connected")
    await asyncio.sleep(0)
    for at in range(0, len(stream), size):
        listener.data_received(stream[at : at + size])
    async with asyncio.timeout(PATIENCE_S):
        await waiting
        await listener.until(MESSAGE, 20)
    more = spawn(listener.until(MESSAGE, 1), "one more than there are")
    await asyncio.sleep(0)
    assert not more.done()
    listener.data_received(chunked(MESSAGE, chunk))
    await more


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 16\r\n\r\n{"detail":"none"',
        HEAD + chunked(b'event: error\ndata: {"message":"none"}\n\n', 100),
    ],
)
async def test_a_consumer_that_is_refused_ends_the_run(answer: bytes) -> None:
    listener = Listener(b"")
    waiting = spawn(listener.until(CONNECTED, 1), "connected")
    await asyncio.sleep(0)
    listener.data_received(answer)
    with pytest.raises(BenchError, match=r"there are no events: .*none"):
        await waiting


async def test_an_answer_that_ends_ends_the_run() -> None:
    listener = Listener(b"")
    waiting = spawn(listener.until(MESSAGE, 2), "messages")
    await asyncio.sleep(0)
    listener.data_received(HEAD + chunked(MESSAGE, 100) + b"0\r\n\r\n")
    with pytest.raises(BenchError, match="the events ended"):
        await waiting


async def test_events_that_end_too_early_end_the_run() -> None:
    listener = Listener(b"")
    waiting = spawn(listener.until(MESSAGE, 2), "messages")
    await asyncio.sleep(0)
    listener.data_received(HEAD + chunked(MESSAGE, 100))
    listener.connection_lost(None)
    with pytest.raises(BenchError, match="the connection ended"):
        await waiting
