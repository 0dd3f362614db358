"""`/amqp`: messages of a broker, consumed by an agent, as server-sent events.

The agent writes the events; here they are handed to the client's connection as they come, and the agent is told how far
that went, which is what it acknowledges. Nothing is acknowledged for a client that has gone.
Sources: the published contract of the API; the HTML Standard, "Server-sent events"; docs/decisions/0176.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from hedgerow.api.auth import Caller, KeyRing, Refusal
from hedgerow.api.door import new_request_id
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.core.observe import SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.core.tasks import spawn, spawn_now, stop
from hedgerow.scraping.frames import INTERNAL
from hedgerow.scraping.gateway.connect import read_key
from hedgerow.scraping.gateway.failures import AGENT_GONE, failure, refusal
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.reach import reach
from hedgerow.scraping.gateway.request import read_wanted
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import ConsumeRequest, Kind
from hedgerow.storage.database import StorageError

T = TypeVar("T")

PATH = "/amqp"
PROTOCOL = "amqp"
KEEP_ALIVE_S = 15.0

_READY_S = 20.0
"""For an agent to have a consumer at the broker."""
_MOST_BODY = 64 * 1024
_MOST_NAME = 255
_MOST_PREFIX = 128
_MOST_HEARTBEAT_S = 3600
_NUMBERS = 10**9
_KEEP_ALIVE = b": keep-alive\n\n"

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


class Body(msgspec.Struct):
    """What a client asks for."""

    host: str
    api_key: str | None = msgspec.field(default=None, name="apiKey")
    key: str | None = None
    port: int = 5672
    virtual_host: str = "/"
    username: str = ""
    password: str = ""
    exchange: str = ""
    routing_key: str = "#"
    queue_prefix: str = "scrape"
    ssl: bool = False
    heartbeat: int = 60
    geo: str | None = None
    agent: str | None = None

    def __repr__(self) -> str:
        return "Body()"


_body = msgspec.json.Decoder(Body)


class AmqpDoor:
    """Answers `/amqp`."""

    def __init__(self, keys: KeyRing, desk: Desk) -> None:
        self._keys, self._desk = keys, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"X-Request-ID": new_request_id()}
        status = 200
        try:
            await self._serve(scope, receive, send, headers)
        except ApiError as error:
            status = error.status
            await _refuse(send, status, error.detail, headers | error.headers)
        except _Gone:
            status = 499
        except StorageError as error:
            status = 503
            _log.error("request without database", error=str(error))
            await _refuse(send, status, "The database is not available", headers | {"Retry-After": "1"})
        except Exception:
            status = 500
            raise  # the server logs it, and ends the connection
        finally:
            SCRAPING_REQUESTS.labels(PROTOCOL, str(status)).inc()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        """Raises ApiError before anything was answered."""
        if scope["method"] != "POST":
            raise ApiError(405, "Method Not Allowed", {"Allow": "POST"})
        raw = await _read(receive)
        caller = await self._caller(scope, raw)
        headers.update(await self._desk.buckets.take(caller.key))
        body, wanted = read_body(raw)
        self._desk.check(caller.key, body.host, body.port)
        with self._desk.counted(caller.key):
            client = _Client(receive, send)
            try:
                await self._consume(caller, body, wanted, client, headers)
                await send({"type": "http.response.body", "body": b""})
            finally:
                await client.end()

    async def _caller(self, scope: Scope, raw: bytes) -> Caller:
        header = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"").decode("latin-1")
        caller = await self._keys.judge(header or read_key(raw))
        if isinstance(caller, Refusal):
            raise refusal(caller)
        return caller

    async def _consume(
        self, caller: Caller, body: Body, wanted: Wanted, client: _Client, headers: dict[str, str]
    ) -> None:
        key_id, began_s = caller.key.key_id, time.perf_counter()
        try:
            agent, (queue, channel) = await reach(
                self._desk,
                key_id,
                PROTOCOL,
                body.host,
                wanted,
                lambda agent: client.while_there(_attempt(agent, caller, body)),
            )
        except StreamCut as cut:
            if cut.code in (CutCode.REFUSED, CutCode.INVALID):
                raise failure(cut) from None
            await client.begin(headers)
            await client.write(_error_event(cut))
            return
        SCRAPING_REQUEST_SECONDS.labels(PROTOCOL).observe(time.perf_counter() - began_s)
        client.watch(channel)
        try:
            await client.begin(headers)
            await client.write(_event("connected", {"node_id": agent.node_id, "queue_name": queue}))
            with self._desk.lasting.kept(channel):
                await self._pass_on(channel, client, key_id)
        except StreamCut as cut:
            await client.write(_error_event(cut))
        finally:
            channel.cut(CutCode.CANCELLED)

    async def _pass_on(self, channel: Channel, client: _Client, key_id: int) -> None:
        """Until one side ends. Raises StreamCut."""
        loop = asyncio.get_running_loop()
        handed_on, keep_alive_s = 0, loop.time() + KEEP_ALIVE_S
        while not client.has_gone:
            try:
                async with asyncio.timeout_at(keep_alive_s):
                    events = await channel.read()
            except TimeoutError:
                keep_alive_s = loop.time() + KEEP_ALIVE_S
                await client.write(_KEEP_ALIVE)
                continue
            await client.write(events)
            if not client.has_gone:
                handed_on += len(events)
                self._desk.usage.add_bytes(key_id, PROTOCOL, len(events))
                await channel.write(handed_on.to_bytes(8))


class _Gone(Exception):  # noqa: N818 - an end, not an error
    """The client went away before it had an answer."""


class _Client:
    """The client's side of the exchange."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._send = send
        self._channel: Channel | None = None
        self._task = spawn(self._wait(receive), "watch for a client that goes away")
        self.has_gone = False

    async def while_there(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work answers; it is ended when the client goes. Raises _Gone."""
        working = spawn_now(work, "attempt at a broker")  # the agent was chosen for now
        try:
            await asyncio.wait((working, self._task), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise _Gone
            return working.result()
        finally:
            await stop(working)

    def watch(self, channel: Channel) -> None:
        """Ends the stream when the client goes."""
        self._channel = channel
        if self.has_gone:
            channel.cut(CutCode.CANCELLED, "the client went away")

    async def begin(self, headers: dict[str, str]) -> None:
        kind = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        await self._send(_start(200, kind | headers))

    async def write(self, data: bytes) -> None:
        """Returns when the connection has taken it, or `has_gone` says that it has not."""
        if not self.has_gone:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            # The server takes writes to a lost connection for good; its word comes with the next turn of the loop.
            await asyncio.sleep(0)

    async def end(self) -> None:
        await stop(self._task)

    async def _wait(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.has_gone = True
        if self._channel is not None:
            self._channel.cut(CutCode.CANCELLED, "the client went away")


async def _attempt(agent: LinkedAgent, caller: Caller, body: Body) -> tuple[str, Channel]:
    """The name of the queue, and the stream with its messages. Raises StreamCut."""
    queue = f"{body.queue_prefix}_{agent.slug}_{secrets.randbelow(_NUMBERS)}"
    ask = ConsumeRequest(
        body.host,
        body.port,
        body.virtual_host,
        body.username,
        body.password,
        body.exchange,
        body.routing_key,
        queue,
        body.ssl,
        body.heartbeat,
        caller.key.targets_allow,
        caller.key.targets_deny,
    )
    channel = agent.open(Kind.AMQP, _encode(ask), is_last=False)
    try:
        async with asyncio.timeout(_READY_S):
            await channel.head()
    except TimeoutError:
        channel.cut(CutCode.CANCELLED)
        raise StreamCut(CutCode.TIMED_OUT, f"no consumer within {_READY_S:g} s") from None
    except BaseException:
        channel.cut(CutCode.CANCELLED)
        raise
    return queue, channel


def read_body(raw: bytes) -> tuple[Body, Wanted]:
    """Raises ApiError 400."""
    try:
        body = _body.decode(raw)
    except UNREADABLE as error:
        raise ApiError(400, f"Invalid request body: {error}") from None
    if not body.host or not 0 < body.port < 65536:
        raise ApiError(400, "host must be named, and port be between 1 and 65535")
    if not 0 <= body.heartbeat <= _MOST_HEARTBEAT_S:
        raise ApiError(400, f"heartbeat must be between 0 and {_MOST_HEARTBEAT_S} seconds")
    names = (body.virtual_host, body.username, body.password, body.exchange, body.routing_key)
    if any(len(name.encode(errors="replace")) > _MOST_NAME for name in names):
        raise ApiError(400, f"A name, password or routing key may have {_MOST_NAME} bytes")
    if not body.queue_prefix or len(body.queue_prefix.encode(errors="replace")) > _MOST_PREFIX:
        raise ApiError(400, f"queue_prefix must have 1 to {_MOST_PREFIX} bytes")
    return body, read_wanted(body.geo or "", body.agent or "", Kind.AMQP.capability)


async def _read(receive: Receive) -> bytes:
    """The request's body. Raises ApiError 413, _Gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > _MOST_BODY:
            raise ApiError(413, f"The body is larger than {_MOST_BODY // 1024} KiB")
        if not message.get("more_body"):
            return bytes(body)


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: ".encode() + _encode_json(data) + b"\n\n"


def _error_event(cut: StreamCut) -> bytes:
    why = "the agent was lost" if cut.code in AGENT_GONE else cut.detail or cut.code.name.lower()
    return _event("error", {"message": f"agent error: {why}", "code": INTERNAL})


def _start(status: int, headers: dict[str, str]) -> dict[str, Any]:
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": lines}


async def _refuse(send: Send, status: int, detail: Any, headers: dict[str, str]) -> None:
    body = _encode_json({"detail": detail})
    await send(_start(status, {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers))
    await send({"type": "http.response.body", "body": body})
