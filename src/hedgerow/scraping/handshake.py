"""WebSocket's opening handshake, both sides, without I/O. No extension is ever asked for or agreed to: what is passed
on byte by byte must mean the same on both sides of a relay.

Source: RFC 6455 sections 4.1 and 4.2; RFC 9112 section 2.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from hashlib import sha1

from hedgerow.core.errors import HedgerowError

MOST_HEAD = 32 * 1024
HEAD_END = b"\r\n\r\n"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"


class HandshakeError(HedgerowError):
    """The other side does not become a WebSocket."""


def new_key() -> str:
    return b64encode(os.urandom(16)).decode()


def request(path: str, host: str, key: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A client's request. host: with its port, where that is not the scheme's own."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Version: {_VERSION}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join(lines).encode("latin-1") + HEAD_END


def read_answer(head: bytes, key: str, offered: Sequence[str] = ()) -> str | None:
    """The subprotocol that the server chose. Raises HandshakeError, naming the status of an answer that is not 101."""
    status_line, headers = _parsed(head)
    status = status_line.split(b" ")
    if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or not status[1].isdigit():
        raise HandshakeError("the answer is not HTTP")
    if status[1] != b"101":
        raise HandshakeError(f"the answer is {status[1].decode()[:3]}, not 101")
    if headers.get(b"sec-websocket-accept", b"").decode("latin-1") != _accept(key.encode()):
        raise HandshakeError("the answer is not to this handshake")
    if headers.get(b"sec-websocket-extensions"):
        raise HandshakeError("the answer has an extension that was not asked for")
    chosen = headers.get(b"sec-websocket-protocol", b"").decode("latin-1") or None
    if chosen is not None and chosen not in offered:
        raise HandshakeError("the answer has a subprotocol that was not asked for")
    return chosen


class Upgrade:
    """A client's request for a WebSocket."""

    __slots__ = ("headers", "key")

    def __init__(self, head: bytes) -> None:
        """head: with names in lower case, as the server puts it together. Raises HandshakeError."""
        _, self.headers = _parsed(head)
        self.key = self.headers.get(b"sec-websocket-key", b"")
        if not _is_key(self.key) or self.headers.get(b"sec-websocket-version") != _VERSION.encode():
            raise HandshakeError("not a handshake of WebSocket 13")

    @property
    def offered(self) -> tuple[str, ...]:
        """Subprotocols, by preference."""
        return split_protocols(self.headers.get(b"sec-websocket-protocol", b"").decode("latin-1"))

    def accepted(self, subprotocol: str | None = None) -> bytes:
        """The answer that makes it one."""
        chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {_accept(self.key)}\r\n{chosen}\r\n"
        ).encode("latin-1")


def refusal(status: str) -> bytes:
    """An answer without a body that ends the connection. status: e.g. `404 Not Found`."""
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def split_protocols(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parsed(head: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    first, *lines = head.removesuffix(HEAD_END).split(b"\r\n")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = headers[name] + b", " + value if name in headers else value
    return first, headers


def _is_key(key: bytes) -> bool:
    try:
        return len(b64decode(key, validate=True)) == 16
    except (Base64Error, ValueError):
        return False


def _accept(key: bytes) -> str:
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest()).decode()
