"""The agent's client for targets without TLS: connections made by the dialler itself, on the loop of the links, and
kept for the next request that goes the same way.

A request is written once, on one connection, and never again: whether a target that broke off had begun with it, nobody
knows. Not for TLS and HTTP/2: that is `agent.secure`. Source: RFC 9112 section 9 (connections); docs/decisions/0250.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from enum import Enum, auto

from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent.answers import MOST_AT_ONCE, Asked
from hedgerow.scraping.agent.dial import Dialer, DialError
from hedgerow.scraping.agent.http1 import END_OF_CHUNKS, chunk, request_head
from hedgerow.scraping.agent.packing import PackingError, Unpacker, unpacker
from hedgerow.scraping.agent.plainconnection import Connection, Place, broken
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.plainurl import host_and_port

MOST_IDLE = 512
MOST_IDLE_OF_A_TARGET = 64
IDLE_S = 60.0
_LOOK_EVERY_S = 10.0
_MOST_SHELVES = 1024
_MOST_DIGITS = 15

_Shelf = deque[Connection]
"""Connections of one place that nobody uses, the one used last at the end."""


class PlainClient:
    """Sends requests of http URLs."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._shelves: dict[Place, _Shelf] = {}
        self._idle_count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def send(self, asked: Asked) -> PlainAnswer:
        """Returns when the answer's head is there. Raises WorkFailed, StreamCut."""
        head, length = _head(asked)
        place = (asked.way, *host_and_port(asked.url))
        connection = self._take(place) or await self._connect(place)
        answer = PlainAnswer(asked, connection, self)
        try:
            await answer.ask(head, length)
        except BaseException:
            await answer.close()
            raise
        return answer

    def begin(self, asked: Asked) -> PlainAnswer | None:
        """The same of a request with its whole body, at once on a connection that is kept: the answer is to be watched.
        None when there is no such connection. Raises WorkFailed."""
        connection = self._take((asked.way, *host_and_port(asked.url)))
        if connection is None:
            return None
        try:
            head, _ = _head(asked)
        except WorkFailed:
            self.keep(connection)
            raise
        answer = PlainAnswer(asked, connection, self)
        answer.begin(head + (asked.body or b""))
        return answer

    def close(self) -> None:
        """Ends the connections that nobody uses."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._resting():
            self._drop(connection)

    def keep(self, connection: Connection) -> None:
        """For the next request."""
        if self._is_closed:
            connection.abort()
            return
        shelf = self._shelf(connection.place)
        shelf.append(connection)
        connection.rest(self._forget)
        self._idle_count += 1
        if len(shelf) > MOST_IDLE_OF_A_TARGET:
            self._drop(shelf[0])
        elif self._idle_count > MOST_IDLE:
            self._drop(min(self._resting(), key=lambda each: each.idle_since_s))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def _shelf(self, place: Place) -> _Shelf:
        shelf = self._shelves.get(place)
        if shelf is None:
            if len(self._shelves) >= _MOST_SHELVES:
                self._shelves = {place: shelf for place, shelf in self._shelves.items() if shelf}
            shelf = self._shelves[place] = deque()
        return shelf

    def _take(self, place: Place) -> Connection | None:
        shelf = self._shelves.get(place)
        if not shelf:
            return None
        connection = shelf.pop()
        self._idle_count -= 1
        return connection

    async def _connect(self, place: Place) -> Connection:
        way, host, port = place
        try:
            _, connection = await self._dialer.connect(host, port, way, lambda: Connection(place))
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None
        return connection

    def _resting(self) -> list[Connection]:
        return [connection for shelf in self._shelves.values() for connection in shelf]

    def _forget(self, connection: Connection) -> None:
        """It was closed by the target while it rested."""
        self._shelves[connection.place].remove(connection)
        self._idle_count -= 1

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        connection.abort()

    def _look(self) -> None:
        """Ends what has rested for too long."""
        loop = asyncio.get_running_loop()
        late = loop.time() - IDLE_S
        for connection in self._resting():
            if connection.idle_since_s <= late:
                self._drop(connection)
        self._timer = loop.call_later(_LOOK_EVERY_S, self._look) if self._idle_count else None


class Progress(Enum):
    """Of an answer that is watched."""

    NOTHING = auto()
    BEGUN = auto()  # the head is there, and the rest comes in one piece
    WHOLE = auto()
    LONG = auto()  # the head is there, and the rest is to be read as it comes


NOTHING, BEGUN, WHOLE, LONG = Progress  # an attribute of an Enum's class costs more than a call


class PlainAnswer:
    """The answer to one request, and the connection that it comes on."""

    __slots__ = (
        "_asked",
        "_client",
        "_connection",
        "_is_sent",
        "_pieces",
        "_reader",
        "_sending",
        "_unpacker",
        "headers",
        "is_read",
        "status",
        "version",
    )

    def __init__(self, asked: Asked, connection: Connection, client: PlainClient) -> None:
        self._asked, self._connection, self._client = asked, connection, client
        self._reader = connection.begin(asked.method)
        self._sending: asyncio.Task[None] | None = None
        self._is_sent = asked.body is not None
        self._unpacker: Unpacker | None = None
        self._pieces: Iterator[bytes] = iter(())  # of what was received and is not unpacked yet
        self.status, self.version, self.is_read = 0, "", False
        self.headers: list[tuple[str, str]] = []

    def begin(self, data: bytes) -> None:
        """Sends the request, or its head."""
        self._connection.write(data)

    async def ask(self, head: bytes, length: int | None) -> None:
        """Returns when the answer's head is there. Raises WorkFailed, StreamCut."""
        if self._asked.body is not None:
            self.begin(head + self._asked.body)
        else:
            self.begin(head)
            self._sending = spawn(self._pass_on(length), "body of a request")
        while not self._reader.is_headed:
            await self._connection.change()
        self._understand()

    def _understand(self) -> None:
        """The head, which is there."""
        reader = self._reader
        self.status, self.version, self.headers = reader.status, reader.version, reader.headers
        coding = self.header("content-encoding")
        if coding is not None and (unpacking := unpacker(coding)) is not None:
            self._unpacker = unpacking
            self.headers = [pair for pair in reader.headers if pair[0] not in ("content-encoding", "content-length")]

    def header(self, name: str) -> str | None:
        return self._reader.told.get(name)

    async def read(self) -> bytes:
        if self._unpacker is None:
            await self._received()
            data = self._connection.take()
            self.is_read = self._reader.is_over
            return data
        data = self._unpacked()
        if not data and not self.is_read:
            await self._received()
            self._pieces = self._unpacker.feed(self._connection.take())
            data = self._unpacked()
        return data

    # --- without a task, of a request that was begun -----------------------------------------------------------

    def watch(self, when_changed: Callable[[], object] | None) -> None:
        """Called whenever `progress` may be another. None: not any more, and the answer is read as by a task."""
        self._connection.watch(when_changed)

    def progress(self) -> Progress:
        """How much of the answer is there. Raises WorkFailed, StreamCut when it does not come."""
        reader = self._reader
        if not reader.is_headed:
            self._connection.check()
            return NOTHING
        if not self.status:
            self._understand()
        if self._unpacker is not None or reader.unread > MOST_AT_ONCE or (reader.length or 0) > MOST_AT_ONCE:
            return LONG
        if not reader.is_over:
            self._connection.check()
            return BEGUN
        return WHOLE

    @property
    def unread(self) -> int:
        """Bytes of the body that are there."""
        return self._reader.unread

    def take(self) -> bytes:
        """The body of a whole answer."""
        self.is_read = True
        return self._connection.take()

    async def close(self) -> None:
        await stop(self._sending)
        self.release()

    def release(self) -> None:
        """`close` where nothing is being sent."""
        reader = self._reader
        if reader.is_over and reader.keeps_alive and self._is_sent:
            self._client.keep(self._connection)
        else:
            self._connection.abort()

    # --- inside ----------------------------------------------------------------------------------------------

    async def _received(self) -> None:
        """Something of the body, all of it where it is short, or its end. Raises WorkFailed, StreamCut."""
        reader = self._reader
        is_short = reader.length is not None and reader.length <= MOST_AT_ONCE
        while not reader.is_over and (is_short or not reader.unread):
            await self._connection.change()

    def _unpacked(self) -> bytes:
        """What there is; not more than a few pieces at once, as nobody knows how much it will be."""
        assert self._unpacker is not None
        parts: list[bytes] = []
        size = 0
        try:
            for piece in self._pieces:
                parts.append(piece)
                size += len(piece)
                if size >= MOST_AT_ONCE:
                    return b"".join(parts)
            if self._reader.is_over and not self._reader.unread:
                self._unpacker.end()
                self.is_read = True
        except PackingError as error:
            raise broken(str(error)) from None
        return b"".join(parts)

    async def _pass_on(self, length: int | None) -> None:
        """The request's body as it comes; its failure is what the answer's reader gets."""
        connection = self._connection
        try:
            async for part in _whole(self._asked.channel, length):
                connection.write(chunk(part) if length is None else part)
                await connection.room()
        except (WorkFailed, StreamCut) as error:
            connection.fail(error)
            return
        if length is None:
            connection.write(END_OF_CHUNKS)
        self._is_sent = True


async def _whole(channel: Channel, length: int | None) -> AsyncIterator[bytes]:
    """The parts of a body. Raises WorkFailed when they are not of the length that it was given."""
    size = 0
    while part := await channel.read():
        size += len(part)
        if length is not None and size > length:
            raise WorkFailed(CutCode.INVALID, "the body is longer than its length says")
        yield part
    if length is not None and size < length:
        raise WorkFailed(CutCode.INVALID, "the body is shorter than its length says")


def _head(asked: Asked) -> tuple[bytes, int | None]:
    """The request without its body, and the body's length. Raises WorkFailed."""
    try:
        length = _length(asked)
        return request_head(asked.method, asked.url, asked.headers, length), length
    except ValueError as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be sent: {error}") from None


def _length(asked: Asked) -> int | None:
    """Of the body; None when nobody knows. Raises ValueError."""
    if asked.body is not None:
        return len(asked.body)
    told = next((value for name, value in asked.headers if name.lower() == "content-length"), None)
    if told is None:
        return None
    if not (told.isascii() and told.isdecimal() and len(told) <= _MOST_DIGITS):
        raise ValueError("the body's length is not a number")
    return int(told)
