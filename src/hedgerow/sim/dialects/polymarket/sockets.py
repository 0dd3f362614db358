"""What the venue's two streams share: text keep-alives, and the end of a conversation.

Source: the Polymarket sheet, section 5.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from hedgerow.sim.site import Socket

INVALID = "INVALID OPERATION"
"""What the venue says to a frame that it does not understand."""


async def serve(socket: Socket, on_frame: Callable[[str | bytes], None]) -> web.StreamResponse:
    """Talks to one client until it is gone: PING is answered here, every other frame by the channel."""
    await socket.open()
    try:
        async for frame in socket.texts():
            if frame == "PING":
                socket.push("PONG")
            else:
                on_frame(frame)
    finally:
        await socket.ended()
    return socket.ws
