"""The link on a real socket: moves messages between picows and `scraping.link`, and gives streams an awaitable face.

Everything that streams put out in one turn of the loop leaves in one message. Not for who may link and what streams
do: that is the driver's, `gateway.links` and `agent.gateway_link`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.deadlines import Deadline, Deadlines
from hedgerow.scraping.link import MOST_CHUNK, Link, LinkError, Side
from hedgerow.scraping.linkevents import Answered, Arrived, CutCode, Event, Headed, Opened, RoomGiven, WasCut

_log = structlog.get_logger(__name__)

_FLUSH_AT_ONCE = 32 * 1024
_MOST_UNSENT = 64 * 1024 * 1024
"""Bytes that may wait for a peer that does not read. Streams stop far below; what comes here is a peer that asks for
answers without taking them."""


class StreamCut(HedgerowError):  # noqa: N818
    """The stream ended before its end."""

    def __init__(self, code: CutCode, detail: str) -> None:
        super().__init__(f"{code.name}: {detail}" if detail else code.name)
        self.code, self.detail = code, detail


class LinkDriver(Protocol):
    """What is done with a link."""

    def connected(self, socket: LinkSocket) -> None:
        """The socket is up; the greeting may begin."""
        ...

    def happened(self, socket: LinkSocket, event: Event) -> None:
        """What concerns no stream that is open, and the opening of streams."""
        ...

    def disconnected(self, socket: LinkSocket, why: str) -> None:
        """It is over; all streams have been told."""
        ...


class Channel:
    """One stream, for a reader and a writer that may wait. A cut raises StreamCut at whoever waits, and at every later
    call. Whoever needs what comes only once all of it is there lets it be gathered, and needs no task for that."""

    __slots__ = (
        "_chunks",
        "_cut",
        "_gathered",
        "_has_last",
        "_head",
        "_left",
        "_reader",
        "_socket",
        "_when_cut",
        "_when_gathered",
        "_writer",
        "number",
    )

    def __init__(self, socket: LinkSocket, number: int, *, has_last: bool) -> None:
        self.number = number
        self._socket = socket
        self._head: bytes | None = None
        self._chunks: list[bytes] = []
        self._has_last = has_last
        self._cut: StreamCut | None = None
        self._when_cut: Callable[[], object] | None = None
        self._when_gathered: Callable[[], object] | None = None
        self._left = 0  # bytes that may still be gathered
        # Of an answer in several parts; joined at the end they would be held twice.
        self._gathered: bytearray | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # --- reading ---------------------------------------------------------------------------------------------

    async def head(self) -> bytes:
        """The answer's head, once it is there. Raises StreamCut."""
        while self._head is None:
            await self._wait_to_read()
        return self._head

    async def read(self) -> bytes:
        """What has arrived, at least a byte; empty at the end. Raises StreamCut."""
        while not self._chunks:
            if self._has_last:
                return b""
            await self._wait_to_read()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._socket.consumed(self.number, len(data))
        return data

    def gather(self, most: int, when_gathered: Callable[[], object]) -> None:
        """Keeps what arrives from here on, and calls `when_gathered` once all is there or the stream was cut. An answer
        of more than `most` bytes is cut."""
        self._left, self._when_gathered = most, when_gathered

    def gathered(self) -> tuple[bytes, bytes | bytearray]:
        """Head and body of the answer that was gathered. Raises StreamCut."""
        self._check()
        chunks, self._chunks = self._chunks, []
        body, self._gathered = self._gathered, None
        return self._head or b"", (chunks[0] if chunks else b"") if body is None else body

    @property
    def gateway(self) -> str:
        """URL of the link that the stream is on, at the agent."""
        return self._socket.url

    @property
    def is_whole(self) -> bool:
        """Whether everything has arrived, though perhaps not been read."""
        return self._has_last

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be read now."""
        return not self._chunks

    # --- writing ---------------------------------------------------------------------------------------------

    def answer(self, head: bytes, *, is_last: bool = False) -> None:
        """The agent's answer begins. Raises StreamCut."""
        self._check()
        self._socket.link.head(self.number, head, is_last=is_last)
        self._socket.forget_if_over(self.number, is_last=is_last)
        self._socket.flush_soon()

    @property
    def room(self) -> int:
        """Bytes that may be sent now."""
        return self._socket.room(self.number)

    def answer_whole(self, head: bytes, body: bytes) -> None:
        """The agent's answer, all of it at once. body: at most `room` bytes. Raises StreamCut."""
        self._check()
        socket, number = self._socket, self.number
        socket.link.answer(number, head, body)
        socket.forget_if_over(number, is_last=True)
        socket.flush_now() if len(body) >= _FLUSH_AT_ONCE else socket.flush_soon()

    async def write(self, data: bytes | bytearray, *, is_last: bool = False) -> None:
        """Sends all of it, as room comes. Raises StreamCut."""
        at, size = 0, len(data)
        while True:
            self._check()
            room = self._socket.room(self.number)
            if room == 0 and at < size:
                await self._wait_to_write()
                continue
            step = min(room, MOST_CHUNK, size - at)
            part = data if step == size and isinstance(data, bytes) else bytes(memoryview(data)[at : at + step])
            at += step
            self._socket.link.data(self.number, part, is_last=is_last and at == size)
            self._socket.flush_now() if step >= _FLUSH_AT_ONCE else self._socket.flush_soon()
            if at == size:
                self._socket.forget_if_over(self.number, is_last=is_last)
                return

    def cut(self, code: CutCode, detail: str = "") -> None:
        """Ends it in both directions; nothing when it is over."""
        if self._cut is None and self._socket.link.has(self.number):
            self._cut = StreamCut(code, detail)
            self._socket.cut(self.number, code, detail)
            self._wake()

    def cut_in(self, seconds: float, code: CutCode, detail: Callable[[], str]) -> Deadline:
        """Cuts it at the end of this time, as the other side would: work that does not wait on it is ended as well.
        Whoever is done before cancels the deadline."""
        return self._socket.deadlines.set(seconds, partial(self._expire_late, code, detail))

    @property
    def was_cut(self) -> bool:
        return self._cut is not None

    def when_cut(self, do: Callable[[], object] | None) -> None:
        """Called once when the other side cuts the stream or the link breaks: for work that does not wait on it. None:
        not any more."""
        self._when_cut = do

    # --- told by the socket ----------------------------------------------------------------------------------

    def on_head(self, event: Headed) -> None:
        self._head, self._has_last = event.head, event.is_last
        if self._when_gathered is None:
            _wake(self._reader)
        elif event.is_last:
            self._end_gathering()

    def on_data(self, event: Arrived) -> None:
        self._has_last = event.is_last
        if self._when_gathered is not None:
            self._gather(event)
            return
        if event.data:
            self._chunks.append(event.data)
        _wake(self._reader)

    def on_answer(self, event: Answered) -> None:
        self._head, self._has_last = event.head, True
        if event.data:
            self._chunks.append(event.data)
        if self._when_gathered is None:
            _wake(self._reader)
        elif len(event.data) > self._left:
            self._expire_too_large()
        else:
            self._end_gathering()

    def on_room(self) -> None:
        _wake(self._writer)

    def on_cut(self, code: CutCode, detail: str) -> None:
        if self._cut is None:
            self._cut = StreamCut(code, detail)
            self._wake()
            if self._when_cut is not None:
                self._when_cut()
            self._end_gathering()

    # --- inside ----------------------------------------------------------------------------------------------

    def _gather(self, event: Arrived) -> None:
        size = len(event.data)
        self._left -= size
        if self._left < 0:
            self._expire_too_large()
            return
        if self._gathered is None and self._chunks and size:
            self._gathered = bytearray(self._chunks.pop())
        if self._gathered is not None:
            self._gathered += event.data
        elif size:
            self._chunks.append(event.data)
        if event.is_last:
            self._end_gathering()
        else:
            self._socket.consumed(self.number, size)

    def _expire_too_large(self) -> None:
        self._expire(CutCode.TOO_LARGE, "the answer is larger than was to be gathered")

    def _end_gathering(self) -> None:
        when_gathered, self._when_gathered = self._when_gathered, None
        if when_gathered is not None:
            when_gathered()

    def _expire_late(self, code: CutCode, detail: Callable[[], str]) -> None:
        self._expire(code, detail())

    def _expire(self, code: CutCode, detail: str) -> None:
        if self._cut is None:
            self._socket.cut(self.number, code, detail)
            self.on_cut(code, detail)

    def _check(self) -> None:
        if self._cut is not None:
            raise self._cut

    async def _wait_to_read(self) -> None:
        self._check()
        self._reader = self._socket.create_future()
        await self._reader

    async def _wait_to_write(self) -> None:
        self._writer = self._socket.create_future()
        self._socket.wait_for_room(self)
        await self._writer

    def _wake(self) -> None:
        _wake(self._reader)
        _wake(self._writer)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


class LinkSocket(WSListener):
    """A WebSocket that speaks the link."""

    def __init__(self, side: Side, driver: LinkDriver, url: str = "") -> None:
        """url: what was dialled, on the agent's side."""
        super().__init__()
        self.url = url
        self._loop = asyncio.get_running_loop()
        self.link = Link(side, self._loop.time())
        self._driver = driver
        self._channels: dict[int, Channel] = {}
        self._transport: WSTransport | None = None
        self._is_flushing = False
        self._is_writable = True
        self._stopped: list[Channel] = []  # wait until the socket takes more
        self._timer: asyncio.TimerHandle | None = None
        self.deadlines = Deadlines(self._loop)
        """Of its channels."""
        self._why = "the connection ended"

    # --- for the driver --------------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._transport is not None

    def open(self, kind: int, head: bytes, *, is_last: bool) -> Channel:
        """The gateway's new stream. `link.takes_streams` must hold."""
        number = self.link.open(kind, head, is_last=is_last)
        channel = self._channels[number] = Channel(self, number, has_last=False)
        self.flush_soon()
        return channel

    def accept(self, number: int, *, is_last: bool) -> Channel:
        """The agent's side of a stream that was opened."""
        channel = self._channels[number] = Channel(self, number, has_last=is_last)
        return channel

    def close(self, why: str) -> None:
        """Sends what waits, then closes."""
        if self._transport is not None:
            self._why = why
            self.flush_now()
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def abort(self, why: str) -> None:
        """Ends it at once."""
        self._why = why
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    # --- for channels ----------------------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[None]:
        """Of the socket's loop: asking which one runs is a system call each time."""
        return self._loop.create_future()

    def room(self, number: int) -> int:
        return self.link.room(number) if self._is_writable else 0

    def wait_for_room(self, channel: Channel) -> None:
        """Wakes the channel when the socket takes more; room on its stream wakes it by itself."""
        if not self._is_writable:
            self._stopped.append(channel)

    def consumed(self, number: int, size: int) -> None:
        self.link.consumed(number, size)
        if self.link.has_output:
            self.flush_soon()

    def cut(self, number: int, code: CutCode, detail: str) -> None:
        self.link.cut(number, code, detail)
        self._channels.pop(number, None)
        self.flush_soon()

    def forget_if_over(self, number: int, *, is_last: bool) -> None:
        """Called after what one side sent; the link is ahead of its events, so only a last one may end a channel."""
        if is_last and not self.link.has(number):
            self._channels.pop(number, None)

    def flush_soon(self) -> None:
        """Sends at the end of this turn of the loop."""
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    def flush_now(self) -> None:
        if self._transport is None:
            return
        for message in self.link.take():
            self._transport.send(WSMsgType.BINARY, message)
        if self._transport.underlying_transport.get_write_buffer_size() > _MOST_UNSENT:
            self.abort("the peer does not read")

    # --- picows ----------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._driver.connected(self)
        self._flush()
        self._set_timer()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            self.abort("the peer closed the link")
            return
        if frame.msg_type is not WSMsgType.BINARY:
            if frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
                self._break("a message that is not binary")
            return
        if not frame.fin:
            self._break("a message in pieces")
            return
        try:
            events = self.link.receive(frame.get_payload_as_memoryview(), self._loop.time())
        except LinkError as error:
            self._break(str(error))
            return
        for event in events:
            self._hand_on(event)
        if self.link.has_output:
            self.flush_soon()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.on_cut(CutCode.LOST, self._why)
        self.deadlines.stop()
        self._stopped.clear()
        self._driver.disconnected(self, self._why)

    def pause_writing(self) -> None:
        self._is_writable = False

    def resume_writing(self) -> None:
        self._is_writable = True
        stopped, self._stopped = self._stopped, []
        for channel in stopped:
            channel.on_room()

    # --- inside ----------------------------------------------------------------------------------------------

    def _hand_on(self, event: Event) -> None:
        match event:
            case Answered():
                if (channel := self._channels.get(event.stream)) is not None:
                    channel.on_answer(event)
                    self.forget_if_over(event.stream, is_last=True)
            case Opened():
                self._driver.happened(self, event)
            case Arrived(stream=number):
                if (channel := self._channels.get(number)) is not None:
                    channel.on_data(event)
                    self.forget_if_over(number, is_last=event.is_last)
            case Headed(stream=number):
                if (channel := self._channels.get(number)) is not None:
                    channel.on_head(event)
                    self.forget_if_over(number, is_last=event.is_last)
            case RoomGiven(stream=number):
                if (channel := self._channels.get(number)) is not None:
                    channel.on_room()
            case WasCut(stream=number, code=code, detail=detail):
                if (channel := self._channels.pop(number, None)) is not None:
                    channel.on_cut(code, detail)
            case _:
                self._driver.happened(self, event)

    def _flush(self) -> None:
        self._is_flushing = False
        self.flush_now()

    def _break(self, why: str) -> None:
        _log.warning("link broken off", why=why)
        self.abort(why)

    def _set_timer(self) -> None:
        self._timer = self._loop.call_at(self.link.due_s, self._on_time)

    def _on_time(self) -> None:
        try:
            self.link.on_time(self._loop.time())
        except LinkError as error:
            self._break(str(error))
            return
        self.flush_now()
        self._set_timer()
