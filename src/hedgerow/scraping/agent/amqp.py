"""An AMQP consumer's far end: messages of a broker as events of a stream, acknowledged once they were handed on.

Source: docs/decisions/0176.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Coroutine
from typing import Any, cast

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent.amqpwire import AmqpError, Conversation, Delivery, Wish
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.work import WorkFailed, no_tls
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import ConsumeRequest
from hedgerow.scraping.pipe import prepare

READY_S = 15.0
_MOST_WAITING = 256 * 1024
"""Bytes of events that wait for room on the stream when reading from the broker stops."""

_decode = msgspec.msgpack.Decoder(ConsumeRequest).decode
_encode_json = msgspec.json.Encoder().encode


class _Message(msgspec.Struct, omit_defaults=True):
    """The event's data. encoding: `base64` where the body is not text."""

    body: str
    routing_key: str
    exchange: str
    delivery_tag: int
    content_type: str | None
    encoding: str = ""


class AmqpConsumer:
    """Serves streams of kind AMQP."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._trust = ssl.create_default_context()

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Raises WorkFailed, StreamCut."""
        try:
            request = _decode(head)
        except UNREADABLE as error:
            raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
        broker = _Broker(_wish(request))
        try:
            await self._connect(request, broker)
            channel.answer(b"")
            tasks = {
                spawn(_why_ended(work), "AMQP consumer")
                for work in (broker.pass_on(channel), broker.acknowledge(channel), broker.beat(), broker.over())
            }
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await stop(*tasks)
            for why in filter(None, (task.result() for task in done)):
                raise why
        except AmqpError as error:
            raise WorkFailed(CutCode.BROKEN if broker.is_ready else CutCode.UNREACHABLE, str(error)) from None
        finally:
            broker.close()

    async def _connect(self, request: ConsumeRequest, broker: _Broker) -> None:
        """Returns when messages may come. Raises WorkFailed, AmqpError."""
        host = request.host
        try:
            async with asyncio.timeout(READY_S):
                connected = await self._dialer.open(host, request.port, Way(Lists(request.allow, request.deny)))
                try:
                    await asyncio.get_running_loop().create_connection(
                        lambda: broker,
                        sock=connected,
                        ssl=self._trust if request.is_tls else None,
                        server_hostname=host if request.is_tls else None,
                    )
                except BaseException:
                    connected.close()
                    raise
                await broker.ready()
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None
        except TimeoutError:
            raise WorkFailed(CutCode.TIMED_OUT, f"{host} was not ready within {READY_S:g} s") from None
        except ssl.SSLError as error:
            raise no_tls(host, error) from None
        except OSError:
            raise WorkFailed(CutCode.UNREACHABLE, f"{host} broke off the connection") from None


async def _why_ended(work: Coroutine[Any, Any, None]) -> StreamCut | AmqpError | None:
    """A client that goes and a broker that ends are no failures of ours, which the log would tell."""
    try:
        await work
    except (StreamCut, AmqpError) as end:
        return end
    return None


class _Broker(asyncio.Protocol):
    """The connection to the broker."""

    def __init__(self, wish: Wish) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._conversation = Conversation(wish)
        self._transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[None] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._has_events = asyncio.Event()
        self._events: list[bytes] = []
        self._waiting = 0  # bytes of them
        self._made = 0  # bytes of events so far
        self._ends: deque[tuple[int, int]] = deque()  # where each message ends, and its tag; not acknowledged yet
        self._heard_s = loop.time()
        self._is_paused = False

    @property
    def is_ready(self) -> bool:
        return self._conversation.is_ready

    # --- the work: each raises AmqpError when the broker ends it --------------------------------------------------

    async def ready(self) -> None:
        await self._ready

    async def over(self) -> None:
        await self._over

    async def pass_on(self, channel: Channel) -> None:
        """Raises StreamCut."""
        while True:
            await self._has_events.wait()
            events, self._events = b"".join(self._events), []
            self._has_events.clear()
            await channel.write(events)
            self._waiting -= len(events)
            if self._is_paused and self._waiting < _MOST_WAITING // 2 and self._transport is not None:
                self._is_paused = False
                self._heard_s = self._loop.time()
                self._transport.resume_reading()

    async def acknowledge(self, channel: Channel) -> None:
        """Returns when the client has gone. Raises StreamCut."""
        told = bytearray()
        while part := await channel.read():
            told += part
            whole = len(told) // 8 * 8
            if whole:
                self._handed_on(int.from_bytes(told[whole - 8 : whole]))
                del told[:whole]

    async def beat(self) -> None:
        """Keeps the connection alive, and notices when it is not."""
        interval_s = self._conversation.heartbeat_s
        if not interval_s:
            await self._over
        while True:
            await asyncio.sleep(interval_s / 2)
            if not self._is_paused and self._loop.time() - self._heard_s > 2 * interval_s:
                raise AmqpError(f"the broker was silent for {2 * interval_s} s")
            self._conversation.beat()
            self._flush()

    def close(self) -> None:
        if self._transport is not None:
            self._conversation.close()
            self._flush()
            self._transport.close()

    # --- the connection --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        prepare(self._transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
        try:
            delivered = self._conversation.receive(data)
        except AmqpError as error:
            self._fail(error)
            return
        for delivery in delivered:
            event = _event(delivery)
            self._made += len(event)
            self._waiting += len(event)
            self._ends.append((self._made, delivery.tag))
            self._events.append(event)
        if delivered:
            self._has_events.set()
            if self._waiting > _MOST_WAITING and not self._is_paused and self._transport is not None:
                self._is_paused = True
                self._transport.pause_reading()
        self._flush()
        if self._conversation.is_ready and not self._ready.done():
            self._ready.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._fail(AmqpError("the broker closed the connection"))

    # --- inside ----------------------------------------------------------------------------------------------

    def _handed_on(self, size: int) -> None:
        """The client's connection has so many bytes of events."""
        tag = 0
        while self._ends and self._ends[0][0] <= size:
            tag = self._ends.popleft()[1]
        if tag:
            self._conversation.acknowledge(tag)
            self._flush()

    def _flush(self) -> None:
        output = self._conversation.output
        if output and self._transport is not None:
            self._transport.write(bytes(output))
            output.clear()

    def _fail(self, error: AmqpError) -> None:
        for waiting in (self._ready, self._over):
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # whether anybody waits is not known here
        if self._transport is not None:
            self._transport.abort()


def _event(delivery: Delivery) -> bytes:
    try:
        body, encoding = delivery.body.decode(), ""
    except UnicodeDecodeError:
        body, encoding = b64encode(delivery.body).decode(), "base64"
    message = _Message(
        body, delivery.routing_key, delivery.exchange, delivery.tag, delivery.content_type or None, encoding
    )
    return b"event: message\ndata: " + _encode_json(message) + b"\n\n"


def _wish(request: ConsumeRequest) -> Wish:
    return Wish(
        request.virtual_host,
        request.user,
        Secret(request.password),
        request.exchange,
        request.routing_key,
        request.queue,
        request.heartbeat_s,
    )
