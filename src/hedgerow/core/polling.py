"""Busy polling: an event loop that never sleeps, so that what arrives finds a processor that is awake and warm.

A loop that sleeps is woken by the kernel, on a processor whose caches others have used meanwhile; between two ticks of
odds that is most of the time. This costs a whole processor, whether anything happens or not. docs/decisions/0292.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REHEARSE_EVERY_S = 0.001


@contextmanager
def busy_polling(rehearse: Callable[[], None] = lambda: None, *, is_wanted: bool = True) -> Iterator[None]:
    """The running loop asks for events without waiting for them, for the length of the block. rehearse: called every
    `REHEARSE_EVERY_S` for what is to be kept warm beside; it raises nothing, and takes a fraction of that time."""
    if not is_wanted:
        yield
        return
    loop = asyncio.get_running_loop()
    turn: asyncio.Handle
    rehearse_at = loop.time()

    def again() -> None:
        nonlocal turn, rehearse_at
        turn = loop.call_soon(again)
        if loop.time() >= rehearse_at:
            rehearse()
            rehearse_at = loop.time() + REHEARSE_EVERY_S

    again()
    try:
        yield
    finally:
        turn.cancel()
