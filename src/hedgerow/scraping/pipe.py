"""Connections that are handed through: what comes in on one half goes out on the other, byte for byte, and a half that
cannot be written to stops the other's reading, so that little is ever held here."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

MOST_UNSENT = 64 * 1024
"""Bytes that wait to be written when the other half's reading stops. One read that came before is held on top."""
MOST_AHEAD = 16 * 1024
"""Bytes that TLS reads of a half whose reading has stopped; one read more is held on top."""
_UNREAD_MS = 60_000
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux


class Pipe(asyncio.Protocol):
    """One half."""

    __slots__ = ("is_at_end", "other", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Pipe | None = None
        self.is_at_end = False
        """Whether nothing more comes in here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self.is_at_end = True
        other = self.other
        if other is None or other.transport is None or other.is_at_end or not other.transport.can_write_eof():
            return False  # closes this half, which closes the other: a transport that is kept is never closed by itself
        other.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            if error is None:
                self.other.transport.close()
            else:
                self.other.transport.abort()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()


def prepare(transport: asyncio.Transport) -> None:
    """For a connection that may be silent for hours: little is held for it, and a peer that is gone without a word, or
    takes nothing for a minute, is noticed."""
    transport.set_write_buffer_limits(high=MOST_UNSENT)
    if (set_limits := getattr(transport, "set_read_buffer_limits", None)) is not None:
        set_limits(high=MOST_AHEAD)
    connected = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, value)
    if _USER_TIMEOUT is not None:
        connected.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, _UNREAD_MS)
