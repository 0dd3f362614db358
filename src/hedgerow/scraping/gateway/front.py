"""The proxy front: a port of its own where programs that know proxies find the agents, with CONNECT for any connection
and absolute URLs for plain HTTP.

The key is the proxy's user. A connection goes through one agent to one target, under the same guard, limits and use as
`/fetch`; what is inside is not read, so blocks are not seen here. Use counts as fetches: a request for each connection
and its bytes, second by second. Not for choosing or judging: those are `reach` and `proxyrequest`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import structlog

from hedgerow.api.auth import KeyRing, Refusal
from hedgerow.core.errors import ApiError, SetupError
from hedgerow.core.observe import SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.core.tasks import stop
from hedgerow.scraping.gateway.failures import failure
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.proxyrequest import (
    ProxyRequest,
    answer_head,
    check_port,
    chunk_size,
    connected,
    is_interim,
    read_credentials,
    read_request,
    refused,
    unauthorized,
)
from hedgerow.scraping.gateway.reach import reach
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.link import MOST_CHUNK
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import Kind, TunnelRequest
from hedgerow.scraping.splice import splice
from hedgerow.storage.accounts import ApiKey
from hedgerow.storage.database import StorageError

MOST_CLIENTS = 4096
IDLE_S = 300.0
"""Without a byte either way a connection ends."""
_HEAD_S = 10.0
_REACH_S = 30.0
_LINGER_S = 1.0
_MOST_HEAD = 64 * 1024
_MOST_TRAILERS = 64
_USED_AS, _METRIC = "fetch", "proxy"
_RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: on, for no time (socket(7))
_END_OF_HEAD = b"\r\n\r\n"

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


class _Over(Exception):  # noqa: N818 - an end, not an error
    """The client went away, or broke off what it was saying."""


class ProxyFront:
    """The listening side."""

    def __init__(self, keys: KeyRing, desk: Desk) -> None:
        self._keys, self._desk = keys, desk
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[object]] = set()
        self.port = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """port: 0 picks a free one. tls: with the front's certificate. Raises SetupError."""
        try:
            self._server = await asyncio.start_server(self._on_client, host, port, limit=_MOST_HEAD, ssl=tls)
        except OSError as error:
            raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}", "choose another port") from None
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Takes nobody new."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def stop(self) -> None:
        """Ends every connection."""
        self.refuse()
        await stop(*self._clients)

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= MOST_CLIENTS:
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            await _Visit(self._keys, self._desk, reader, writer).serve()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._clients.discard(task)


class _Visit:
    """One connection of a client, which is one request."""

    def __init__(self, keys: KeyRing, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keys, self._desk, self._reader, self._writer = keys, desk, reader, writer
        self._is_answered = False
        self._idle: asyncio.Timeout | None = None

    async def serve(self) -> None:
        """To its end, whatever that is."""
        began_s, status = time.perf_counter(), 200
        try:
            await self._serve()
        except ApiError as error:
            status = error.status
            await self._refuse(error)
        except StorageError as error:
            status = 503
            _log.error("request without database", error=str(error))
            await self._refuse(ApiError(status, "The database is not available", {"Retry-After": "1"}))
        except StreamCut as cut:
            told = failure(cut)
            status = told.status
            await self._refuse(told)
        except (_Over, OSError):  # a time that ran out is one
            status = 499
            self._break_off()
        except Exception:
            status = 500
            _log.exception("request failed", path=_METRIC)
            await self._refuse(ApiError(status, "Internal server error"))
        finally:
            SCRAPING_REQUESTS.labels(_METRIC, str(status)).inc()
            SCRAPING_REQUEST_SECONDS.labels(_METRIC).observe(time.perf_counter() - began_s)
            self._writer.close()

    async def _serve(self) -> None:
        request = read_request(await self._read_head())
        credentials = read_credentials(request.credentials)
        caller = await self._keys.judge(credentials.key.reveal())
        if isinstance(caller, Refusal):
            raise unauthorized("Invalid or missing API key")
        await self._desk.buckets.take(caller.key)
        check_port(request.port)
        self._desk.check(caller.key, request.host, request.port)
        with self._desk.counted(caller.key):
            agent, channel = await self._reach(caller.key, request, credentials.wanted)
            try:
                async with asyncio.timeout(IDLE_S) as self._idle:
                    await self._hand_on(request, channel, agent.node_id, self._moving(caller.key.key_id))
            finally:
                channel.cut(CutCode.CANCELLED)

    async def _read_head(self) -> bytes:
        try:
            async with asyncio.timeout(_HEAD_S):
                return await self._reader.readuntil(_END_OF_HEAD)
        except asyncio.LimitOverrunError:
            raise ApiError(431, f"The request's head is larger than {_MOST_HEAD // 1024} KiB") from None
        except asyncio.IncompleteReadError:
            raise _Over from None

    async def _reach(self, key: ApiKey, request: ProxyRequest, wanted: Wanted) -> tuple[LinkedAgent, Channel]:
        """Raises ApiError."""
        head = _encode(TunnelRequest(request.host, request.port, key.targets_allow, key.targets_deny))

        async def attempt(agent: LinkedAgent) -> Channel:
            channel = agent.open(Kind.TUNNEL, head, is_last=False)
            try:
                async with asyncio.timeout(_REACH_S):
                    await channel.head()
            except TimeoutError:
                channel.cut(CutCode.CANCELLED)
                raise StreamCut(CutCode.TIMED_OUT, f"no connection within {_REACH_S:g} s") from None
            except BaseException:
                channel.cut(CutCode.CANCELLED)
                raise
            return channel

        try:
            return await reach(self._desk, key.key_id, _USED_AS, request.host, wanted, attempt)
        except StreamCut as cut:
            raise failure(cut) from None

    def _moving(self, key_id: int) -> Callable[[int], None]:
        """Counts bytes, and puts the end of an idle connection off."""
        clock = asyncio.get_running_loop().time

        def moved(size: int) -> None:
            self._desk.usage.add_bytes(key_id, _USED_AS, size)
            if self._idle is not None and not self._idle.expired():
                self._idle.reschedule(clock() + IDLE_S)

        return moved

    # --- from here on the client hears the target ------------------------------------------------------------

    async def _hand_on(
        self, request: ProxyRequest, channel: Channel, node_id: str, moved: Callable[[int], None]
    ) -> None:
        if request.head is None:
            self._is_answered = True
            self._writer.write(connected(node_id))
            await splice(channel, self._reader, self._writer, moved)
            return
        try:
            async with asyncio.TaskGroup() as directions:
                asking = directions.create_task(self._ask(request, request.head, channel, moved))
                await self._answer(channel, node_id, moved)
                asking.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _ask(self, request: ProxyRequest, head: bytes, channel: Channel, moved: Callable[[int], None]) -> None:
        """The request, and then the client's patience: nobody waits for an answer whose client has closed."""
        await channel.write(head)
        try:
            async for part in _body(self._reader, request.length):
                await channel.write(part)
                moved(len(part))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            raise _Over from None
        if not await self._reader.read(1):
            raise _Over

    async def _answer(self, channel: Channel, node_id: str, moved: Callable[[int], None]) -> None:
        received = bytearray()
        while True:
            head = await _next_head(channel, received)
            answer = answer_head(head, node_id)
            self._is_answered = True
            self._writer.write(answer)
            if not is_interim(head):
                break
        part = bytes(received)
        while part or (part := await channel.read()):
            self._writer.write(part)
            await self._writer.drain()
            moved(len(part))
            part = b""

    async def _refuse(self, error: ApiError) -> None:
        """Nothing once the target was heard: its answer ends short, which the client sees."""
        if self._is_answered:
            self._break_off()
            return
        try:
            self._writer.write(refused(error, _encode_json({"detail": error.detail})))
            if self._writer.can_write_eof():
                self._writer.write_eof()
            # A connection that is closed over what was not read is reset, and the answer with it.
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(MOST_CHUNK):
                    pass
        except OSError:
            pass  # the client is gone, or goes on

    def _break_off(self) -> None:
        """Resets the connection: an orderly end could be taken for the end of the target's answer."""
        connection = self._writer.get_extra_info("socket")
        if connection is not None and not self._writer.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()


async def _next_head(channel: Channel, received: bytearray) -> bytes:
    """Takes a head off what was received. Raises ApiError 502, StreamCut."""
    while (at := received.find(_END_OF_HEAD)) < 0:
        if len(received) > _MOST_HEAD or not (part := await channel.read()):
            raise ApiError(502, "The target does not speak HTTP/1.1")
        received += part
    head = bytes(received[: at + len(_END_OF_HEAD)])
    del received[: len(head)]
    return head


async def _body(reader: asyncio.StreamReader, length: int | None) -> AsyncIterator[bytes]:
    """A request's body as it is to be sent; trailers are left out. length: None for one in chunks. Raises ValueError,
    IncompleteReadError, LimitOverrunError."""
    if length is not None:
        async for part in _exactly(reader, length):
            yield part
        return
    while size := chunk_size(await reader.readuntil(b"\n")):
        yield b"%x\r\n" % size
        async for part in _exactly(reader, size):
            yield part
        if await reader.readuntil(b"\n") not in (b"\r\n", b"\n"):
            raise ValueError("not a chunk")
        yield b"\r\n"
    for _ in range(_MOST_TRAILERS):
        if await reader.readuntil(b"\n") in (b"\r\n", b"\n"):
            yield b"0\r\n\r\n"
            return
    raise ValueError("too many trailers")


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        part = await reader.read(min(size, MOST_CHUNK))
        if not part:
            raise asyncio.IncompleteReadError(b"", size)
        size -= len(part)
        yield part
