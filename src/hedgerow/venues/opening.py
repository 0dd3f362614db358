"""How long a connector waits for its stream before it is open without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

OPEN_WITHIN_S = 10.0


async def await_stream(ready: asyncio.Event, announce_gap: Callable[[str], None]) -> None:
    """Returns when the stream is up, or after OPEN_WITHIN_S with a gap announced: it comes later."""
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            await ready.wait()
    except TimeoutError:
        announce_gap(f"the stream is not up after {OPEN_WITHIN_S} s")
