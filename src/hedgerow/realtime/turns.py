"""Spreads small works over turns of the event loop, so that what the first have written leaves while the last wait.

What a transport is given leaves at the end of a turn: with a thousand clients in one turn, the first would hear nothing
until all thousand messages are made up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

IN_ONE_TURN = 50


class Turns:
    """Calls each once, in the order in which they came. Bounded by who asks: each waits once at most."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_called = False

    def soon(self, work: Callable[[], None]) -> None:
        """Has it called in one of the next turns."""
        self._waiting.append(work)
        if not self._is_called:
            self._call()

    def _call(self) -> None:
        self._is_called = True
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_called = False
        try:
            for _ in range(min(len(self._waiting), IN_ONE_TURN)):
                self._waiting.popleft()()
        finally:
            if self._waiting and not self._is_called:
                self._call()
