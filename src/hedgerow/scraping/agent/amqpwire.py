"""AMQP 0-9-1 as far as a consumer needs it, without I/O: bytes go in, deliveries and bytes to send come out.

One connection, one channel, one queue of the consumer's own. Library clients make several objects and a task of each
message; here one is read where it lies.
Source: the AMQP 0-9-1 specification (sections 2.3.5, 4.2) and its XML; RabbitMQ, "Protocol extensions" (capabilities).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from hedgerow import __version__
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret

PREFETCH = 2000
"""Messages that the broker sends ahead of their acknowledgement."""
MOST_BODY = 16 * 1024 * 1024
MOST_FRAME = 128 * 1024

_PREAMBLE = b"AMQP\x00\x00\x09\x01"
_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_END = 0xCE
_CHANNEL = 1
_FRAME = struct.Struct("!BHI")
_IDS = struct.Struct("!HH")
_TUNE = struct.Struct("!HIH")
_CONTENT = struct.Struct("!HHQH")
_HAS_CONTENT_TYPE = 0x8000
_EXCLUSIVE_AND_AUTO_DELETE = 0b1100

_START, _START_OK = (10, 10), (10, 11)
_TUNED, _TUNE_OK = (10, 30), (10, 31)
_OPEN, _OPEN_OK = (10, 40), (10, 41)
_CLOSE, _CLOSE_OK = (10, 50), (10, 51)
_CHANNEL_OPEN, _CHANNEL_OPEN_OK, _CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
_DECLARE, _DECLARE_OK = (50, 10), (50, 11)
_BIND, _BIND_OK = (50, 20), (50, 21)
_QOS, _QOS_OK = (60, 10), (60, 11)
_CONSUME, _CONSUME_OK, _CANCEL = (60, 20), (60, 21), (60, 30)
_DELIVER, _ACK = (60, 60), (60, 80)


class AmqpError(HedgerowError):
    """The broker said no, or something that is not AMQP."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be consumed. exchange: empty for messages that are sent to the queue by its name."""

    virtual_host: str
    user: str
    password: Secret
    exchange: str
    routing_key: str
    queue: str
    heartbeat_s: int


@dataclass(slots=True)
class Delivery:
    """One message."""

    tag: int
    exchange: str
    routing_key: str
    content_type: str = ""
    body: bytes = b""


class Conversation:
    """The consumer's side, from the preamble on."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self.output = bytearray(_PREAMBLE)
        """What is to be sent; its sender empties it."""
        self.is_ready = False
        """Whether messages may come."""
        self.heartbeat_s = 0
        self._rest = b""
        self._delivery: Delivery | None = None
        self._missing = 0  # bytes of its body
        self._parts: list[bytes] = []
        self._delivered: list[Delivery] = []
        self._answers: dict[tuple[int, int], Callable[[bytes], None]] = {
            _START: self._on_start,
            _TUNED: self._on_tune,
            _OPEN_OK: lambda _: self._method(_CHANNEL_OPEN, _short("")),
            _CHANNEL_OPEN_OK: lambda _: self._method(_QOS, struct.pack("!IHB", 0, PREFETCH, 0)),
            _QOS_OK: self._on_qos,
            _DECLARE_OK: self._on_declared,
            _BIND_OK: lambda _: self._consume(),
            _CONSUME_OK: self._on_consuming,
            _CLOSE: self._on_close,
            _CHANNEL_CLOSE: self._on_close,
            _CANCEL: self._on_cancel,
        }

    def receive(self, data: bytes) -> list[Delivery]:
        """The messages that are whole now, in order. Raises AmqpError."""
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        while at + 7 < size:
            kind, _, length = _FRAME.unpack_from(data, at)
            begin, end = at + 7, at + 7 + length
            if length > MOST_FRAME or data[at : at + 4] == b"AMQP":
                raise AmqpError("the broker does not speak AMQP 0-9-1")
            if end >= size:
                break
            if data[end] != _END:
                raise AmqpError("the broker sent a frame without its end")
            if kind == _BODY:
                self._on_body(data[begin:end])
            elif kind == _METHOD:
                self._on_method(data[begin:end])
            elif kind == _HEADER:
                self._on_header(data[begin:end])
            at = end + 1
        self._rest = data[at:]
        delivered, self._delivered = self._delivered, []
        return delivered

    def acknowledge(self, tag: int) -> None:
        """This message and all before it."""
        self._method(_ACK, struct.pack("!QB", tag, 1))

    def beat(self) -> None:
        self.output += _FRAME.pack(_HEARTBEAT, 0, 0) + bytes((_END,))

    def close(self) -> None:
        """Takes leave; nothing that the broker answers matters any more."""
        self._method(_CLOSE, struct.pack("!H", 200) + _short("") + _IDS.pack(0, 0), channel=0)

    # --- frames of messages ----------------------------------------------------------------------------------

    def _on_header(self, payload: bytes) -> None:
        delivery = self._delivery
        if delivery is None:
            raise AmqpError("the broker sent a header without a message")
        _, _, self._missing, flags = _CONTENT.unpack_from(payload)
        if self._missing > MOST_BODY:
            raise AmqpError(f"a message is larger than {MOST_BODY // 1024 // 1024} MiB")
        if flags & _HAS_CONTENT_TYPE:
            delivery.content_type, _ = _read_short(payload, _CONTENT.size)
        if self._missing == 0:
            self._whole(delivery, b"")

    def _on_body(self, payload: bytes) -> None:
        delivery = self._delivery
        if delivery is None or len(payload) > self._missing:
            raise AmqpError("the broker sent a body without a message")
        self._missing -= len(payload)
        if self._missing:
            self._parts.append(payload)
        elif self._parts:
            self._parts.append(payload)
            self._whole(delivery, b"".join(self._parts))
            self._parts.clear()
        else:
            self._whole(delivery, payload)

    def _whole(self, delivery: Delivery, body: bytes) -> None:
        delivery.body = body
        self._delivery = None
        self._delivered.append(delivery)

    # --- methods ---------------------------------------------------------------------------------------------

    def _on_method(self, payload: bytes) -> None:
        try:
            found = _IDS.unpack_from(payload)
            if found == _DELIVER:
                at = 5 + payload[4]
                tag = int.from_bytes(payload[at : at + 8])
                exchange, at = _read_short(payload, at + 9)
                routing_key, _ = _read_short(payload, at)
                self._delivery = Delivery(tag, exchange, routing_key)
            elif (answer := self._answers.get(found)) is not None:
                answer(payload[4:])
        except (struct.error, IndexError) as error:
            raise AmqpError("the broker sent a method that is cut short") from error

    def _on_start(self, _: bytes) -> None:
        capabilities = _table({"consumer_cancel_notify": True, "authentication_failure_close": True})
        properties = _table({"product": "hedgerow", "version": __version__, "capabilities": capabilities})
        user = f"\0{self._wish.user}\0{self._wish.password.reveal()}".encode()
        answer = properties + _short("PLAIN") + _long(user) + _short("en_US")
        self._method(_START_OK, answer, channel=0)

    def _on_tune(self, arguments: bytes) -> None:
        _, frame, heartbeat_s = _TUNE.unpack_from(arguments)
        frame = min(frame, MOST_FRAME) or MOST_FRAME
        self.heartbeat_s = min(filter(None, (heartbeat_s, self._wish.heartbeat_s)), default=0)
        self._method(_TUNE_OK, _TUNE.pack(1, frame, self.heartbeat_s), channel=0)
        self._method(_OPEN, _short(self._wish.virtual_host) + _short("") + b"\0", channel=0)

    def _on_qos(self, _: bytes) -> None:
        # Exclusive too, so that the queue goes with the connection even if nothing was consumed from it yet.
        bits = bytes((_EXCLUSIVE_AND_AUTO_DELETE,))
        self._method(_DECLARE, b"\0\0" + _short(self._wish.queue) + bits + _table({}))

    def _on_declared(self, _: bytes) -> None:
        wish = self._wish
        if not wish.exchange:  # the default exchange knows every queue by its name, and takes no bindings
            self._consume()
            return
        names = _short(wish.queue) + _short(wish.exchange) + _short(wish.routing_key)
        self._method(_BIND, b"\0\0" + names + b"\0" + _table({}))

    def _consume(self) -> None:
        self._method(_CONSUME, b"\0\0" + _short(self._wish.queue) + _short("") + b"\0" + _table({}))

    def _on_consuming(self, _: bytes) -> None:
        self.is_ready = True

    def _on_close(self, arguments: bytes) -> None:
        text, _ = _read_short(arguments, 2)
        raise AmqpError(f"the broker closed: {int.from_bytes(arguments[:2])} {text}")

    def _on_cancel(self, _: bytes) -> None:
        raise AmqpError("the broker cancelled the consumer: its queue is gone")

    def _method(self, ids: tuple[int, int], arguments: bytes, *, channel: int = _CHANNEL) -> None:
        payload = _IDS.pack(*ids) + arguments
        self.output += _FRAME.pack(_METHOD, channel, len(payload)) + payload + bytes((_END,))


def _short(text: str) -> bytes:
    """Raises AmqpError for more than 255 bytes."""
    raw = text.encode()
    if len(raw) > 255:
        raise AmqpError("a name is longer than 255 bytes")
    return bytes((len(raw),)) + raw


def _long(raw: bytes) -> bytes:
    return len(raw).to_bytes(4) + raw


def _table(fields: dict[str, str | bool | bytes]) -> bytes:
    """bytes: a table within."""
    rows = bytearray()
    for name, value in fields.items():
        rows += _short(name)
        match value:
            case bool():
                rows += b"t" + bytes((value,))
            case str():
                rows += b"S" + _long(value.encode())
            case bytes():
                rows += b"F" + value
    return _long(bytes(rows))


def _read_short(raw: bytes, at: int) -> tuple[str, int]:
    """The text, and where what follows it begins."""
    end = at + 1 + raw[at]
    return raw[at + 1 : end].decode(errors="replace"), end
