"""A connection and a stream of the link made one: what comes in on either goes out on the other, byte for byte.

Each direction ends by itself, as TCP's do, and a side that does not read stops the other's writing, so that no more
than a window of the stream and a buffer of the connection is ever held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgerow.scraping.link import MOST_CHUNK
from hedgerow.scraping.linksocket import Channel


async def splice(
    channel: Channel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, moved: Callable[[int], object]
) -> None:
    """Returns when both directions have ended. moved: told the size of everything that was handed on. Raises
    StreamCut, OSError."""
    try:
        async with asyncio.TaskGroup() as directions:
            directions.create_task(_to_channel(reader, channel, moved))
            directions.create_task(_to_connection(channel, writer, moved))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _to_channel(reader: asyncio.StreamReader, channel: Channel, moved: Callable[[int], object]) -> None:
    while part := await reader.read(MOST_CHUNK):
        await channel.write(part)
        moved(len(part))
    await channel.write(b"", is_last=True)


async def _to_connection(channel: Channel, writer: asyncio.StreamWriter, moved: Callable[[int], object]) -> None:
    while part := await channel.read():
        writer.write(part)
        await writer.drain()
        moved(len(part))
    if writer.can_write_eof():
        writer.write_eof()
    else:  # TLS has no half-closed connection
        writer.close()
