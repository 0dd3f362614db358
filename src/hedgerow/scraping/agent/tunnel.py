"""Tunnels: a connection to a target, bytes both ways. What they are is between the client and the target."""

from __future__ import annotations

import asyncio

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.scraping.messages import TunnelRequest
from hedgerow.scraping.splice import splice

_decode = msgspec.msgpack.Decoder(TunnelRequest).decode


class Tunneller:
    """Serves streams of the kind TUNNEL."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Raises WorkFailed, StreamCut."""
        request, way = _understood(head)
        try:
            connected = await self._dialer.open(request.host, request.port, way)
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None
        reader, writer = await asyncio.open_connection(sock=connected)
        try:
            channel.answer(b"")
            await splice(channel, reader, writer, lambda _: None)
        except OSError:
            raise WorkFailed(CutCode.BROKEN, "the target broke off") from None
        finally:
            # What was written last may still be on its way; an end that is not clean is told as one.
            writer.close() if reader.at_eof() else writer.transport.abort()


def _understood(head: bytes) -> tuple[TunnelRequest, Way]:
    try:
        request = _decode(head)
        lists = Lists(request.allow, request.deny)
        _ = lists.policy
    except (*UNREADABLE, ValueError) as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
    return request, Way(lists)
