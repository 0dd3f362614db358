"""The conversation between a gateway and an agent over one WebSocket, without I/O: messages and time go in, messages
and events come out.

The agent dials out and says hello; from then on the gateway opens streams, each one piece of work of some kind, and
both sides send on them. A stream's sender never has more bytes under way than the receiver gave it room for, so that
one slow reader holds up its own stream alone and memory is bounded. Not for what the streams carry: heads are bytes
here, and `scraping.messages` gives them their meaning.

A message is a row of records: type (1 byte, its highest bit: the last record of this side of the stream), stream
(4 bytes), length of what follows (4 bytes), big-endian. Whoever breaks the rules is answered with the end of the link.
Source of the idea: RFC 9113 (HTTP/2) sections 5.1 and 5.2, with one window a stream and none for the link.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum, IntEnum, auto
from typing import TypeVar

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.linkevents import (
    Answered,
    Arrived,
    CutCode,
    Draining,
    Event,
    Greeted,
    Headed,
    Hello,
    LoadTold,
    Opened,
    PeersTold,
    Refused,
    RoomGiven,
    WasCut,
    Welcome,
    Welcomed,
)

T = TypeVar("T")

PROTOCOL = 1
WINDOW = 256 * 1024
"""Bytes that a side may have under way on one stream."""
MOST_STREAMS = 4096
"""At one time on one link, whatever an agent says of itself."""
MOST_HEAD = 512 * 1024
MOST_CHUNK = 64 * 1024
MOST_MESSAGE = 1024 * 1024
"""Largest message that is sent; what was put together in one turn of the loop may take several."""
LARGEST_RECEIVED = MOST_MESSAGE + MOST_HEAD + 64
"""Largest message that is taken: the record that makes a message full may reach over its end."""

HELLO_WITHIN_S = 10.0
PING_AFTER_S = 10.0
SILENT_AFTER_S = 25.0

_HEADER = struct.Struct("!BII")
_HEADER_SIZE = _HEADER.size
_NUMBER = struct.Struct("!I")
_CUT = struct.Struct("!H")
_STAMP = struct.Struct("!d")
_LAST = 0x80
_MOST_DETAIL = 2000


class LinkError(HedgerowError):
    """The peer broke the rules or has gone silent; the link is to be closed."""


class Side(Enum):
    GATEWAY = auto()
    AGENT = auto()


class _Record(IntEnum):
    HELLO = 1
    WELCOME = 2
    REFUSAL = 3
    PEERS = 4
    LOAD = 5
    PING = 6
    PONG = 7
    DRAIN = 8
    OPEN = 16
    HEAD = 17
    DATA = 18
    ROOM = 19
    CUT = 20
    ANSWER = 21


_CODES = {int(code): code for code in CutCode}


class _State(Enum):
    EXPECTING = auto()  # the gateway a hello, the agent (having said it) the welcome
    ASKED = auto()  # the gateway's driver finds out who it is
    OPEN = auto()
    OVER = auto()


class _Stream(msgspec.Struct, gc=False):
    """room: bytes we may send. allowed: bytes the peer may send. owed: bytes consumed and not yet given back."""

    room: int = WINDOW
    allowed: int = WINDOW
    owed: int = 0
    is_headed: bool = False
    has_sent_last: bool = False
    has_got_last: bool = False


# What every fetch asks for several times: an attribute of an Enum's class costs more than a call.
_OPEN, _OVER = _State.OPEN, _State.OVER
_GATEWAY, _AGENT = Side.GATEWAY, Side.AGENT
_OPEN_RECORD, _HEAD_RECORD = int(_Record.OPEN), int(_Record.HEAD)
_DATA_RECORD, _ANSWER_RECORD = int(_Record.DATA), int(_Record.ANSWER)


class Link:
    """One side of the conversation. Times are seconds of the driver's monotonic clock."""

    def __init__(self, side: Side, now_s: float) -> None:
        self._side = side
        self._state = _State.EXPECTING
        self._streams: dict[int, _Stream] = {}
        self._last_stream = 0
        self._most_streams = MOST_STREAMS
        self._messages: list[bytes] = []
        self._records: list[bytes] = []
        self._size = 0
        self._hello_by_s = now_s + HELLO_WITHIN_S
        self._heard_s = self._pinged_s = now_s
        self._is_draining = self._has_drained = False
        self._may_answer = False  # in one record
        self.round_trip_s: float | None = None
        """Of the last ping; None before the first answer."""
        self._handlers: dict[int, Callable[[int, memoryview, bool], Event | None]] = {
            _Record.HELLO: self._on_hello,
            _Record.WELCOME: self._on_welcome,
            _Record.REFUSAL: self._on_refusal,
            _Record.PEERS: self._on_peers,
            _Record.LOAD: self._on_load,
            _Record.PING: self._on_ping,
            _Record.PONG: self._on_pong,
            _Record.DRAIN: self._on_drain,
            _Record.OPEN: self._on_open,
            _Record.HEAD: self._on_head,
            _Record.DATA: self._on_data,
            _Record.ROOM: self._on_room,
            _Record.CUT: self._on_cut,
            _Record.ANSWER: self._on_answer,
        }
        self._now_s = now_s

    # --- what is to be sent ----------------------------------------------------------------------------------

    def take(self) -> list[bytes]:
        """The messages to send now, in order."""
        if self._records:
            self._close_message()
        messages, self._messages = self._messages, []
        return messages

    @property
    def has_output(self) -> bool:
        return bool(self._records or self._messages)

    # --- time ------------------------------------------------------------------------------------------------

    @property
    def due_s(self) -> float:
        """When `on_time` is to be called at the latest."""
        if self._state is not _OPEN:
            return self._hello_by_s
        return max(self._heard_s, self._pinged_s) + PING_AFTER_S

    def on_time(self, now_s: float) -> None:
        """What the time brings. Raises LinkError when the peer is silent."""
        self._now_s = now_s
        if self._state is not _OPEN:
            if now_s >= self._hello_by_s:
                raise self._end("no greeting in time")
            return
        if now_s - self._heard_s >= SILENT_AFTER_S:
            raise self._end(f"silent for {SILENT_AFTER_S:g} s")
        if now_s >= self.due_s:
            self._pinged_s = now_s
            self._put(_Record.PING, 0, _STAMP.pack(now_s))

    # --- greeting --------------------------------------------------------------------------------------------

    def say_hello(self, hello: Hello) -> None:
        """The agent's first word."""
        self._most_streams = min(hello.most_streams, MOST_STREAMS)
        self._put(_Record.HELLO, 0, msgspec.msgpack.encode(hello))

    def welcome(self, peers: tuple[str, ...]) -> None:
        """Lets the agent in that said hello."""
        if self._state is not _State.ASKED:
            raise ValueError("there is nobody to welcome")
        self._state = _OPEN
        self._put(_Record.WELCOME, 0, msgspec.msgpack.encode(Welcome(PROTOCOL, peers, takes_answers=True)))

    def refuse(self, reason: str) -> None:
        """Does not let it in; the link is to be closed after what is to be sent."""
        self._state = _State.OVER
        self._put(_Record.REFUSAL, 0, reason.encode())

    def tell_peers(self, peers: tuple[str, ...]) -> None:
        self._put(_Record.PEERS, 0, msgspec.msgpack.encode(peers))

    def tell_load(self, load: int) -> None:
        self._put(_Record.LOAD, 0, _NUMBER.pack(load))

    def drain(self) -> None:
        """Asks for nothing new; what is under way goes on."""
        self._is_draining = True
        self._put(_Record.DRAIN, 0, b"")

    # --- streams ---------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._state is _OPEN

    @property
    def takes_streams(self) -> bool:
        """Whether the gateway may open one now."""
        return (
            self._state is _OPEN
            and not self._has_drained
            and not self._is_draining
            and len(self._streams) < self._most_streams
        )

    @property
    def stream_count(self) -> int:
        return len(self._streams)

    def open(self, kind: int, head: bytes, *, is_last: bool) -> int:
        """The gateway's new stream. `takes_streams` must hold."""
        if not self.takes_streams:
            raise ValueError("no stream can be opened now")
        self._last_stream += 1
        stream = _Stream(has_sent_last=is_last)
        self._streams[self._last_stream] = stream
        self._put(_OPEN_RECORD, self._last_stream, b"%c%b" % (kind, head), is_last=is_last)
        return self._last_stream

    def has(self, number: int) -> bool:
        """Whether the stream is still open in some direction."""
        return number in self._streams

    def head(self, number: int, head: bytes, *, is_last: bool = False) -> None:
        """The agent's answer begins; once a stream, before its data."""
        stream = self._streams[number]
        stream.is_headed = True
        self._put(_HEAD_RECORD, number, head, is_last=is_last)
        if is_last:
            self._sent_last(number, stream)

    def answer(self, number: int, head: bytes, data: bytes) -> None:
        """The agent's answer, all of it. data: at most `room` bytes."""
        size = len(head) + len(data)
        if not self._may_answer or size > MOST_CHUNK:
            self.head(number, head, is_last=not data)
            if data:
                self.data(number, data, is_last=True)
            return
        stream = self._streams[number]
        stream.is_headed = True
        begins = _HEADER.pack(_ANSWER_RECORD | _LAST, number, _NUMBER.size + size) + _NUMBER.pack(len(head))
        self._records += (begins, head, data)
        self._grow(len(begins) + size)
        self._sent_last(number, stream)

    def room(self, number: int) -> int:
        """How many bytes may be sent on the stream now; 0 when it is gone."""
        stream = self._streams.get(number)
        return stream.room if stream is not None else 0

    def data(self, number: int, data: bytes, *, is_last: bool = False) -> None:
        """Sends on the stream; at most `room` bytes."""
        stream = self._streams[number]
        if len(data) > stream.room:
            raise ValueError("more than there is room for")
        stream.room -= len(data)
        if len(data) <= MOST_CHUNK:
            self._put(_DATA_RECORD, number, data, is_last=is_last)
        else:
            for start in range(0, len(data), MOST_CHUNK):
                is_end = start + MOST_CHUNK >= len(data)
                self._put(_DATA_RECORD, number, data[start : start + MOST_CHUNK], is_last=is_last and is_end)
        if is_last:
            self._sent_last(number, stream)

    def consumed(self, number: int, size: int) -> None:
        """So many bytes of the stream have left our memory: the peer may send as many again."""
        stream = self._streams.get(number)
        if stream is None or stream.has_got_last:
            return
        stream.owed += size
        if stream.owed >= WINDOW // 2:
            self._put(_Record.ROOM, number, _NUMBER.pack(stream.owed))
            stream.allowed += stream.owed
            stream.owed = 0

    def cut(self, number: int, code: CutCode, detail: str = "") -> None:
        """Ends the stream in both directions; nothing when it is gone already."""
        if self._streams.pop(number, None) is not None:
            self._put(_Record.CUT, number, _CUT.pack(code) + detail[:_MOST_DETAIL].encode())

    # --- what arrives ----------------------------------------------------------------------------------------

    def receive(self, message: bytes | memoryview, now_s: float) -> list[Event]:
        """What the peer's message brings. Raises LinkError."""
        self._heard_s = self._now_s = now_s
        if self._state is _OVER:
            return []
        view = memoryview(message)
        size, at = len(view), 0
        events: list[Event] = []
        unpack, handlers = _HEADER.unpack_from, self._handlers
        while at < size:
            if size - at < _HEADER_SIZE:
                raise self._end("a record without its header")
            kind, number, length = unpack(view, at)
            at += _HEADER_SIZE
            end = at + length
            if end > size:
                raise self._end("a record reaches over its message")
            handle = handlers.get(kind & ~_LAST)
            if handle is None:
                raise self._end(f"unknown record {kind & ~_LAST}")
            event = handle(number, view[at:end], kind >= _LAST)
            if event is not None:
                events.append(event)
            at = end
        return events

    def _on_hello(self, _: int, payload: memoryview, __: bool) -> Event:
        self._expect(Side.GATEWAY, _State.EXPECTING)
        hello = self._decoded(payload, Hello)
        if hello.protocol != PROTOCOL:
            raise self._end(f"protocol {hello.protocol} is not spoken here, {PROTOCOL} is")
        if hello.most_streams < 1:
            raise self._end("an agent takes at least one stream")
        self._state = _State.ASKED
        self._most_streams = min(hello.most_streams, MOST_STREAMS)
        return Greeted(hello)

    def _on_welcome(self, _: int, payload: memoryview, __: bool) -> Event:
        self._expect(Side.AGENT, _State.EXPECTING)
        welcome = self._decoded(payload, Welcome)
        self._state, self._may_answer = _OPEN, welcome.takes_answers
        return Welcomed(welcome.peers)

    def _on_refusal(self, _: int, payload: memoryview, __: bool) -> Event:
        self._expect(Side.AGENT, _State.EXPECTING)
        self._state = _State.OVER
        return Refused(_text(payload))

    def _on_peers(self, _: int, payload: memoryview, __: bool) -> Event:
        self._expect(_AGENT, _OPEN)
        return PeersTold(self._decoded(payload, tuple[str, ...]))

    def _on_load(self, _: int, payload: memoryview, __: bool) -> Event:
        self._expect(_GATEWAY, _OPEN)
        return LoadTold(self._number(payload))

    def _on_ping(self, _: int, payload: memoryview, __: bool) -> None:
        self._put(_Record.PONG, 0, bytes(payload[: _STAMP.size]))

    def _on_pong(self, _: int, payload: memoryview, __: bool) -> None:
        if len(payload) != _STAMP.size:
            raise self._end("a pong of the wrong size")
        self.round_trip_s = max(0.0, self._now_s - float(_STAMP.unpack(payload)[0]))

    def _on_drain(self, _: int, __: memoryview, ___: bool) -> Event:
        self._has_drained = True
        return Draining()

    def _on_open(self, number: int, payload: memoryview, is_last: bool) -> Event:
        self._expect(_AGENT, _OPEN)
        if number <= self._last_stream or len(payload) < 1 or len(payload) > MOST_HEAD:
            raise self._end("a stream that cannot be opened")
        if len(self._streams) >= self._most_streams:
            raise self._end("more streams than were agreed")
        self._last_stream = number
        self._streams[number] = _Stream(has_got_last=is_last)
        return Opened(number, payload[0], bytes(payload[1:]), is_last)

    def _on_head(self, number: int, payload: memoryview, is_last: bool) -> Event | None:
        self._expect(_GATEWAY, _OPEN)
        stream = self._known(number)
        if stream is None:
            return None
        if stream.is_headed or stream.has_got_last or len(payload) > MOST_HEAD:
            raise self._end("an answer that cannot begin")
        stream.is_headed = True
        if is_last:
            self._got_last(number, stream)
        return Headed(number, bytes(payload), is_last)

    def _on_answer(self, number: int, payload: memoryview, is_last: bool) -> Event | None:
        self._expect(_GATEWAY, _OPEN)
        stream = self._known(number)
        if stream is None:
            return None
        if stream.is_headed or stream.has_got_last or not is_last or len(payload) < _NUMBER.size:
            raise self._end("an answer that cannot be")
        ends = _NUMBER.size + int(_NUMBER.unpack_from(payload)[0])
        if ends > len(payload) or len(payload) > MOST_CHUNK + _NUMBER.size:
            raise self._end("an answer that cannot be")
        stream.is_headed = True
        self._got_last(number, stream)
        return Answered(number, bytes(payload[_NUMBER.size : ends]), bytes(payload[ends:]))

    def _on_data(self, number: int, payload: memoryview, is_last: bool) -> Event | None:
        stream = self._known(number)
        if stream is None:
            return None
        if stream.has_got_last or (self._side is _GATEWAY and not stream.is_headed):
            raise self._end("data where none can be")
        stream.allowed -= len(payload)
        if stream.allowed < 0:
            raise self._end("more data than there was room for")
        if is_last:
            self._got_last(number, stream)
        return Arrived(number, bytes(payload), is_last)

    def _on_room(self, number: int, payload: memoryview, _: bool) -> Event | None:
        stream = self._known(number)
        if stream is None:
            return None
        stream.room += self._number(payload)
        if stream.room > WINDOW:
            raise self._end("more room than was taken")
        return RoomGiven(number)

    def _on_cut(self, number: int, payload: memoryview, _: bool) -> Event | None:
        if self._known(number) is None:
            return None
        del self._streams[number]
        if len(payload) < _CUT.size:
            raise self._end("a cut without its code")
        (code,) = _CUT.unpack_from(payload)
        return WasCut(number, _CODES.get(code, CutCode.FAILED), _text(payload[_CUT.size :]))

    # --- inside ----------------------------------------------------------------------------------------------

    def _put(self, kind: int, number: int, payload: bytes, *, is_last: bool = False) -> None:
        self._records.append(_HEADER.pack(kind | _LAST if is_last else kind, number, len(payload)))
        self._records.append(payload)
        self._grow(_HEADER_SIZE + len(payload))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size >= MOST_MESSAGE:
            self._close_message()

    def _close_message(self) -> None:
        self._messages.append(b"".join(self._records))
        self._records.clear()
        self._size = 0

    def _known(self, number: int) -> _Stream | None:
        """The stream; None for one that ended while the record was under way."""
        stream = self._streams.get(number)
        if stream is None and (number > self._last_stream or number == 0):
            raise self._end("a stream that was never opened")
        return stream

    def _sent_last(self, number: int, stream: _Stream) -> None:
        stream.has_sent_last = True
        if stream.has_got_last:
            del self._streams[number]

    def _got_last(self, number: int, stream: _Stream) -> None:
        stream.has_got_last = True
        if stream.has_sent_last:
            del self._streams[number]

    def _expect(self, side: Side, state: _State) -> None:
        if self._side is not side or self._state is not state:
            raise self._end("a record at the wrong time")

    def _number(self, payload: memoryview) -> int:
        if len(payload) != _NUMBER.size:
            raise self._end("a number of the wrong size")
        return int(_NUMBER.unpack(payload)[0])

    def _decoded(self, payload: memoryview, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(payload, type=kind)
        except UNREADABLE:
            raise self._end("a message that cannot be read") from None

    def _end(self, why: str) -> LinkError:
        self._state = _State.OVER
        return LinkError(why)


def _text(payload: memoryview) -> str:
    return bytes(payload[:_MOST_DETAIL]).decode(errors="replace")
