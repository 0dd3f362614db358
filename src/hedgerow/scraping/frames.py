"""WebSocket frames as a relay sees them: what a client says first, where frames begin and end, and the few frames that
a relay writes by itself. Payloads that are passed on are never looked at.

Source: RFC 6455 sections 5.2 to 5.5 and 7.4.
"""

from __future__ import annotations

from hedgerow.core.errors import HedgerowError
from hedgerow.core.frames import text_header

MOST_FIRST_MESSAGE = 64 * 1024
_MOST_REASON = 123
_MOST_CONTROL = 125
_LAST, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING = 0, 1, 2, 8, 9
_CONTROL = 8
"""Opcodes from here on are control frames."""

NORMAL, GOING_AWAY, PROTOCOL_ERROR, POLICY, TOO_BIG, INTERNAL = 1000, 1001, 1002, 1008, 1009, 1011


class FrameError(HedgerowError):
    """The peer broke the rules of WebSocket. code: what it is closed with."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def text_frame(text: bytes) -> bytes:
    """A server's message of UTF-8 text."""
    return text_header(len(text)) + text


def close_frame(code: int, reason: str = "") -> bytes:
    """A server's Close; a reason that is too long is cut between two characters."""
    told = code.to_bytes(2) + reason.encode()[:_MOST_REASON].decode(errors="ignore").encode()
    return bytes((_LAST | _CLOSE, len(told))) + told


def pong_frame(payload: bytes) -> bytes:
    """A server's answer to a Ping."""
    return bytes((_LAST | _PING + 1, len(payload))) + payload


class Follower:
    """Follows a row of frames by their headers alone, in pieces of any size."""

    __slots__ = ("_begun", "_left", "has_closed", "heard")

    def __init__(self) -> None:
        self._left = 0  # bytes of the present frame that have not come
        self._begun = b""  # of a header that is not whole
        self.has_closed = False
        """Whether a Close has begun to pass."""
        self.heard = 0
        """Data frames so far."""

    @property
    def is_between(self) -> bool:
        """Whether a frame may be put in here."""
        return self._left == 0 and not self._begun

    def feed(self, data: bytes) -> None:
        size, at = len(data), self._left
        if self._begun:
            data, self._begun = self._begun + data, b""
            size = len(data)
        while at + 1 < size:
            first, second = data[at], data[at + 1]
            length, begins = second & _LENGTH, at + 2
            if length > 125:
                begins += 2 if length == 126 else 8
                if begins > size:
                    break
                length = int.from_bytes(data[at + 2 : begins])
            if second & _MASKED:
                begins += 4
            opcode = first & _OPCODE
            if opcode < _CONTROL:
                self.heard += 1
            elif opcode == _CLOSE:
                self.has_closed = True
            at = begins + length
        if at < size:
            self._begun, self._left = data[at:], 0
        else:
            self._left = at - size


class FirstMessage:
    """Reads what a client sends until its first message is whole. What lies behind it stays in `rest`."""

    __slots__ = ("_parts", "has_closed", "pings", "rest")

    def __init__(self) -> None:
        self.rest = bytearray()
        self.pings: list[bytes] = []
        """Payloads that are to be answered; the reader takes them out."""
        self.has_closed = False
        self._parts: bytearray | None = None

    def feed(self, data: bytes) -> bytes | None:
        """The message, once it is there; nothing is read behind it. Raises FrameError."""
        self.rest += data
        while (frame := self._frame()) is not None:
            first, payload = frame
            opcode = first & _OPCODE
            if opcode >= _CONTROL:
                self._control(opcode, payload)
                if self.has_closed:
                    return None
                continue
            if (self._parts is None) == (opcode == _CONTINUATION):
                raise FrameError(PROTOCOL_ERROR, "a message within another")
            self._parts = payload if self._parts is None else self._parts + payload
            if len(self._parts) > MOST_FIRST_MESSAGE:
                raise FrameError(TOO_BIG, "the connect message is too large")
            if first & _LAST:
                return bytes(self._parts)
        return None

    def _control(self, opcode: int, payload: bytearray) -> None:
        if opcode == _CLOSE:
            self.has_closed = True
        elif opcode == _PING:
            self.pings.append(bytes(payload))

    def _frame(self) -> tuple[int, bytearray] | None:
        """The next whole frame, unmasked: its first byte and payload."""
        got = self.rest
        if len(got) < 2:
            return None
        first, second = got[0], got[1]
        length, at = second & _LENGTH, 2
        opcode = first & _OPCODE
        if first & _RESERVED or not second & _MASKED or opcode not in (0, 1, 2, 8, 9, 10):
            raise FrameError(PROTOCOL_ERROR, "not a frame of a client")
        if opcode >= _CONTROL and (length > _MOST_CONTROL or not first & _LAST):
            raise FrameError(PROTOCOL_ERROR, "a control frame that is too long or in pieces")
        if length > 125:
            at += 2 if length == 126 else 8
            if len(got) < at:
                return None
            length = int.from_bytes(got[2:at])
        if length > MOST_FIRST_MESSAGE:
            raise FrameError(TOO_BIG, "the connect message is too large")
        if len(got) < at + 4 + length:
            return None
        mask, payload = got[at : at + 4], got[at + 4 : at + 4 + length]
        del got[: at + 4 + length]
        return first, bytearray(unmasked(payload, mask))


def unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """The payload without its mask, or with it: both are the same."""
    size = len(payload)
    key = (bytes(mask) * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)
