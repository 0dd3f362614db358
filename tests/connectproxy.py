"""A proxy that takes CONNECT, with a reading of its own of what is said to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_CHANGE_CIPHER, _APPLICATION_DATA = 20, 23
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass
class ConnectProxy:
    """answer: in the place of letting a connection pass; empty: silence. heads: of all requests. ended: by clients, in
    the place of whom nobody was let through. ports: other ones in the place of those that are asked for. gathers:
    TLS 1.2's last word of the target's handshake arrives together with what the target says first."""

    port: int = 0
    answer: bytes | None = None
    ports: Mapping[int, int] = field(default_factory=dict)
    gathers: bool = False
    heads: list[bytes] = field(default_factory=list)
    ended: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @property
    def targets(self) -> list[str]:
        return [head.split(b" ", 2)[1].decode() for head in self.heads]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if self.answer is None:
                await self._pass(self.targets[-1], reader, writer)
                return
            writer.write(self.answer)
            if self.answer:
                writer.write_eof() if writer.can_write_eof() else None
            await reader.read()
            self.ended.release()
        except (OSError, asyncio.IncompleteReadError):
            self.ended.release()
        finally:
            writer.close()

    async def _pass(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        onward = await asyncio.open_connection(host.strip("[]"), self.ports.get(int(port), int(port)))
        writer.write(_OPEN)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, onward[1]))
                group.create_task((_gather if self.gathers else _pump)(onward[0], writer))
        except* OSError:
            pass
        finally:
            onward[1].close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """To its end, which ends the other way too."""
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()
    raise ConnectionResetError


async def _gather(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Record by record, held back from the change of ciphers to the first that is not of the handshake (RFC 5246)."""
    held = b""
    while True:
        head = await reader.readexactly(5)
        record = head + await reader.readexactly(int.from_bytes(head[3:]))
        held += record
        if held[0] != _CHANGE_CIPHER or record[0] == _APPLICATION_DATA:
            writer.write(held)
            held = b""


@asynccontextmanager
async def connect_proxy(
    *,
    answer: bytes | None = None,
    tls: ssl.SSLContext | None = None,
    ports: Mapping[int, int] | None = None,
    gathers: bool = False,
) -> AsyncIterator[ConnectProxy]:
    proxy = ConnectProxy(answer=answer, ports={} if ports is None else ports, gathers=gathers)
    tasks = set[asyncio.Task[object]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
