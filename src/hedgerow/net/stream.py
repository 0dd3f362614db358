"""A WebSocket that is kept open: connect, hand frames on, notice silence, come back.

The conversation itself (login, subscriptions, sequence) is a sans-I/O object that implements `Conversation`; this
module only moves frames. Frames are handed on from the socket's own read, without a task switch.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import picows
import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSProtocolError, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stubs leave it out
from picows.url import parse_url

from hedgerow.core.sockets import socket_pair
from hedgerow.core.tasks import Backoff, spawn, stop, work
from hedgerow.net.egress import DIRECT, Egress, Through

_log = structlog.get_logger(__name__)

NO_CODE = 1006
NO_STATUS = 1005  # a close frame without a code

# A connection that lasted this long was a good one: the next attempt does not wait longer than the first did.
_STEADY_S = 10.0

# As picows has them where it connects itself.
_HANDSHAKE_S = 5.0
_READ_BUFFER = 16 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, worked out anew for every attempt (signed headers carry the time)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Conversation(Protocol):
    """What is said over the socket. Called on the loop; must not block."""

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        """The socket is up. Log in and subscribe by `send`, which stays valid until `closed`."""
        ...

    def received(self, payload: memoryview, is_text: bool) -> None:
        """One data frame. The payload is valid only during the call."""
        ...

    def closed(self, code: int, reason: str) -> bool:
        """The socket is gone (1006: without a close frame, 1005: one without a code). True: connect again; False:
        give up."""
        ...


class Stream:
    """Keeps one conversation going until it is stopped."""

    def __init__(
        self,
        name: str,
        target: Callable[[], Target],
        conversation: Conversation,
        *,
        ping_every_s: float = 20.0,
        pong_within_s: float = 20.0,
        says: tuple[str, float] | None = None,
        backoff: Backoff | None = None,
        largest_frame: int = 16 * 1024 * 1024,
        egress: Egress = DIRECT,
    ) -> None:
        """ping_every_s: without a message. pong_within_s: at most as long; a server that does not answer is left.
        says: a text to send every so many seconds, for venues whose keep-alive is a text and not a ping.
        largest_frame: bytes of one message, its fragments together. egress: how the connection goes out.
        Raises ValueError for an answer that is awaited longer than the next ping."""
        if pong_within_s > ping_every_s:
            raise ValueError(f"a pong awaited for {pong_within_s} s, pings every {ping_every_s} s")
        self.name = name
        self._target, self._conversation = target, conversation
        self._ping_every_s, self._pong_within_s, self._says = ping_every_s, pong_within_s, says
        self._backoff = backoff or Backoff()
        self._largest_frame, self._egress = largest_frame, egress
        self._transport: WSTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_up = asyncio.Event()
        self._expected: _Listener | None = None  # whose connection is wanted now

    def start(self) -> None:
        self._task = spawn(self._run(), f"stream {self.name}", is_vital=True)

    async def stop(self) -> None:
        """Closes the socket and stops coming back."""
        self._expected = None
        await stop(self._task)
        self._task = None
        self.reconnect()  # a socket that came up in the very turn in which the task was ended

    async def wait_up(self, timeout_s: float) -> bool:
        """Whether the socket is up, waiting for it at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_up.wait()
        except TimeoutError:
            return False
        return True

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()

    def send(self, message: str | bytes) -> None:
        """Sends a data frame; dropped when the socket is down (the conversation starts anew then)."""
        if self._transport is not None and not self._transport.is_disconnected:
            kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
            self._transport.send(kind, message.encode() if isinstance(message, str) else message)

    def reconnect(self) -> None:
        """Drops the present socket; the conversation starts anew on the next."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def _run(self) -> None:
        was_down = False
        while True:
            listener = self._expected = _Listener(self, self._largest_frame)
            try:
                await self._connect_and_wait(listener)
            except (OSError, TimeoutError, picows.WSError, ssl.SSLError) as error:
                if not was_down:
                    _log.warning("stream down", stream=self.name, error=str(error) or type(error).__name__)
                    was_down = True
            except Exception:
                # The conversation failed. What it knew is in doubt, so it starts anew rather than not at all.
                _log.exception("stream broken off", stream=self.name)
            else:
                was_down = False
                if not listener.comes_back:
                    _log.error("stream given up", stream=self.name, code=listener.code, reason=listener.reason)
                    return
                _log.info("stream closed", stream=self.name, code=listener.code, reason=listener.reason)
            if listener.lasted_s >= _STEADY_S:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_pause_s())

    async def _connect_and_wait(self, listener: _Listener) -> None:
        transport = await self._connect(self._target(), listener)
        keep_alive = spawn(self._keep_saying(*self._says), f"keep-alive {self.name}") if self._says else None
        try:
            await transport.wait_disconnected()
        finally:
            transport.disconnect(graceful=False)
            await stop(keep_alive)

    async def _connect(self, target: Target, listener: _Listener) -> WSTransport:
        if isinstance(self._egress, Through):
            return await self._connect_through(self._egress, target, listener)
        transport, _ = await picows.ws_connect(
            lambda: listener,
            target.url,
            extra_headers=dict(target.headers) or None,
            enable_auto_ping=True,
            auto_ping_idle_timeout=self._ping_every_s,
            auto_ping_reply_timeout=self._pong_within_s,
            max_frame_size=self._largest_frame,
            logger_name="stream",
        )
        return transport

    async def _connect_through(self, egress: Through, target: Target, listener: _Listener) -> WSTransport:
        """The same by our own tunnel, with what `picows.ws_connect` would make of it: picows tells of a proxy's refusal
        nothing but the status. No redirects."""
        url = parse_url(target.url)
        protocol = WSProtocol(
            host_port=url.netloc,
            ws_path=url.resource_name,
            is_client_side=True,
            ws_listener_factory=lambda: listener,
            logger=logging.getLogger("picows.stream"),
            disconnect_on_exception=True,
            websocket_handshake_timeout=_HANDSHAKE_S,
            enable_auto_ping=True,
            auto_ping_idle_timeout=self._ping_every_s,
            auto_ping_reply_timeout=self._pong_within_s,
            auto_ping_strategy=picows.WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=True,
            max_frame_size=self._largest_frame,
            extra_headers=dict(target.headers) or None,
            read_buffer_init_size=_READ_BUFFER,
        )
        tls = ssl.create_default_context() if url.is_secure else None
        made, _ = await egress.open(lambda: protocol, url.host, url.port, tls)
        try:
            await protocol.wait_until_handshake_complete()
        except BaseException:
            made.abort()
            raise
        transport: WSTransport = protocol.transport
        return transport

    async def _keep_saying(self, text: str, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self.send(text)

    def _opened(self, listener: _Listener, transport: WSTransport) -> bool:
        """Whether the connection is still wanted: stopping may have come while it was being made."""
        if listener is not self._expected:
            return False
        self._transport = transport
        self._is_up.set()
        self._conversation.opened(self.send)
        return True

    def _closed(self, code: int, reason: str) -> bool:
        self._transport = None
        self._is_up.clear()
        return self._conversation.closed(code, reason)


class _Listener(WSListener):
    """The socket's callbacks; puts fragments of a message together."""

    def __init__(self, stream: Stream, largest: int) -> None:
        super().__init__()
        self._stream, self._largest = stream, largest
        self._parts: bytearray | None = None
        self._is_text = True
        self._pair = ""
        self._opened_at: float | None = None
        self.lasted_s = 0.0
        self.code, self.reason, self.comes_back = NO_CODE, "", True

    def on_ws_connected(self, transport: WSTransport) -> None:
        socket = transport.underlying_transport
        self._pair = socket_pair(socket.get_extra_info("sockname"), socket.get_extra_info("peername"))
        self._opened_at = asyncio.get_running_loop().time()
        handled.open(self._pair)
        if not self._stream._opened(self, transport):
            self._opened_at = None
            handled.close(self._pair)
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        is_text = kind is WSMsgType.TEXT
        if (is_text or kind is WSMsgType.BINARY) and frame.fin:
            work.enter()  # not a unit of a task: what is called here waits for nothing
            try:
                self._stream._conversation.received(frame.get_payload_as_memoryview(), is_text)
            finally:
                work.leave()
            handled.count(self._pair)
        elif kind is WSMsgType.CLOSE:
            self._close(transport, frame)
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._collect(frame, kind)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._opened_at is not None:
            self.lasted_s = asyncio.get_running_loop().time() - self._opened_at
            handled.close(self._pair)
            self.comes_back = self._stream._closed(self.code, self.reason)

    def _close(self, transport: WSTransport, frame: WSFrame) -> None:
        code = frame.get_close_code()
        self.code, self.reason = int(code.value) or NO_STATUS, frame.get_close_reason() or ""
        transport.send_close(WSCloseCode.OK if self.code == NO_STATUS else code)
        transport.disconnect()

    def _collect(self, frame: WSFrame, kind: WSMsgType) -> None:
        if kind is not WSMsgType.CONTINUATION:
            self._parts, self._is_text = bytearray(), kind is WSMsgType.TEXT
        if self._parts is None:
            return
        self._parts += frame.get_payload_as_bytes()
        if len(self._parts) > self._largest:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, f"fragments of more than {self._largest} bytes")
        if frame.fin:
            whole, self._parts = bytes(self._parts), None
            with work.unit():
                self._stream._conversation.received(memoryview(whole), self._is_text)
            handled.count(self._pair)


class FrameCounts:
    """Data frames handled on each open socket, by its `socket_pair`.

    A stepped world compares them with what it sent, to know that nothing is still on the way.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def open(self, pair: str) -> None:
        self._counts[pair] = 0

    def count(self, pair: str) -> None:
        self._counts[pair] = self._counts.get(pair, 0) + 1

    def close(self, pair: str) -> None:
        self._counts.pop(pair, None)

    def snapshot(self) -> dict[str, int]:
        return dict(self._counts)


handled = FrameCounts()
"""This process's counts."""
