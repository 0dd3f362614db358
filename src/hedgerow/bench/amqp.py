"""amqp: messages of a RabbitMQ as server-sent events through agent and gateway, against aio-pika in one process.

The broker gets the same messages for both, each time in one transaction, and both find them waiting: otherwise what is
measured is how fast a broker routes, which is no faster than ours takes them. For that our agent stands still while it
routes; what it got meanwhile, as much as may leave a broker without an acknowledgement, is not counted. Ours are
acknowledged after they were handed to the client's connection, many at once; aio-pika acknowledges each by itself, as
its users do. The broker, with one scheduler, has a processor for itself; all others, our client too, have the other.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import httptools
import msgspec
import uvloop

from hedgerow.bench import sides
from hedgerow.bench.consumers import pika_side, rabbit
from hedgerow.bench.consumers.pika_side import Broker
from hedgerow.bench.network import Network, on_cpu, serving
from hedgerow.bench.report import BenchError, Bound, Figures, Ratio
from hedgerow.bench.sides import Side
from hedgerow.core.errors import SetupError
from hedgerow.scraping.agent.amqpwire import PREFETCH

MESSAGES, SIZE = 20_000, 200
TARGET = 4.0
EXCHANGE, OURS, THEIRS = "amq.direct", "ours", "theirs"
_MESSAGE = b"event: message\n"
_CONNECTED = b"event: connected\n"
_ERROR = b"event: error\n"
_WITHIN_S = 60.0


def measure(scale: float, runs: int) -> Figures:
    """Messages/s. scale: multiplies the messages. Raises SetupError without RabbitMQ or aio-pika."""
    if find_spec("aio_pika") is None:
        raise SetupError("aio-pika, the baseline of this bench, is not installed", "pip install aio-pika")
    root = rabbit.root()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pairs = runner.run(_compare(root, max(2, round(MESSAGES * scale)), runs))
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return Figures("messages/s", [Ratio(f"{SIZE} B, aio-pika", ratio, TARGET, Bound.AT_LEAST, ours, theirs)])


async def _compare(root: Path, count: int, runs: int) -> list[tuple[float, float]]:
    pairs = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow-bench-")))
        with on_cpu(0):
            port = stack.enter_context(rabbit.running(root, folder, schedulers=1))
        with on_cpu(1):
            network = await stack.enter_async_context(serving())
            side = await stack.enter_async_context(sides.started(pika_side.__name__, Broker(port)))
            for _ in range(runs):
                ours = await _ours(network, port, side, count)
                await side.ask(publish(THEIRS, count))
                pairs.append((ours, count / float(await side.ask(b"consume %d" % count))))
    return pairs


async def _ours(network: Network, port: int, side: Side, count: int) -> float:
    """Messages/s."""
    ahead = min(PREFETCH, count // 2)
    _, protocol = await asyncio.get_running_loop().create_connection(
        lambda: Listener(_request(network, port)), "127.0.0.1", network.port
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            await protocol.until(_CONNECTED, 1)
            with network.without_agent():
                await side.ask(publish(OURS, count))
            await protocol.until(_MESSAGE, ahead)
            began_s = time.perf_counter()
            await protocol.until(_MESSAGE, count - ahead)
            return (count - ahead) / (time.perf_counter() - began_s)
    except TimeoutError:
        raise BenchError("the events did not come in time") from None
    finally:
        protocol.close()


def publish(key: str, count: int) -> bytes:
    """As aio-pika's side is asked to."""
    return f"publish {key} {count} {SIZE}".encode()


def _request(network: Network, port: int) -> bytes:
    asked = {"host": "127.0.0.1", "port": port, "username": "guest", "password": "guest"}
    body = msgspec.json.encode({**asked, "exchange": EXCHANGE, "routing_key": OURS})
    head = f"POST /amqp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {network.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Listener(asyncio.Protocol):
    """A client that counts events and looks at nothing else of them. They are counted in the body: in the bytes of the
    connection the length of a chunk may stand in the middle of a mark. Callbacks are named as httptools wants them."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._mark, self._missing = b"", 0
        self._rest = b""
        self._found: asyncio.Future[None] | None = None

    async def until(self, mark: bytes, count: int) -> None:
        """Returns when so many more of the mark have come. Raises BenchError."""
        self._mark, self._missing = mark, count
        self._found = asyncio.get_running_loop().create_future()
        rest, self._rest = self._rest, b""
        self._count(rest)
        await self._found

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        if self._parser.get_status_code() != 200 or _ERROR in body:
            self._fail(f"there are no events: {body[-300:]!r}")
        self._count(body)

    def on_message_complete(self) -> None:
        self._fail(f"the events ended: {self._rest[-300:]!r}")

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._fail(f"the connection ended: {self._rest[-300:]!r}")

    def _fail(self, why: str) -> None:
        if self._found is not None and not self._found.done():
            self._found.set_exception(BenchError(why))

    def _count(self, data: bytes) -> None:
        data = self._rest + data
        if self._found is None or self._found.done():
            self._rest = data  # for who asks next
            return
        there = data.count(self._mark)
        if there < self._missing:
            self._missing -= there
            self._rest = data[max(0, len(data) - len(self._mark) + 1) :]
            return
        at = 0
        for _ in range(self._missing):
            at = data.index(self._mark, at) + len(self._mark)
        self._rest = data[at:]
        self._found.set_result(None)
