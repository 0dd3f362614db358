"""Busy polling: an event loop that never sleeps, so that what arrives finds a processor that is awake and warm.

A loop that sleeps is woken by the kernel, on a processor whose caches others have used meanwhile; between two ticks of
odds that is most of the time. This costs a whole processor, whether anything happens or not. docs/decisions/0292.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy_polling(*, is_wanted: bool = True) -> Iterator[None]:
    """The running loop asks for events without waiting for them, for the length of the block."""
    if not is_wanted:
        yield
        return
    loop = asyncio.get_running_loop()
    turn: asyncio.Handle

    def again() -> None:
        nonlocal turn
        turn = loop.call_soon(again)

    again()
    try:
        yield
    finally:
        turn.cancel()
