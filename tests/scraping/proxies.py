"""Upstream proxies that connect and note what they were asked for; who does not log in is turned away.

Sources: RFC 9110 section 9.3.6 (CONNECT), RFC 1928 and 1929 (SOCKS5).
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "someone", "geheim"


@dataclass
class Proxy:
    """asked: `host:port` of every connection that was made."""

    url: str
    asked: list[str] = field(default_factory=list)


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    """What an HTTP client asks for; None where it may not."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    login = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if f"Proxy-Authorization: Basic {login}\r\n" not in head:
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        return None
    method, target, _ = head.split(" ", 2)
    return target if method == "CONNECT" else None


async def _socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    """What a SOCKS client asks for; None where it may not."""
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    writer.write(b"\x05\x02")
    _, size = await reader.readexactly(2)
    user = await reader.readexactly(size)
    (size,) = await reader.readexactly(1)
    is_known = (user.decode(), (await reader.readexactly(size)).decode()) == (USER, PASSWORD)
    writer.write(b"\x01\x00" if is_known else b"\x01\x01")
    if not is_known:
        return None
    kind = (await reader.readexactly(4))[3]
    if kind == 1:
        host = ".".join(map(str, await reader.readexactly(4)))
    else:
        (size,) = await reader.readexactly(1)
        host = (await reader.readexactly(size)).decode()
    return f"{host}:{int.from_bytes(await reader.readexactly(2), 'big')}"


_KINDS = {
    "http": (_connect, b"HTTP/1.1 200 Connection established\r\n\r\n"),
    "socks5": (_socks, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def upstream(scheme: str) -> AsyncIterator[Proxy]:
    """scheme: http or socks5."""
    greet, connected = _KINDS[scheme]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await greet(reader, writer)
        if asked is None:
            writer.close()
            return
        proxy.asked.append(asked)
        host, _, port = asked.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(connected)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = Proxy(f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield proxy
    finally:
        server.close()
